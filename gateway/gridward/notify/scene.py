"""What the alarms look at: one moment of the site, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward_kit.point import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A device: whether it answers now, for how many seconds it has not (None: never since the start), its
    fresh values, and the share of each stored setting's write budget that is left (0 to 1)."""

    id: str
    name: str
    kind: str | None = None
    answers: bool = False
    silent: float | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    left: Mapping[str, float] = field(default_factory=dict)

    def number(self, key: str) -> float | None:
        """A fresh number."""
        value = self.values.get(key)
        return None if value is None or isinstance(value, bool | str) else float(value)

    def text(self, key: str) -> str | None:
        """A fresh text."""
        value = self.values.get(key)
        return value if isinstance(value, str) and value else None

    def flag(self, key: str) -> bool | None:
        """A fresh flag."""
        value = self.values.get(key)
        return value if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The whole site. None is always: not known. `expected` are the site file's devices by id; `sun` is the
    sun's height in degrees, `disk` the share that is used, `drill` days since the last relay drill."""

    devices: Mapping[str, Seen] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    broker: bool = True
    sun: float | None = None
    disk: float | None = None
    clock: bool | None = None
    store: str | None = None
    recorder: bool | None = None
    behind: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    drill: float | None = None
    channels: Mapping[str, str | None] = field(default_factory=dict)

    def kind(self, *kinds: str) -> tuple[Seen, ...]:
        """The devices of these kinds that answer."""
        return tuple(one for one in self.devices.values() if one.kind in kinds and one.answers)

    def role(self, name: str) -> Seen | None:
        """The device that has a role, if it answers."""
        one = self.devices.get(self.roles.get(name, ""))
        return one if one is not None and one.answers else None
