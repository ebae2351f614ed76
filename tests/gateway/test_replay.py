"""Recorded history, decided again: identical where nothing changed, told where it did."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from gateway.rehearsed import written
from typer.testing import CliRunner

from gridward.cli import app
from gridward.live import Live
from gridward.policies.rulefile import path_of
from gridward.recorder.store import Parcel, Store
from gridward.recorder.telemetry import Stamps
from gridward.rehearsal.past import Recorded
from gridward.rehearsal.replay import Choice, replay
from gridward.rehearsal.sites import policy_of, trial_of, with_policy
from gridward.rules.automation import Automation
from gridward.rules.role import Rules
from gridward.site import Site
from gridward_kit.clock import iso
from gridward_kit.device import Device
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, integrations
from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_kit.point import Value
from gridward_kit.testing import START, MemoryBroker, TurnedClock

ROOT = "gridward/home"
BANK: dict[str, Value] = {
    "voltage": 53.2,
    "current": -12.0,
    "soc": 71.0,
    "discharge_mosfet": True,
    "charge_mosfet": True,
    "cell_voltage_min": 3.3,
    "cell_voltage_max": 3.34,
}
INVERTER: dict[str, Value] = {
    "mode": "battery",
    "output_voltage": 230.0,
    "problem": False,
    "grid_voltage": 231.0,
}
SETTINGS: dict[str, Value] = {
    "output_source_priority": "SBU",
    "charger_source_priority": "only_solar",
    "max_charging_current": 40.0,
    "battery_redischarge_voltage": 54.0,
    "battery_bulk_voltage": 55.2,
    "battery_float_voltage": 55.1,
}
# Seconds from the beginning, and what changes then: a bank that gets low, critical, and full again.
STORY: dict[int, Mapping[str, Mapping[str, Value]]] = {
    300: {"bms": {"voltage": 51.0}},
    600: {"bms": {"voltage": 50.4, "soc": 12.0}},
    850: {"inverter": {"mode": "line"}, "settings": {"output_source_priority": "USB"}},
    1450: {"bms": {"voltage": 54.6, "soc": 99.0, "current": 5.0}},
    1700: {"bms": {"current": 0.0}},
}
LASTS = 2050


@dataclass
class Night:
    """The rules in `observe` over devices that tell a story; all that is said is stored."""

    folder: Path
    site: Site
    story: Mapping[int, Mapping[str, Mapping[str, Value]]] = field(default_factory=lambda: STORY)
    lasts: int = LASTS
    clock: TurnedClock = field(default_factory=TurnedClock)
    began: float = START

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(self.clock)
        self.values = {"bms": dict(BANK), "inverter": dict(INVERTER), "settings": dict(SETTINGS)}

    async def live_through(self) -> None:
        link = self.broker.link("rules")
        live = Live(link, self.clock)
        settings, policy = self.site.rules.grid_switch, self.site.rules.policy
        assert settings is not None
        assert policy is not None
        automation = Automation(live, link, self.clock, policy, self.site.time_zone)
        rules = Rules(live, link, self.clock, settings, self.folder, "observe", automation)
        devices = {name: self.device(name, domain) for name, domain in DEVICES.items()}
        task = asyncio.create_task(rules.run())
        for second in range(self.lasts):
            for part, changes in self.story.get(second, {}).items():
                self.values[part] |= changes
            early = 0.4 if second % 10 else 0.7  # nothing is said at the very moment of a decision
            await self.clock.turn(early)
            if second % 5 == 0:
                self.say(devices, second)
            await self.clock.turn(1 - early)
            if second % 3600 == 3599:
                self.store()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def device(self, name: str, domain: str) -> Device:
        integration = integrations()[domain]
        device = Device(
            Setup(name, integration, name.capitalize(), self.folder), self.broker.link(name), self.clock
        )
        device.describe(integration.example or Identity("any", domain), integration.entities({}))
        return device

    def say(self, devices: Mapping[str, Device], second: int) -> None:
        """Live values every few seconds, settings once a minute as a line asks for them."""
        devices["bms"].read(self.values["bms"], 5.0)
        devices["inverter"].read(self.values["inverter"], 5.0)
        if second % 60 == 0 or "settings" in self.story.get(second, {}):
            devices["inverter"].read(self.values["settings"], 60.0)
        devices["logger"].read({"reachable": True}, 5.0)
        for device in devices.values():
            device.publish()

    def store(self) -> None:
        """Put what was said into the site's store, as the recorder does."""
        store, stamps = Store(self.site.record.store), Stamps()
        for topic, payload, _ in self.broker.log:
            name = topic.removeprefix(f"{ROOT}/")
            if name.endswith("/telemetry"):
                device = name.removesuffix("/telemetry")
                store.add(stamps.stamp(device, Message(topic, payload.encode(), False, 0.0), None))
            elif name == "audit":
                event = json.loads(payload)
                at = self.clock.time() + event["monotonic"] - self.clock.monotonic()
                store.audit(at, event)
        store.commit()
        store.close()
        self.broker.log.clear()


DEVICES = {"bms": "daly", "inverter": "axpert", "logger": "ping"}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("night")
    found = Night(folder, trial_of(written(folder)).site)
    asyncio.run(found.live_through())
    found.store()
    return found


def of(choices: tuple[Choice, ...]) -> list[tuple[str, Value, str]]:
    return [(one.what, one.value, one.rule) for one in choices]


def test_the_same_history_gives_the_same_decisions(night: Night) -> None:
    found = replay(night.site, START, START + LASTS)
    assert len(found.then) >= 6
    assert ("grid_switch", "islanded", "") in of(found.then)
    assert ("inverter/output_source_priority", "USB", "source_usb_when_battery_critical") in of(found.then)
    assert of(found.now) == of(found.then)
    assert found.only_now == found.only_then == ()
    assert found.alike == len(found.then)


def test_replayed_twice_is_replayed_alike(night: Night) -> None:
    assert replay(night.site, START, START + LASTS) == replay(night.site, START, START + LASTS)


def test_other_thresholds_show_where_they_decide_otherwise(night: Night) -> None:
    other = night.folder / "other.yaml"
    source = path_of("axpert-lifepo4-16s", Path())
    other.write_text(source.read_text().replace("to_utility: 50.6", "to_utility: 48.6"))
    site = with_policy(night.site, policy_of(night.site, other))
    found = replay(site, START, START + LASTS)
    assert "source_usb_when_battery_critical" in {one.rule for one in found.only_then}
    assert "source_usb_when_battery_critical" not in {one.rule for one in found.now}
    assert found.alike > 0


def test_what_would_have_been_saved_is_the_grids_while_islanded(night: Night) -> None:
    store = Store(night.site.record.store)
    for second in range(0, LASTS, 5):
        store.add(Parcel("site", "boot", second + 1, START + second, {"grid_power": 1800.0}))
    store.commit()
    store.close()
    found = replay(night.site, START, START + LASTS)
    assert 0 < found.islanded < LASTS
    assert found.bought == pytest.approx(found.islanded * 1800 / 3_600_000, rel=0.02)
    assert found.spent == pytest.approx(found.bought * 0.18)


def test_the_command_line_says_where_and_what(night: Night) -> None:
    site = night.folder / "site.yaml"
    assert night.site.record.store == night.folder / "gridward.db"
    words = ["rules", "replay", "--site", str(site), "--from", iso(START), "--to", iso(START + LASTS)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "Decided otherwise" not in done.stdout
    assert "off the grid by these rules" in done.stdout
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert told["alike"] == len(told["then"]) > 0
    assert CliRunner().invoke(app, [*words[:-1], iso(START - 1)]).exit_code == 2


def test_a_gap_in_the_record_begins_anew(night: Night, tmp_path: Path) -> None:
    """What lies between two readings that are minutes apart proves nothing."""
    empty = replace(night.site, record=replace(night.site.record, store=tmp_path / "gridward.db"))
    store = Store(empty.record.store)
    for number, second in enumerate((*range(0, 150, 5), *range(900, 1000, 5))):
        values = {**BANK, "voltage": 50.0}
        store.add(Parcel("bms", "boot", number + 1, START + second, values))
        store.add(Parcel("inverter", "boot", number + 1, START + second, {**INVERTER, **SETTINGS}))
    store.commit()
    store.close()
    assert replay(empty, START, START + 1000).now == ()


def test_a_value_that_was_asked_out_of_turn_stands_as_long_as_ever() -> None:
    """A setting is read back after each write; the next regular reading is still a minute away."""
    device = Recorded("Inverter", "inverter", None, 5.0)
    for at in (0.0, 60.0, 120.0, 180.0, 183.0, 185.0):
        device.take(at, {"output_source_priority": "USB"})
    for at in range(190, 245, 5):
        device.take(at, {"output_voltage": 230.0})
    assert device.source(244.0).values["output_source_priority"] == "USB"
    assert "output_source_priority" not in device.source(185.0 + 181).values


CRITICAL = ("inverter/output_source_priority", "USB", "source_usb_when_battery_critical")


def critical(
    folder: Path, level: int, said: Mapping[str, Value], *events: tuple[float, dict[str, Json]]
) -> Site:
    """Ten minutes with a critical bank, and what a person had the rules' entities say meanwhile."""
    site = trial_of(written(folder)).site
    policy = site.rules.policy
    assert policy is not None
    rules = tuple(replace(rule, level=level) for rule in policy.rules)
    store = Store(site.record.store)
    for number, second in enumerate(range(0, 600, 5)):
        for device, values in (("bms", {**BANK, "voltage": 50.4}), ("inverter", {**INVERTER, **SETTINGS})):
            store.add(Parcel(device, "boot", number + 1, START + second, values))
        store.add(Parcel("rules", "boot", number + 1, START + second, {**said, "mode": "on"}))
    for at, event in events:
        store.audit(START + at, {"v": 1, "what": CRITICAL[0], "by": "page", **event})
    store.commit()
    store.close()
    return with_policy(site, replace(policy, rules=rules))


@pytest.mark.parametrize(
    ("said", "decided"),
    [
        ({}, [CRITICAL]),
        ({"inverter_output_source_priority_override": "auto"}, [CRITICAL]),
        ({"inverter_output_source_priority_override": "stop"}, []),
        ({"override": "stop"}, []),
        (
            {"inverter_output_source_priority_override": "SUB"},
            [("inverter/output_source_priority", "SUB", "")],
        ),
    ],
)
def test_what_a_person_held_is_held_again(
    tmp_path: Path, said: Mapping[str, Value], decided: list[tuple[str, Value, str]]
) -> None:
    found = replay(critical(tmp_path, 2, said), START, START + 600)
    assert [one for one in of(found.now) if one[0] == CRITICAL[0]] == decided


def test_a_number_that_a_person_forced(tmp_path: Path) -> None:
    said: dict[str, Value] = {
        "inverter_max_charging_current_override": "forced",
        "inverter_max_charging_current_forced": 20.0,
    }
    found = replay(critical(tmp_path, 2, said), START, START + 600)
    assert ("inverter/max_charging_current", 20.0, "") in of(found.now)


@pytest.mark.parametrize(("answer", "decided"), [("approved", [CRITICAL]), ("declined", []), ("", [])])
def test_a_rule_that_proposes_acts_when_a_person_had_approved(
    tmp_path: Path, answer: str, decided: list[tuple[str, Value, str]]
) -> None:
    event: dict[str, Json] = {"status": f"proposal_{answer}", "rule": CRITICAL[2], "by": "page"}
    found = replay(critical(tmp_path, 3, {}, (400.0, event)), START, START + 600)
    assert [one for one in of(found.now) if one[0] == CRITICAL[0]] == decided
    assert all(one.at >= START + 400 for one in found.now if one.what == CRITICAL[0])


def test_the_site_file_is_named_as_for_every_other_command(night: Night) -> None:
    site = str(night.folder / "site.yaml")
    span = ["--from", iso(START), "--to", iso(START)]
    for words in ([site], ["--site", site], [site, "--site", site]):
        done = CliRunner().invoke(app, ["rules", "replay", *words, *span])
        assert "--from comes before --to" in done.output, "it got as far as the span"
    other = CliRunner().invoke(app, ["rules", "replay", site, "--site", "other.yaml", *span])
    assert (other.exit_code, "one site file" in other.output) == (2, True)
