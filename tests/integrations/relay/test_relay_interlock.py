"""What grid contactor and generator switch know of each other, and what the site file has to say."""

import json

import pytest
from integrations.relay.generator_yard import GENERATOR, GRID

from gridward_kit.integration import Options
from gridward_kit.mqtt import Message
from gridward_relay import faults
from gridward_relay.interlock import Interlock


def test_only_fresh_words_of_the_other_count() -> None:
    well = {"at": "1", "feedback": "islanded", "locked": False, "lease_remaining": 25, "closed": False}
    other = Interlock("contactor")

    def say(content: dict[str, object], at: float, *, retain: bool = False) -> None:
        other.heard(Message("t", json.dumps(content).encode(), retain, at))

    say(well, 0, retain=True)
    assert other.hindrance(0) is not None
    assert other.on_the_house(0) is None
    say(well, 0)
    assert other.hindrance(1) is None
    assert other.on_the_house(1) is False
    say(well, 3.5)
    assert other.hindrance(3.5) is not None, "the same state again is no word of now"
    for change in (
        {"feedback": "connected"},
        {"locked": True},
        {"lease_remaining": 4},
        {"hand": "connected"},
    ):
        say({**well, "at": str(change), **change}, 5)
        assert other.hindrance(5) is not None, change
    other.heard(Message("t", b"\xff", retain=False, at=5))
    assert other.hindrance(5) is not None


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({**GENERATOR, "contact": "normally_closed"}, "normally open contact"),
        (
            {key: value for key, value in GENERATOR.items() if key != "interlock_with"},
            "`interlock_with` is missing",
        ),
        ({key: value for key, value in GRID.items() if key != "feedback_input"}, "needs a feedback contact"),
        ({**GRID, "lease": "15s"}, "20 s or more"),
        ({**GENERATOR, "inputs": ["a:3:A"]}, "no inputs"),
        (
            {
                "driver": "gpio",
                "pin": 5,
                "closed_when": "high",
                "feedback_pin": 16,
                "duty": "generator",
                "interlock_with": "contactor",
            },
            "bring the generator onto the house",
        ),
    ],
)
def test_what_does_not_fit_is_said(options: Options, fault: str) -> None:
    assert fault in "; ".join(faults(options))


def test_the_pair_is_taken() -> None:
    assert faults(GRID) == []
    assert faults(GENERATOR) == []
