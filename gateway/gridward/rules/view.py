"""What the rules see: entities of devices, and their fresh values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gridward.rules.inputs import NO_NUMBER, Source
from gridward.rules.taken import objection
from gridward_kit.command import same
from gridward_kit.entity import Entity
from gridward_kit.point import Value

POSSIBLE = 1e300


@dataclass(frozen=True, slots=True)
class Ref:
    """One entity of one device; `said` is how the rule file calls it (`battery.voltage`), `options` what
    it can be set to where that is one of some words, `row` the entity itself."""

    device: str
    key: str
    said: str = field(compare=False)
    unit: str = field(default="", compare=False)
    options: tuple[str, ...] = field(default=(), compare=False)
    row: Entity | None = field(default=None, compare=False, repr=False)

    def shown(self, value: Value) -> str:
        """Its value as a person reads it."""
        if isinstance(value, bool):
            return f"{self.said} {'on' if value else 'off'}"
        number = value if isinstance(value, str) else f"{round(value, 3):g}"
        return f"{self.said} {number}{' ' + self.unit if self.unit else ''}"


@dataclass(frozen=True, slots=True)
class View:
    """What the rules see now: sources by device, the site's local time (None while the clock cannot be
    trusted), and for how many seconds an entity has had its value since it was seen to change."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    local: datetime | None = None
    settled: Mapping[Ref, float] = field(default_factory=dict)

    def value(self, ref: Ref) -> Value | None:
        """A fresh value that can be true, else None."""
        source = self.sources.get(ref.device)
        if source is None or not source.fresh:
            return None
        value = source.values.get(ref.key)
        if value is None or isinstance(value, NO_NUMBER):
            return value
        return value if -POSSIBLE < value < POSSIBLE else None

    def objection(self, ref: Ref, value: Value) -> str | None:
        """What the device takes instead of this value, in words; None where it takes it, or does not say."""
        source = self.sources.get(ref.device)
        said = None if source is None else source.said.get(ref.key)
        return None if said is None else objection(said, value)

    def number(self, of: "Operand") -> float | None:
        """A number as it stands: a threshold, or an entity's fresh value."""
        if not isinstance(of, Ref):
            return of
        value = self.value(of)
        return None if value is None or isinstance(value, NO_NUMBER) else float(value)

    def age(self, ref: Ref) -> float | None:
        """Seconds since the device answered, None for never."""
        source = self.sources.get(ref.device)
        return None if source is None else source.age


Operand = float | Ref
Since = Mapping[Ref, tuple[Value, float | None]]
"""Values, and since when (monotonic seconds) they are what they are, None for since they were first seen."""


def over_a_pause(before: Since) -> Since:
    """What is known of values after a time in which nobody looked: another one now has changed, when is not
    known."""
    return {ref: (value, None) for ref, (value, _) in before.items()}


def settled(view: View, refs: tuple[Ref, ...], now: float, before: Since) -> tuple[View, Since]:
    """Note since when each value is what it is. A first sight is no change; a missing value is kept."""
    if not refs:
        return view, {}
    values = dict(before)
    for ref in refs:
        value = view.value(ref)
        if value is None:
            continue
        known = before.get(ref)
        if known is None or not same(known[0], value):
            values[ref] = (value, None if known is None else now)
    ages = {ref: now - at for ref, (_, at) in values.items() if at is not None}
    return replace(view, settled=ages), values
