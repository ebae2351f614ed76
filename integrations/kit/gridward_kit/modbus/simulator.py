"""A simulated Modbus unit, derived from its table: bytes in, bytes out, written registers included. Pure."""

from collections.abc import Mapping, Sequence

from gridward_kit.entity import Button, Entity
from gridward_kit.integration import FAST, Simulator
from gridward_kit.modbus import frame
from gridward_kit.modbus.dialect import ordered
from gridward_kit.modbus.plan import Block, Profile, block_name
from gridward_kit.modbus.registers import Register
from gridward_kit.point import Value

QUIET = 0.05
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class Unit(Simulator):
    """Answers reads of the registers that its rows name and of the spans of its profile, as the device does.

    A read that touches another register, is too long, or odd where it must be even, is refused. What is
    written is taken where a settable row lies exactly there and its bounds allow the value. `holes` are
    registers that this unit lacks. `fixed` are registers beside the rows, by function and address.
    """

    def __init__(
        self,
        rows: Sequence[Entity],
        profile: Profile,
        unit: int,
        state: Mapping[str, Value],
        *,
        fixed: Mapping[tuple[int, int], int] | None = None,
    ) -> None:
        self.rows = {row.key: ordered(row, profile) for row in rows if isinstance(row.at, Register)}
        self.profile = profile
        self.unit = unit
        self.state = dict(state)
        self.holes: frozenset[int] = frozenset()
        self.fixed = dict(fixed or {})
        self._incoming = b""
        self._heard = 0.0
        self._due: list[tuple[float, str, Value]] = []
        self._readable = [(point, self._function(point)) for point in self._points().values()]

    def _points(self) -> dict[str, Register]:
        return {
            key: row.at
            for key, row in self.rows.items()
            if isinstance(row.at, Register) and not isinstance(row, Button)
        }

    def _function(self, point: Register) -> int:
        return point.function or self.profile.function

    def receive(self, data: bytes, now: float) -> list[bytes]:
        for _, key, value in [one for one in self._due if one[0] <= now]:
            self.state[key] = value
        self._due = [one for one in self._due if one[0] > now]
        if now - self._heard > QUIET:
            self._incoming = b""
        self._heard = now
        self._incoming += data
        answers = []
        while len(self._incoming) >= self._length():
            request, self._incoming = (
                self._incoming[: self._length()],
                self._incoming[self._length() :],
            )
            if request[0] == self.unit and frame.intact(request) and (answer := self._answer(request, now)):
                answers.append(answer)
        return answers

    def _length(self) -> int:
        """How long the request that is coming in is, by its function."""
        head = self._incoming
        if len(head) > 6 and head[1] == frame.WRITE_MANY:
            return 9 + head[6]
        return 8 if len(head) < 2 or head[1] != frame.WRITE_MANY else 7

    def _answer(self, request: bytes, now: float) -> bytes:
        unit, function, start, count = frame.asked(request)
        if function in (frame.HOLDING, frame.INPUT):
            return self._read(unit, function, start, count)
        if function in self.profile.writes:
            return self._write(request, unit, function, start, now)
        return frame.refusal(unit, function, ILLEGAL_FUNCTION)

    def _read(self, unit: int, function: int, start: int, count: int) -> bytes:
        name = block_name(function, start, count)
        if name in self.muted:
            return b""
        if (own := self.told(function, start, count)) is not None:
            return (
                frame.sealed(bytes((unit, function, len(own))) + own)
                if own
                else frame.refusal(unit, function, ILLEGAL_ADDRESS)
            )
        if name in self.refused or not self._has(function, start, count):
            return frame.refusal(unit, function, ILLEGAL_ADDRESS)
        if count > self.profile.most:
            return frame.refusal(unit, function, ILLEGAL_VALUE)
        data = self.image(function, start, count)
        return frame.sealed(bytes((unit, function, len(data))) + data)

    def image(self, function: int, start: int, count: int) -> bytes:
        """The registers as they stand; those without a value are zero."""
        data = bytes(2 * count)
        for (code, address), word in self.fixed.items():
            if code == function and start <= address < start + count:
                place = 2 * (address - start)
                data = data[:place] + word.to_bytes(2, "big") + data[place + 2 :]
        block = Block(function, start, count, FAST)
        for key, point in self._points().items():
            overlaps = point.address < start + count and start < point.address + point.count
            if key not in self.state or self._function(point) != function or not overlaps:
                continue
            if block.holds(point, function):
                data = point.at("", start).encode(self.state[key], data)
            else:
                data = self._partly(point, self.state[key], data, start)
        return data

    @staticmethod
    def _partly(point: Register, value: Value, data: bytes, start: int) -> bytes:
        """Put in the words of a value that reaches over an end of what is read."""
        lead = 2 * max(0, start - point.first)
        whole = point.at("", min(start, point.first)).encode(value, bytes(lead) + data)
        return whole[lead : lead + len(data)]

    def _has(self, function: int, start: int, count: int) -> bool:
        end = start + count
        if self.profile.even and (start % 2 or count % 2):
            return False
        if any(start <= hole < end for hole in self.holes):
            return False
        if any(first <= start and end <= last + 1 for first, last in self.profile.spans_of(function)):
            return True
        known = {address for code, address in self.fixed if code == function}
        for point, code in self._readable:
            if code == function:
                known.update(range(point.first, point.end))
        return all(address in known for address in range(start, end))

    def _write(self, request: bytes, unit: int, function: int, start: int, now: float) -> bytes:
        words = request[7:-2] if function == frame.WRITE_MANY else request[4:6]
        if self.obeys == "refuses":
            return frame.refusal(unit, function, ILLEGAL_VALUE)
        own = self.verdict(start, words)
        if own:
            return frame.refusal(unit, function, own)
        if own == 0:
            if self.obeys == "yes":
                self.written(start, words)
            return frame.sealed(request[:6])
        row = next(
            (
                row
                for row in self.rows.values()
                if row.setting is not None
                and isinstance(row.at, Register)
                and row.at.address == start
                and 2 * row.at.count == len(words)
            ),
            None,
        )
        if row is None or not isinstance(row.at, Register):
            return frame.refusal(unit, function, ILLEGAL_ADDRESS)
        wanted = self._accepted(start, words)
        if wanted is None:
            return frame.refusal(unit, function, ILLEGAL_VALUE)
        if self.obeys == "slow":
            self._due += [(now + self.lag, key, value) for key, value in wanted.items()]
        elif self.obeys == "yes":
            self.state |= wanted
            self.written(start, words)
        return frame.sealed(request[:6])

    def told(self, function: int, start: int, count: int) -> bytes | None:
        """What this unit itself says to a read: its registers, none to refuse; None: as its rows say."""
        return None

    def verdict(self, start: int, words: bytes) -> int | None:
        """What this unit itself says to a write: an exception code, 0 for "taken"; None: as its rows say."""
        return None

    def written(self, start: int, words: bytes) -> None:
        """What else happens in this unit when registers are written; for those that need it."""

    def _accepted(self, start: int, words: bytes) -> dict[str, Value] | None:
        """The values of all rows that lie in written registers; None where one may not have its value."""
        rows = [row for row in self.rows.values() if self._within(row, start, len(words) // 2)]
        presses = [
            row.at.words(True) for row in rows if isinstance(row, Button) and isinstance(row.at, Register)
        ]
        if presses:
            return {} if frame.words(words) in presses else None
        values: dict[str, Value] = {}
        for row in rows:
            value = row.at.at("", start).decode(words) if isinstance(row.at, Register) else None
            try:
                if value is None or row.setting is None:
                    raise ValueError("no value, or not for setting")
                values[row.key] = row.accept(value)
            except ValueError:
                return None
        return values

    def _within(self, row: Entity, start: int, count: int) -> bool:
        """Whether a row lies in written registers; input registers of the same numbers are others."""
        point = row.at
        if not isinstance(point, Register) or (self._function(point) == frame.INPUT and row.setting is None):
            return False
        return start <= point.address and point.address + point.count <= start + count
