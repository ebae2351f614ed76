"""What persons said while it was recorded: overrides of outputs, and answers to proposals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gridward.recorder.history import Event
from gridward.rules.holds import ALL, AUTO, FORCED, STOP
from gridward.rules.policy import Policy
from gridward.rules.proposals import APPROVE, DECLINE, Proposals
from gridward.rules.view import Ref
from gridward_kit.entity import Switch
from gridward_kit.point import Value

ANSWERS = {"proposal_approved": APPROVE, "proposal_declined": DECLINE}
RULES = "rules"

Read = Callable[[str, str], Value | None]
"""A value of a device by its key, as it was fresh at the moment that is decided again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a proposal of a rule for an output (`device/key`), at seconds since 1970."""

    at: float
    rule: str
    output: str
    said: str
    by: str


def answers_of(events: Iterable[Event]) -> list[Answer]:
    """The answers that the audit tells, the oldest last: they are taken from the end."""
    found = []
    for event in events:
        content = event.content
        said = ANSWERS.get(str(content.get("status")))
        if said is not None:
            rule, what, by = (str(content.get(key, "")) for key in ("rule", "what", "by"))
            found.append(Answer(event.at, rule, what, said, by))
    return sorted(found, key=lambda one: one.at, reverse=True)


def answered(answers: list[Answer], proposals: Proposals, now: float) -> None:
    """Answer what was answered up to now; what is not proposed this time is left out."""
    while answers and answers[-1].at <= now:
        one = answers.pop()
        for made in proposals.waiting:
            if (made.rule, f"{made.output.device}/{made.output.key}", made.by) == (one.rule, one.output, ""):
                proposals.answer(made.id, one.said, one.by)


def stopped(read: Read) -> bool:
    """Whether a person had stopped all automatic writes."""
    return read(RULES, ALL) == STOP


def held(policy: Policy, read: Read) -> dict[Ref, Value]:
    """What a person held each output at, or that it was stopped."""
    found: dict[Ref, Value] = {}
    for ref in policy.steered:
        said = read(RULES, f"{ref.device}_{ref.key}_override")
        if said == FORCED:
            said = read(RULES, f"{ref.device}_{ref.key}_forced")
        elif isinstance(ref.row, Switch) and said in ("on", "off"):
            said = said == "on"
        if said is not None and said != AUTO:
            found[ref] = said
    return found
