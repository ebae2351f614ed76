"""A set of rules as its file gives it, with everything that the file leaves out derived. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from gridward.rules.amount import Amount
from gridward.rules.condition import Condition
from gridward.rules.held import Wait
from gridward.rules.view import Ref
from gridward_kit.point import Value

Criticality = Literal["safety", "business", "optimisation", "supporting", "informational"]
RANKS: Mapping[Criticality, int] = {
    "safety": 0,
    "business": 1,
    "optimisation": 2,
    "supporting": 3,
    "informational": 4,
}
CAPABILITIES = (
    "observability.reporting",
    "observability.telemetry",
    "steering.dispatch",
    "steering.islanding",
    "steering.shed",
    "steering.source",
    "steering.start",
)
Settings = Mapping[str, float | str]
"""A policy's named thresholds: numbers, times of day ("22:00") and days of the year ("11-01")."""
PROPOSES = 3
WATCHES = 1
Purpose = Literal["peak_shaving", "schedule", "price", "self_consumption"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
"""What a policy is for, the strongest first: among rules of one criticality that of the policies counts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a rule wants of one output."""

    output: Ref
    value: Value | Amount


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `hold` is for how many seconds its condition must have held, for `share` of that time;
    for `lasts` seconds it goes on when its condition is known to hold no more.

    One without a wish is an alarm. What a level 3 rule has to say: `goal` (metric and target), the least
    confidence (0 to 1) to propose and to act at, how long (s) a proposal stands, and whom to `escalate` to.
    """

    id: str
    says: str
    when: Condition
    then: tuple[Wish, ...]
    hold: float = 0.0
    share: float = 1.0
    criticality: Criticality = "optimisation"
    level: int = 2
    enabled: bool = True
    owner: str = "site"
    capability: str = "steering.dispatch"
    place: str = ""
    goal: str = ""
    min_confidence: float | None = None
    auto_confidence: float | None = None
    deadline: float = 3600.0
    lasts: float = 0.0
    escalate: str = ""

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """The entities that it looks at, each once."""
        amounts = (wish.value for wish in self.then if isinstance(wish.value, Amount))
        reckoned = (ref for amount in amounts for ref in amount.refs())
        return tuple(dict.fromkeys((*self.when.refs(), *reckoned)))

    @property
    def acts(self) -> bool:
        """Whether it writes by itself."""
        return self.level not in (WATCHES, PROPOSES)

    @property
    def stepwise(self) -> bool:
        """Whether it steps on from what stands: then each step needs the whole wait anew."""
        return any(isinstance(wish.value, Amount) for wish in self.then)


@dataclass(frozen=True, slots=True)
class Output:
    """The envelope and the fallback of one output.

    A number is clipped to `least` and `most`; nothing is written unless `needs` holds. `fallback` is
    written when no input has told for `grace` seconds what to do; None leaves the device as it stands. No
    two writes are closer than `apart` seconds or more than `per_day` in any 24 hours.
    """

    ref: Ref
    least: float = -math.inf
    most: float = math.inf
    needs: Condition | None = None
    fallback: Value | None = None
    grace: float = 60.0
    per_day: int = 20
    apart: float = 60.0

    def clip(self, value: Value) -> Value:
        """The value inside the envelope."""
        if isinstance(value, bool | str):
            return value
        return min(max(float(value), self.least), self.most)


@dataclass(frozen=True)
class Policy:
    """A versioned set of rules; `digest` is that of its files and settings, `cells` how many the bank that
    it is made for has in series, `purpose` what it is for.

    Nothing is written in the first `settle` seconds. A pause of more than `gap` seconds between two
    decisions proves nothing of what was in between.
    """

    name: str
    digest: str = ""
    says: str = ""
    rules: tuple[Rule, ...] = ()
    outputs: Mapping[Ref, Output] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    settle: float = 60.0
    gap: float = 10.0
    cells: int | None = None
    purpose: Purpose = "self_consumption"

    def output(self, ref: Ref) -> Output:
        """What holds for an output, by default where the file says nothing."""
        found = self.outputs.get(ref)
        return Output(ref) if found is None else found

    @cached_property
    def waits(self) -> tuple[tuple[Rule, Wait], ...]:
        """The enabled rules with what each waits for."""
        return tuple((rule, Wait(rule.hold, rule.share, rule.lasts)) for rule in self.rules if rule.enabled)

    @cached_property
    def steered(self) -> Mapping[Ref, tuple[Rule, ...]]:
        """Every output, in the order of the file, with the enabled rules that want something of it, the
        strongest first: those that act before those that do not, by criticality, by their order."""
        ranked = sorted(self.rules, key=lambda rule: (not rule.acts, RANKS[rule.criticality]))
        outputs = dict.fromkeys(wish.output for rule in self.rules for wish in rule.then)
        found: dict[Ref, list[Rule]] = {ref: [] for ref in outputs}
        for rule in ranked:
            for ref in dict.fromkeys(wish.output for wish in rule.then) if rule.enabled else ():
                found[ref].append(rule)
        return {ref: tuple(rules) for ref, rules in found.items()}

    @cached_property
    def outlets(self) -> tuple[tuple[Output, tuple[Rule, ...]], ...]:
        """What holds for every output, with its rules as `steered` has them."""
        return tuple((self.output(ref), rules) for ref, rules in self.steered.items())

    @cached_property
    def changing(self) -> tuple[Ref, ...]:
        """Every entity of whose changes a condition asks, each once."""
        needed = (output.needs for output in self.outputs.values() if output.needs is not None)
        asked = (*(rule.when for rule in self.rules), *needed)
        return tuple(dict.fromkeys(ref for one in asked for ref in one.changing()))

    @cached_property
    def refs(self) -> tuple[Ref, ...]:
        """Every entity that is looked at or steered, each once."""
        looked_at = (ref for rule in self.rules for ref in rule.inputs)
        needed = (
            ref for output in self.outputs.values() if output.needs is not None for ref in output.needs.refs()
        )
        return tuple(dict.fromkeys((*looked_at, *self.steered, *needed)))
