"""Health of devices and of the recorder on record: when it changes, and now and then."""

import asyncio
import json
from pathlib import Path

import pytest

from gridward.recorder.health import AGAIN, KIND, OWN, HealthLog, measured, numbers
from gridward.recorder.role import Recorder
from gridward.recorder.store import Store
from gridward.site import Keep
from gridward_kit.clock import iso
from gridward_kit.integration import integrations
from gridward_kit.kept import Json
from gridward_kit.testing import MemoryBroker, TurnedClock

ERRORS: dict[str, Json] = {"bad_frame": 2, "no_answer": 0}
WEAR: dict[str, Json] = {
    "mode": {"left": 19.5, "of": 20, "total": 3},
    "float": {"left": 4.25, "of": 20, "total": 40},
}


class Place:
    """A recorder on a turned clock, with a device that tells its health."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("recorder")
        self.store = Store(folder / "gridward.db", ["solar"])
        self.recorder = Recorder(self.link, self.store, self.clock, Keep())
        self.log = HealthLog(self.recorder)

    def tell(self, **content: Json) -> None:
        said = {"v": 1, "at": iso(self.clock.time()), **content}
        self.link.publish(f"{self.link.root}/inverter/health", json.dumps(said), retain=True)

    async def rows(self) -> list[tuple[str, str, str | None, float]]:
        """Device, key, kind and value of all that is stored, in order of time."""
        await self.recorder.cycle()
        with self.store.read._open() as connection:
            found = connection.execute(
                "SELECT device, key, kind, value FROM raw "
                "JOIN series ON series.id = raw.series ORDER BY ts, key"
            ).fetchall()
        return [tuple(row) for row in found]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_health_is_stored_as_a_measurement_of_its_own(place: Place) -> None:
    place.link.publish(f"{place.link.root}/inverter/availability", "online", retain=True)
    place.tell(errors=ERRORS, spool={"waiting": 7, "dropped": 0}, wear=WEAR)
    assert await place.rows() == [
        ("inverter", "available", "health", 1),
        ("inverter", "errors_bad_frame", "health", 2),
        ("inverter", "errors_no_answer", "health", 0),
        ("inverter", "spool_dropped", "health", 0),
        ("inverter", "spool_waiting", "health", 7),
        ("inverter", "wear_left", "health", 4.25),
        ("inverter", "wear_total", "health", 43),
    ]
    batch = place.store.outbox.take("solar", place.clock.time(), 100)
    assert batch is not None
    assert {one.kind for one in batch.readings} == {"health"}


async def test_what_stays_the_same_is_stored_now_and_then(place: Place) -> None:
    for _ in range(round(3 * AGAIN / 30)):
        place.tell(errors=ERRORS)
        place.clock.pass_by(30)
    assert len(await place.rows()) == 3 * len(ERRORS)
    place.tell(errors={"bad_frame": 3})
    assert len(await place.rows()) == 3 * len(ERRORS) + 1, "a change is stored at once"


async def test_the_same_message_again_is_one_row(place: Place) -> None:
    place.tell(errors=ERRORS)
    again = HealthLog(place.recorder)
    place.tell(errors=ERRORS)
    assert again is not place.log
    assert len(await place.rows()) == len(ERRORS)


@pytest.mark.parametrize(
    "payload",
    ["", "[]", "null", "{", '{"at": 5}', '{"v": 1}', '{"at": "yesterday"}', '{"at": "2026-01-01T00:00:00"}'],
)
async def test_what_cannot_be_read_is_left_out(place: Place, payload: str) -> None:
    place.link.publish(f"{place.link.root}/inverter/health", payload, retain=True)
    assert await place.rows() == []


async def test_a_time_that_cannot_be_true_is_that_of_receipt(place: Place) -> None:
    for at in ("1970-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"):
        place.tell(at=at, errors={"bad_frame": len(at)})
    await place.rows()
    assert place.store.newest() == pytest.approx(place.clock.time(), abs=0.001)


def test_only_numbers_are_counted() -> None:
    content: dict[str, Json] = {
        "errors": {"bad_frame": "two", "no_answer": True, "refused": 1},
        "spool": [1],
        "wear": {"mode": 5, "float": {"left": None, "total": 3}},
    }
    assert numbers(content) == {"errors_refused": 1}
    wear: Json = {"a": {"left": 10**400, "total": 10**400}, "b": {"left": 0.5, "total": 0.5}}
    assert numbers({"wear": wear}) == {"wear_left": 0.5, "wear_total": 0.5}


async def test_the_recorders_own_health(place: Place) -> None:
    place.tell(errors=ERRORS)
    await place.rows()
    found = measured(place.store)
    assert set(found) == {"disk_used", "disk_free", "store_size", "followers_waiting"}
    assert found["followers_waiting"] == len(ERRORS)
    assert 0 < float(found["store_size"]) < float(found["disk_free"])
    assert 0 < float(found["disk_used"]) < 100


async def test_the_recorder_tells_its_own_health(place: Place) -> None:
    running = asyncio.create_task(place.log.run())
    stored: set[str] = set()
    for _ in range(500):
        await asyncio.sleep(0.01)  # the store is asked in its thread
        stored = {key for device, key, kind, _ in await place.rows() if (device, kind) == (OWN, KIND)}
        if stored:
            break
    running.cancel()
    assert {"available", "disk_used", "unstored", "dropped", "followers_waiting"} <= stored


def test_no_entity_has_a_name_of_health() -> None:
    """Both lie under the device's name in the store."""
    own = {"available", "disk_used", "disk_free", "store_size", "followers_waiting", "unstored", "dropped"}
    for integration in integrations().values():
        for row in integration.entities({}):
            assert row.key not in own
            assert not row.key.startswith(("errors_", "spool_", "wear_")), row.key
