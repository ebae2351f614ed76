"""What a rule asks of the house: true, false or unknown. Pure.

A value that is missing or old makes a test unknown, and unknown is never agreement: `not` of unknown is
unknown, `all` of it with true is unknown.
"""

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time

from gridward.rules.view import Operand, Ref, View
from gridward.rules.words import span
from gridward_kit.command import same
from gridward_kit.point import Value

Truth = bool | None

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


class Condition(ABC):
    """One question about the house."""

    @abstractmethod
    def truth(self, view: View) -> Truth:
        """Whether it holds; None where that is not known."""

    @abstractmethod
    def words(self, view: View) -> str:
        """What was found, in words."""

    @abstractmethod
    def asked(self) -> str:
        """What it asks, in words."""

    @abstractmethod
    def refs(self) -> Iterator[Ref]:
        """The entities that it looks at."""


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    """A number `above`, `below`, `at_least` or `at_most` a threshold or another entity."""

    ref: Ref
    comparison: str
    than: Operand

    def truth(self, view: View) -> Truth:
        value, than = view.number(self.ref), view.number(self.than)
        return None if value is None or than is None else COMPARISONS[self.comparison](value, than)

    def words(self, view: View) -> str:
        than = self.than
        limit = _found(than, view) if isinstance(than, Ref) else f"{than:g}"
        return f"{_found(self.ref, view)} {self.comparison.replace('_', ' ')} {limit}"

    def asked(self) -> str:
        than = self.than.said if isinstance(self.than, Ref) else f"{self.than:g}"
        return f"{self.ref.said} {self.comparison.replace('_', ' ')} {than}"

    def refs(self) -> Iterator[Ref]:
        yield self.ref
        if isinstance(self.than, Ref):
            yield self.than


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """A value that equals one of some."""

    ref: Ref
    options: tuple[Value, ...]

    def truth(self, view: View) -> Truth:
        value = view.value(self.ref)
        return None if value is None else any(same(value, option) for option in self.options)

    def words(self, view: View) -> str:
        return _found(self.ref, view)

    def asked(self) -> str:
        return " or ".join(self.ref.shown(option) for option in self.options)

    def refs(self) -> Iterator[Ref]:
        yield self.ref


@dataclass(frozen=True, slots=True)
class Changed(Condition):
    """A value that was seen to change within the last seconds."""

    ref: Ref
    within: float

    def truth(self, view: View) -> Truth:
        if view.value(self.ref) is None:
            return None
        return view.settled.get(self.ref, math.inf) <= self.within

    def words(self, view: View) -> str:
        return f"{_found(self.ref, view)}, changed within {span(self.within)}"

    def asked(self) -> str:
        return f"{self.ref.said} changed within {span(self.within)}"

    def refs(self) -> Iterator[Ref]:
        yield self.ref


@dataclass(frozen=True, slots=True)
class Age(Condition):
    """How long ago a device answered, in seconds; one that never did is of unknown age."""

    ref: Ref
    comparison: str
    seconds: float

    def truth(self, view: View) -> Truth:
        age = view.age(self.ref)
        return None if age is None else COMPARISONS[self.comparison](age, self.seconds)

    def words(self, view: View) -> str:
        age = view.age(self.ref)
        found = "never read" if age is None else f"{span(age)} old"
        return f"{self.ref.said} {found}, {self.comparison.replace('_', ' ')} {span(self.seconds)}"

    def asked(self) -> str:
        return f"{self.ref.said} read {self.comparison.replace('_', ' ')} {span(self.seconds)} ago"

    def refs(self) -> Iterator[Ref]:
        yield self.ref


@dataclass(frozen=True, slots=True)
class Hours(Condition):
    """A time of day on the site's own clock, from `after` (included) to `before`; over midnight where
    `after` is the later one. A night when clocks change makes the window longer or shorter, never two."""

    after: time
    before: time
    days: tuple[str, ...] = DAYS

    def truth(self, view: View) -> Truth:
        if view.local is None:
            return None
        at = view.local.time()
        if self.after < self.before:
            inside = self.after <= at < self.before
        else:
            inside = at >= self.after or at < self.before
        return inside and DAYS[view.local.weekday()] in self.days

    def words(self, view: View) -> str:
        now = "an unknown hour" if view.local is None else f"{view.local:%H:%M}"
        return f"now {now}, {self.asked()}"

    def asked(self) -> str:
        days = "" if self.days == DAYS else f" on {', '.join(self.days)}"
        return f"from {self.after:%H:%M} to {self.before:%H:%M}{days}"

    def refs(self) -> Iterator[Ref]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Dates(Condition):
    """Days of the year, (month, day) to (month, day), both included; over New Year where it falls so."""

    first: tuple[int, int]
    last: tuple[int, int]

    def truth(self, view: View) -> Truth:
        if view.local is None:
            return None
        today: date = view.local.date()
        at = (today.month, today.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last

    def words(self, view: View) -> str:
        now = "an unknown day" if view.local is None else f"{view.local:%m-%d}"
        return f"today {now}, {self.asked()}"

    def asked(self) -> str:
        first, last = (f"{month:02d}-{day:02d}" for month, day in (self.first, self.last))
        return f"from {first} to {last}"

    def refs(self) -> Iterator[Ref]:
        return iter(())


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Every one of some conditions."""

    parts: tuple[Condition, ...]

    def truth(self, view: View) -> Truth:
        found = [part.truth(view) for part in self.parts]
        return False if False in found else None if None in found else True

    def words(self, view: View) -> str:
        return ", ".join(part.words(view) for part in self.parts)

    def asked(self) -> str:
        return " and ".join(_grouped(part) for part in self.parts)

    def refs(self) -> Iterator[Ref]:
        for part in self.parts:
            yield from part.refs()


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """At least one of some conditions."""

    parts: tuple[Condition, ...]

    def truth(self, view: View) -> Truth:
        found = [part.truth(view) for part in self.parts]
        return True if True in found else None if None in found else False

    def words(self, view: View) -> str:
        held = [part.words(view) for part in self.parts if part.truth(view)]
        return ", ".join(held) or " or ".join(part.words(view) for part in self.parts)

    def asked(self) -> str:
        return " or ".join(_grouped(part) for part in self.parts)

    def refs(self) -> Iterator[Ref]:
        for part in self.parts:
            yield from part.refs()


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The contrary; of unknown it is unknown."""

    part: Condition

    def truth(self, view: View) -> Truth:
        truth = self.part.truth(view)
        return None if truth is None else not truth

    def words(self, view: View) -> str:
        return f"not ({self.part.words(view)})"

    def asked(self) -> str:
        return f"not {_grouped(self.part)}"

    def refs(self) -> Iterator[Ref]:
        return self.part.refs()


def _grouped(part: Condition) -> str:
    asked = part.asked()
    return f"({asked})" if " or " in asked or " and " in asked else asked


def _found(ref: Ref, view: View) -> str:
    value = view.value(ref)
    return f"{ref.said} unknown" if value is None else ref.shown(value)
