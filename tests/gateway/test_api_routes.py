"""Devices, history, audit and commands over HTTP."""

import json
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway.api_house import House

from gridward.recorder.store import Parcel
from gridward_kit.kept import Json
from gridward_kit.point import Value


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    async with made.client:
        yield made


async def test_a_device_is_told_with_what_is_so_now(house: House) -> None:
    (device,) = (await house.client.get("/api/v1/devices")).json()
    assert device["values"] == {"battery_voltage": 52.4, "output_source_priority": "SBU"}
    assert (device["kind"], device["serial"], device["available"], device["age"]) == (
        "inverter",
        "123",
        True,
        0.0,
    )
    detail = (await house.client.get("/api/v1/devices/inverter")).json()
    assert detail["entities"]["output_source_priority"]["options"] == ["USB", "SUB", "SBU"]


async def test_a_silent_device_has_no_values(house: House) -> None:
    house.clock.pass_by(60)
    (device,) = (await house.client.get("/api/v1/devices")).json()
    assert (device["values"], device["age"]) == ({}, 60.0)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/api/v1/device", 404, "there is nothing at /api/v1/device; /api/v1/openapi.json says"),
        ("GET", "/api/", 404, "there is nothing at /api/;"),
        ("POST", "/api/v2/devices", 404, "there is nothing at"),
        ("DELETE", "/api/v1/devices", 405, "DELETE is not for /api/v1/devices, but GET"),
        ("GET", "/api/v1/commands", 405, "GET is not for /api/v1/commands, but POST"),
    ],
)
async def test_what_is_not_there_is_told_in_the_apis_manner(
    house: House, method: str, path: str, status: int, words: str
) -> None:
    answer = await house.client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["error"].startswith(words)


async def test_a_command_is_confirmed_by_what_was_read_back(house: House) -> None:
    answer = await house.wish("output_source_priority", value="SUB", id="one")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["value"], told["id"], told["by"]) == (
        "confirmed",
        "SUB",
        "one",
        "http:192.0.2.7",
    )
    assert house.written == ["SUB"]


async def test_a_repeated_command_is_refused_and_not_done_twice(house: House) -> None:
    await house.wish("output_source_priority", value="SUB", id="one")
    again = await house.wish("output_source_priority", value="SUB", id="one")
    assert again.status_code == 409
    assert again.json()["reason"] == "this command came before"
    assert house.written == ["SUB"]


async def test_a_value_that_stands_is_unchanged(house: House) -> None:
    answer = await house.wish("output_source_priority", value="SBU")
    assert (answer.status_code, answer.json()["status"]) == (200, "unchanged")
    assert house.written == []


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("output_source_priority", "USB", "the inverter says no in this mode"),
        ("output_source_priority", "XYZ", "'XYZ' is not one of USB, SUB, SBU"),
        ("max_charging_current", 90, "90 is not between 10 and 80"),
        ("max_charging_current", 15, "15 is not 10 plus a multiple of 10"),
    ],
)
async def test_a_refusal_comes_with_its_reason(house: House, key: str, value: Value, reason: str) -> None:
    answer = await house.wish(key, value=value)
    assert (answer.status_code, answer.json()["status"]) == (409, "refused")
    assert answer.json()["reason"] == reason
    assert house.written == []


async def test_an_expert_setting_takes_a_second_step(house: House) -> None:
    first = await house.wish("battery_under_voltage", value=42)
    assert first.status_code == 409
    assert "confirm: true" in first.json()["error"]
    assert house.written == []
    second = await house.wish("battery_under_voltage", value=42, confirm=True)
    assert second.json()["status"] == "confirmed"


async def test_all_answers_come_as_lines_where_they_are_asked_for(house: House) -> None:
    answer = await house.client.post(
        "/api/v1/devices/inverter/entities/max_charging_current",
        json={"value": 30},
        headers={"Accept": "application/x-ndjson"},
    )
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == ["accepted", "confirmed"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("devices/nobody/entities/soc", {"value": 1}, 404),
        ("devices/inverter/entities/nothing", {"value": 1}, 404),
        ("devices/inverter/entities/output_source_priority", {}, 422),
        ("devices/inverter/entities/output_source_priority", {"value": [1]}, 422),
        ("devices/inverter/entities/output_source_priority", {"value": "SUB", "by": "rules"}, 422),
        ("devices/inverter/entities/output_source_priority", {"value": "SUB", "id": "x" * 65}, 422),
        ("devices/+/entities/output_source_priority", {"value": "SUB"}, 422),
    ],
)
async def test_a_wrong_request_is_answered_in_words_and_sends_nothing(
    house: House, path: str, body: dict[str, object], status: int
) -> None:
    house.broker.log.clear()
    answer = await house.client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert [topic for topic, _, _ in house.broker.log if topic.endswith("/command")] == []


@pytest.mark.parametrize(
    "value", [b"1e999", b"NaN", b"1" + b"0" * 400, rb'"\ud800"', b'"' + b"x" * 40_000 + b'"']
)
@pytest.mark.parametrize("way", ["devices/inverter/entities/output_source_priority", "rules/overrides/all"])
async def test_what_cannot_be_a_value_is_refused_in_words(house: House, way: str, value: bytes) -> None:
    body, kind = b'{"value": %s}' % value, {"Content-Type": "application/json"}
    house.broker.log.clear()
    answer = await house.client.post(f"/api/v1/{way}", content=body, headers=kind)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("value: a ")
    assert house.broker.log == []


@pytest.mark.parametrize("power", ["1e999", "NaN"])
async def test_a_slot_without_a_finite_power_is_refused(house: House, power: str) -> None:
    body, kind = f'{{"slots": [{{"end": "06:00", "power": {power}}}]}}', {"Content-Type": "application/json"}
    house.broker.log.clear()
    answer = await house.client.put("/api/v1/schedule", content=body, headers=kind)
    assert (answer.status_code, "power" in answer.json()["error"], house.broker.log) == (422, True, [])


async def test_history_comes_in_steps_and_leaves_holes(house: House) -> None:
    begin = 1_794_999_600.0
    for number, at in enumerate((0, 10, 20, 130), 1):
        house.store.add(Parcel("inverter", "boot", number, begin + at, {"battery_voltage": 50.0 + number}))
    house.store.commit()
    query: dict[str, str | float] = {"device": "inverter", "key": "battery_voltage", "step": 60}
    answer = await house.client.get("/api/v1/history", params={**query, "start": begin, "end": begin + 180})
    assert answer.json() == [
        {"at": begin, "low": 51.0, "mean": 52.0, "high": 53.0},
        {"at": begin + 120, "low": 54.0, "mean": 54.0, "high": 54.0},
    ]


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [(10, 10, 1), (10, 5, 1), (0, 1e9, 1), (0, 10, 0), (-1, 5, 1), (0, 10, 1e308), (0, 10, math.inf)],
)
async def test_a_history_that_cannot_be_is_refused(
    house: House, start: float, end: float, step: float
) -> None:
    query: dict[str, str | float] = {
        "device": "inverter",
        "key": "soc",
        "start": start,
        "end": end,
        "step": step,
    }
    answer = await house.client.get("/api/v1/history", params=query)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_the_audit_is_told_newest_last_and_filtered(house: House) -> None:
    now = house.clock.time()
    for number, what in enumerate(("inverter/mode", "rules/decision", "inverter/mode")):
        house.store.audit(now - 10 + number, {"v": 1, "what": what, "id": str(number)})
    told = (await house.client.get("/api/v1/audit", params={"what": "inverter"})).json()
    assert [event["id"] for event in told] == ["0", "2"]
    newest = (await house.client.get("/api/v1/audit", params={"most": 1})).json()
    assert [event["id"] for event in newest] == ["2"]


async def test_a_broken_store_is_told_in_words(house: House) -> None:
    house.store.path.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    answer = await house.client.get("/api/v1/audit")
    assert answer.status_code == 503
    assert "the store cannot be read" in answer.json()["error"]


async def test_why_is_told_from_the_audit(house: House) -> None:
    now = house.clock.time()
    event: dict[str, Json] = {
        "v": 1,
        "by": "page:192.0.2.7",
        "status": "confirmed",
        "before": "SUB",
        "value": "SBU",
    }
    house.store.audit(now - 90, {**event, "what": "inverter/output_source_priority", "reason": ""})
    asked = {"what": "inverter", "entity": "output_source_priority"}
    told = (await house.client.get("/api/v1/why", params=asked)).json()
    assert told["sentences"][0].startswith("inverter output source priority is SBU since ")
    assert told["sentences"][1] == "A person at the page (192.0.2.7) did it."
    told = (await house.client.get("/api/v1/why")).json()
    assert told["sentences"] == ["The audit tells of no change of the contactor."]


async def test_openapi_tells_every_path(house: House) -> None:
    told = (await house.client.get("/api/v1/openapi.json")).json()
    assert set(told["paths"]) == {
        "/api/v1/session",
        "/api/v1/devices",
        "/api/v1/devices/{device}",
        "/api/v1/devices/{device}/entities/{key}",
        "/api/v1/history",
        "/api/v1/audit",
        "/api/v1/why",
        "/api/v1/schedule",
        "/api/v1/rules",
        "/api/v1/rules/overrides/{output}",
        "/api/v1/rules/proposals",
        "/api/v1/rules/proposals/{identifier}",
        "/api/v1/commands",
        "/api/v1/tokens",
        "/api/v1/tokens/{role}",
    }
