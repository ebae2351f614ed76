"""Who is on a Modbus line: every address is asked, late and garbled answers are told apart."""

from brook import PROFILE, ROWS, STATE

from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line, Simulator
from gridward_kit.modbus import Unit
from gridward_kit.simulate import serve_pty
from gridward_kit.sweep import GAP, PATIENCE, Heard, sweep

LINE = Line(baud=115200, modbus=True)


class Slow(Unit):
    """A unit whose first answer comes when the next address is being asked."""

    withheld: tuple[bytes, ...] | None = None

    def receive(self, data: bytes, now: float) -> list[bytes]:
        answers = super().receive(data, now)
        if answers and self.withheld is None:
            self.withheld = tuple(answers)
            return []
        said, self.withheld = [*(self.withheld or ()), *answers], () if self.withheld else self.withheld
        return said


async def heard(units: list[Simulator], asked: tuple[int, ...]) -> list[Heard]:
    """Sweep a line with these units."""
    served = serve_pty(units, LINE, turnaround=0.002, chunk=64, strict=True)
    found = [one async for one in sweep(served.url, LINE, asked, SystemClock()) if isinstance(one, Heard)]
    served.unplug()
    return found


def meter(address: int, serial: int = 1) -> Unit:
    """One that has nothing at the asked registers: it refuses, and is there."""
    return Unit(ROWS, PROFILE, address, {**STATE, "serial_number": serial})


async def test_a_refusal_is_a_sign_of_life() -> None:
    found = await heard([meter(2), meter(4)], (1, 2, 3, 4, 5))
    assert found == [Heard(2, answered=True), Heard(4, answered=True)]


class Loud(Unit):
    """A unit that answers the asked registers with its serial number: two of them garble each other."""

    def _read(self, unit: int, function: int, start: int, count: int) -> bytes:
        return super()._read(unit, function, 0x0300, count)


async def test_two_units_on_one_address_are_heard_but_never_understood() -> None:
    two: list[Simulator] = [
        Loud(ROWS, PROFILE, 3, {**STATE, "serial_number": serial}) for serial in (0xAAAAAAAA, 0x55555555)
    ]
    assert await heard(two, (2, 3, 4)) == [Heard(3, answered=False)]


async def test_an_answer_that_comes_late_is_told_from_the_next_address() -> None:
    assert await heard([Slow(ROWS, PROFILE, 2, STATE)], (1, 2, 3)) == [Heard(2, answered=True)]


def test_the_whole_range_fits_into_ninety_seconds() -> None:
    """Each silent address costs its request, the patience and the gap."""
    line = Line(baud=9600, stop=2, modbus=True)
    each = 8 * line.character + PATIENCE + GAP + line.rest
    assert 247 * each < 90
