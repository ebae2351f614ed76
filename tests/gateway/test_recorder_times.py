"""Telemetry as it comes: when a reading was made, whether that can be believed, and what is no telemetry."""

from pathlib import Path

import pytest
from gateway.recorder_place import ROOT, Place

from gridward_kit.clock import iso


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_reading_without_a_time_gets_that_of_its_receipt(place: Place) -> None:
    place.telemetry(1, {"soc": 80}, at=None)
    await place.recorder.cycle()
    assert place.times("soc") == [0.0]


async def test_a_reading_without_a_time_gets_that_of_its_boot_where_known(place: Place) -> None:
    place.telemetry(2, {"soc": 81}, oldest=1)
    place.telemetry(1, {"soc": 80}, at=None, mono=place.clock.monotonic() - 600)
    await place.recorder.cycle()
    assert place.times("soc") == [-600.0, 0.0]


async def test_without_any_believed_time_a_reading_is_not_acknowledged(place: Place) -> None:
    place.clock.jump(-place.clock.time())
    place.telemetry(1, {"soc": 80}, at=None)
    await place.recorder.cycle()
    assert place.acknowledged() == []
    assert place.store.count() == 0


@pytest.mark.parametrize("offset", [3700.0, 1e9, -1.7e9])
async def test_an_impossible_time_is_set_aside_and_told_once(
    place: Place, caplog: pytest.LogCaptureFixture, offset: float
) -> None:
    for seq in (1, 2, 3):
        place.telemetry(seq, {"soc": 80}, at=iso(place.clock.time() + offset))
    await place.recorder.cycle()
    assert place.store.count() == 0
    assert place.recorder.stamps.aside == {"bms": 3}
    assert place.acknowledged() == [("b", 3)], "the sender need not keep them for ever"
    assert [record.message for record in caplog.records if "impossible time" in record.message] == [
        "bms: readings with an impossible time are left out; see to its host's clock"
    ]


GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"v": 2, "boot": "b", "seq": 1, "values": {}}',
    b'{"boot": "b", "seq": 1}',
    b'{"boot": "", "seq": 1, "values": {}}',
    b'{"boot": "b", "seq": true, "values": {}}',
    b'{"boot": "b", "seq": 0, "values": {}}',
    b'{"boot": "b", "seq": 1.5, "values": {}}',
    b'{"boot": "b", "seq": 1, "at": "yesterday", "values": {"soc": 1}}',
    b'{"boot": "b", "seq": 1, "at": "2026-11-21T06:00:00", "values": {"soc": 1}}',
    b'{"boot": "b", "seq": 1, "at": 12, "values": {"soc": 1}}',
    b'{"boot": "b", "seq": 1, "values": [1]}',
]


@pytest.mark.parametrize("payload", GARBAGE)
async def test_what_is_no_telemetry_is_left_out(place: Place, payload: bytes) -> None:
    place.broker.publish(f"{ROOT}/bms/telemetry", payload.decode())
    await place.recorder.cycle()
    assert place.store.count() == 0
    assert place.acknowledged() == []
