"""QPIWS: every flag by its name, and what is a fault; fault codes.

W is a warning, F a fault, C a fault while "inverter fault" is on and else a warning. Two names mislead:
"EEPROM fault" and, on HS and KS, "MPPT overload fault" are warnings in the maker's documents.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from gridward_axpert.points import Piece
from gridward_axpert.unit import Unit
from gridward_kit.entity import ENUM, TEXT, BinarySensor, Category, Entity, Sensor, in_words
from gridward_kit.point import UNKNOWN, Derived, Field, Point, Value


@dataclass(frozen=True, slots=True)
class Alarm:
    """One flag of QPIWS. A `usual` one comes and goes in normal operation: it is no problem."""

    index: int
    key: str
    name: str
    kind: str
    usual: bool = False


PV_LOSS = Alarm(0, "pv_loss", "PV loss", "W", usual=True)
COMMON: tuple[Alarm, ...] = (
    Alarm(1, "inverter_fault", "Inverter fault", "F"),
    Alarm(2, "bus_over_voltage", "Bus over voltage", "F"),
    Alarm(3, "bus_under_voltage", "Bus under voltage", "F"),
    Alarm(4, "bus_soft_start_failed", "Bus soft start failed", "F"),
    Alarm(5, "line_fail", "Line fail", "W", usual=True),
    Alarm(6, "output_short", "Output short circuit", "F"),
    Alarm(7, "inverter_voltage_low", "Inverter voltage too low", "F"),
    Alarm(8, "inverter_voltage_high", "Inverter voltage too high", "F"),
    Alarm(9, "over_temperature", "Over temperature", "C"),
    Alarm(10, "fan_locked", "Fan locked", "C"),
    Alarm(11, "battery_voltage_high", "Battery voltage high", "C"),
    Alarm(12, "battery_low", "Battery low", "W"),
    Alarm(14, "battery_under_shutdown", "Battery under voltage shutdown", "W"),
    Alarm(15, "battery_derating", "Battery derating", "W"),
    Alarm(16, "overload", "Overload", "C"),
    Alarm(17, "eeprom_fault", "EEPROM fault", "W"),
    Alarm(18, "inverter_over_current", "Inverter over current", "F"),
    Alarm(19, "inverter_soft_start_failed", "Inverter soft start failed", "F"),
    Alarm(20, "self_test_failed", "Self test failed", "F"),
    Alarm(21, "dc_voltage_on_output", "DC voltage on output", "F"),
    Alarm(22, "battery_open", "Battery open", "F"),
    Alarm(23, "current_sensor_failed", "Current sensor failed", "F"),
)
CHARGERS: tuple[Alarm, ...] = (
    Alarm(24, "battery_short", "Battery short circuit", "F"),
    Alarm(25, "power_limit", "Power limit", "W"),
    Alarm(26, "pv_voltage_high", "PV voltage high", "W"),
    Alarm(27, "mppt_overload_fault", "MPPT overload fault", "W"),
    Alarm(28, "mppt_overload_warning", "MPPT overload warning", "W"),
    Alarm(29, "battery_too_low_to_charge", "Battery too low to charge", "W"),
)
TRACKERS: tuple[Alarm, ...] = (
    Alarm(30, "pv2_voltage_high", "PV2 voltage high", "W"),
    Alarm(31, "mppt2_overload_fault", "MPPT2 overload fault", "W"),
    Alarm(32, "mppt2_overload_warning", "MPPT2 overload warning", "W"),
    Alarm(33, "battery_too_low_to_charge_2", "Battery too low to charge 2", "W"),
    Alarm(34, "pv3_voltage_high", "PV3 voltage high", "W"),
    Alarm(35, "mppt3_overload_fault", "MPPT3 overload fault", "W"),
    Alarm(36, "mppt3_overload_warning", "MPPT3 overload warning", "W"),
    Alarm(37, "battery_too_low_to_charge_3", "Battery too low to charge 3", "W"),
)
OVERCHARGE = Alarm(13, "overcharge", "Overcharge", "F")
SLAVE = Alarm(30, "slave", "Slave in a parallel system", "W", usual=True)
DC_OVER_CURRENT = Alarm(30, "dc_over_current", "DC/DC over current", "F")
BATTERY_WEAK = Alarm(31, "battery_weak", "Battery weak", "W")
LOW_PV_ENERGY = Alarm(33, "low_pv_energy", "Low PV energy", "W", usual=True)
SOFT_START_VOLTAGE = Alarm(34, "grid_high_at_soft_start", "Grid voltage high during bus soft start", "W")
EQUALISING = Alarm(35, "equalisation", "Battery equalisation", "W", usual=True)

# on in Home Assistant from the start; the others are also told by `problem`, `warnings` and `faults`
SHOWN = frozenset(("inverter_fault", "line_fail", "battery_low", "overload", "over_temperature"))

FAULTS: Mapping[int, str] = {
    0: "none",
    1: "fan_locked",
    2: "over_temperature",
    3: "battery_voltage_high",
    4: "battery_voltage_low",
    5: "output_short",
    6: "output_voltage_high",
    7: "overload",
    8: "bus_voltage_high",
    9: "bus_soft_start_failed",
    10: "pv_over_current",
    11: "main_relay_failed",
    12: "dc_over_current",
    13: "battery_discharge_over_current",
    51: "over_current",
    52: "bus_soft_start_2_failed",
    53: "inverter_soft_start_failed",
    54: "self_test_failed",
    55: "dc_voltage_on_output",
    56: "battery_open",
    57: "current_sensor_failed",
    58: "output_voltage_low",
    59: "pv_voltage_high",
    60: "power_feedback",
    71: "firmware_differs",
    72: "current_sharing",
    80: "can",
    81: "host_lost",
    82: "synchronisation_lost",
    83: "battery_voltages_differ",
    84: "grid_differs",
    85: "current_unbalanced",
    86: "output_mode_differs",
}
FAULTS_OF_MAX: Mapping[int, str] = {11: "pv_over_voltage", 52: "bus_voltage_low"}


def fault_names(variant: str) -> Mapping[int, str]:
    """The names of fault codes; two of them mean something else on a MAX."""
    return {**FAULTS, **FAULTS_OF_MAX} if variant == "max" else FAULTS


def table(unit: Unit) -> tuple[Alarm, ...]:
    """The flags of this unit's QPIWS by length and variant; only what all tables share in an odd length."""
    match unit.count("QPIWS"), unit.variant:
        case 38, _:
            return (*_short_as_warning(COMMON), *CHARGERS, *TRACKERS)
        case 32, "ks" | "mst":
            return (*_short_as_warning(COMMON), *CHARGERS, *TRACKERS[:2])
        case 32, variant:
            split = (OVERCHARGE, SLAVE) if variant == "pi41" else ()
            return (*_short_as_warning(COMMON), *CHARGERS, *split)
        case 36 | 99, "max":
            weak = (BATTERY_WEAK,) if unit.nominal == 48 else ()
            return (PV_LOSS, *COMMON, *weak, EQUALISING)
        case 36 | 99, "gk":
            return (PV_LOSS, *COMMON, *_of_gk(), LOW_PV_ENERGY, SOFT_START_VOLTAGE, EQUALISING)
        case 99, _:
            return (*_short_as_warning(COMMON), *CHARGERS, *TRACKERS)
        case 36, _:
            return (PV_LOSS, *COMMON, *_of_gk(), EQUALISING)
        case _:
            return (PV_LOSS, *COMMON)


def _short_as_warning(alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    return tuple(replace(alarm, kind="W") if alarm.key == "output_short" else alarm for alarm in alarms)


def _of_gk() -> tuple[Alarm, ...]:
    chargers = (replace(alarm, kind="F") if alarm.index == 27 else alarm for alarm in CHARGERS)
    return (*chargers, DC_OVER_CURRENT)


def rows(unit: Unit) -> tuple[Entity, ...]:
    """A binary sensor for each flag, and derived: whether something is wrong, and what, in words."""
    alarms = table(unit)
    flags = flagged(alarms, lambda index: Field("QPIWS", 0).bit(index))
    keys = tuple(row.key for row in flags)
    return (
        *flags,
        *_codes(unit),
        _problem_of(Derived(keys, partial(_problem, alarms))),
        Sensor("warnings", "Warnings", Derived(keys, partial(_words, alarms, "W"))),
        Sensor("faults", "Faults", Derived(keys, partial(_words, alarms, "F"))),
    )


def _problem_of(at: Derived) -> BinarySensor:
    return BinarySensor("problem", "Problem", at, device_class="problem")


def flagged(alarms: Iterable[Alarm], at: Callable[[int], Point]) -> tuple[BinarySensor, ...]:
    """A binary sensor for each flag, at the place that `at` gives for its index."""
    return tuple(
        BinarySensor(
            f"alarm_{alarm.key}",
            alarm.name,
            at(alarm.index),
            category=Category.DIAGNOSTIC,
            enabled=alarm.key in SHOWN,
            device_class="problem",
        )
        for alarm in alarms
    )


def warned(
    alarms: tuple[Alarm, ...], at: Callable[[int], Point], needs: tuple[str, ...], wrong: Callable[..., bool]
) -> tuple[Entity, ...]:
    """Flags that are all warnings; a problem is also what `wrong` says of the values of `needs`."""
    flags = flagged(alarms, at)
    keys = tuple(row.key for row in flags)

    def problem(*values: Value) -> bool:
        return _problem(alarms, *values[: len(keys)]) or wrong(*values[len(keys) :])

    return (
        *flags,
        _problem_of(Derived((*keys, *needs), problem)),
        Sensor("warnings", "Warnings", Derived(keys, partial(_words, alarms, "W"))),
    )


def _codes(unit: Unit) -> tuple[Entity, ...]:
    """The fault code, two digits among the flags of a 36-flag answer; raw where the place is not known."""
    if unit.count("QPIWS") not in (36, 99) or unit.variant in ("hs", "ks", "mst", "revo", "pi41"):
        return ()
    if unit.variant not in ("gk", "max") or (unit.variant == "max" and not unit.nominal):
        return (_text("fault_digits", "Fault digits", Piece("QPIWS", 31, 34)),)
    start = 32 if unit.variant == "max" and unit.nominal == 48 else 31
    return fault_rows(Piece("QPIWS", start, start + 2), fault_names(unit.variant))


def fault_rows(at: Point, codes: Mapping[int, str]) -> tuple[Entity, ...]:
    """A two-digit fault code, and its name."""
    names = {f"{code:02d}": name for code, name in codes.items()}
    name = Derived(("fault_code",), partial(named, names))
    return (
        _text("fault_code", "Fault code", at),
        Sensor("fault", "Fault", name, ENUM, category=Category.DIAGNOSTIC, options=tuple(names.values())),
    )


def named(names: Mapping[str, str], code: str) -> str:
    """The name of a two-digit code."""
    return names.get(code, UNKNOWN)


def _text(key: str, name: str, point: Point) -> Sensor:
    return Sensor(key, name, point, TEXT, category=Category.DIAGNOSTIC)


def _kinds(alarms: tuple[Alarm, ...], on: tuple[Value, ...]) -> list[tuple[Alarm, str]]:
    """The active flags with what they are now, W or F."""
    failed = any(alarm.key == "inverter_fault" and flag for alarm, flag in zip(alarms, on, strict=True))
    conditional = "F" if failed else "W"
    return [
        (alarm, conditional if alarm.kind == "C" else alarm.kind)
        for alarm, flag in zip(alarms, on, strict=True)
        if flag
    ]


def _problem(alarms: tuple[Alarm, ...], *on: Value) -> bool:
    return any(not alarm.usual for alarm, _ in _kinds(alarms, on))


def _words(alarms: tuple[Alarm, ...], kind: str, *on: Value) -> str:
    return in_words(alarm.name for alarm, now in _kinds(alarms, on) if now == kind)
