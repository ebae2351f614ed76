"""InfluxDB 1 as Debian has it follows the store: every reading once, with its own time and type."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from follower_bench import Following, Influx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward.recorder.lines import Reading, lines
from gridward.recorder.outbox import Outbox
from gridward.recorder.schema import open_store
from gridward.site import Database, Keep
from gridward_kit.point import Value

HOUR = 3600.0
SOUND: dict[str, Value] = {"voltage": 53.1, "soc": 80, "charging": True, "mode": 'bulk "A"\\'}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    running = Influx(tmp_path_factory.mktemp("influx"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def influx(server: Influx) -> Influx:
    server.tell("DROP DATABASE solar")
    server.tell("CREATE DATABASE solar")
    return server


@pytest.fixture
def place(influx: Influx, tmp_path: Path) -> Following:
    return Following(tmp_path, Database(influx.url, 1, "solar"))


def errors(caplog: pytest.LogCaptureFixture, level: str = "ERROR") -> list[str]:
    return [record.message for record in caplog.records if record.levelname == level]


async def test_each_reading_arrives_with_its_time_and_type(influx: Influx, place: Following) -> None:
    begin = place.clock.time()
    place.pass_by(20, SOUND)
    assert await place.catch_up() == 16
    rows = influx.rows('SELECT * FROM "battery"')
    assert [row["time"] for row in rows] == [round(begin * 1000) + 5000 * n for n in (1, 2, 3, 4)]
    assert rows[0] == {
        "time": round(begin * 1000) + 5000,
        "site": "home",
        "device": "bms",
        "integration": "daly",
        "voltage": 53.1,
        "soc": 80,
        "charging": 1,
        "mode": 'bulk "A"\\',
    }
    types = {row["fieldKey"]: row["fieldType"] for row in influx.rows('SHOW FIELD KEYS FROM "battery"')}
    assert types == {"voltage": "float", "soc": "float", "charging": "float", "mode": "string"}


async def test_after_an_outage_of_72_hours_every_reading_is_there_once(
    influx: Influx, place: Following, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gridward.recorder")
    place.clock.pass_by(5 - place.clock.time() % 5)
    begin = place.clock.time()
    messages = place.pass_by(60, SOUND)
    influx.stop()
    try:
        for _ in range(72):
            messages += place.pass_by(HOUR, SOUND)
            assert await place.follower.step() == 0
            place.store.roll(place.clock.time())
            while place.store.retain(place.clock.time(), Keep()):
                pass
    finally:
        influx.start()
    outage = place.said()
    assert "it is away" in str(outage["reason"])
    messages += place.pass_by(60, SOUND)
    await place.catch_up()
    assert [influx.count(key) for key in SOUND] == [messages] * 4
    times = [row["time"] for row in influx.rows('SELECT "soc" FROM "battery"')]
    assert times == [round(begin * 1000) + 5000 * n for n in range(1, messages + 1)]
    assert [*errors(caplog), *errors(caplog, "INFO")] == [
        f"{place.database.name}: nothing is sent: {outage['reason']}; {outage['remedy']}",
        f"{place.database.name}: takes readings again",
    ], "told once each way"
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.refused) == (messages * 4, 0)


async def test_readings_not_handed_on_outlast_those_that_were(influx: Influx, place: Following) -> None:
    """Three days for what the database has; for what it has not, as long as the site file says."""

    def raw() -> int:
        with place.store.read._open() as connection:
            return int(connection.execute("SELECT count(*) FROM raw").fetchone()[0])

    def upkeep() -> None:
        while place.store.roll(place.clock.time()):
            pass
        while place.store.retain(place.clock.time(), Keep()):
            pass

    first = place.pass_by(HOUR, {"soc": 80})
    await place.catch_up()
    influx.stop()
    try:
        place.clock.pass_by(20 * HOUR)
        second = place.pass_by(HOUR, {"soc": 80})
        place.clock.pass_by(90 * HOUR)
        place.read({"soc": 80})
        place.store.commit()
        upkeep()
        assert raw() in range(second + 1, second + first // 2), "the first hour is with the database"
    finally:
        influx.start()
    await place.catch_up()
    upkeep()
    assert raw() == 1
    assert influx.count("soc") == first + second + 1


async def test_late_readings_are_brought_after_and_repeats_change_nothing(
    influx: Influx, place: Following
) -> None:
    place.pass_by(HOUR, {"soc": 80})
    await place.catch_up()
    begin = place.clock.time()
    for seconds in range(100):
        place.read({"soc": 70}, at=begin - 3000 + seconds + 0.5)
    place.store.commit()
    place.seq -= 100
    for seconds in range(100):
        place.read({"soc": 10}, at=begin - 3000 + seconds + 0.5)
    place.store.commit()
    place.pass_by(60, {"soc": 81})
    assert await place.catch_up() == 112
    assert influx.count("soc") == 720 + 112
    assert len(influx.rows('SELECT "soc" FROM "battery" WHERE "soc" = 70')) == 100
    assert await place.catch_up() == 0


async def test_a_cursor_survives_a_restart_and_a_lost_one_only_repeats(
    influx: Influx, place: Following
) -> None:
    messages = place.pass_by(HOUR, {"soc": 80})
    await place.catch_up()
    messages += place.pass_by(45, {"soc": 80})
    assert await place.catch_up() == 9
    place.store.close()
    place.open()  # as after a kill: what was sent in the last minute goes again
    assert await place.catch_up() == messages
    assert influx.count("soc") == messages
    assert place.store.outbox.places[place.database.name].sent == messages, "counted once, too"


async def test_a_type_conflict_sets_aside_only_what_conflicts(
    influx: Influx, place: Following, caplog: pytest.LogCaptureFixture
) -> None:
    moment = round(place.clock.time() * 1000)
    influx.put(f"battery,site=home,device=bms,integration=daly soc=7i {moment}")
    messages = place.pass_by(600, SOUND)
    await place.catch_up()
    assert [influx.count(key) for key in ("voltage", "charging", "mode")] == [messages] * 3
    assert influx.count("soc") == 1
    with place.store.read._open() as connection:
        rows = connection.execute(
            "SELECT count(DISTINCT ts), min(value), reason FROM aside GROUP BY reason"
        ).fetchall()
    assert [(count, value) for count, value, _ in rows] == [(messages, 80)], "one reason, however many"
    assert "type conflict" in rows[0][2]
    told = errors(caplog, "WARNING")
    assert len(told) == 1
    assert "bms/soc" in told[0]
    assert "name a new database in the site file" in told[0]
    standing = place.store.outbox.places[place.database.name]
    assert (standing.sent, standing.refused) == (messages * 3, messages)
    influx.tell('DROP MEASUREMENT "battery"', db="solar")
    place.pass_by(50, SOUND)
    await place.catch_up()
    assert influx.count("soc") == 10, "healed: it is taken again"


async def test_a_missing_database_is_told_once_with_the_way_out(
    influx: Influx, place: Following, caplog: pytest.LogCaptureFixture
) -> None:
    influx.tell("DROP DATABASE solar")
    messages = place.pass_by(600, {"soc": 80})
    for _ in range(5):
        assert await place.follower.step() == 0
    (told,) = errors(caplog)
    assert 'CREATE DATABASE "solar"' in told
    influx.tell("CREATE DATABASE solar")
    await place.catch_up()
    assert influx.count("soc") == messages


async def test_a_wrong_password_is_told_once_with_the_way_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guarded = Influx(tmp_path, users=True)
    guarded.start()
    try:
        guarded.tell("CREATE USER admin WITH PASSWORD 'rightful' WITH ALL PRIVILEGES")
        guarded.tell("CREATE DATABASE solar", u="admin", p="rightful")
        place = Following(tmp_path, Database(guarded.url, 1, "solar", username="admin", password="wrongful"))
        messages = place.pass_by(60, {"soc": 80})
        for _ in range(3):
            assert await place.follower.step() == 0
        (told,) = errors(caplog)
        assert "`username` and `password`" in told
        assert "wrongful" not in told + str(place.said())
        place.database = Database(guarded.url, 1, "solar", username="admin", password="rightful")
        place.store.close()
        place.open()
        assert await place.catch_up() == messages
    finally:
        guarded.stop()


async def test_readings_of_1970_and_of_the_future(influx: Influx, place: Following) -> None:
    """What is stored goes with its own time, the future when it has come."""
    place.read({"soc": 1}, at=0.001)
    place.pass_by(60, {"soc": 80})
    place.read({"soc": 99}, at=place.clock.time() + 1802)
    place.store.commit()
    await place.catch_up()
    assert [row["time"] for row in influx.rows('SELECT "soc" FROM "battery" WHERE "soc" = 1')] == [1]
    assert influx.count("soc") == 13
    messages = place.pass_by(2000, {"soc": 81})
    await place.catch_up()
    assert influx.count("soc") == 14 + messages


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=st.text(max_size=40), word=st.text(min_size=1, max_size=20))
def test_any_text_is_a_line_that_influxdb_reads(influx: Influx, text: str, word: str) -> None:
    """Names and texts come from strangers, too: none breaks out of its line."""
    plain = text.encode("utf-8", "replace").decode()
    name = word.encode("utf-8", "replace").decode()
    influx.tell("DROP DATABASE solar")
    influx.tell("CREATE DATABASE solar")
    one = Reading(1_795_000_000_000, 1, plain, name, "mode", "text", "battery", None)
    other = Reading(1_795_000_000_000, 2, 1.5, "other", name, "number", "meter", "x")
    influx.put("\n".join(lines("home", [one, other])))
    (row,) = influx.rows('SELECT * FROM "battery"')
    assert len(str(row["mode"])) == len(plain)
    assert len(influx.rows('SELECT * FROM "meter"')) == 1


def test_every_moment_is_taken_whole_however_small_the_batch(tmp_path: Path) -> None:
    connection = open_store(tmp_path / "gridward.db")
    connection.executemany(
        "INSERT INTO series (id, device, key, form) VALUES (?, 'bms', ?, 'number')",
        [(number, f"key_{number}") for number in range(10)],
    )
    rows = [(ts, series, 1.0) for ts in range(1, 20) for series in range(10)]
    connection.executemany("INSERT INTO raw VALUES (?, ?, ?)", rows)
    for most in (1, 3, 10, 11, 25, 1000):
        outbox = Outbox(connection, ["solar"])
        seen: list[tuple[int, int]] = []
        while batch := outbox.take("solar", 1.0, most):
            seen += [(one.ts, one.series) for one in batch.readings]
            outbox.settle("solar", batch, {}, 0)
        assert seen == [row[:2] for row in rows]
        Outbox(connection, [])
    connection.close()
