"""Home Assistant's device classes with the units and state classes that every release since 2023 takes.

A sensor whose unit does not fit its class is refused by later releases (2025.7 on), one whose class is
not known by all of them; so the tables hold what is safe in both, not all that today's release knows.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """The units (None: no unit) and state classes of one device class; no state class is always allowed."""

    units: frozenset[str | None]
    states: frozenset[str]


def _allow(*units: str | None, states: tuple[str, ...] = ("measurement",)) -> Allowed:
    return Allowed(frozenset(units), frozenset(states))


COUNTERS = ("total", "total_increasing")

SENSOR: dict[str, Allowed] = {
    "apparent_power": _allow("VA"),
    "battery": _allow("%"),
    "current": _allow("A", "mA"),
    "date": _allow(None, states=()),
    "duration": _allow("d", "h", "min", "s", "ms", states=("measurement", *COUNTERS)),
    "energy": _allow("Wh", "kWh", "MWh", states=COUNTERS),
    "energy_storage": _allow("Wh", "kWh", "MWh"),
    "enum": _allow(None, states=()),
    "frequency": _allow("Hz"),
    "power": _allow("W", "kW"),
    "power_factor": _allow("%", None),
    "reactive_power": _allow("var"),
    "temperature": _allow("°C"),
    "timestamp": _allow(None, states=()),
    "voltage": _allow("V", "mV"),
}

STATES = frozenset(("measurement", *COUNTERS))
NOT_NUMBERS = frozenset(("date", "enum", "timestamp"))

BINARY_SENSOR = frozenset(
    (
        *("battery", "battery_charging", "cold", "connectivity", "door", "gas", "heat", "light", "lock"),
        *("moisture", "motion", "moving", "occupancy", "opening", "plug", "power", "presence", "problem"),
        *("running", "safety", "smoke", "sound", "tamper", "update", "vibration", "window"),
    )
)
