"""Rule files: what they may say, and every fault with its file and line."""

from pathlib import Path

import pytest
from gateway.ruled_site import DEVICES, read
from gateway.ruled_site import SITE as RULED
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.policies.rulefile import read_policy, shipped
from gridward.rules.catalogue import Catalogue
from gridward.rules.expanded import expanded
from gridward.site import DeviceSpec
from gridward_kit.integration import integrations

SITE = RULED + "  policy: own.yaml\n"
RULE = """\
version: 1
policy: own
settings: {critical: 50.6}
rules:
  - id: usb
    says: The bank is critical.
    when:
      all:
        - inverter.output_source_priority: SBU
        - battery.voltage: {at_most: critical}
    for: {minutes: 4}
    then: {inverter.output_source_priority: USB}
"""


def test_every_field_that_a_rule_has_is_there_although_the_file_leaves_it_out(tmp_path: Path) -> None:
    policy, faults = read(RULE, tmp_path)
    assert not faults
    rules = expanded(policy)["rules"]
    assert isinstance(rules, list)
    (rule,) = rules
    assert isinstance(rule, dict)
    assert rule.pop("place") == f"{tmp_path / 'own.yaml'}:5"
    assert rule == {
        "id": "usb",
        "says": "The bank is critical.",
        "asset": ["inverter"],
        "capability": "steering.source",
        "level": "2: acts",
        "criticality": "optimisation",
        "owner": "site",
        "enabled": True,
        "inputs": ["inverter.output_source_priority", "battery.voltage"],
        "when": "inverter.output_source_priority SBU and battery.voltage at most 50.6",
        "for": "4 min, 100% of it",
        "lasts": "0 s",
        "outputs": {"inverter.output_source_priority": "USB"},
        "envelope": {"inverter.output_source_priority": {"per_day": 20, "apart": "60 s"}},
        "fallback": {"inverter.output_source_priority": "as the device stands"},
    }


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (("id: usb", "idd: usb"), 5, "`id: ...`"),
        (("    says: The bank is critical.\n", ""), 5, "`says: ...`"),
        (("battery.voltage", "battery.voltag"), 10, "nearest: `voltage`"),
        (("battery.voltage", "batery.voltage"), 10, "nearest: `battery`"),
        (("critical}\n    for", "critcal}\n    for"), 10, "nearest: `critical`"),
        (("at_most", "beneath"), 10, "one of above, below"),
        (("at_most: critical", "at_most: .nan"), 10, "a number"),
        (("at_most: critical", "equals: .inf"), 10, "a number"),
        (("at_most: critical", f"at_most: 1{'0' * 400}"), 10, "a number"),
        (("at_most: critical", f"equals: 1{'0' * 400}"), 10, "a number"),
        (("at_most: critical", "between: [53, 51]"), 10, "the lower first"),
        (("SBU", "SUN"), 9, "one of USB, SUB, SBU"),
        (("priority: USB", "priority: UTI"), 12, "one of USB, SUB, SBU"),
        (("priority: USB", "priority: SUF"), 12, "not one of USB, SUB, SBU"),
        (("inverter.output_source_priority: USB", "inverter.grid_voltage: 230"), 12, "only read"),
        (("inverter.output_source_priority: USB", "inverter.battery_type: AGM"), 12, "expert"),
        (("inverter.output_source_priority: USB", "battery.charge_mosfet: true"), 12, "not marked expert"),
        (("inverter.output_source_priority: USB", "inverter.battery_bulk_voltage: 90"), 12, "48 and 58.4"),
        (("{minutes: 4}", "{minutes: -4}"), 11, "a duration"),
        (("{minutes: 4}", "soon"), 11, "a duration"),
        (("    for:", "    criticality: informational\n    for:"), 11, "informational rules set nothing"),
        (("    for:", "    capability: steering.all\n    for:"), 11, "one of observability"),
        (("    for:", "    share: 2\n    for:"), 11, "a number from 0.01 to 1"),
        (("version: 1", "version: 2"), 1, "`1`"),
    ],
)
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, expected: str
) -> None:
    assert change[0] in RULE
    _, faults = read(RULE.replace(*change, 1), tmp_path)
    assert any(fault.line == line and expected in fault.expected for fault in faults), faults
    assert all(fault.file == tmp_path / "own.yaml" for fault in faults)


def test_an_id_that_is_there_twice(tmp_path: Path) -> None:
    _, faults = read(RULE + RULE[RULE.index("  - id") :], tmp_path)
    (fault,) = faults
    assert fault.line == 13
    assert "first at" in fault.found


def test_an_action_on_a_read_only_device_is_a_fault(tmp_path: Path) -> None:
    catalogue = Catalogue(
        [DeviceSpec("inverter", "axpert", "I"), DEVICES[1]], {"battery": "bms"}, "inverter", integrations()
    )
    file = tmp_path / "own.yaml"
    file.write_text(RULE)
    faults: list[Fault] = []
    read_policy(file, catalogue, faults)
    assert [(fault.line, "writable: true" in fault.expected) for fault in faults] == [(12, True)]


def test_a_role_that_an_inverter_fills_has_its_values_under_the_role_s_keys() -> None:
    catalogue = Catalogue(DEVICES[:1], {"battery": "inverter", "pv": "inverter"}, "inverter", integrations())
    found = {said: catalogue.find(said).ref.key for said in ("battery.voltage", "battery.soc", "pv.power")}
    assert found == {
        "battery.voltage": "battery_voltage",
        "battery.soc": "battery_soc",
        "pv.power": "pv_power",
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(RULE)), st.integers(0, 12), st.text(st.characters(codec="utf-8"), max_size=6))
def test_no_mangled_file_ends_in_anything_but_faults_or_a_policy(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str
) -> None:
    text = RULE[:at] + put + RULE[at + cut :]
    policy, faults = read(text, tmp_path_factory.getbasetemp())
    assert faults or all(rule.id and rule.says for rule in policy.rules)


def test_a_site_file_takes_a_rule_file_and_tells_its_faults(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    with pytest.raises(SiteFault, match=r"site.yaml:14: .*or a file that is there"):
        load(site)
    (tmp_path / "own.yaml").write_text(RULE)
    policy = load(site).rules.policy
    assert policy is not None
    (tmp_path / "own.yaml").write_text(RULE.replace("SBU", "SUN"))
    with pytest.raises(SiteFault, match=r"own.yaml:9: found `SUN`"):
        load(site)


def test_a_site_sets_a_threshold_of_a_shipped_policy(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    own = SITE.replace("own.yaml", "axpert-lifepo4-16s\n  settings: {to_utility: 50.2}")
    site.write_text(own)
    changed = load(site).rules.policy
    site.write_text(SITE.replace("own.yaml", "axpert-lifepo4-16s"))
    usual = load(site).rules.policy
    assert changed is not None
    assert usual is not None
    assert (changed.settings["to_utility"], usual.settings["to_utility"]) == (50.2, 50.6)
    assert changed.digest != usual.digest
    site.write_text(own.replace("to_utility", "to_utilty"))
    with pytest.raises(SiteFault, match="nearest: `to_utility`"):
        load(site)


def test_show_prints_the_policy_of_a_site(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "own.yaml").write_text(RULE)
    shown = CliRunner().invoke(app, ["rules", "show", str(tmp_path / "site.yaml")])
    assert shown.exit_code == 0
    assert "capability: steering.source" in shown.output
    (tmp_path / "own.yaml").write_text("rules: 3")
    assert CliRunner().invoke(app, ["rules", "show", str(tmp_path / "site.yaml")]).exit_code == 2


def test_shipped_policies() -> None:
    assert "axpert-lifepo4-16s" in shipped()
