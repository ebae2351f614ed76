"""What Home Assistant is told: absent values and moments, and steps on which every allowed value lies."""

import json
from datetime import datetime

import pytest
from jinja2 import Environment

from gridward_kit.discovery import Announcement, message
from gridward_kit.entity import CURRENT, TIMESTAMP, VOLTAGE, Entity, Number, Sensor, Setting
from gridward_kit.integration import Identity
from gridward_kit.kept import Json

ABOUT = Announcement(
    "gridward/home", "home", "plan", "Plan", "plan", Identity(model="P", protocol="X"), "0", writable=True
)


def told(row: Entity) -> dict[str, Json]:
    content: dict[str, Json] = json.loads(message(ABOUT, row))
    return content


def rendered(template: Json, state: dict[str, Json]) -> str:
    return str(Environment(autoescape=True).from_string(str(template)).render(value_json=state))


def test_an_absent_moment_is_unavailable_by_the_same_message() -> None:
    content = told(Sensor("empty_at", "Empty at", quantity=TIMESTAMP))
    listed = content["availability"]
    assert isinstance(listed, list)
    by_state = listed[-1]
    assert isinstance(by_state, dict)
    assert by_state["topic"] == content["state_topic"]
    at = "2026-11-21T19:00:00Z"
    for state, word, shown in (({}, "offline", None), ({"empty_at": at}, "online", at)):
        assert rendered(by_state["value_template"], {"at": at, **state}) == word
        value = rendered(content["value_template"], {"at": at, **state})
        assert datetime.fromisoformat(value).tzinfo is not None
        assert shown in (None, value)


def test_every_other_value_is_unknown_when_absent() -> None:
    content = told(Sensor("voltage", "Voltage", quantity=VOLTAGE))
    assert content["availability"] == [{"topic": "gridward/home/plan/availability"}]
    assert rendered(content["value_template"], {}) == "None"


@pytest.mark.parametrize(
    ("only", "step"), [((2, 10, 20, 30), 2), ((0, 48, 49), 1), ((44, 44.5, 46), 0.5), ((7,), 1), ((), 0.1)]
)
def test_every_allowed_number_lies_on_a_step(only: tuple[float, ...], step: float) -> None:
    row = Number("limit", "Limit", quantity=CURRENT, setting=Setting(), low=1, high=60, step=0.1, only=only)
    content = told(row)
    assert content["step"] == step
    if only:
        assert (content["min"], content["max"]) == (min(only), max(only))
