"""What the broker says of the house now, as the plan's inputs."""

from collections.abc import Mapping

from gridward.live import Live
from gridward.planning.core import Inputs
from gridward.planning.forecast import Forecast
from gridward.planning.prices import Prices
from gridward.planning.slots import Schedule
from gridward.planning.tonight import CELL, Bank
from gridward.roles import NOBODY, POWERS, flows
from gridward.rules.inputs import Source
from gridward.rules.wiring import gather

LEAST_SOC = 5.0  # % under which capacity by charge is too coarse
VOLTS = (1.0, 1000.0)


def inputs(
    live: Live,
    roles: Mapping[str, str],
    now: tuple[float, float | None],
    *,
    prices: Prices,
    forecast: Forecast,
    schedule: Schedule,
    capacity: float | None,
) -> Inputs:
    """Fresh values only; `now` is monotonic and wall time, `capacity` the site file's (Wh)."""
    sources = gather(live, roles, now[0])
    return seen(sources, now, prices=prices, forecast=forecast, schedule=schedule, capacity=capacity)


def seen(
    sources: Mapping[str, Source],
    now: tuple[float, float | None],
    *,
    prices: Prices,
    forecast: Forecast,
    schedule: Schedule,
    capacity: float | None,
) -> Inputs:
    """The same from what plays each role."""
    found = flows(sources)
    load, soc, power = found.get("load_power"), found.get("soc"), found.get("battery_power")
    bank = sources.get("battery", NOBODY)
    inverter = next((one for one in sources.values() if one.kind == "inverter"), NOBODY)
    volts = _volts(bank) or _volts(inverter)
    cells = bank.number("cells", 1, 400)
    nominal = cells * CELL if cells is not None else volts and round(volts / CELL) * CELL
    return Inputs(
        monotonic=now[0],
        wall=now[1],
        bank=Bank(
            soc=_number(soc),
            power=_number(power),
            voltage=volts,
            capacity=capacity or _capacity(bank, nominal),
            cells=None if cells is None else round(cells),
        ),
        load=_number(load),
        feeding=_feeding(sources, inverter, found.get("grid_power")),
        charge=_charge(inverter, nominal),
        nominal=nominal,
        discharge=inverter.number("output_rating_apparent_power", 1.0, POWERS[1]),
        prices=prices,
        forecast=forecast,
        schedule=schedule,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _volts(source: Source) -> float | None:
    return source.number("battery_voltage" if source.kind == "inverter" else "voltage", *VOLTS)


def _capacity(bank: Source, volts: float | None) -> float | None:
    """Wh when full: what is left by the BMS, over its state of charge."""
    left, soc = bank.number("remaining_capacity", 0.0, 1e5), bank.number("soc", LEAST_SOC, 100.0)
    if left is None or soc is None or volts is None:
        return None
    return left / soc * 100 * volts


def _charge(inverter: Source, volts: float | None) -> float | None:
    amperes = inverter.number("max_charging_current", 0.0, 1000.0)
    return None if amperes is None or volts is None else amperes * volts


def _feeding(sources: Mapping[str, Source], inverter: Source, grid: object) -> bool | None:
    """Whether the grid carries the house; None where nothing tells."""
    if (
        sources.get("grid_switch", NOBODY).word("feedback") == "islanded"
        or inverter.word("mode") == "battery"
    ):
        return False
    if inverter.word("mode") == "line":
        return True
    watts = _number(grid)
    return None if watts is None else watts > 50.0
