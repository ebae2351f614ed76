"""A person's word over single outputs and over all: a value or `stop` for a while, then automatic again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gridward.rules.entities import OWN
from gridward.rules.override import LONGEST, timed
from gridward.rules.view import Ref
from gridward_kit.entity import Category, Entity, Number, Select, Switch
from gridward_kit.kept import Json
from gridward_kit.point import Value

AUTO, STOP, FORCED = "auto", "stop", "forced"
ALL = "override"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants: a value, `stop` or `auto`; `lasts` seconds, None as long as is usual."""

    value: Value
    lasts: float | None = None


def read_wish(said: Value, of: Entity | None) -> Wish:
    """Read `SUB`, `stop` or `20 for 2h` for an output; raises ValueError in words."""
    word: Value
    word, lasts = timed(said) if isinstance(said, str) else (said, None)
    if word in (AUTO, STOP):
        return Wish(word, lasts)
    if of is None:
        raise ValueError(f"{word!r} is neither {AUTO} nor {STOP}")
    return Wish(of.accept(word), lasts)


@dataclass(frozen=True, slots=True)
class Hold(Select):
    """The select of an output. It also takes a time, as `stop for 2h`, and every value of the output `of`,
    which a list of options cannot name where it is a number."""

    of: Entity | None = None

    def accept(self, value: Value) -> Value:
        read_wish(value, self.of)
        return value


class Holds:
    """One select for all outputs together, and one for each output that rules steer; a number beside it
    where the output is one. Times are monotonic seconds."""

    def __init__(self, outputs: Iterable[Ref]) -> None:
        self._refs = {f"{ref.device}_{ref.key}_override": ref for ref in outputs}
        self._numbers = {
            f"{ref.device}_{ref.key}_forced": key
            for key, ref in self._refs.items()
            if isinstance(ref.row, Number)
        }
        self._held: dict[str, tuple[Value, float]] = {}
        self.rows: tuple[Entity, ...] = (
            Hold(ALL, "Automatic writes", setting=OWN, category=Category.CONFIG, options=(AUTO, STOP)),
            *(row for key, ref in self._refs.items() for row in _rows(key, ref)),
        )

    @property
    def stopped(self) -> bool:
        """Whether a person has stopped all automatic writes."""
        return ALL in self._held

    def takes(self, key: str) -> bool:
        """Whether this entity is a person's word."""
        return key == ALL or key in self._refs or key in self._numbers

    def wish(self, key: str, said: Value, now: float, usual: float) -> Value:
        """Take a person's wish, and say what its entity shows from now on; raises ValueError."""
        name = self._numbers.get(key, key)
        ref = self._refs.get(name)
        wish = read_wish(said, None if ref is None else ref.row or _chosen(name, ref))
        self._held.pop(name, None)
        if wish.value != AUTO:
            self._held[name] = (wish.value, now + (usual if wish.lasts is None else wish.lasts))
        return self.values().get(key, AUTO)

    def expire(self, now: float) -> dict[Ref | None, Value]:
        """Take back what is over; returns what was, None for all outputs together."""
        over = {key: value for key, (value, until) in self._held.items() if now >= until}
        for key in over:
            del self._held[key]
        return {self._refs.get(key): value for key, value in over.items()}

    def active(self) -> Mapping[Ref, Value]:
        """What a person wants, by output."""
        return {self._refs[key]: value for key, (value, _) in self._held.items() if key != ALL}

    def any(self) -> bool:
        """Whether a person holds anything."""
        return bool(self._held)

    def remaining(self, now: float) -> dict[str, tuple[Value, float]]:
        """What is held and for how many seconds still, by the output's name; all outputs are `all`."""
        return {
            "all" if key == ALL else self._refs[key].said: (value, max(0.0, until - now))
            for key, (value, until) in self._held.items()
        }

    def values(self) -> dict[str, Value]:
        """What each entity shows; a number that nobody holds is absent."""
        shown: dict[str, Value] = {key: self._shown(key) for key in (ALL, *self._refs)}
        numbers = {key: self._held[name][0] for key, name in self._numbers.items() if name in self._held}
        return {**shown, **{key: value for key, value in numbers.items() if not isinstance(value, str)}}

    def keys(self) -> frozenset[str]:
        """All entities that it has."""
        return frozenset(row.key for row in self.rows)

    def _shown(self, key: str) -> Value:
        value = self._held[key][0] if key in self._held else AUTO
        if isinstance(value, bool):
            return "on" if value else "off"
        return value if isinstance(value, str) else FORCED

    def to_json(self, now: float) -> Json:
        """What is kept: the running time that is left, so that no clock has to agree after a restart."""
        return {
            key: {"value": value, "remaining": round(until - now, 1)}
            for key, (value, until) in self._held.items()
        }

    def restore(self, content: Json, now: float, spent: float) -> None:
        """Take up what was kept, less the time that may have passed since, which `expire` may find over; what
        is no hold is left out."""
        for key, item in content.items() if isinstance(content, dict) else ():
            kept = item if isinstance(item, dict) else {}
            value, remaining = kept.get("value"), kept.get("remaining")
            known = key == ALL or key in self._refs
            if not known or isinstance(remaining, bool) or not isinstance(remaining, int | float):
                continue
            if isinstance(value, bool | int | float | str) and remaining - spent <= LONGEST:
                self._restore(key, value, now, remaining - spent)

    def _restore(self, key: str, value: Value, now: float, remaining: float) -> None:
        try:
            self.wish(key, value, now, remaining)
        except ValueError:
            return  # the output has other bounds or options since


def _rows(key: str, ref: Ref) -> tuple[Entity, ...]:
    name = f"{ref.device.replace('_', ' ').capitalize()} {ref.key.replace('_', ' ')}"
    row = ref.row
    chosen = Hold(
        key,
        f"{name} override",
        setting=OWN,
        category=Category.CONFIG,
        options=(AUTO, STOP, *(("on", "off") if isinstance(row, Switch) else ref.options)),
        shown=(FORCED,) if isinstance(row, Number) else (),
        of=row or _chosen(key, ref),
    )
    if not isinstance(row, Number):
        return (chosen,)
    forced = f"{ref.device}_{ref.key}_forced"
    number = Number(
        forced,
        f"{name} forced",
        quantity=row.quantity,
        setting=OWN,
        category=Category.CONFIG,
        low=row.low,
        high=row.high,
        step=row.step,
        only=row.only,
    )
    return (chosen, number)


def _chosen(key: str, ref: Ref) -> Entity:
    return Select(key, ref.said, options=ref.options)
