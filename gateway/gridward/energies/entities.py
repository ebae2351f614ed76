"""What the device `site` shows of its energies: lifetime counters, and today, this month, this year."""

from collections.abc import Mapping

from gridward.energies.core import COST, ESTIMATED, PERIODS, SAVED, UNKNOWN, State
from gridward.energies.split import FLOWS, LOSSES, UNMEASURED
from gridward_kit.entity import ENERGY, HOURS, Category, Entity, Quantity, Sensor
from gridward_kit.point import Value

PART = Quantity(None, "%", precision=1)
KEYS_OF: Mapping[str, tuple[str, str]] = {
    "pv": ("pv_energy", "PV energy"),
    "load": ("load_energy", "Load energy"),
    "battery_in": ("battery_charge_energy", "Energy into the battery"),
    "battery_out": ("battery_discharge_energy", "Energy out of the battery"),
    "grid_import": ("grid_import_energy", "Energy from the grid"),
    "grid_export": ("grid_export_energy", "Energy to the grid"),
}
SPANS = {"today": "today", "month": "this month", "year": "this year"}
SHARES = {"self_consumption": "Self-consumption", "autarky": "Autarky"}
MONEY = {COST: "Grid cost", SAVED: "Savings"}


def flow_key(flow: str) -> str:
    """The entity of a flow of `split`: `sun_to_home` is `sun_to_home_energy`."""
    return f"{flow}_energy"


def rows(currency: str | None) -> tuple[Entity, ...]:
    """The entities, in the order in which they are shown; money only where a tariff is stated."""
    found: list[Entity] = [Sensor(key, name, quantity=ENERGY) for key, name in KEYS_OF.values()]
    for period, span in SPANS.items():
        found += [
            Sensor(f"{key}_{period}", f"{name} {span}", quantity=ENERGY) for key, name in KEYS_OF.values()
        ]
        found += [Sensor(f"{key}_{period}", f"{name} {span}", quantity=PART) for key, name in SHARES.items()]
    for flow in FLOWS:
        name = flow.replace("_", " ").capitalize()
        found += [
            Sensor(flow_key(flow), name, quantity=ENERGY),
            Sensor(f"{flow_key(flow)}_today", f"{name} today", quantity=ENERGY),
        ]
    found += _told_apart()
    if currency is not None:
        money = Quantity(None, currency, "total", 2)
        found += [Sensor(key, name, quantity=money) for key, name in MONEY.items()]
        for period, span in SPANS.items():
            found += [
                Sensor(f"{key}_{period}", f"{name} {span}", quantity=money) for key, name in MONEY.items()
            ]
    return tuple(found)


def _told_apart() -> tuple[Entity, ...]:
    diagnostic = Category.DIAGNOSTIC
    return (
        Sensor("losses_energy", "Losses", quantity=ENERGY, category=diagnostic),
        Sensor("unmeasured_energy", "Energy of unknown source", quantity=ENERGY, category=diagnostic),
        Sensor("estimated_energy", "Estimated energy", quantity=ENERGY, category=diagnostic),
        Sensor("estimated_energy_today", "Estimated energy today", quantity=ENERGY, category=diagnostic),
        Sensor("unknown_time_today", "Time without readings today", quantity=HOURS, category=diagnostic),
    )


def shown(state: State) -> dict[str, Value]:
    """The values by key: kWh, %, hours, money. What was never measured is absent, not 0."""
    found: dict[str, Value] = {}
    for name, (key, _) in KEYS_OF.items():
        if name in state.totals:
            found[key] = kwh(state.totals[name])
    for period in PERIODS:
        of = state.of(period)
        found |= {f"{key}_{period}": kwh(of[name]) for name, (key, _) in KEYS_OF.items() if name in of}
        found |= {f"{key}_{period}": round(share, 1) for key, share in _shares(of).items()}
        found |= {f"{key}_{period}": round(of[key], 2) for key in MONEY if key in of}
    today = state.of("today")
    if _complete(state.totals):
        for flow in (*FLOWS, LOSSES, UNMEASURED):
            found[flow_key(flow)] = kwh(state.totals.get(flow, 0.0))
        found |= {f"{flow_key(flow)}_today": kwh(today.get(flow, 0.0)) for flow in FLOWS}
    if found:
        found["estimated_energy"] = kwh(state.totals.get(ESTIMATED, 0.0))
        found["estimated_energy_today"] = kwh(today.get(ESTIMATED, 0.0))
        found["unknown_time_today"] = round(today.get(UNKNOWN, 0.0) / 3600, 2)
    return found | {key: round(state.totals[key], 2) for key in MONEY if key in state.totals}


def kwh(watt_hours: float) -> float:
    """To a Wh, as the rows show it."""
    return round(watt_hours / 1000, 3)


def _complete(totals: Mapping[str, float]) -> bool:
    """Whether who fed whom can be said: a house and at least one of its sources are measured."""
    return "load" in totals and bool({"pv", "grid_import", "battery_out"} & totals.keys())


def _shares(of: Mapping[str, float]) -> dict[str, float]:
    """Per cent: of the sun's energy what stayed here, of the load's what did not come from the grid."""
    shares: dict[str, float] = {}
    if of.get("pv", 0.0) > 0 and "grid_export" in of:
        shares["self_consumption"] = 100 * (1 - of.get("sun_to_grid", 0.0) / of["pv"])
    if of.get("load", 0.0) > 0 and "grid_import" in of:
        shares["autarky"] = 100 * max(0.0, 1 - of["grid_import"] / of["load"])
    return shares
