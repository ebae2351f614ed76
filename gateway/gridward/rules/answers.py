"""A person's answers to proposals: one select for each output that rules propose something of."""

from dataclasses import dataclass

from gridward.rules.entities import LONGEST_SENTENCE, OWN
from gridward.rules.policy import PROPOSES, Policy
from gridward.rules.proposals import ANSWERS, Proposals, Step
from gridward.rules.telling import answer_key
from gridward.rules.words import cut
from gridward_kit.entity import COUNT, TEXT, Entity, Select, Sensor
from gridward_kit.point import Value

NONE, WAITING = "none", "waiting"
OPEN = Sensor("proposals", "Proposals", quantity=COUNT)
NEXT = Sensor("proposal", "Proposal", quantity=TEXT)


@dataclass(frozen=True, slots=True)
class Answer(Select):
    """Takes `approve` or `decline`, alone or with the id of the proposal that is meant."""

    def accept(self, value: Value) -> Value:
        word, _, identifier = str(value).partition(" ")
        if word not in ANSWERS or " " in identifier:
            raise ValueError(f"{value!r} is not {' or '.join(ANSWERS)}, alone or with a proposal's id")
        return value


class Answers:
    """The entities of a policy's proposals."""

    def __init__(self, policy: Policy, proposals: Proposals) -> None:
        self._proposals = proposals
        outputs = {
            wish.output: None
            for rule in policy.rules
            if rule.level == PROPOSES and rule.enabled
            for wish in rule.then
        }
        self._refs = {answer_key(ref): ref for ref in outputs}
        self.rows: tuple[Entity, ...] = (
            *((OPEN, NEXT) if outputs else ()),
            *(
                Answer(
                    key,
                    f"{ref.device.replace('_', ' ').capitalize()} {ref.key.replace('_', ' ')} proposal",
                    setting=OWN,
                    options=ANSWERS,
                    shown=(NONE, WAITING),
                )
                for key, ref in self._refs.items()
            ),
        )

    def takes(self, key: str) -> bool:
        """Whether this entity takes answers."""
        return key in self._refs

    def answer(self, key: str, said: str, by: str) -> Step:
        """Take a person's answer; raises ValueError where there is nothing to answer."""
        word, _, identifier = said.partition(" ")
        if not identifier:
            first = self._proposals.first(self._refs[key])
            if first is None:
                raise ValueError("nothing is proposed for this output now")
            identifier = first.id
        if self._proposals.find(identifier).output != self._refs[key]:
            raise ValueError(f"the proposal {identifier} is for another output")
        return self._proposals.answer(identifier, word, by)

    def values(self) -> dict[str, Value]:
        """What each entity shows."""
        if not self._refs:
            return {}
        shown: dict[str, Value] = {
            key: NONE if self._proposals.first(ref) is None else WAITING for key, ref in self._refs.items()
        }
        unanswered = [one for one in self._proposals.waiting if not one.by]
        shown[OPEN.key] = len(unanswered)
        if unanswered:
            one = unanswered[0]
            shown[NEXT.key] = cut(f"{one.output.shown(one.value)}: {one.reason}", LONGEST_SENTENCE)
        return shown

    def keys(self) -> frozenset[str]:
        """All entities that it has."""
        return frozenset(row.key for row in self.rows)
