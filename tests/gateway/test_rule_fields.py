"""What a rule file may say beyond a threshold: reckoned numbers, hours as settings, what lasts, alarms,
fields of a level 3 rule, the gateway's own devices; and the faults of each with their line."""

from pathlib import Path

import pytest
from gateway.ruled_site import read
from hypothesis import given
from hypothesis import strategies as st

from gridward.rules import alarms
from gridward.rules.alarms import standing
from gridward.rules.amount import Amount
from gridward.rules.condition import Compare
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.expanded import expanded
from gridward.rules.held import UNSEEN, Held, Wait, seen
from gridward.rules.inputs import Source
from gridward.rules.policy import Policy, Rule, Wish
from gridward.rules.view import Ref, View
from gridward_kit.point import Value

RULE = """\
version: 1
policy: own
settings: {contract: 8000, margin: 300, night: "22:00", winter: "11-01", wait: 4}
rules:
  - id: one
    says: It is so.
    when:
      - site.load_power: {above: {of: contract, plus: margin, times: -1}}
      - plan.charge_now: true
      - time: {after: night, before: "06:00"}
      - date: {from: winter, to: "02-29"}
    for: {minutes: wait}
    lasts: 15min
    level: 3
    goal: Import under 8 kW.
    min_confidence: 0.6
    auto_confidence: 0.9
    deadline: 30min
    escalate: the owner
    then: {inverter.output_source_priority: SBU}
"""
SOC = Ref("bms", "soc", "battery.soc", "%")
VOLTS = Ref("bms", "voltage", "battery.voltage", "V")


def test_every_field_is_taken(tmp_path: Path) -> None:
    policy, faults = read(RULE, tmp_path)
    assert not faults
    (rule,) = policy.rules
    assert rule.when.asked() == (
        "site.load_power above 7700 and plan.charge_now on and from 22:00 to 06:00 and from 11-01 to 02-29"
    )
    assert (rule.hold, rule.lasts, rule.deadline, rule.level) == (240, 900, 1800, 3)
    assert (rule.goal, rule.min_confidence, rule.auto_confidence) == ("Import under 8 kW.", 0.6, 0.9)
    assert rule.escalate == "the owner"
    told = expanded(policy)["rules"]
    assert isinstance(told, list)
    (shown,) = told
    assert isinstance(shown, dict)
    assert {key: shown[key] for key in ("goal", "min_confidence", "deadline", "escalate", "lasts")} == {
        "goal": "Import under 8 kW.",
        "min_confidence": 0.6,
        "deadline": "30 min",
        "escalate": "the owner",
        "lasts": "15 min",
    }


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (("of: contract", "of: contrat"), 8, "nearest: `contract`"),
        (("times: -1", "tims: -1"), 8, "one of the keys of, plus, times, step"),
        (("{of: contract, plus: margin, times: -1}", "{plus: margin}"), 8, "`of: ...`"),
        (("{of: contract, plus: margin, times: -1}", "{of: contract, step: -1}"), 8, "a step above 0"),
        (("plus: margin", "plus: night"), 8, "a number, a setting's name"),
        (("plus: margin", "plus: inverter.mode"), 8, "an entity with a number"),
        (("plan.charge_now", "plan.charge_no"), 9, "nearest: `charge_now`"),
        (("charge_now: true", "charge_now: yes please"), 9, "`true` or `false`"),
        (("after: night", "after: winter"), 10, "hours such as"),
        (("after: night", 'after: "22:00+01:00"'), 10, "hours such as"),
        (("from: winter", "from: night"), 11, "days such as"),
        (('"02-29"', '"02-30"'), 11, "days such as"),
        (("minutes: wait", "minutes: night"), 12, "a duration"),
        (("lasts: 15min", "lasts: 2d"), 13, "a duration"),
        (("min_confidence: 0.6", "min_confidence: 60"), 16, "a number from 0 to 1"),
        (("deadline: 30min", "deadline: 1s"), 18, "a duration"),
        (("inverter.output_source_priority: SBU", "site.load_power: 3"), 20, "`site` is only looked at"),
        (("inverter.output_source_priority: SBU", "rules.mode: on"), 20, "`rules` is only looked at"),
        (("    then: {inverter.output_source_priority: SBU}\n", ""), 5, "`then: ...`"),
        (('"22:00"', '"22:60"'), 3, 'a time such as "22:00"'),
        (("policy: own\n", "policy: own\npurpose: profit\n"), 3, "one of peak_shaving, schedule"),
        (("    says:", "    each: device\n    says:"), 6, "`load`"),
    ],
)
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, expected: str
) -> None:
    assert change[0] in RULE
    _, faults = read(RULE.replace(*change, 1), tmp_path)
    assert any(fault.line == line and expected in fault.expected for fault in faults), faults


def bank(**values: Value) -> View:
    return View({"bms": Source("BMS", fresh=True, age=1.0, values=values)})


NUMBERS = st.floats(-1000, 1000)


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_what_is_reckoned_is_a_multiple_of_its_step_and_never_over_the_sum(
    of: float, plus: float, times: float, step: float
) -> None:
    found = Amount(SOC, VOLTS, times, step).value(bank(soc=of, voltage=plus))
    assert found is not None
    whole = of + plus * times
    assert whole - step - 1e-5 * max(1, abs(whole)) <= found <= whole + 1e-5 * max(1, abs(whole))
    if step:
        assert abs(found / step - round(found / step)) < 1e-4


def test_what_is_reckoned_from_something_missing_is_unknown() -> None:
    for amount in (Amount(SOC), Amount(1.0, SOC), Amount(1.0, 1.0, SOC)):
        assert amount.value(View()) is None
        assert Compare(VOLTS, "above", amount).truth(bank(voltage=50)) is None
        assert SOC in Compare(VOLTS, "above", amount).refs()


@pytest.mark.parametrize("step", [0.0, 2.0])
def test_what_is_beyond_every_number_is_unknown_and_the_other_rules_go_on(step: float) -> None:
    beyond = Amount(VOLTS, 1e308, 1e308, step)
    assert beyond.value(bank(voltage=50)) is None
    always = Compare(VOLTS, "above", 0.0)
    rules = (Rule("a", "A.", always, (Wish(SOC, beyond),)), Rule("b", "B.", always, (Wish(VOLTS, 3.0),)))
    inputs, policy = Inputs(bank(voltage=50, soc=3)), Policy("own", rules=rules, settle=0.0)
    decisions, _ = decide(inputs, policy, 1.0, Memory())
    assert [one.code for one in decisions] == ["nothing", "write"]


def after(truths: list[bool | None], wait: Wait) -> Held:
    held, last = UNSEEN, None
    for now, truth in enumerate(truths):
        held = seen(held, truth, float(now), last, wait)
        last = float(now)
    return held


def holds(truths: list[bool | None], wait: Wait) -> bool:
    return after(truths, wait).long_enough(float(len(truths) - 1), wait.hold, wait.share)


def test_a_rule_lasts_after_its_condition_and_only_while_that_is_known() -> None:
    wait = Wait(hold=2, lasts=10)
    begun: list[bool | None] = [True, True, True]
    assert holds([*begun, *[False] * 9], wait)
    assert not holds([*begun, *[False] * 10], wait)
    assert not holds([*begun, None], wait)
    assert holds([*begun, None, False], wait)
    assert holds([*begun, False, True], wait)  # again, and not yet for its wait
    assert not holds([True, True, *[False] * 2], wait)  # never for long enough
    assert not holds([*begun, False], Wait(hold=2))


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=40), st.integers(0, 8))
def test_what_lasts_is_never_more_than_its_time_after_the_last_time_it_held(
    truths: list[bool | None], lasts: int
) -> None:
    plain, wait = Wait(hold=3), Wait(hold=3, lasts=float(lasts))
    held = [holds(truths[: end + 1], plain) for end in range(len(truths))]
    ends = [at for at, one in enumerate(held) if one]
    now = len(truths) - 1
    expected = held[-1] or bool(ends and truths[-1] is not None and now - ends[-1] < lasts)
    assert holds(truths, wait) == expected


def test_an_alarm_stands_while_its_condition_holds(tmp_path: Path) -> None:
    text = """\
version: 1
policy: own
rules:
  - {id: low, says: It is low., when: {battery.soc: {below: 10}}, for: 2s, criticality: informational}
  - {id: off, says: Not told., when: {battery.soc: {below: 10}}, enabled: false, criticality: informational}
"""
    policy, faults = read(text, tmp_path)
    assert not faults
    memory = Memory()
    told: list[tuple[Rule, ...]] = []
    for now, soc in enumerate([20, 9, 9, 9, 20]):
        decisions, memory = decide(Inputs(bank(soc=soc)), policy, float(now), memory)
        assert not decisions
        told.append(standing(policy, memory))
    assert [[rule.id for rule in rules] for rules in told] == [[], [], [], ["low"], []]
    assert standing(policy, Memory()) == ()


def test_the_device_rules_shows_each_alarm_and_nothing_of_one_that_is_not_known() -> None:
    rule = Rule("low_bank", "It is low.", Compare(SOC, "below", 10.0), (), criticality="informational")
    policy = Policy("own", rules=(rule,))
    assert [(row.key, row.name) for row in alarms.rows(policy)] == [("alarm_low_bank", "Low bank")]
    shown = []
    memory = Memory()
    for now, view in enumerate([bank(soc=9), bank(soc=11), bank()]):
        _, memory = decide(Inputs(view), policy, float(now), memory)
        shown.append(alarms.values(policy, memory))
    assert shown == [{"alarm_low_bank": True}, {"alarm_low_bank": False}, {}]
