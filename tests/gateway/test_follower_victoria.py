"""VictoriaMetrics as Debian has it follows by the same protocol; it keeps no texts, so none are sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from follower_bench import Following, Victoria

from gridward.site import Database


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[Victoria]:
    running = Victoria(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("seen", [True, False], ids=["outage", "unseen restart"])
@pytest.mark.parametrize("killed", [True, False], ids=["recorder killed", "recorder alive"])
async def test_a_killed_database_gets_again_what_it_had_not_on_disk(
    victoria: Victoria, tmp_path: Path, seen: bool, killed: bool
) -> None:
    """It keeps the last seconds in memory: SIGKILL takes what it had already said yes to."""
    place = Following(tmp_path, Database(victoria.url, 1, "gridward"))
    begin = round(place.clock.time() * 1000)
    place.pass_by(60, {"soc": 80})
    await place.catch_up()
    victoria.stop()
    if seen:
        place.pass_by(20, {"soc": 80})
        assert await place.catch_up() == 0
    victoria.start()
    if killed:
        place.store.close()
        place.open()
    place.pass_by(60, {"soc": 80})
    await place.catch_up()
    points = victoria.points("battery_soc")
    messages = 28 if seen else 24
    assert len(points) == len({at for at, _ in points}) == messages
    assert points[0] == (begin + 5000, 80.0)
    assert place.store.outbox.places[place.database.name].sent == messages


async def test_no_text_is_sent_as_zero(
    victoria: Victoria, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Following(tmp_path, Database(victoria.url, 1, "gridward"))
    messages = place.pass_by(600, {"soc": 80.5, "charging": True, "mode": "bulk"})
    await place.catch_up()
    assert [value for _, value in victoria.points("battery_soc")] == [80.5] * messages
    assert [value for _, value in victoria.points("battery_charging")] == [1.0] * messages
    assert victoria.points("battery_mode") == []
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.omitted, standing.refused) == (messages * 2, messages, 0)
    assert [record.message for record in caplog.records] == [
        f"{place.database.name}: keeps no texts; they stay in the store alone"
    ]
