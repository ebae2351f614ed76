"""Several policies of one site: which rule goes first, what holds for an output, and what does not fit."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from gateway.ruled_site import SITE
from hypothesis import given
from hypothesis import strategies as st

from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.policies.rulefile import shipped
from gridward.rules.condition import All, Truth
from gridward.rules.merged import both, merged
from gridward.rules.policy import Output, Policy
from gridward.rules.view import Ref, View
from gridward.site import RulesSpec

OWN = """\
version: 1
policy: own
outputs:
  inverter.max_charging_current: {least: 20, most: 60, per_day: 5, apart: 5min}
  inverter.battery_float_voltage: {most: 54.0}
rules:
  - id: sub
    says: Sun and grid carry the house.
    when: {inverter.grid_voltage: {above: 100}}
    then: {inverter.output_source_priority: SUB}
"""
CURRENT = Ref("inverter", "max_charging_current", "inverter.max_charging_current")
SOURCE = Ref("inverter", "output_source_priority", "inverter.output_source_priority")

Loaded = Callable[[str], RulesSpec]


@pytest.fixture
def rules(tmp_path: Path) -> Loaded:
    (tmp_path / "own.yaml").write_text(OWN)

    def found(text: str) -> RulesSpec:
        (tmp_path / "site.yaml").write_text(SITE + text)
        return load(tmp_path / "site.yaml").rules

    return found


def policy_of(spec: RulesSpec) -> Policy:
    assert spec.policy is not None
    return spec.policy


def faults_of(found: Callable[[], object]) -> tuple[Fault, ...]:
    with pytest.raises(SiteFault) as raised:
        found()
    return raised.value.faults


def test_peak_shaving_goes_before_self_consumption_wherever_the_site_names_it(rules: Loaded) -> None:
    first = policy_of(rules("  policies: [axpert-lifepo4-16s, peak-shaving, own.yaml]\n"))
    later = policy_of(rules("  policies: [peak-shaving, own.yaml, axpert-lifepo4-16s]\n"))
    for policy in (first, later):
        ranked = [rule.id for rule in policy.steered[SOURCE]]
        assert ranked[0] == "source_usb_when_battery_critical"  # safety, whatever the purpose
        assert ranked.index("battery_carries_the_peak") < ranked.index("source_sbu_when_full")
        assert ranked[-1] == "grid_after_the_peak"
    ids = [rule.id for rule in first.steered[SOURCE]]
    assert ids.index("source_usb_when_grid_stays") < ids.index("sub")
    ids = [rule.id for rule in later.steered[SOURCE]]
    assert ids.index("sub") < ids.index("source_usb_when_grid_stays")
    assert first.digest != later.digest


def test_what_two_policies_bound_holds_for_both(rules: Loaded) -> None:
    policy = policy_of(rules("  policies: [axpert-lifepo4-16s, own.yaml]\n"))
    output = policy.output(CURRENT)
    assert (output.least, output.most, output.per_day, output.apart) == (20, 40, 5, 300)


def test_envelopes_that_leave_nothing_are_a_fault(rules: Loaded, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("most: 54.0", "most: 50.0"))
    (fault,) = faults_of(lambda: rules("  policies: [axpert-lifepo4-16s, own.yaml]\n"))
    assert fault.line == 14
    assert "inverter.battery_float_voltage" in fault.expected


def test_an_id_in_two_policies_is_told_with_both_places(rules: Loaded, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN.replace("id: sub", "id: battery_carries_the_peak"))
    (fault,) = faults_of(lambda: rules("  policies: [peak-shaving, own.yaml]\n"))
    assert (fault.file, fault.line) == (tmp_path / "own.yaml", 7)
    assert "peak-shaving.yaml:" in fault.found


def test_thresholds_stand_below_their_policy_and_flat_for_a_single_one(rules: Loaded) -> None:
    several = policy_of(
        rules(
            "  policies: [axpert-lifepo4-16s, peak-shaving]\n  settings: {peak-shaving: {contract: 9000}}\n"
        )
    )
    assert several.settings["peak-shaving.contract"] == 9000
    assert several.settings["axpert-lifepo4-16s.to_utility"] == 50.6
    for text in ("{contract: 9000}", "{peak-shaving: {contract: 9000}}"):
        alone = policy_of(rules(f"  policy: peak-shaving\n  settings: {text}\n"))
        assert alone.settings["contract"] == 9000


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("  policies: [peak-shaving, peak-shavin]\n", 14, "nearest: `peak-shaving`"),
        ("  policies: [peak-shaving, peak-shaving]\n", 14, "each policy once"),
        ("  policies: [3]\n", 14, "one of axpert"),
        ("  policy: peak-shaving\n  policies: [own.yaml]\n", 15, "one of `policy` and `policies`"),
        ("  policies: [peak-shaving, own.yaml]\n  settings: {contract: 9}\n", 15, "below the name of"),
        (
            "  policies: [peak-shaving, own.yaml]\n  settings:\n    peak-shaving: {contrat: 9}\n",
            16,
            "nearest: `contract`",
        ),
        (
            "  policies: [axpert-lifepo4-16s, axpert-lifepo4-8s]\n",
            14,
            "policies for one bank",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(rules: Loaded, text: str, line: int, expected: str) -> None:
    faults = faults_of(lambda: rules(text))
    assert any(fault.line == line and expected in fault.expected for fault in faults), faults


@pytest.mark.parametrize("name", shipped())
def test_each_shipped_policy_loads_for_the_example_site(name: str, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "provisioning" / "example"
    for file in example.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "secrets.yaml").write_text("mqtt_password: one of your own\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    leave_out = ("policy:", "policies:", "connect_below:", "island_above:")
    kept = (tmp_path / "rules.yaml").read_text().splitlines()
    lines = [line for line in kept if not line.strip("# ").startswith(leave_out)]
    (tmp_path / "rules.yaml").write_text("\n".join([*lines, f"policy: {name}", ""]))
    policy = policy_of(load(tmp_path / "site.yaml").rules)
    assert policy.name == name
    assert policy.rules


BOUNDS = st.tuples(st.floats(-100, 100), st.floats(-100, 100)).map(sorted)
TRUTHS = st.sampled_from([True, False, None])


class Fixed(All):
    """A condition of one truth."""

    def __init__(self, truth: Truth) -> None:
        super().__init__(())
        object.__setattr__(self, "_truth", truth)

    def truth(self, view: View) -> Truth:
        found: Truth = self.__dict__["_truth"]
        return found


@given(BOUNDS, BOUNDS, st.floats(-200, 200), TRUTHS, TRUTHS)
def test_what_the_one_envelope_of_two_lets_through_both_let_through(
    first: list[float], second: list[float], value: float, one: Truth, other: Truth
) -> None:
    a = Output(CURRENT, first[0], first[1], Fixed(one))
    b = Output(CURRENT, second[0], second[1], Fixed(other))
    together = both(a, b)
    if together.least <= together.most:
        clipped = together.clip(value)
        assert a.clip(clipped) == clipped == b.clip(clipped)
    assert together.needs is not None
    assert (together.needs.truth(View()) is True) == (one is True and other is True)


def test_one_policy_alone_is_left_as_it_is() -> None:
    alone = Policy("alone", "abc")
    assert merged([alone]) is alone


def test_peak_shaving_before_schedule_before_price_before_self_consumption(rules: Loaded) -> None:
    names = ["axpert-lifepo4-16s", "tariff", "schedule", "reserve-and-shed", "peak-shaving"]
    parts = {name: policy_of(rules(f"  policy: {name}\n")) for name in names}
    owner = {rule.id: name for name, policy in parts.items() for rule in policy.rules}
    policy = policy_of(rules(f"  policies: [{', '.join(names)}]\n"))
    order = ["peak-shaving", "schedule", "tariff", "axpert-lifepo4-16s", "reserve-and-shed"]
    seen = set()
    for ranked in policy.steered.values():
        for first, second in pairwise(rule for rule in ranked if rule.acts):
            if first.criticality == second.criticality:
                assert order.index(owner[first.id]) <= order.index(owner[second.id])
                seen |= {(owner[first.id], owner[second.id])}
    assert any(first == "schedule" and second != "schedule" for first, second in seen)
    charger = Ref("inverter", "charger_source_priority", "inverter.charger_source_priority")
    assert policy.steered[charger][0].id == "no_grid_charging_in_peaks"


ODD = [
    "3",
    "extends: 3",
    "extends: own.yaml",
    "cells: two",
    "pack_voltages: 3",
    "settings: 3",
    "rules: {a: 3}",
]


@pytest.mark.parametrize(
    "named", ["{}", "5", "[own.yaml, null]", "['']", "[own.yaml]", "[own.yaml, peak-shaving]"]
)
@pytest.mark.parametrize("own", ODD)
def test_odd_shapes_end_in_faults_with_a_line(rules: Loaded, tmp_path: Path, named: str, own: str) -> None:
    (tmp_path / "own.yaml").write_text(f"version: 1\npolicy: own\n{own}\n" if ":" in own else own)
    assert all(
        fault.line > 0 and fault.expected for fault in faults_of(lambda: rules(f"  policies: {named}\n"))
    )
