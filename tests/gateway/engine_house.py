"""A house of few devices and rules, for tests of what the engine writes."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gridward.rules.amount import Amount
from gridward.rules.condition import All, Compare, Condition
from gridward.rules.engine import Decision
from gridward.rules.policy import Criticality, Output, Policy, Rule, Wish
from gridward.rules.story import House
from gridward.rules.view import Ref
from gridward_kit.point import Value

VOLTS = Ref("bms", "voltage", "battery.voltage", "V")
SOC = Ref("bms", "soc", "battery.soc", "%")
SOURCE = Ref("inverter", "output_source_priority", "inverter.output_source_priority")
AMPERES = Ref("inverter", "max_charging_current", "inverter.max_charging_current", "A")
ZONE = ZoneInfo("Europe/Bratislava")
CRITICAL = Compare(VOLTS, "at_most", 50.6)
FULL = Compare(VOLTS, "at_least", 54.5)
ALWAYS = All(())


def rule(
    identifier: str,
    when: Condition,
    then: Mapping[Ref, Value | Amount],
    criticality: Criticality = "safety",
    hold: float = 0.0,
    share: float = 1.0,
    level: int = 2,
) -> Rule:
    wishes = tuple(Wish(ref, value) for ref, value in then.items())
    return Rule(identifier, f"{identifier} says so.", when, wishes, hold, share, criticality, level)


USB = rule("usb", CRITICAL, {SOURCE: "USB"}, hold=240.0)
SBU = rule("sbu", FULL, {SOURCE: "SBU"}, "optimisation", hold=240.0)


def policy(*rules: Rule, outputs: tuple[Output, ...] = (), settle: float = 0.0, gap: float = 10.0) -> Policy:
    return Policy(
        "tested", "d1", rules=rules, outputs={one.ref: one for one in outputs}, settle=settle, gap=gap
    )


def house(of: Policy, **state: Value) -> House:
    one = House(of, ZONE)
    one.has({VOLTS: 52.0, SOC: 50.0, SOURCE: "SBU", AMPERES: 40.0})
    one.has({ref: state[ref.key] for ref in (VOLTS, SOC, SOURCE, AMPERES) if ref.key in state})
    return one


def writes(one: House, seconds: float, step: float = 5.0) -> list[Decision]:
    found = []
    end = one.now + seconds
    while one.now < end:
        found += [decision for decision in one.step(step) if decision.code == "write"]
    return found


def code(one: House) -> str:
    return one.step()[0].code
