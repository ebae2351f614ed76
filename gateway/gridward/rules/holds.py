"""A person's word over single outputs: a value or `stop` for a while, then automatic again. Pure."""

from collections.abc import Iterable, Mapping

from gridward.rules.entities import OWN
from gridward.rules.view import Ref
from gridward_kit.entity import Category, Select
from gridward_kit.kept import Json
from gridward_kit.point import Value

AUTO, STOP = "auto", "stop"


class Holds:
    """One select for each output that rules steer. Times are monotonic seconds."""

    def __init__(self, outputs: Iterable[Ref]) -> None:
        self._refs = {f"{ref.device}_{ref.key}_override": ref for ref in outputs}
        self._held: dict[str, tuple[str, float]] = {}
        self.rows = tuple(
            Select(
                key,
                f"{ref.device.replace('_', ' ').capitalize()} {ref.key.replace('_', ' ')} override",
                setting=OWN,
                category=Category.CONFIG,
                options=(AUTO, STOP, *ref.options),
            )
            for key, ref in self._refs.items()
        )

    def takes(self, key: str) -> bool:
        """Whether this is the select of an output."""
        return key in self._refs

    def hold(self, key: str, value: str, until: float) -> None:
        """A person's wish for one output; `auto` ends it."""
        self._held.pop(key, None)
        if value != AUTO:
            self._held[key] = (value, until)

    def expire(self, now: float) -> dict[Ref, str]:
        """Take back what is over; returns what was."""
        over = {key: value for key, (value, until) in self._held.items() if now >= until}
        for key in over:
            del self._held[key]
        return {self._refs[key]: value for key, value in over.items()}

    def active(self) -> Mapping[Ref, Value]:
        """What a person wants, by output."""
        return {self._refs[key]: value for key, (value, _) in self._held.items()}

    def values(self) -> dict[str, Value]:
        """What each select shows."""
        return {key: self._held[key][0] if key in self._held else AUTO for key in self._refs}

    def to_json(self, now: float) -> Json:
        """What is kept: the running time that is left, so that no clock has to agree after a restart."""
        return {
            key: {"value": value, "remaining": round(until - now, 1)}
            for key, (value, until) in self._held.items()
        }

    def restore(self, content: Json, now: float, longest: float, spent: float) -> None:
        """Take up what was kept, less the time that may have passed since; what is no hold is left out."""
        options = {row.key: row.options for row in self.rows}
        for key, item in content.items() if isinstance(content, dict) else ():
            kept = item if isinstance(item, dict) else {}
            value, remaining = kept.get("value"), kept.get("remaining")
            if isinstance(remaining, bool) or not isinstance(remaining, int | float):
                continue
            known = isinstance(value, str) and value in options.get(key, ())
            if known and 0 < remaining - spent <= longest:
                self.hold(key, str(value), now + remaining - spent)
