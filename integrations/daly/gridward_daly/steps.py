"""How far the values of a Daly board can move from one answer to the next.

What two bytes make that changed places under one sum is told by it from what a battery does. What is
under these steps passes: cells some 8 mV, the pack's voltage 1 %, its current 2 A, its SoC 1 %.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import median

from gridward_daly.entities import FAILURES
from gridward_daly.points import numbers_in
from gridward_kit.point import UNKNOWN, Value

Values = Mapping[str, Value]
Odd = Callable[[Values], bool]
Jump = Callable[[Values, Values, float], bool]

PACK = ("voltage", "current", "soc")
PACK_KEYS = (*PACK, "soc_setting", "gathered_voltage")
MOSFETS = ("charge_mosfet", "discharge_mosfet")
STATE = ("state", *MOSFETS, "remaining_capacity")
STATE_KEYS = (*STATE, "life_counter")
EXTREMES = ("cell_voltage_max", "cell_max_number", "cell_voltage_min", "cell_min_number")
WARMEST = ("temperature_max", "temperature_max_number", "temperature_min", "temperature_min_number")
PLUGS = ("charger_connected", "load_connected")
STATUS = ("cells", "temperature_sensors", "cycles", *PLUGS)
STATUS_KEYS = (*STATUS, *(f"digital_{way}put_{number}" for way in ("in", "out") for number in range(1, 5)))
FAULTS = (*FAILURES, "fault_code")
BALANCED = "balanced_cells"

CELL_STEP = 0.008  # V that one cell moves against the others from poll to poll
CELL_SHARE = 0.25  # of the common movement that one cell may differ by: internal resistances differ
FEW_CELLS_STEP = 0.03  # V, where there are too few cells for a common movement
SKEW = 0.03  # V between 0x91 and 0x95, which are not measured at one moment
EXTREMES_STEP = 0.1
VOLTAGE_SHARE, VOLTAGE_LEAST = 0.01, 0.2
RESISTANCE_MOST, RESISTANCE_LEAST = 0.05, 0.005  # ohms of a pack with its wires
CURRENT_STEP = 10.0  # A, without the pack's voltage moving along ...
CURRENT_PIECE, CURRENT_NEAR = 25.5, 1.2  # ... and by what its two bytes make whose sum stays the same (A)
SOC_STEP = 1.0
CAPACITY_STEP = 1.0
DEGREES_STEP = 5.0
DEGREES_NEAR = 2.0  # between a sensor and what 0x92 says of it
CYCLES_STEP = 5.0


def lacking(keys: tuple[str, ...], odd: Odd) -> Odd:
    """Odd also where a value is missing that every such frame has: it was impossible."""
    due = frozenset(keys)
    return lambda values: not values.keys() >= due or odd(values)


def never(_: Values) -> bool:
    """Where no value contradicts the others of its answer."""
    return False


def odd_state(values: Values) -> bool:
    """A code that has no name."""
    return values["state"] == UNKNOWN


def pack_jumps(values: Values, before: Values, slack: float) -> bool:
    """The pack moves as no load moves it: voltage without current, or current by two bytes' exchange."""
    volts, amperes, soc = (moved(values, before, key) for key in PACK)
    gathered = moved(values, before, "gathered_voltage")
    allowed = max(VOLTAGE_LEAST, VOLTAGE_SHARE * float(before.get("voltage", 0.0)))
    along = volts * amperes > 0 and abs(volts) >= RESISTANCE_LEAST * abs(amperes)
    return (
        abs(volts) > slack * (allowed + RESISTANCE_MOST * abs(amperes))
        or (abs(amperes) > slack * CURRENT_STEP and not along and keeps_the_sum(amperes))
        or abs(soc) > slack * SOC_STEP
        or abs(gathered) > slack * (allowed + RESISTANCE_MOST * abs(amperes))
    )


def state_jumps(values: Values, before: Values, slack: float) -> bool:
    """A MOSFET changes, or the capacity by more than a poll's worth; the state alone may flicker."""
    capacity = abs(moved(values, before, "remaining_capacity"))
    return any(moved(values, before, key) for key in MOSFETS) or capacity > slack * CAPACITY_STEP


def stand(values: Values, before: Values) -> bool:
    """The extremes are those already believed; the cells may be half of this poll, half of an earlier one."""
    return all(key in before and abs(amount(values, key) - amount(before, key)) <= SKEW for key in EXTREMES)


def keeps_the_sum(amperes: float) -> bool:
    """Whether two wrong bytes that the checksum does not see can have moved the current so far."""
    return abs(amperes - CURRENT_PIECE * round(amperes / CURRENT_PIECE)) <= CURRENT_NEAR


def extremes_jump(values: Values, before: Values, slack: float) -> bool:
    """One extreme moves otherwise than the other; a load moves both."""
    high, low = (moved(values, before, key) for key in EXTREMES[::2])
    return abs(high - low) > slack * EXTREMES_STEP


def degrees_jump(keys: tuple[str, ...]) -> Jump:
    """One is another all at once, or two neighbours say each other's of before: a byte each."""

    def jump(values: Values, before: Values, slack: float) -> bool:
        both = [key for key in keys if key in values and key in before]
        far = any(abs(moved(values, before, key)) > slack * DEGREES_STEP for key in both)
        return far or any(
            values[one] != values[other] and (values[one], values[other]) == (before[other], before[one])
            for one, other in pairwise(both)
        )

    return jump


def status_jumps(values: Values, before: Values, slack: float) -> bool:
    """Charger and load change places, or what is counted jumps."""
    cycles = abs(moved(values, before, "cycles"))
    plugs = all(moved(values, before, key) for key in PLUGS)
    return plugs or moved(values, before, "temperature_sensors") != 0 or cycles > slack * CYCLES_STEP


def failures_move(values: Values, before: Values, _: float) -> bool:
    """Some failures begin as others end: so it looks when bytes changed places."""
    both = [key for key in FAULTS if key in values and key in before]
    began = any(values[key] and not before[key] for key in both)
    return began and any(before[key] and not values[key] for key in both)


def balance_jumps(values: Values, before: Values, _: float) -> bool:
    """Other cells are balanced, of the same places in other bytes of eight."""
    if BALANCED not in values or BALANCED not in before or values[BALANCED] == before[BALANCED]:
        return False
    now, then = (sorted(_bytes(str(one[BALANCED]))) for one in (values, before))
    return now == then


def _bytes(text: str) -> list[tuple[int, ...]]:
    """The bits of each byte that has any."""
    numbers = [cell - 1 for cell in numbers_in(text)]
    return [tuple(bit % 8 for bit in numbers if bit // 8 == byte) for byte in {bit // 8 for bit in numbers}]


def cells_jump(cells: tuple[str, ...], frame: tuple[str, ...]) -> Jump:
    """A cell of this frame moves otherwise than the pack as a whole."""

    def jump(values: Values, before: Values, slack: float) -> bool:
        steps = {
            key: float(values[key]) - float(before[key]) for key in cells if key in values and key in before
        }
        if not steps:
            return False
        common = median(steps.values()) if len(steps) > 2 else 0.0
        allowed = CELL_STEP + CELL_SHARE * abs(common) if len(steps) > 2 else FEW_CELLS_STEP
        return any(abs(steps[key] - common) > slack * allowed for key in frame if key in steps)

    return jump


def amount(values: Values, key: str) -> float:
    """A number among the values."""
    return float(values[key])


def moved(values: Values, before: Values, key: str) -> float:
    """By how much a number changed; 0 where it is not in both."""
    return float(values[key]) - float(before[key]) if key in values and key in before else 0.0
