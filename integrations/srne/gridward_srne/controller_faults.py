"""A charge controller's fault bits, 0121 and 0122. Pure.

V3.9 has the common list in the low word (0122) and the rare ones in the high one (0121); V3.5 to V3.8 and
Renogy have the common list in the high word. Where only one word is not zero the common list is applied to
it; where both are, it is V3.9.
"""

from collections.abc import Mapping
from functools import partial

from gridward_kit.entity import COUNT, TEXT, BinarySensor, Entity, Sensor, in_words
from gridward_kit.integration import FAST
from gridward_kit.modbus import u16
from gridward_kit.point import Derived
from gridward_srne.points import detail, mark

COMMON: Mapping[int, tuple[str, str]] = {
    0: ("over_discharge", "Battery over-discharged"),
    1: ("battery_over_voltage", "Battery over-voltage"),
    2: ("battery_under_voltage", "Battery under-voltage warning"),
    3: ("load_short", "Load short circuit"),
    4: ("load_overload", "Load overload"),
    5: ("controller_hot", "Controller over-temperature"),
    6: ("battery_hot", "Battery over-temperature"),
    7: ("pv_over_power", "PV over-power"),
    8: ("pv_short", "PV short circuit"),
    9: ("pv_over_voltage", "PV over-voltage"),
    10: ("pv_counter_current", "PV counter-current"),
    11: ("pv_point_over_voltage", "PV operating point over-voltage"),
    12: ("pv_reversed", "PV reversed"),
    13: ("anti_reverse_short", "Anti-reverse MOSFET short"),
    14: ("charge_mosfet_short", "Charge MOSFET short"),
}
RARE: Mapping[int, tuple[str, str]] = {
    6: ("mains_supply", "Supply is mains"),
    7: ("no_battery", "No battery"),
    8: ("hot_stops_discharge", "Too hot to discharge"),
    9: ("cold_stops_discharge", "Too cold to discharge"),
    10: ("over_charge", "Battery over-charged"),
    11: ("cold_stops_charge", "Battery too cold to charge"),
    12: ("battery_reversed", "Battery reversed"),
    13: ("capacitor_over_voltage", "Capacitor over-voltage"),
    14: ("probe_damaged", "Probe damaged"),
    15: ("lamp_open", "Lamp open"),
}
WARNINGS = frozenset(("battery_under_voltage", "mains_supply"))
WORDS = ("fault_bits_high", "fault_bits_low")


def found(high: int, low: int) -> tuple[tuple[str, str], ...]:
    """Key and name of every fault that is on."""
    common = low or high
    rare = high if low else 0
    return (
        *(named for place, named in COMMON.items() if common >> place & 1),
        *(named for place, named in RARE.items() if rare >> place & 1),
    )


def _is_on(key: str, high: int, low: int) -> bool:
    return any(one == key for one, _ in found(high, low))


def _list(high: int, low: int) -> str:
    return in_words(name for _, name in found(high, low))


def _problem(high: int, low: int) -> bool:
    return any(key not in WARNINGS for key, _ in found(high, low))


ROWS: tuple[Entity, ...] = (
    detail(WORDS[0], "Fault bits, high word", u16(0x0121, every=FAST), COUNT),
    detail(WORDS[1], "Fault bits, low word", u16(0x0122, every=FAST), COUNT),
    BinarySensor("problem", "Problem", Derived(WORDS, _problem), device_class="problem"),
    Sensor("faults", "Faults", Derived(WORDS, _list), TEXT),
    *(
        mark(f"fault_{key}", f"Fault: {name}", Derived(WORDS, partial(_is_on, key)), "problem")
        for key, name in (*COMMON.values(), *RARE.values())
    ),
)
