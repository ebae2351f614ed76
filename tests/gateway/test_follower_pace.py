"""How fast a database is followed, and how often one that is away is asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from follower_bench import Following

from gridward.recorder.database import Away
from gridward.recorder.follower import LONGEST, MOST, TURN
from gridward.site import Database, Keep
from gridward_kit.testing import TurnedClock

RATE = 2000.0


@dataclass
class Sink:
    """A database in memory, that may be away."""

    away: Exception | None = None
    texts: bool = True
    breaks: int = 0
    lines: list[str] = field(default_factory=list)

    def write(self, lines: Sequence[str]) -> None:
        if self.away is not None:
            raise self.away
        self.lines += lines

    def close(self) -> None:
        pass


class Sleepless(TurnedClock):
    """Every sleep is over at once, by turning the clock; `enough` is set after so many."""

    def __init__(self, naps: int) -> None:
        super().__init__()
        self.naps: list[float] = []
        self.most = naps
        self.enough = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.pass_by(seconds)
        if len(self.naps) >= self.most:
            self.enough.set()
            await asyncio.Event().wait()


async def run(place: Following, clock: Sleepless) -> None:
    running = asyncio.create_task(place.follower.run())
    async with asyncio.timeout(60):
        await clock.enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_catching_up_stays_under_its_rate(tmp_path: Path) -> None:
    clock, sink = Sleepless(naps=10), Sink()
    place = Following(tmp_path, Database("http://a", 1, "solar", rate=RATE), sink, clock)
    values = {f"cell_{number}_voltage": 3.3 for number in range(50)}
    place.pass_by(5 * MOST, values)
    began = clock.monotonic()
    await run(place, clock)
    sent = sum(line.count("cell_") for line in sink.lines)
    assert sent > 8 * MOST
    assert clock.monotonic() - began >= (sent - MOST) / RATE
    assert sum(clock.naps) <= sent / RATE * 1.01, "and it does not dawdle"


def test_at_its_usual_rate_72_hours_of_300_values_take_less_than_half_an_hour() -> None:
    assert 72 * 3600 / 5 * 300 / Database("http://a", 1, "solar").rate < 30 * 60


async def test_a_database_that_is_away_is_asked_ever_less_often(tmp_path: Path) -> None:
    clock, sink = Sleepless(naps=8), Sink(away=Away("no answer"))
    place = Following(tmp_path, Database("http://a", 1, "solar"), sink, clock)
    place.pass_by(60, {"soc": 80})
    await run(place, clock)
    assert clock.naps == [TURN, 2 * TURN, 4 * TURN, 8 * TURN, *[LONGEST] * 4]


async def test_a_fault_of_ours_with_a_database_is_told_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Sink(away=ZeroDivisionError("of ours"))
    place = Following(tmp_path, Database("http://a", 1, "solar"), sink)
    messages = place.pass_by(60, {"soc": 80})
    for _ in range(3):
        assert await place.follower.step() == 0
    assert place.said()["reason"] == "ZeroDivisionError on the way to it"
    assert "gridward report" in str(place.said()["remedy"])
    assert [one.exc_info is not None for one in caplog.records if one.levelname == "ERROR"] == [True, False]
    sink.away = None
    assert await place.catch_up() == messages
    assert place.said()["reason"] is None


async def test_late_readings_of_a_time_let_go_stay_until_they_are_handed_on(tmp_path: Path) -> None:
    """Once summed up they are deleted; a database that is away would never have them."""
    sink, keep = Sink(), Keep(raw=3600.0)
    place = Following(tmp_path, Database("http://a", 1, "solar"), sink)
    begin = place.clock.time()
    place.pass_by(4 * 3600, {"soc": 80})
    await place.catch_up()

    def upkeep() -> float:
        while place.store.roll(place.clock.time()) or place.store.retain(place.clock.time(), keep):
            pass
        found = place.store.history("bms", "soc", begin - 60, begin + 60, 60)
        return max(step.max for step in found)

    assert upkeep() == 80
    sink.away = Away("no answer")
    place.read({"soc": 99}, at=begin + 10.5)
    place.store.commit()
    place.pass_by(4 * 3600, {"soc": 80})
    upkeep()
    assert place.store.read.changes("bms", "soc", begin, begin + 60) != [], "kept as it came"
    assert place.store.read.changes("bms", "soc", begin + 3600, begin + 4 * 3600) == [], "others are not held"
    sink.away = None
    await place.catch_up()
    assert sum("soc=99.0" in line for line in sink.lines) == 1
    assert upkeep() == 99


async def test_upkeep_and_handing_over_do_not_look_at_all_that_came_late(tmp_path: Path) -> None:
    """As when years of an older system are imported beside a database that follows."""
    place = Following(tmp_path, Database("http://a", 1, "solar"), Sink())
    now, store, name = place.clock.time(), place.store, place.database.name
    place.pass_by(4 * 3600, {"soc": 80})
    await place.catch_up()
    while store.roll(now + 4 * 3600) or store.retain(now + 4 * 3600, Keep(raw=3600.0)):
        pass
    for hour in range(300):
        for minute in range(5):
            values = {f"cell_{number}_voltage": 3.3 for number in range(30)}
            place.read(values, at=now - 3600 * (300 - hour) + 60 * minute)
    store.commit()
    steps: list[None] = []
    store._open().telemetry.set_progress_handler(lambda: steps.append(None), 1000)
    assert store.roll(now + 4 * 3600) is False, "nothing of it is summed up before it is handed on"
    batch = store.outbox.take(name, now + 4 * 3600, 100)
    assert batch is not None
    assert (batch.end, len(batch.readings)) == (None, 100)
    assert len(steps) < 40, "thousands of SQLite's own steps"
