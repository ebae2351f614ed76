"""A rehearsal's figures as a person reads them: one row each, one column for each trial. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from gridward.rehearsal.tally import Result
from gridward_kit.kept import Json

NONE = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """What a figure is called, its unit, and its value in each trial."""

    name: str
    unit: str
    values: tuple[str, ...]


FIGURES: tuple[tuple[str, str, int, Callable[[Result], float | None]], ...] = (
    ("Grid energy", "kWh", 1, lambda one: one.grid),
    ("PV energy used", "kWh", 1, lambda one: one.pv),
    ("PV energy not used", "kWh", 1, lambda one: one.curtailed),
    ("Consumption", "kWh", 1, lambda one: one.load),
    ("Losses", "kWh", 1, lambda one: one.losses),
    ("Load left without power", "kWh", 2, lambda one: one.unserved),
    ("Self-consumption", "%", 1, lambda one: one.self_consumption),
    ("Autarky", "%", 1, lambda one: one.autarky),
    ("Lowest state of charge", "%", 1, lambda one: one.soc_min),
    ("Average state of charge", "%", 1, lambda one: one.soc_mean),
    ("Full cycles", "", 1, lambda one: one.cycles),
    ("Below the reserve", "min", 0, lambda one: one.reserve_minutes),
    ("Lowest cell", "V", 2, lambda one: one.cell_min),
    ("Time off the grid", "%", 1, lambda one: one.islanded),
    ("Longest discharge off the grid below its threshold", "min", 0, lambda one: one.low_minutes),
    ("Contactor switched", "times", 0, lambda one: len(one.switches)),
    ("Contactor, most in an hour", "times", 0, lambda one: one.switches_hour),
    ("Contactor, most in 24 hours", "times", 0, lambda one: one.switches_day),
    ("Contactor locked until a person came", "times", 0, lambda one: one.locks),
    ("Settings written", "times", 0, lambda one: sum(one.writes.values())),
    ("Written beyond the budget", "times", 0, lambda one: one.beyond),
)


def rows(results: Sequence[Result]) -> tuple[Row, ...]:
    """Every figure of every trial, beside each other."""
    found = [
        Row(name, unit, tuple(_shown(figure(one), digits) for one in results))
        for name, unit, digits, figure in FIGURES
    ]
    cost = tuple(_shown(one.cost, 2) for one in results)
    currencies = dict.fromkeys(one.currency for one in results if one.currency is not None)
    found.insert(1, Row("Cost of grid energy", ", ".join(currencies), cost))
    found += _counts(results, lambda one: one.writes, "Written: {}")
    found += _counts(results, lambda one: one.refused, "Refused: {}")
    return tuple(found)


def _counts(results: Sequence[Result], of: Callable[[Result], dict[str, int]], name: str) -> list[Row]:
    keys = sorted({key for one in results for key in of(one)})
    return [
        Row(name.format(key), "times", tuple(str(of(one).get(key, 0)) for one in results)) for key in keys
    ]


def _shown(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def pace(results: Sequence[Result]) -> str:
    """What a step cost, in words."""
    each = ", ".join(f"{1e6 * one.seconds * one.step / (86400 * one.length):.0f}" for one in results)
    return f"{sum(one.seconds for one in results):.1f} s of processor time; µs a step: {each}"


def to_json(one: Result) -> dict[str, Json]:
    """Everything as plain values, dates in ISO 8601, changes of the contactor in seconds since the start."""
    content: dict[str, Json] = asdict(one)
    daily: list[Json] = [{**asdict(day), "date": day.date.isoformat()} for day in one.daily]
    return {
        **content,
        "start": one.start.isoformat(),
        "switches": list(one.switches),
        "switches_hour": one.switches_hour,
        "switches_day": one.switches_day,
        "daily": daily,
    }
