"""A relay board with its own timers, and the contactor behind it: Modbus RTU bytes in and out, pure."""

from typing import ClassVar

from gridward_kit.integration import Line, Simulator
from gridward_kit.modbus.frame import ERROR, intact
from gridward_kit.point import Value
from gridward_relay import rtu

COILS = 8
WATCHDOG = 0x0010
BREAK = 0.05
TRAVEL = 0.04
LENGTH = 8


class Board(Simulator):
    """Eight coils, eight inputs. The contactor hangs on coil 0's normally closed contact, its auxiliary
    contact on input 0, both with the contactor's travelling time.

    `state`: `input_1` to `input_7`, `welded` (the contactor's contacts do not open), `version` (firmware
    in hundredths; under 200 it knows no flash command), `watchdog` (tenths of a second, 0 is off), `closed`
    (where the contactor stands, as of the last request).
    """

    line: ClassVar[Line] = rtu.LINE

    def __init__(self, address: int = 1) -> None:
        self.address = address
        self.state: dict[str, Value] = {f"input_{number}": False for number in range(1, COILS)}
        self.state |= {"welded": False, "version": 200, "watchdog": 0, "closed": True}
        self._coils: list[float] = [0.0] * COILS
        self._opened_at: float | None = None
        self._closed_at: float | None = None
        self._heard = 0.0
        self._buffer = b""
        self._byte_at = 0.0
        self._later: list[tuple[float, int, int]] = []

    def closed(self, now: float) -> bool:
        """Whether the contactor connects the house to the grid."""
        self._advance(now)
        return bool(self.state["closed"])

    def _stands_closed(self, now: float) -> bool:
        if self.state["welded"]:
            return True
        if self._opened_at is not None:
            return now - self._opened_at < TRAVEL
        return self._closed_at is None or now - self._closed_at >= TRAVEL

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._advance(now)
        if now - self._byte_at > BREAK:
            self._buffer = b""
        self._byte_at = now
        self._buffer += data
        answers = []
        while len(self._buffer) >= LENGTH:
            asked = self._buffer[:LENGTH]
            if not intact(asked):
                self._buffer = self._buffer[1:]
                continue
            self._buffer = self._buffer[LENGTH:]
            if asked[0] == self.address:
                self._heard = now
                answers.append(self._answer(asked, now))
        return answers

    def _answer(self, asked: bytes, now: float) -> bytes:
        function = asked[1]
        start, value = int.from_bytes(asked[2:4], "big"), int.from_bytes(asked[4:6], "big")
        if self.obeys == "refuses" and function == rtu.WRITE_COIL:
            return self._error(function, 4)
        match function:
            case rtu.READ_COILS | rtu.READ_INPUTS:
                return self._bits(function, start, value, now)
            case rtu.READ_REGISTERS if value == 1 and start in (rtu.VERSION, WATCHDOG):
                number = int(self.state["version" if start == rtu.VERSION else "watchdog"])
                return rtu.frame(self.address, function, b"\2" + number.to_bytes(2, "big"))
            case rtu.READ_REGISTERS:
                return self._error(function, 2)
            case rtu.WRITE_COIL:
                return self._write(asked, start, value, now)
            case _:
                return self._error(function, 1)

    def _bits(self, function: int, start: int, count: int, now: float) -> bytes:
        if not 1 <= count <= COILS or start + count > COILS:
            return self._error(function, 2)
        if function == rtu.READ_COILS:
            bits = [now < until for until in self._coils]
        else:
            bits = [self.closed(now), *(bool(self.state[f"input_{place}"]) for place in range(1, COILS))]
        packed = sum(bit << place for place, bit in enumerate(bits[start : start + count]))
        return rtu.frame(self.address, function, bytes((1, packed)))

    def _write(self, asked: bytes, start: int, value: int, now: float) -> bytes:
        flash = rtu.FLASH_ON <= start < rtu.FLASH_ON + COILS and int(self.state["version"]) >= 200
        if not flash and start >= COILS:
            return self._error(rtu.WRITE_COIL, 2)
        if not flash and value not in (rtu.ON, rtu.OFF):
            return self._error(rtu.WRITE_COIL, 3)
        if self.obeys == "slow":
            self._later.append((now + self.lag, start, value))
        elif self.obeys == "yes":
            self._set(start, value, now)
        return asked

    def _set(self, start: int, value: int, now: float) -> None:
        if start >= rtu.FLASH_ON:
            self._switch(start - rtu.FLASH_ON, now + value / 10, now)
        else:
            self._switch(start, float("inf") if value == rtu.ON else now, now)

    def _switch(self, coil: int, until: float, now: float) -> None:
        before = now < self._coils[coil]
        self._coils[coil] = until
        if coil == 0 and before != (now < until):
            self._moved(now)

    def _moved(self, at: float) -> None:
        opened = at < self._coils[0]
        self._opened_at = at if opened else None
        self._closed_at = None if opened else at

    def _advance(self, now: float) -> None:
        """Let the board's own timers run out at their moments."""
        self._later, due = (
            [item for item in self._later if item[0] > now],
            [item for item in self._later if item[0] <= now],
        )
        for at, start, value in due:
            self._set(start, value, at)
        watchdog = int(self.state["watchdog"]) / 10
        if watchdog and now - self._heard >= watchdog:
            self._coils = [min(until, self._heard + watchdog) for until in self._coils]
        if self._opened_at is not None and now >= self._coils[0]:
            self._moved(self._coils[0])
        self.state["closed"] = self._stands_closed(now)

    def _error(self, function: int, code: int) -> bytes:
        return rtu.frame(self.address, function | ERROR, bytes((code,)))
