"""While a database catches up what is new reaches it at once, and every reading is counted once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from follower_bench import Following, Influx, Victoria
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gridward.recorder.database import Away
from gridward.recorder.follower import MOST, SETTLE
from gridward.recorder.inspection import status
from gridward.recorder.outbox import Batch
from gridward.site import Database
from gridward_kit.point import Value

HOUR = 3600.0
VALUES: dict[str, Value] = {f"cell_{number}_voltage": 3.3 for number in range(20)}


@dataclass
class Sink:
    """A database in memory, keyed by time as the real ones are; `away` for as long as it says."""

    away: bool = False
    texts: bool = True
    breaks: int = 0
    points: list[tuple[int, str]] = field(default_factory=list)

    def write(self, lines: Sequence[str]) -> None:
        if self.away:
            raise Away("no answer")
        for line in lines:
            _, fields, ts = line.rsplit(" ", 2)
            self.points += [(int(ts), one.partition("=")[0]) for one in fields.split(",")]

    def close(self) -> None:
        pass


def place_of(folder: Path, sink: Sink) -> Following:
    return Following(folder, Database("http://a", 1, "solar"), sink)


async def test_what_is_new_goes_ahead_and_what_was_missed_beside_it(tmp_path: Path) -> None:
    sink = Sink(away=True)
    place = place_of(tmp_path, sink)
    missed = 20 * place.pass_by(3 * HOUR, VALUES)
    assert await place.follower.step() == 0
    sink.away = False
    new = 0
    while True:
        new += 20 * place.pass_by(5, VALUES)
        begun = len(sink.points)
        await place.follower.step()
        await place.follower.step()
        sent = [ts for ts, _ in sink.points[begun:]]
        if sent and max(sent) - min(sent) < 10_000:
            break
        now = place.clock.time() * 1000
        assert now - max(sent) < 5000 + 1000 * SETTLE, "as new as if nothing had been missed"
    await place.catch_up()
    assert len(sink.points) == len(set(sink.points)) == missed + new
    assert missed // MOST - 2 < new // 20, "the way was long"
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.ahead) == (missed + new, None)


async def test_it_says_what_waits_while_it_catches_up(tmp_path: Path) -> None:
    sink = Sink(away=True)
    place = place_of(tmp_path, sink)
    missed = 20 * place.pass_by(3 * HOUR, VALUES)
    sink.away = False
    begin = place.clock.time() - 3 * HOUR
    sent = await place.follower.step()
    new = 20 * place.pass_by(60, VALUES)
    sent += await place.follower.step()
    _, waiting, oldest = place.store.outbox.standing(place.database.name)
    assert waiting == missed + new - sent
    assert oldest is not None
    assert begin < oldest / 1000 < begin + 1.5 * HOUR
    place.store.outbox.save(place.database.name)
    (told,) = status(place.path).databases
    assert (told.sent, told.waiting) == (sent, waiting)


EVENTS = st.lists(
    st.sampled_from(["live", "late", "step", "step", "step", "away", "back", "restart", "kill", "long"]),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(events=EVENTS)
@example(events=["away", "long", "step", "late", "restart"])
async def test_whatever_happens_every_reading_arrives_and_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, events: list[str]
) -> None:
    sink = Sink()
    place = place_of(tmp_path_factory.mktemp("lanes"), sink)
    values: dict[str, Value] = {"soc": 80, "voltage": 53.1}
    stored: set[tuple[int, str]] = set()

    def read(at: float) -> None:
        if (round(at * 1000), "soc") not in stored:
            place.read(values, at=at)
            stored.update((round(at * 1000), key) for key in values)

    begin = place.clock.time()
    for number, event in enumerate(events):
        place.clock.pass_by(3)
        read(place.clock.time())
        if event == "long":
            for _ in range(100):
                place.clock.pass_by(5)
                read(place.clock.time())
        elif event == "late":
            read(begin + number * 1.001)
        elif event in ("away", "back"):
            sink.away = event == "away"
        place.store.commit()
        if event == "restart":
            place.store.outbox.save(place.database.name)
        if event in ("restart", "kill"):
            place.store.close()
            place.open()
        elif event == "step":
            await few(place)
    sink.away = False
    await place.catch_up()
    while await place.catch_up():
        pass
    assert set(sink.points) == stored
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.ahead) == (len(stored), None)
    place.store.close()


async def few(place: Following) -> None:
    """A step of at most 40 readings, so that there is a way to go."""
    outbox, name = place.store.outbox, place.database.name
    whole = outbox.take

    def less(name: str, until: float, most: int) -> Batch | None:
        return whole(name, until, min(most, 40))

    outbox.take = less  # type: ignore[method-assign]
    await place.follower.step()
    if place.store.outbox is outbox:
        del outbox.take
    assert name in outbox.places


async def test_influxdb_has_all_of_three_days_once_and_what_is_new_at_once(tmp_path: Path) -> None:
    influx = Influx(tmp_path)
    influx.start()
    try:
        influx.tell("CREATE DATABASE solar")
        place = Following(tmp_path, Database(influx.url, 1, "solar"))
        influx.stop()
        messages = place.pass_by(72 * HOUR, {"soc": 80, "mode": "bulk"})
        assert await place.follower.step() == 0
        influx.start()
        assert await place.follower.step() > 0  # the batch that was on its way when it went
        for _ in range(8):
            messages += place.pass_by(10, {"soc": 81, "mode": "float"})
            await place.follower.step()
            newest = influx.rows('SELECT last("soc") FROM "battery"')
            assert place.clock.time() * 1000 - int(str(newest[0]["time"])) < 10_000
        await place.catch_up()
        assert [influx.count(key) for key in ("soc", "mode")] == [messages] * 2
        assert place.store.outbox.places[place.database.name].sent == 2 * messages
    finally:
        influx.stop()


async def test_victoriametrics_that_is_killed_while_it_catches_up_has_all(tmp_path: Path) -> None:
    victoria = Victoria(tmp_path)
    victoria.start()
    try:
        place = Following(tmp_path, Database(victoria.url, 1, "solar"))
        messages = place.pass_by(6 * HOUR, {**VALUES, "mode": "bulk"})
        for _ in range(3):
            await place.follower.step()
            messages += place.pass_by(10, {**VALUES, "mode": "bulk"})
        victoria.stop()
        messages += place.pass_by(10, {**VALUES, "mode": "bulk"})
        assert await place.follower.step() == 0
        victoria.start()
        await place.catch_up()
        for key in ("cell_0_voltage", "cell_19_voltage"):
            times = [ts for ts, _ in victoria.points(f"battery_{key}")]
            assert len(times) == len(set(times)) == messages
        standing = place.store.outbox.places[place.database.name]
        assert (standing.sent, standing.omitted) == (20 * messages, messages)
    finally:
        victoria.stop()
