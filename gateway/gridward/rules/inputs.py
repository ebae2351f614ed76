"""What a rule sees: the devices it looks at, with their fresh values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from gridward_kit.kept import Json
from gridward_kit.point import Value

NO_NUMBER = (bool, str)
Position = Literal["connected", "islanded"]
POSITIONS: tuple[Position, ...] = get_args(Position)
Wish = Literal["auto", "connected", "islanded"]


@dataclass(frozen=True, slots=True)
class Source:
    """One device. `values` are fresh ones only; `keys` is what it announced, absent or not, `said` what it
    says of each.

    `age` is seconds since it answered, None for never; `side` is where a meter sits.
    """

    name: str
    kind: str | None = None
    side: str | None = None
    fresh: bool = False
    age: float | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    said: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    def number(self, key: str, low: float, high: float) -> float | None:
        """A fresh number that can be true (ends included), else None."""
        value = self.values.get(key) if self.fresh else None
        if value is None or isinstance(value, NO_NUMBER):
            return None
        return float(value) if low <= value <= high else None

    def flag(self, key: str) -> bool | None:
        """A fresh yes or no, else None."""
        value = self.values.get(key) if self.fresh else None
        return value if isinstance(value, bool) else None

    def word(self, key: str) -> str | None:
        """A fresh text, else None."""
        value = self.values.get(key) if self.fresh else None
        return value if isinstance(value, str) else None


def required(device: str) -> str:
    """The part of a device that only has to answer; its id may be the name of another part."""
    return f"required:{device}"


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision may depend on, besides time and memory. Sources by the part they play; `local` is
    the site's time of day for words, None while no clock can be trusted. Where nobody reads it, the bank's
    state is not `worded`."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    override: Wish = "auto"
    local: datetime | None = None
    worded: bool = True

    def source(self, part: str) -> Source:
        """The device that plays this part; one that was never heard where there is none."""
        found = self.sources.get(part)
        return Source(name=f"the {part}") if found is None else found
