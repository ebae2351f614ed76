"""Which values of a Daly board cannot be true, although their frame's checksum is right.

The sum of a frame's bytes does not see two that changed places. So values are compared with the others
of their frame, with what other frames say, and with what was believed before. What is doubted three
times in a row, each time about the same, is believed: so a true jump is late by two polls, not lost.
What is under these steps passes: cells some 8 mV, the pack's voltage 1 %, its current 2 A, its SoC 1 %.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from statistics import median

from gridward_daly.entities import FAILURES
from gridward_kit.entity import Entity
from gridward_kit.point import UNKNOWN, Derived, Value

Values = Mapping[str, Value]
Odd = Callable[[Values], bool]
Jump = Callable[[Values, Values, float], bool]

BELIEVED_AFTER = 3
SAME = 3.0  # what was doubted agrees with the next within so many times the step that is not doubted

PACK = ("voltage", "current", "soc")
PACK_KEYS = (*PACK, "soc_setting", "gathered_voltage")
MOSFETS = ("charge_mosfet", "discharge_mosfet")
STATE = ("state", *MOSFETS, "remaining_capacity")
STATE_KEYS = (*STATE, "life_counter")
EXTREMES = ("cell_voltage_max", "cell_max_number", "cell_voltage_min", "cell_min_number")
WARMEST = ("temperature_max", "temperature_max_number", "temperature_min", "temperature_min_number")
STATUS = ("cells", "temperature_sensors", "cycles")
STATUS_KEYS = (
    *STATUS,
    "charger_connected",
    "load_connected",
    *(f"digital_{way}put_{number}" for way in ("in", "out") for number in range(1, 5)),
)
FAULTS = (*FAILURES, "fault_code")

CELL_STEP = 0.008  # V that one cell moves against the others from poll to poll
CELL_SHARE = 0.25  # of the common movement that one cell may differ by: internal resistances differ
FEW_CELLS_STEP = 0.03  # V, where there are too few cells for a common movement
SKEW = 0.03  # V between 0x91 and 0x95, which are not measured at one moment
EXTREMES_STEP = 0.1
SUM_SHARE, SUM_LEAST = 0.01, 0.3  # of the pack's voltage, V
VOLTAGE_SHARE, VOLTAGE_LEAST = 0.01, 0.2
RESISTANCE_MOST, RESISTANCE_LEAST = 0.05, 0.005  # ohms of a pack with its wires
CURRENT_STEP = 10.0  # A, without the pack's voltage moving along ...
CURRENT_PIECE, CURRENT_NEAR = 25.5, 1.2  # ... and by what its two bytes make whose sum stays the same (A)
SOC_STEP = 1.0
CAPACITY_STEP = 1.0
DEGREES_STEP = 5.0
CYCLES_STEP = 5.0
CELL_RANGE = (2.0, 4.5)  # V on average, where nothing is known yet


class Plausibility:
    """What one board was believed to say last, and what was doubted since. Values in canonical units."""

    def __init__(self, entities: tuple[Entity, ...], cells: int) -> None:
        self._cells = tuple(f"cell_{number}_voltage" for number in range(1, cells + 1))
        self._sensors = tuple(row.key for row in entities if row.at is not None and row.at.query == "0x96")
        self._derived = tuple((row.key, row.at.needs) for row in entities if isinstance(row.at, Derived))
        self._known: dict[str, Value] = {}
        self._doubted: dict[str, tuple[Values, int]] = {}
        self._answers: dict[str, Values] = {}
        self._sum_offset = 0.0

    def doubt(self, values: Values, before: Values) -> frozenset[str]:
        """The keys of one answer's values that are not believed, and those derived from them."""
        self._known |= {key: value for key, value in before.items() if key not in self._known}
        doubted = {
            *self._judge(PACK_KEYS, values, _needs(PACK, values, self._odd_pack), self._pack_jumps),
            *self._judge(STATE_KEYS, values, _needs(STATE, values, _odd_state), _state_jumps),
            *self._judge(EXTREMES, values, _needs(EXTREMES, values, self._odd_extremes), _extremes_jump),
            *self._judge(WARMEST, values, _needs(WARMEST, values, _odd_warmest), _degrees_jump(WARMEST[::2])),
            *self._judge(self._sensors, values, _never, _degrees_jump(self._sensors)),
            *self._judge(STATUS_KEYS, values, _needs(STATUS, values, self._odd_status), _status_jumps),
            *self._judge(FAULTS, values, _never, _failures_move),
            *self._doubted_cells(values),
        }
        self._known |= {key: value for key, value in values.items() if key not in doubted}
        return frozenset({*doubted, *self._from(doubted)} & values.keys())

    def _judge(self, keys: tuple[str, ...], values: Values, odd: Odd, jump: Jump) -> tuple[str, ...]:
        """The keys of this group that are in the answer, if it is not believed; else nothing."""
        present = tuple(key for key in keys if key in values)
        if not present or self._believed(keys[0], values, self._known, odd=odd(values), jump=jump):
            return ()
        return present

    def _believed(self, group: str, values: Values, before: Values, *, odd: bool, jump: Jump) -> bool:
        if not odd and not jump(values, before, 1.0):
            self._doubted.pop(group, None)
            return True
        earlier, count = self._doubted.get(group, (values, 0))
        count = 1 if jump(values, earlier, SAME) else count + 1
        self._doubted[group] = (values, count)
        return count >= BELIEVED_AFTER

    def _from(self, doubted: set[str]) -> set[str]:
        """The keys that are computed from doubted ones, over several steps."""
        found: set[str] = set()
        for key, needs in self._derived:
            if any(need in doubted or need in found for need in needs):
                found.add(key)
        return found

    def _odd_pack(self, values: Values) -> bool:
        volts = _number(values, "voltage")
        gathered = values.get("gathered_voltage")
        if gathered is not None and abs(float(gathered) - volts) > 0.1 * volts:
            return True
        if "voltage" in self._known:
            return False
        low, high = CELL_RANGE
        return not low <= volts / len(self._cells) <= high or self._sum_is_off(volts, self._known)

    def _pack_jumps(self, values: Values, before: Values, slack: float) -> bool:
        if any(key not in values or key not in before for key in PACK):
            return False
        volts, amperes, soc = (_number(values, key) - _number(before, key) for key in PACK)
        allowed = max(VOLTAGE_LEAST, VOLTAGE_SHARE * _number(before, "voltage"))
        along = volts * amperes > 0 and abs(volts) >= RESISTANCE_LEAST * abs(amperes)
        return (
            abs(volts) > slack * (allowed + RESISTANCE_MOST * abs(amperes))
            or (abs(amperes) > slack * CURRENT_STEP and not along and _keeps_the_sum(amperes))
            or abs(soc) > slack * SOC_STEP
            or _gathered_jumps(values, before, slack * (allowed + RESISTANCE_MOST * abs(amperes)))
        )

    def _odd_extremes(self, values: Values) -> bool:
        high, low = _number(values, "cell_voltage_max"), _number(values, "cell_voltage_min")
        if high < low:
            return True
        cells = [_number(self._known, key) for key in self._cells if key in self._known]
        if len(cells) < len(self._cells) or _stand(values, self._known):
            return False
        common = (high - max(cells) + low - min(cells)) / 2  # a load that came in between moves all cells
        allowed = SKEW + CELL_SHARE * abs(common)
        told = ((high, "cell_max_number", max(cells)), (low, "cell_min_number", min(cells)))
        return any(
            abs(volts - common - there) > allowed
            for volts, number, extreme in told
            for there in (extreme, cells[int(_number(values, number)) - 1])
        )

    def _odd_status(self, values: Values) -> bool:
        return values["cells"] != len(self._cells)

    def _doubted_cells(self, values: Values) -> tuple[str, ...]:
        """Cells are judged by frames of three: two bytes that changed places did so in one of them."""
        given = tuple(key for key in self._cells if key in values)
        if not given:
            return ()
        frames = [self._cells[place : place + 3] for place in range(0, len(self._cells), 3)]
        there = [frame for frame in frames if any(key in values for key in frame)]
        doubted = [frame for frame in there if not self._believed_frame(frame, values)]
        # judged beside the frames, so that what is doubted for both reasons is late only once
        odd = self._sum_is_off(self._known.get("voltage"), values)
        fits = self._believed("sum", values, {}, odd=odd, jump=self._sum_jumps)
        if doubted:
            return tuple(chain.from_iterable(doubted))
        if not fits:
            return given
        self._learn_offset(values)
        return ()

    def _believed_frame(self, frame: tuple[str, ...], values: Values) -> bool:
        """Compared with the whole answer in which this frame was believed last, for the common movement."""
        jump = _cells_jump(self._cells, frame)
        odd = self._odd_cells(values, frame)
        if not self._believed(frame[0], values, self._answers.get(frame[0], {}), odd=odd, jump=jump):
            return False
        self._answers[frame[0]] = values
        return True

    def _odd_cells(self, values: Values, frame: tuple[str, ...]) -> bool:
        """One of the frame's cells was impossible, or at the first reading lies outside 0x91's extremes."""
        if any(key not in values for key in frame):
            return True
        if frame[0] in self._answers or any(key not in self._known for key in EXTREMES):
            return False
        low = _number(self._known, "cell_voltage_min") - SKEW
        high = _number(self._known, "cell_voltage_max") + SKEW
        return any(not low <= _number(values, key) <= high for key in frame)

    def _sum_is_off(self, volts: Value | None, cells: Values) -> bool:
        if volts is None or any(key not in cells for key in self._cells):
            return False
        total = sum(_number(cells, key) for key in self._cells)
        allowed = max(SUM_LEAST, SUM_SHARE * float(volts))
        return abs(total - float(volts) - self._sum_offset) > allowed

    def _sum_jumps(self, values: Values, before: Values, slack: float) -> bool:
        if any(key not in values or key not in before for key in self._cells):
            return False
        moved = sum(_number(values, key) - _number(before, key) for key in self._cells)
        return abs(moved) > slack * SUM_LEAST

    def _learn_offset(self, values: Values) -> None:
        """A board's two measurements of the pack differ for good: what is believed is their difference."""
        volts = self._known.get("voltage")
        if volts is not None and self._sum_is_off(volts, values):
            self._sum_offset = sum(_number(values, key) for key in self._cells) - float(volts)


def _needs(keys: tuple[str, ...], values: Values, odd: Odd) -> Odd:
    """Odd also where a value is missing that every such frame has: it was impossible."""
    return lambda _: any(key not in values for key in keys) or odd(values)


def _never(_: Values) -> bool:
    return False


def _odd_state(values: Values) -> bool:
    return values["state"] == UNKNOWN


def _gathered_jumps(values: Values, before: Values, allowed: float) -> bool:
    now, then = values.get("gathered_voltage"), before.get("gathered_voltage")
    return now is not None and then is not None and abs(float(now) - float(then)) > allowed


def _state_jumps(values: Values, before: Values, slack: float) -> bool:
    """A MOSFET changes, or the capacity by more than a poll's worth; the state alone may flicker."""
    capacity = "remaining_capacity"
    if any(key not in values or key not in before for key in STATE):
        return False
    moved = abs(_number(values, capacity) - _number(before, capacity))
    return any(values[key] != before[key] for key in MOSFETS) or moved > slack * CAPACITY_STEP


def _stand(values: Values, before: Values) -> bool:
    """The extremes are those already believed; the cells may be half of this poll, half of an earlier one."""
    return all(key in before and abs(_number(values, key) - _number(before, key)) <= SKEW for key in EXTREMES)


def _keeps_the_sum(amperes: float) -> bool:
    """Whether two wrong bytes that the checksum does not see can have moved the current so far."""
    return abs(amperes - CURRENT_PIECE * round(amperes / CURRENT_PIECE)) <= CURRENT_NEAR


def _extremes_jump(values: Values, before: Values, slack: float) -> bool:
    """One extreme moves otherwise than the other; a load moves both."""
    if any(key not in values or key not in before for key in EXTREMES):
        return False
    high, low = (_number(values, key) - _number(before, key) for key in EXTREMES[::2])
    return abs(high - low) > slack * EXTREMES_STEP


def _odd_warmest(values: Values) -> bool:
    return _number(values, "temperature_max") < _number(values, "temperature_min")


def _degrees_jump(keys: tuple[str, ...]) -> Jump:
    return lambda values, before, slack: any(
        abs(_number(values, key) - _number(before, key)) > slack * DEGREES_STEP
        for key in keys
        if key in values and key in before
    )


def _status_jumps(values: Values, before: Values, slack: float) -> bool:
    if any(key not in values or key not in before for key in STATUS):
        return False
    cycles = abs(_number(values, "cycles") - _number(before, "cycles"))
    plugs = all(values.get(key) != before.get(key) for key in ("charger_connected", "load_connected"))
    sensors = values["temperature_sensors"] != before["temperature_sensors"]
    return plugs or sensors or cycles > slack * CYCLES_STEP


def _failures_move(values: Values, before: Values, _: float) -> bool:
    """Some failures begin as others end: so it looks when bytes changed places."""
    both = [key for key in FAULTS if key in values and key in before]
    began = any(values[key] and not before[key] for key in both)
    return began and any(before[key] and not values[key] for key in both)


def _cells_jump(cells: tuple[str, ...], frame: tuple[str, ...]) -> Jump:
    """A cell of this frame moves otherwise than the pack as a whole."""

    def jump(values: Values, before: Values, slack: float) -> bool:
        moved = {
            key: _number(values, key) - _number(before, key)
            for key in cells
            if key in values and key in before
        }
        if not moved:
            return False
        common = median(moved.values()) if len(moved) > 2 else 0.0
        allowed = CELL_STEP + CELL_SHARE * abs(common) if len(moved) > 2 else FEW_CELLS_STEP
        return any(abs(moved[key] - common) > slack * allowed for key in frame if key in moved)

    return jump


def _number(values: Values, key: str) -> float:
    return float(values[key])
