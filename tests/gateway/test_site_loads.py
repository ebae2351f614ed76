"""The section `loads` of a site file, rules for each of them, and that none switches a critical one."""

from pathlib import Path

import pytest

from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.rules.policy import Policy
from gridward.site import Site

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - id: a
    port: /dev/ttyUSB0
    devices:
      - {id: inverter, integration: srne, address: 1, writable: true}
      - {id: second, integration: srne, address: 2, writable: true}
      - {id: watched, integration: srne, address: 3}
  - id: b
    port: /dev/ttyUSB1
    devices: [{id: bms, integration: daly}]
roles: {battery: bms, load: inverter, pv: inverter}
loads:
  - {id: freezer, device: inverter, entity: buzzer, critical: true, priority: 9}
  - {id: pump, device: inverter, entity: dc_load, priority: 3}
  - {id: boiler, device: second, entity: dc_load, priority: 8, name: Hot water}
rules:
  grid_switch: {}
  policies: [reserve-and-shed, own.yaml]
"""
OWN = """\
version: 1
policy: own
settings: {low: 30}
rules:
  - id: off
    each: load
    says: It can wait.
    when: {battery.soc: {below: {of: low, plus: -5, times: rank}}}
    for: {minutes: rank, seconds: 30}
    then: {each.switch: false}
"""


def site(folder: Path, text: str = SITE, own: str = OWN) -> Site:
    (folder / "own.yaml").write_text(own)
    (folder / "site.yaml").write_text(text)
    return load(folder / "site.yaml")


def policy_of(found: Site) -> Policy:
    assert found.rules.policy is not None
    return found.rules.policy


def faults_of(folder: Path, text: str = SITE, own: str = OWN) -> tuple[Fault, ...]:
    with pytest.raises(SiteFault) as raised:
        site(folder, text, own)
    return raised.value.faults


def test_loads_are_read_with_what_they_leave_out(tmp_path: Path) -> None:
    loads = site(tmp_path).loads
    assert [(one.name, one.place, one.critical) for one in loads] == [
        ("Freezer", ("inverter", "buzzer"), True),
        ("Pump", ("inverter", "dc_load"), False),
        ("Hot water", ("second", "dc_load"), False),
    ]


def test_a_rule_for_each_load_is_there_once_a_load_the_least_important_first(tmp_path: Path) -> None:
    policy = policy_of(site(tmp_path))
    own = [rule for rule in policy.rules if rule.id.startswith("off_")]
    assert [rule.id for rule in own] == ["off_boiler", "off_pump"]
    assert [rule.hold for rule in own] == [30, 90]
    assert [rule.when.asked() for rule in own] == ["battery.soc below 30", "battery.soc below 25"]
    assert [rule.then[0].output.said for rule in own] == ["second.dc_load", "inverter.dc_load"]
    assert policy.output(own[0].then[0].output).apart == 300


def test_no_rule_of_the_shipped_policy_wants_anything_of_a_critical_load(tmp_path: Path) -> None:
    policy = policy_of(site(tmp_path))
    outputs = {wish.output.said for rule in policy.rules for wish in rule.then}
    assert "inverter.buzzer" not in outputs
    assert {"inverter.dc_load", "second.dc_load"} <= outputs
    shedding = [rule for rule in policy.rules if rule.capability == "steering.shed"]
    assert {wish.output.device for rule in shedding for wish in rule.then} == {"inverter", "second"}


def test_a_rule_that_names_a_critical_load_does_not_load(tmp_path: Path) -> None:
    own = OWN.replace("    each: load\n", "").replace("each.switch: false", "inverter.buzzer: false")
    own = own.replace(", plus: -5, times: rank", "").replace("minutes: rank, ", "")
    (fault,) = faults_of(tmp_path, own=own)
    assert (fault.file.name, fault.line) == ("own.yaml", 9)
    assert "`freezer` is" in fault.expected


def test_a_load_s_switch_is_known_only_in_a_rule_for_each(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, own=OWN.replace("    each: load\n", ""))
    assert any("`each: load`" in fault.expected and fault.line == 9 for fault in faults)


def test_a_site_without_loads_has_the_rest_of_the_policy(tmp_path: Path) -> None:
    begin, end = SITE.index("loads:"), SITE.index("rules:")
    policy = policy_of(site(tmp_path, SITE[:begin] + SITE[end:]))
    assert "grid_below_the_reserve" in [rule.id for rule in policy.rules]
    assert not [rule.id for rule in policy.rules if "shed" in rule.id or rule.id.startswith("off")]


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (("device: second", "device: secnd"), 18, "nearest: `second`"),
        (("device: second, entity: dc_load", "device: second, entity: dc_lod"), 18, "nearest: `dc_load`"),
        (("device: second, entity: dc_load", "device: second, entity: mode"), 18, "a switch, on or off"),
        (("device: second", "device: watched"), 18, "`writable: true` for the device `watched`"),
        (("device: second", "device: inverter"), 18, "one load on each switch"),
        (("id: boiler", "id: pump"), 18, "an id of its own"),
        (("priority: 8", "priority: 0"), 18, "a whole number from 1 to 9"),
        (("priority: 8", "prio: 8"), 18, "one of the keys"),
        (("id: boiler, ", ""), 18, "`id: ...`"),
    ],
)
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, expected: str
) -> None:
    assert change[0] in SITE
    faults = faults_of(tmp_path, SITE.replace(*change))
    assert any(fault.line == line and expected in fault.expected for fault in faults), faults
