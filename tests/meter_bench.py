"""A bench for tests: simulated fresh meters, a line that takes no time, and somebody who stands beside it."""

from dataclasses import dataclass, field, replace

from gridward_chint.convert import Chint
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.commission import Cut
from gridward_kit.errors import NoAnswer
from gridward_kit.integration import Line
from gridward_kit.testing import TurnedClock

SERIAL = "200322016690"


class Quick(Chint):
    """The same meters, with less patience on the line."""

    fresh = tuple(replace(line, first=0.3, gap=0.05) for line in Chint.fresh)
    ready = (replace(Chint.ready[0], first=0.2, gap=0.02),)


class Passing(TurnedClock):
    """A clock on which whoever sleeps has slept."""

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)


def settings(line: Line | None) -> tuple[int, str, float] | None:
    return None if line is None else (line.baud, line.parity, line.stop)


@dataclass
class Bench:
    """Meters on one line. `cut_after` pulls the cable after so many requests."""

    meters: list[FreshMeter]
    sent: list[tuple[Line, bytes]] = field(default_factory=list)
    cut_after: int | None = None
    now: float = 0.0

    async def __call__(self, line: Line, request: bytes, cut: Cut, /) -> bytes:
        self.now += 1
        self.sent.append((line, request))
        if self.cut_after is not None and len(self.sent) > self.cut_after:
            raise NoAnswer("no answer")
        hearing = [meter for meter in self.meters if settings(meter.hears) == settings(line)]
        answer = b"".join(part for meter in hearing for part in meter.receive(request, self.now))
        found = cut(answer, True)
        if found is None:
            raise NoAnswer("no answer")
        return found[0]


@dataclass
class Bystander:
    """Cuts the supply when asked, and says yes."""

    meters: list[FreshMeter]
    cuts: bool = True
    agrees: bool = True
    asked: list[str] = field(default_factory=list)

    async def power_cycle(self, why: str) -> bool:
        self.asked.append(why)
        if self.cuts:
            for meter in self.meters:
                meter.power_cycle()
        return self.cuts

    async def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees
