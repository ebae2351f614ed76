"""Values by kind of device and key, with units from the kit's quantities; thresholds that say something.

Thresholds of voltages are those of 16 LiFePO4 cells in series.
"""

from collections.abc import Mapping

from gridward.energies.counted import TABLE
from gridward_dashboards.look import BATTERY, FAULT, GRID, HOUSE, SUN, Looks, Steps, of
from gridward_dashboards.parts import Value
from gridward_kit.entity import (
    CELL_VOLTAGE,
    COUNT,
    CURRENT,
    ENERGY,
    HOURS,
    POWER,
    SECONDS,
    TEMPERATURE,
    VOLTAGE,
    Quantity,
)
from gridward_kit.keys import CANONICAL

CHARGE_LEVELS: Steps = ((14, SUN), (24, BATTERY))
SOC_BASE = FAULT
BANK_LEVELS: Steps = ((50.6, SUN), (51.8, BATTERY), (55.3, SUN), (57.6, FAULT))
CELL_LEVELS: Steps = ((2.8, SUN), (3.0, BATTERY), (3.53, SUN), (3.65, FAULT))
SPREAD_LEVELS: Steps = ((0.03, SUN), (0.1, FAULT))
HEAT_LEVELS: Steps = ((75, SUN), (85, FAULT))
WARMTH_LEVELS: Steps = ((0, SUN), (5, BATTERY), (45, SUN), (50, FAULT))
LOAD_LEVELS: Steps = ((80, SUN), (100, FAULT))
MAINS_LEVELS: Steps = ((207, BATTERY), (253, FAULT))
HERTZ_LEVELS: Steps = ((49, BATTERY), (51, FAULT))

PART = Quantity(None, "%", precision=1)
LEFT = Quantity("duration", "h", "measurement", 1)
EXPECTED = Quantity(None, "kWh", "measurement", 1)
MONEY = Quantity(None, None, "total", 2)

_SPANS = ("today", "month", "year")

MORE: Mapping[str, Mapping[str, Quantity]] = {
    "inverter": {
        "battery_charging_current": CURRENT,
        "battery_discharge_current": CURRENT,
        "bus_voltage": VOLTAGE,
        "pv_total_power": POWER,
        "pv_current": CURRENT,
        "grid_power": POWER,
        "grid_current": CURRENT,
        "output_current": CURRENT,
        "inverter_current": CURRENT,
        "charging_power": POWER,
        "home_power": POWER,
        "battery_temperature": TEMPERATURE,
        "dc_heat_sink_temperature": TEMPERATURE,
        "transformer_temperature": TEMPERATURE,
        "ambient_temperature": TEMPERATURE,
        "generator_power": POWER,
        "bms_voltage": VOLTAGE,
        "pv_energy_today": ENERGY,
        "load_energy_today": ENERGY,
    },
    "battery": {
        **{f"cell_{number}_voltage": CELL_VOLTAGE for number in range(1, 17)},
        **{f"cell_{number}_{number + 1}_difference": CELL_VOLTAGE for number in range(1, 16)},
        "temperature_1": TEMPERATURE,
        "temperature_2": TEMPERATURE,
    },
    "site": {
        "battery_hours_left": LEFT,
        **{f"{key}_{span}": PART for key in ("self_consumption", "autarky") for span in _SPANS},
        **{f"{key}_{span}": MONEY for key in ("cost", "savings") for span in _SPANS},
        **dict.fromkeys(("cost", "savings"), MONEY),
        **{
            f"{flow}_energy_today": ENERGY
            for flow in (
                *("sun_to_home", "sun_to_battery", "sun_to_grid", "grid_to_home", "grid_to_battery"),
                *("battery_to_home", "battery_to_grid"),
            )
        },
        "estimated_energy_today": ENERGY,
        "unknown_time_today": HOURS,
    },
    "energies": {
        f"{made.key}_{span}": ENERGY for several in TABLE.values() for made in several for span in _SPANS
    },
    "relay": {},
    "rules": {"override_remaining": SECONDS},
    "alarms": {"alarms": COUNT},
    "plan": {
        **dict.fromkeys(("pv_expected_today", "pv_expected_tomorrow"), EXPECTED),
        **dict.fromkeys(("load_expected_today", "load_expected_tomorrow"), EXPECTED),
        "needed_soc": PART,
        "schedule_power": POWER,
        "charge_current": CURRENT,
        "price_rank": Quantity(None, None, "measurement", 2),
    },
    "health": dict.fromkeys(
        ("errors_bad_frame", "errors_no_answer", "errors_refused", "errors_impossible"), COUNT
    ),
}
"""Numbers beyond the canonical ones that dashboards show."""


def value(
    kind: str, key: str, name: str, colour: str | None = None, levels: Steps = (), **more: float
) -> Value:
    """A number with its quantity's unit; `low` and `high` are its scale's ends."""
    quantity = CANONICAL.get(kind, {}).get(key) or MORE[kind][key]
    return Value(key, name, of(quantity, colour, levels, **more))


def word(key: str, name: str, looks: Looks | None = None) -> Value:
    """A text, or a flag with its words."""
    return Value(key, name, looks or Looks())


PV = value("site", "pv_power", "Sun", SUN)
LOAD = value("site", "load_power", "House", HOUSE)
STORED = value("site", "battery_power", "Battery (charging up)", BATTERY)
DRAWN = value("site", "grid_power", "Grid (import up)", GRID)
