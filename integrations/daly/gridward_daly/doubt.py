"""Which values of a Daly board cannot be true, although their frame's checksum is right.

The sum of a frame's bytes does not see two that changed places. So values are compared with the others
of their frame, with what other frames say, and with what was believed before. What is doubted three
times in a row, each time about the same, is believed: so a true jump is late by two polls, not lost.
What was never heard before is believed when the next answer says about the same.
"""

from itertools import chain

from gridward_daly.steps import (
    BALANCED,
    CELL_SHARE,
    DEGREES_NEAR,
    EXTREMES,
    FAULTS,
    PACK,
    PACK_KEYS,
    SKEW,
    STATE,
    STATE_KEYS,
    STATUS,
    STATUS_KEYS,
    WARMEST,
    Jump,
    Odd,
    Values,
    amount,
    balance_jumps,
    cells_jump,
    degrees_jump,
    extremes_jump,
    failures_move,
    lacking,
    never,
    odd_state,
    pack_jumps,
    stand,
    state_jumps,
    status_jumps,
)
from gridward_kit.entity import Entity
from gridward_kit.point import Derived, Value

FIRST_AFTER = 2
BELIEVED_AFTER = 3
SAME = 3.0  # what was doubted agrees with the next within so many times the step that is not doubted

SUM_SHARE, SUM_LEAST = 0.01, 0.3  # of the pack's voltage, V
CELL_RANGE = (2.0, 4.5)  # V on average, where nothing is known yet


class Plausibility:
    """What one board was believed to say last, and what was doubted since. Values in canonical units."""

    def __init__(self, entities: tuple[Entity, ...], cells: int) -> None:
        self._cells = tuple(f"cell_{number}_voltage" for number in range(1, cells + 1))
        self._sensors = tuple(row.key for row in entities if row.at is not None and row.at.query == "0x96")
        self._derived = tuple((row.key, row.at.needs) for row in entities if isinstance(row.at, Derived))
        # what is believed or doubted together: the values of one frame
        self._groups: tuple[tuple[tuple[str, ...], Odd, Jump], ...] = (
            (PACK_KEYS, lacking(PACK, self._odd_pack), pack_jumps),
            (STATE_KEYS, lacking(STATE, odd_state), state_jumps),
            (EXTREMES, lacking(EXTREMES, self._odd_extremes), extremes_jump),
            (WARMEST, lacking(WARMEST, self._odd_warmest), degrees_jump(WARMEST[::2])),
            (self._sensors, never, degrees_jump(self._sensors)),
            (STATUS_KEYS, lacking(STATUS, self._odd_status), status_jumps),
            (FAULTS, never, failures_move),
            ((BALANCED,), never, balance_jumps),
        )
        self._known: dict[str, Value] = {}
        self._doubted: dict[str, tuple[Values, int]] = {}
        self._answers: dict[str, Values] = {}
        self._heard: set[str] = set()
        self._sum_offset = 0.0

    def doubt(self, values: Values, before: Values) -> frozenset[str]:
        """The keys of one answer's values that are not believed, and those derived from them."""
        if before:
            self._known = {**before, **self._known}
        doubted: set[str] = set()
        for keys, odd, jump in self._groups:
            present = [key for key in keys if key in values]
            if present and not self._believed(keys, values, self._known, odd=odd(values), jump=jump):
                doubted.update(present)
        doubted.update(self._doubted_cells(values))
        self._known |= {key: value for key, value in values.items() if key not in doubted}
        return frozenset({*doubted, *self._from(doubted)} & values.keys()) if doubted else frozenset()

    def _believed(
        self, keys: tuple[str, ...], values: Values, before: Values, *, odd: bool, jump: Jump
    ) -> bool:
        """Whether these keys follow what was believed, or have been said often enough by now."""
        group = keys[0]
        heard = group in self._heard
        if heard and not odd and not jump(values, before, 1.0):
            self._doubted.pop(group, None)
            return True
        earlier, count = self._doubted.get(group, (values, 0))
        alike = all((key in values) == (key in earlier) for key in keys)
        again = alike and not jump(values, earlier, SAME if heard else 1.0)
        count = count + 1 if again else 1
        self._doubted[group] = (values, count)
        if count < (BELIEVED_AFTER if heard or odd else FIRST_AFTER):
            return False
        self._heard.add(group)
        if not odd:
            del self._doubted[group]
        return True

    def _from(self, doubted: set[str]) -> set[str]:
        """The keys that are computed from doubted ones, over several steps."""
        found: set[str] = set()
        for key, needs in self._derived:
            if any(need in doubted or need in found for need in needs):
                found.add(key)
        return found

    def _odd_pack(self, values: Values) -> bool:
        volts = amount(values, "voltage")
        gathered = values.get("gathered_voltage")
        if gathered is not None and abs(float(gathered) - volts) > 0.1 * volts:
            return True
        if "voltage" in self._known:
            return False
        low, high = CELL_RANGE
        return not low <= volts / len(self._cells) <= high or self._sum_is_off(volts, self._known)

    def _odd_extremes(self, values: Values) -> bool:
        high, low = amount(values, "cell_voltage_max"), amount(values, "cell_voltage_min")
        if high < low:
            return True
        cells = [amount(self._known, key) for key in self._cells if key in self._known]
        if len(cells) < len(self._cells) or stand(values, self._known):
            return False
        common = (high - max(cells) + low - min(cells)) / 2  # a load that came in between moves all cells
        allowed = SKEW + CELL_SHARE * abs(common)
        told = ((high, "cell_max_number", max(cells)), (low, "cell_min_number", min(cells)))
        return any(
            abs(volts - common - there) > allowed
            for volts, number, extreme in told
            for there in (extreme, cells[int(amount(values, number)) - 1])
        )

    def _odd_warmest(self, values: Values) -> bool:
        """The wrong way round, or the sensor that it names is known to be another temperature."""
        if amount(values, "temperature_max") < amount(values, "temperature_min"):
            return True
        named = zip(WARMEST[::2], WARMEST[1::2], strict=True)
        told = [(values[key], self._known.get(f"temperature_{values[number]}")) for key, number in named]
        return any(
            there is not None and abs(float(degrees) - float(there)) > DEGREES_NEAR for degrees, there in told
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
        fits = self._believed(("sum", *self._cells), values, {}, odd=odd, jump=self._sum_jumps)
        if doubted:
            return tuple(chain.from_iterable(doubted))
        if not fits:
            return given
        self._learn_offset(values)
        return ()

    def _believed_frame(self, frame: tuple[str, ...], values: Values) -> bool:
        """Compared with the whole answer in which this frame was believed last, for the common movement."""
        jump = cells_jump(self._cells, frame)
        odd = self._odd_cells(values, frame)
        if not self._believed(frame, values, self._answers.get(frame[0], {}), odd=odd, jump=jump):
            return False
        self._answers[frame[0]] = values
        return True

    def _odd_cells(self, values: Values, frame: tuple[str, ...]) -> bool:
        """One of the frame's cells was impossible, or at the first reading lies outside 0x91's extremes."""
        if any(key not in values for key in frame):
            return True
        if frame[0] in self._answers or any(key not in self._known for key in EXTREMES):
            return False
        low = amount(self._known, "cell_voltage_min") - SKEW
        high = amount(self._known, "cell_voltage_max") + SKEW
        return any(not low <= amount(values, key) <= high for key in frame)

    def _sum_is_off(self, volts: Value | None, cells: Values) -> bool:
        if volts is None or any(key not in cells for key in self._cells):
            return False
        total = sum(amount(cells, key) for key in self._cells)
        allowed = max(SUM_LEAST, SUM_SHARE * float(volts))
        return abs(total - float(volts) - self._sum_offset) > allowed

    def _sum_jumps(self, values: Values, before: Values, slack: float) -> bool:
        if any(key not in values or key not in before for key in self._cells):
            return False
        moved = sum(amount(values, key) - amount(before, key) for key in self._cells)
        return abs(moved) > slack * SUM_LEAST

    def _learn_offset(self, values: Values) -> None:
        """A board's two measurements of the pack differ for good: what is believed is their difference."""
        volts = self._known.get("voltage")
        if volts is not None and self._sum_is_off(volts, values):
            self._sum_offset = sum(amount(values, key) for key in self._cells) - float(volts)
