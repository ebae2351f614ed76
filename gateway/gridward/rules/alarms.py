"""Rules that set nothing: what a person has to know, as entities of the device `rules`. Pure."""

from gridward.rules.engine import Memory
from gridward.rules.held import UNSEEN
from gridward.rules.policy import Policy, Rule
from gridward_kit.entity import BinarySensor, Entity
from gridward_kit.point import Value

PREFIX = "alarm_"


def alarms(policy: Policy) -> tuple[Rule, ...]:
    """The policy's alarms, in the order of the rules."""
    return tuple(rule for rule in policy.rules if rule.enabled and not rule.then)


def standing(policy: Policy, memory: Memory) -> tuple[Rule, ...]:
    """The alarms whose condition has held for its time; `memory` is that of the decision just made."""
    now = memory.at
    if now is None:
        return ()
    return tuple(
        rule
        for rule in alarms(policy)
        if memory.held.get(rule.id, UNSEEN).long_enough(now, rule.hold, rule.share)
    )


def rows(policy: Policy) -> tuple[Entity, ...]:
    """One entity for each alarm."""
    return tuple(
        BinarySensor(
            f"{PREFIX}{rule.id}", rule.id.replace("_", " ").capitalize(), enabled=True, device_class="problem"
        )
        for rule in alarms(policy)
    )


def values(policy: Policy, memory: Memory) -> dict[str, Value]:
    """What they show; absent where it is not known whether the condition holds."""
    stand = standing(policy, memory)
    known = [rule for rule in alarms(policy) if memory.held.get(rule.id, UNSEEN).now is not None]
    return {f"{PREFIX}{rule.id}": rule in stand for rule in known}
