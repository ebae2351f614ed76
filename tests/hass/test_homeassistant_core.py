"""A real Home Assistant beside a simulated house: it takes all, complains of nothing, its buttons work."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hass import examples, steered_house
from hass.broker_ear import Ear, until
from hass.core_house import Absent, Core, available, installed
from hass.energy_preferences import check_energies

from gridward_kit.kept import Json

if TYPE_CHECKING:
    from conftest import Mosquitto

OF_ITSELF = (
    "Skipping pip",
    "libturbojpeg",  # a library of the system, for cameras
    "Support for the running Python version",
    "No ACK from MQTT server in 10 seconds",  # on a machine too busy for it or for Mosquitto
)
"""What it says without us."""

DEVICES = {
    *("Inverter", "Battery", "Grid meter", "House meter", "Grid contactor", "Logger host"),
    *("Site", "Rules", "Plan", "Alarms"),
}
SELECT = "select.inverter_output_source_priority"
NUMBER = "number.inverter_battery_redischarge_voltage"
CLOCK = "button.inverter_set_clock"
PROPOSED = "number.inverter_max_utility_charging_current"
PROPOSAL = "select.rules_inverter_max_utility_charging_current_proposal"
AWAY = "unavailable"


@dataclass(frozen=True)
class Beside:
    """Home Assistant, the simulated house, and one who listens at the broker."""

    core: Core
    house: "subprocess.Popen[str]"
    ear: Ear

    def steer(self, line: str) -> None:
        """Tell the house what happens to it."""
        assert self.house.stdin
        self.house.stdin.write(f"{line}\n")
        self.house.stdin.flush()


@pytest.fixture(params=available(), ids=lambda version: f"python{version}")
def beside(request: pytest.FixtureRequest, mosquitto: "Mosquitto", tmp_path: Path) -> Iterator[Beside]:
    """All on one broker; the MQTT integration is added by its form."""
    try:
        commands = installed(request.param)
    except Absent as reason:
        pytest.skip(f"Home Assistant cannot be installed: {reason}")
    home, folder = tmp_path / "home", tmp_path / "house"
    home.mkdir()
    folder.mkdir()
    ear = Ear(mosquitto.port)
    command = [sys.executable, steered_house.__file__, mosquitto.url, str(folder)]
    with (tmp_path / "said").open("w") as output:
        house = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, text=True)
    core = Core(commands, home)
    try:
        core.start()
        core.add_mqtt(mosquitto.port)
        ear.settle(*DEVICES)
        yield Beside(core, house, ear)
    finally:
        core.stop()
        ear.close()
        house.kill()
        house.wait()


def test_all_is_taken_buttons_work_energies_validate_and_nothing_is_logged(beside: Beside) -> None:
    core = beside.core
    everything_is_accepted(beside)
    moments_are_absent_or_true(beside)
    examples_work(core)
    buttons_reach_the_inverter(beside)
    check_energies(core)
    a_line_is_pulled_and_a_device_leaves(beside)

    beside.house.kill()
    until(lambda: core.state(SELECT) == AWAY)
    ours = {str(one["entity_id"]) for one in registered(core).values()}
    until(lambda: all(one["state"] == AWAY for key, one in core.states().items() if key in ours))
    assert [line for line in core.log() if not any(word in line for word in OF_ITSELF)] == []


def registered(core: Core) -> dict[str, dict[str, Json]]:
    """Our entries of the entity registry by unique id."""
    entries = core.listed("config/entity_registry/list")
    return {str(one["unique_id"]): one for one in entries if one["platform"] == "mqtt"}


def everything_is_accepted(beside: Beside) -> None:
    """As many entities as are announced, with the ids, devices, units and classes that are announced."""
    core, announced = beside.core, beside.ear.announced
    until(lambda: registered(core).keys() == announced.keys())
    cards = {one["id"]: one for one in core.listed("config/device_registry/list")}
    states = core.states()
    for unique, entry in registered(core).items():
        told, card = announced[unique], cards[entry["device_id"]]
        device = told["device"]
        assert isinstance(device, dict)
        assert entry["entity_id"] == told["default_entity_id"]
        assert card["name"] == device["name"]
        if "model" in device:
            said = ("manufacturer", "model", "sw_version", "serial_number")
            assert [card[key] for key in said] == [device.get(key) for key in said]
        assert (entry["entity_category"] or None) == told.get("entity_category")
        state = states.get(str(entry["entity_id"]))
        assert (state is None) == (entry["disabled_by"] is not None), entry["entity_id"]
        if state is not None:
            shown = state["attributes"]
            assert isinstance(shown, dict)
            for key in ("device_class", "state_class", "unit_of_measurement"):
                assert shown.get(key) == told.get(key), (entry["entity_id"], key)


def moments_are_absent_or_true(beside: Beside) -> None:
    """A moment is a time of these days, or it is not there."""
    states = beside.core.states()
    found = [one for one in beside.ear.announced.values() if one.get("device_class") == "timestamp"]
    assert found
    for one in found:
        value = str(states[str(one["default_entity_id"])]["state"])
        assert value == AWAY or datetime.fromisoformat(value).year > 2025, (one["default_entity_id"], value)


def examples_work(core: Core) -> None:
    """Every entity that the page names is there; dashboard and automations are taken."""
    states = core.states()
    assert examples.named() <= states.keys()
    core.every("lovelace/config/save", config=examples.dashboard())
    assert core.ask("lovelace/config") == examples.dashboard()
    for one in examples.automations():
        core.add_automation(one)
    running = {str(one["alias"]) for one in examples.automations()}
    until(lambda: running == {str(_name(one)) for key, one in core.states().items() if _automatic(key, one)})


def _automatic(entity: str, one: dict[str, Json]) -> bool:
    return entity.startswith("automation.") and one["state"] == "on"


def _name(one: dict[str, Json]) -> Json:
    shown = one["attributes"]
    return shown.get("friendly_name") if isinstance(shown, dict) else None


def buttons_reach_the_inverter(beside: Beside) -> None:
    """A select, a number, the override, a button, an approved proposal: each is read back, then shown."""
    core = beside.core
    until(lambda: core.state(SELECT) == "SBU")
    core.call("select", "select_option", SELECT, option="SUB")
    until(lambda: core.state(SELECT) == "SUB")
    assert beside.ear.results["inverter/output_source_priority"]["status"] == "confirmed"
    core.call("select", "select_option", "select.rules_grid_override", option="connected")
    until(lambda: core.state("select.rules_grid_override") == "connected")
    before = float(core.state(NUMBER))
    core.call("number", "set_value", NUMBER, value=before - 1)
    until(lambda: float(core.state(NUMBER)) == before - 1)
    core.call("button", "press", CLOCK)
    until(lambda: beside.ear.results.get("inverter/set_clock", {}).get("status") == "confirmed")
    core.call("button", "press", "button.contactor_release")
    until(lambda: beside.ear.results.get("contactor/release", {}).get("status") == "confirmed")
    until(lambda: core.state(PROPOSAL) == "waiting")
    assert float(core.state(PROPOSED)) != 20
    core.call("select", "select_option", PROPOSAL, option="approve")
    until(lambda: float(core.state(PROPOSED)) == 20)


def a_line_is_pulled_and_a_device_leaves(beside: Beside) -> None:
    """The battery's values go and the others stay; of the meter that left nothing is kept."""
    core = beside.core
    assert core.state("sensor.bms_soc") != AWAY
    beside.steer("pull bms_line")
    until(lambda: core.state("sensor.bms_soc") == AWAY)
    assert core.state("sensor.inverter_pv_power") != AWAY
    beside.steer("leave house_meter")
    until(lambda: "House meter" not in beside.ear.devices())
    until(lambda: registered(core).keys() == beside.ear.announced.keys())
    cards = core.listed("config/device_registry/list")
    until(lambda: "House meter" not in {one["name"] for one in core.listed("config/device_registry/list")})
    assert {"Inverter", "Battery"} <= {one["name"] for one in cards}
