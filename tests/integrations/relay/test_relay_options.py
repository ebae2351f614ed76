"""A relay's options in the site file: what does not fit is said in words."""

import pytest
import voluptuous as vol

from gridward_kit.integration import Options
from gridward_relay import faults
from gridward_relay.options import inputs, settings

GPIO: Options = {"driver": "gpio", "pin": 26, "closed_when": "low"}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"driver": "modbus"}, "`port`, `contact`"),
        ({"driver": "modbus", "port": "/dev/x", "contact": "normally_open"}, "would cut the house off"),
        ({"driver": "modbus", "port": "/dev/x", "contact": "normally_closed", "spare_coil": 0}, "own coil"),
        ({"driver": "gpio", "pin": 26}, "`closed_when`"),
        ({"driver": "gpio", "pin": 5, "closed_when": "low"}, "GPIO 5 is pulled up"),
        ({"driver": "gpio", "pin": 26, "closed_when": "low", "feedback_pin": 26}, "used twice"),
        ({"driver": "gpio", "pin": 26, "closed_when": "low", "lease": "5s"}, "10s to 60s"),
        ({"driver": "mqtt", "topic": "x", "style": "shelly1", "contact": "normally_closed"}, "`timer`"),
        ({"driver": "mqtt", "topic": "x/#", "style": "tasmota"}, "topic"),
        ({**GPIO, "inputs": ["locked:3:Door"]}, "keys `locked` are the relay's own"),
        ({**GPIO, "inputs": ["lease:3:Lease", "at:4:At"]}, "keys `at`, `lease` are the relay's own"),
        ({"driver": "hand"}, "one of gpio, modbus, mqtt"),
        ({}, "`driver` is missing"),
        ({"driver": "gpio", "pins": 3}, "`pins` is none of"),
    ],
)
def test_settings_that_do_not_fit_are_said_in_words(options: Options, fault: str) -> None:
    assert fault in "; ".join(faults(options))


def test_the_example_of_the_architecture_is_taken() -> None:
    chosen: Options = {"driver": "gpio", "pin": 26, "closed_when": "low", "feedback_pin": 16, "lease": "30s"}
    assert faults(chosen) == []
    assert settings(chosen).lease == 30.0
    assert faults({**chosen, "inputs": ["supply_ok:17:Supply monitor"]}) == []


@pytest.mark.parametrize(
    ("plain", "kept"),
    [
        ([{"key": "supply_ok", "name": "Supply monitor", "pin": 17}], ["supply_ok:17:Supply monitor"]),
        ([{"key": "supply_ok", "input": 3}], ["supply_ok:3:Supply ok"]),
        (["door:2:Door"], ["door:2:Door"]),
        ([], []),
        ([{"key": "supply_ok"}], None),
        ([{"key": "Supply", "pin": 3}], None),
        ([{"key": "a", "pin": 3, "input": 4}], None),
        ([{"key": "a", "pin": -1}], None),
        ([{"key": "a", "pin": True}], None),
        ([{"key": "a", "pin": 1, "on": 2}], None),
        ([{"key": "a", "pin": 1}, {"key": "a", "pin": 2}], None),
        ("door", None),
        ([7], None),
    ],
)
def test_inputs_as_the_site_file_writes_them(plain: list[object], kept: list[str] | None) -> None:
    if kept is None:
        with pytest.raises(vol.Invalid):
            inputs(plain)
    else:
        assert inputs(plain) == kept
