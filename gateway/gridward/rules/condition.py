"""What a rule asks of the house: true, false or unknown. Pure.

A value that is missing or old makes a test unknown, and unknown is never agreement: `not` of unknown is
unknown, `all` of it with true is unknown.
"""

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gridward.rules.amount import Amount, named
from gridward.rules.inputs import NO_NUMBER
from gridward.rules.view import Operand, Ref, View
from gridward.rules.words import span
from gridward_kit.command import same
from gridward_kit.point import Value

Truth = bool | None

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

    def changing(self) -> Iterator[Ref]:
        """Those of whose changes it asks."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    """A number `above`, `below`, `at_least` or `at_most` a threshold, another entity, or what is reckoned."""

    ref: Ref
    comparison: str
    than: Operand | Amount

    def truth(self, view: View) -> Truth:
        value, than = view.value(self.ref), self.than
        if value is None or isinstance(value, NO_NUMBER):
            return None
        limit = than if isinstance(than, float) else _limit(than, view)
        return None if limit is None else COMPARISONS[self.comparison](value, limit)

    def words(self, view: View) -> str:
        number = _limit(self.than, view)
        limit = "unknown" if number is None else f"{number:g}"
        limit = _found(self.than, view) if isinstance(self.than, Ref) else limit
        return f"{_found(self.ref, view)} {self.comparison.replace('_', ' ')} {limit}"

    def asked(self) -> str:
        than = self.than.said() if isinstance(self.than, Amount) else named(self.than)
        return f"{self.ref.said} {self.comparison.replace('_', ' ')} {than}"

    def refs(self) -> Iterator[Ref]:
        yield self.ref
        if isinstance(self.than, Ref):
            yield self.than
        elif isinstance(self.than, Amount):
            yield from self.than.refs()


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """A value that equals one of some."""

    ref: Ref
    options: tuple[Value, ...]

    def truth(self, view: View) -> Truth:
        value = view.value(self.ref)
        if isinstance(value, str):
            return value in self.options
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

    def changing(self) -> Iterator[Ref]:
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
class _Several(Condition):
    """Some conditions together."""

    parts: tuple[Condition, ...]

    def refs(self) -> Iterator[Ref]:
        for part in self.parts:
            yield from part.refs()

    def changing(self) -> Iterator[Ref]:
        for part in self.parts:
            yield from part.changing()


@dataclass(frozen=True, slots=True)
class All(_Several):
    """Every one of some conditions."""

    def truth(self, view: View) -> Truth:
        found: Truth = True
        for part in self.parts:
            truth = part.truth(view)
            if truth is False:
                return False
            found = found and truth
        return found

    def words(self, view: View) -> str:
        return ", ".join(part.words(view) for part in self.parts)

    def asked(self) -> str:
        return " and ".join(_grouped(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf(_Several):
    """At least one of some conditions."""

    def truth(self, view: View) -> Truth:
        found: Truth = False
        for part in self.parts:
            truth = part.truth(view)
            if truth is True:
                return True
            found = None if truth is None else found
        return found

    def words(self, view: View) -> str:
        held = [part.words(view) for part in self.parts if part.truth(view)]
        return ", ".join(held) or " or ".join(part.words(view) for part in self.parts)

    def asked(self) -> str:
        return " or ".join(_grouped(part) for part in self.parts)


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

    def changing(self) -> Iterator[Ref]:
        return self.part.changing()


def _limit(than: Operand | Amount, view: View) -> float | None:
    return than.value(view) if isinstance(than, Amount) else view.number(than)


def _grouped(part: Condition) -> str:
    asked = part.asked()
    return f"({asked})" if " or " in asked or " and " in asked else asked


def _found(ref: Ref, view: View) -> str:
    value = view.value(ref)
    return f"{ref.said} unknown" if value is None else ref.shown(value)
