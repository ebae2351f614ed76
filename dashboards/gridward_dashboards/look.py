"""How values look: colours that mean one thing everywhere, units, thresholds, words for codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridward_kit.entity import Quantity
from gridward_kit.kept import Json

SUN, BATTERY, GRID, HOUSE, FAULT = "#f2a516", "#2f9e5b", "#8457d6", "#2b78d0", "#d2392f"
QUIET = "#8a97a3"

UNITS: Mapping[str | None, str] = {
    None: "none",
    "V": "volt",
    "A": "amp",
    "W": "watt",
    "VA": "voltamp",
    "var": "voltampreact",
    "Hz": "hertz",
    "°C": "celsius",
    "°": "degree",
    "%": "percent",
    "kWh": "kwatth",
    "Ah": "amph",
    "ms": "ms",
    "s": "s",
    "min": "m",
    "h": "h",
    "d": "d",
}
"""Grafana's unit for each of the kit's; what it has no name for is shown as a suffix."""

PLACES: Mapping[str, int | None] = {"W": None, "VA": None, "var": None, "kWh": 2}
"""Digits where the quantity's precision is not what is wanted: with none of its own 1234 W is 1.23 kW."""

Steps = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Looks:
    """How a value is drawn: `levels` are (from this value on, colour) above the `base` colour.

    `words` give codes and flags a word and a colour; `low` and `high` are the scale's ends.
    """

    unit: str | None = None
    decimals: int | None = None
    base: str | None = None
    levels: Steps = ()
    words: Mapping[str, tuple[str, str]] | None = None
    low: float | None = None
    high: float | None = None

    def properties(self) -> dict[str, Json]:
        """As a field's configuration."""
        found: dict[str, Json] = {}
        if self.unit is not None:
            found["unit"] = self.unit
        scale = {"decimals": self.decimals, "min": self.low, "max": self.high}
        found |= {name: value for name, value in scale.items() if value is not None}
        if self.levels:
            found["thresholds"] = thresholds(self.base or BATTERY, self.levels)
            found["color"] = {"mode": "thresholds"}
        elif self.base is not None:
            found["thresholds"] = thresholds(self.base, ())
            found["color"] = {"mode": "fixed", "fixedColor": self.base}
        if self.words is not None:
            found["mappings"] = [mapping(self.words)]
        return found


def of(quantity: Quantity, colour: str | None = None, levels: Steps = (), **more: float) -> Looks:
    """The looks of a quantity: its unit and precision, with a colour of its own."""
    unit = UNITS.get(quantity.unit, f"suffix: {quantity.unit}")
    places = PLACES.get(quantity.unit or "", quantity.precision)
    return Looks(unit, places, colour, levels, low=more.get("low"), high=more.get("high"))


def thresholds(base: str, levels: Steps) -> Json:
    """The colours from below upwards."""
    steps: list[Json] = [{"color": base, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in levels]
    return {"mode": "absolute", "steps": steps}


def mapping(words: Mapping[str, tuple[str, str]]) -> Json:
    """Codes as words in colours."""
    options: dict[str, Json] = {
        code: {"text": word, "color": colour, "index": place}
        for place, (code, (word, colour)) in enumerate(words.items())
    }
    return {"type": "value", "options": options}


def flag(on: str, off: str, on_colour: str, off_colour: str) -> Looks:
    """A flag, which the database has as 1 and 0."""
    return Looks("none", words={"1": (on, on_colour), "0": (off, off_colour)}, base=QUIET)


PROBLEM = flag("Problem", "No problem", FAULT, BATTERY)
MOSFET = flag("On", "Off", BATTERY, FAULT)
MODE = Looks(
    words={
        "line": ("On the grid", GRID),
        "battery": ("From the battery", BATTERY),
        "bypass": ("Bypass", GRID),
        "battery_to_line": ("Changing to the grid", GRID),
        "line_to_battery": ("Changing to the battery", BATTERY),
        "charge": ("Charging only", SUN),
        "eco": ("Eco", BATTERY),
        "power_on": ("Starting", QUIET),
        "initialising": ("Starting", QUIET),
        "soft_start": ("Starting", QUIET),
        "battery_activation": ("Waking the battery", SUN),
        "standby": ("Standby", QUIET),
        "power_saving": ("Power saving", QUIET),
        "shutdown": ("Shut down", QUIET),
        "fault": ("Fault", FAULT),
    }
)
CHARGE_STAGE = Looks(
    words={
        "off": ("Not charging", QUIET),
        "constant_current": ("Constant current", SUN),
        "constant_voltage": ("Constant voltage", BATTERY),
        "float": ("Float", BATTERY),
        "full": ("Full", BATTERY),
        "lithium_activation": ("Waking the battery", SUN),
        "reserved": ("Unknown", QUIET),
    }
)
POSITION = Looks(words={"connected": ("Grid connected", GRID), "islanded": ("Islanded", BATTERY)})
PRESENCE = Looks(
    words={"present": ("Present", BATTERY), "absent": ("Absent", FAULT), "unknown": ("Unknown", SUN)}
)
MODES = Looks(words={"on": ("On", BATTERY), "observe": ("Observe", SUN), "off": ("Off", FAULT)})
OVERRIDE = Looks(words={**(POSITION.words or {}), "auto": ("By the rules", BATTERY)})
SCHEDULE = Looks(
    words={
        "none": ("No slot", QUIET),
        "charge": ("Charge", GRID),
        "discharge": ("Discharge", BATTERY),
        "hold": ("Hold", SUN),
    }
)
LOCK = flag("Locked", "Free", FAULT, BATTERY)
SOURCE = Looks(
    words={
        "USB": ("USB: grid first", GRID),
        "SUB": ("SUB: sun, then grid", SUN),
        "SUF": ("SUF: sun, the rest to the grid", SUN),
        "SBU": ("SBU: sun, battery, then grid", BATTERY),
        "SOL": ("SOL: sun first", SUN),
    }
)
CHARGER = Looks(
    words={
        "utility_first": ("Grid first", GRID),
        "solar_first": ("Sun first", SUN),
        "solar_and_utility": ("Sun and grid", HOUSE),
        "only_solar": ("Sun only", BATTERY),
    }
)
