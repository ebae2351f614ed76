"""Who is on a Modbus line: expected addresses first, each asked once, a clash is told as one."""

import pytest
from meter_bench import Bench

from gridward.meters.search import ALL, Hit, Tried, search
from gridward_chint.convert import CHINT
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.commission import Cut
from gridward_kit.errors import NoAnswer
from gridward_kit.integration import Line
from gridward_kit.modbus import frame

LINE = CHINT.ready[0]


def on_modbus(unit: int, model: str = "ddsu666") -> FreshMeter:
    meter = FreshMeter(f"200322016{unit:03d}", model, unit=unit)
    meter.speak(modbus=True)
    return meter


class ByInput(FreshMeter):
    """Knows only function 4."""

    def _modbus(self) -> list[bytes]:
        request = self._incoming
        if len(request) == 8 and request[1] == frame.INPUT and request[0] == self.unit:
            self._incoming = frame.sealed(bytes((request[0], frame.HOLDING)) + request[2:6])
            return [frame.sealed(bytes((one[0], frame.INPUT)) + one[2:-2]) for one in super()._modbus()]
        self._incoming = b""
        return []


async def test_all_units_are_found_and_every_address_is_asked_once_per_function() -> None:
    silent = ByInput("200322016200", unit=200)
    silent.speak(modbus=True)
    bench = Bench([on_modbus(3), on_modbus(101, "dtsu666"), silent])
    steps = [step async for step in search(CHINT, bench, LINE, expected=(101, 99))]
    assert [step for step in steps if isinstance(step, Hit)] == [
        Hit(101, 231.4, 3),
        Hit(3, 231.4, 3),
        Hit(200, 231.4, 4),
    ]
    assert [sent[0] for _, sent in bench.sent[:3]] == [101, 101, 99]
    assert len(steps) == 2 * len(ALL) - 2
    tried = [step for step in steps if isinstance(step, Tried)]
    assert all(step.of == 2 * len(ALL) for step in tried)
    assert [step.done for step in tried] == sorted(step.done for step in tried)
    assert all(line.first <= 0.25 for line, _ in bench.sent)


async def test_two_meters_on_one_address_are_a_clash() -> None:
    class Collided(Bench):
        """Two answers at once are the wired-and of both."""

        async def __call__(self, line: Line, request: bytes, cut: Cut, /) -> bytes:
            self.now += 1
            answers = [b"".join(meter.receive(request, self.now)) for meter in self.meters]
            mixed = bytes(one & other for one, other in zip(*answers, strict=False))
            found = cut(mixed or max(answers, key=len), True)
            if found is None:
                raise NoAnswer("no answer")
            return found[0]

    one, other = on_modbus(7), on_modbus(7)
    other.state["voltage"] = 229.9
    hits = [
        step
        async for step in search(CHINT, Collided([one, other]), LINE, units=range(6, 9))
        if isinstance(step, Hit)
    ]
    assert hits == [Hit(7, None, 3, clash=True)]
    assert "two meters on one address" in hits[0].words()


async def test_a_unit_without_a_voltage_that_can_be_true_is_there() -> None:
    dead = on_modbus(5)
    dead.state["voltage"] = 0.0
    (hit,) = [step async for step in search(CHINT, Bench([dead]), LINE, units=(5,)) if isinstance(step, Hit)]
    assert hit == Hit(5, None, 3)
    assert "no voltage that can be true" in hit.words()


@pytest.mark.parametrize("units", [(), (247,)])
async def test_no_address_at_all(units: tuple[int, ...]) -> None:
    steps = [step async for step in search(CHINT, Bench([]), LINE, units=units, functions=(3,))]
    assert len(steps) == len(units)
