"""A mapping of the site file while it is read: every key is asked for once, what is left over is a fault."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import voluptuous as vol

from gridward.document import Fault, Node, Plain
from gridward.values import Wrong, nearest
from gridward_kit.integration import Fact

T = TypeVar("T")
Check = Callable[[Plain], T]


@dataclass(slots=True)
class Section:
    """One mapping. Its faults are added to a list that all sections of a file share."""

    node: Node
    faults: list[Fault]
    known: list[str] = field(default_factory=list)

    @property
    def entries(self) -> Mapping[str, Node]:
        """The values by key; empty where it is no mapping."""
        return self.node.content if isinstance(self.node.content, dict) else {}

    def take(self, key: str, check: Check[T], default: T) -> T:
        """A key that may be left out."""
        self.known.append(key)
        node = self.entries.get(key)
        if node is None:
            return default
        try:
            return check(node.plain())
        except Wrong as wrong:
            self.faults.append(node.fault(str(wrong.msg), wrong.found))
            return default

    def need(self, key: str, check: Check[T], instead: T, expected: str) -> T:
        """A key that must be there; `instead` stands in for it while further faults are gathered."""
        self.require(key, expected)
        return self.take(key, check, instead)

    def secret(self, key: str) -> str | None:
        """A text that must come from the secrets file and must not be empty."""
        self.known.append(key)
        node = self.entries.get(key)
        if node is None:
            return None
        if node.secret is None:
            self.faults.append(
                node.fault("`!secret name`, and the name in secrets.yaml", "a readable secret")
            )
        elif not node.content:
            self.faults.append(node.fault("a secret of your own", f"`!secret {node.secret}`, which is empty"))
        return str(node.content) if node.secret is not None else None

    def require(self, key: str, expected: str) -> None:
        """Tell the fault if a key is not there."""
        if key not in self.node.key_lines:
            self.faults.append(self.node.fault(f"`{key}: ...` ({expected})", f"no `{key}`"))

    def part(self, key: str) -> "Section | None":
        """A mapping below this one; None where it is left out or is none, the latter with a fault."""
        self.known.append(key)
        node = self.entries.get(key)
        if node is None:
            return None
        if not isinstance(node.content, dict):
            self.faults.append(node.fault("a mapping of `key: value`"))
            return None
        return Section(node, self.faults)

    def parts(self, key: str) -> Iterator["Section"]:
        """The mappings of a list below this one."""
        self.known.append(key)
        node = self.entries.get(key)
        if node is None:
            return
        if not isinstance(node.content, list):
            self.faults.append(node.fault("a list, each entry begun with `- `"))
            return
        for item in node.content:
            if isinstance(item.content, dict):
                yield Section(item, self.faults)
            else:
                self.faults.append(item.fault("a mapping of `key: value`"))

    def options(self, schema: Mapping[vol.Marker, Callable[[Fact], Fact]]) -> dict[str, Fact]:
        """An integration's own keys, checked by its own voluptuous markers."""
        found: dict[str, Fact] = {}
        for marker, validator in schema.items():
            key = str(marker.schema)
            self.known.append(key)
            node = self.entries.get(key)
            if node is None:
                self._default(marker, key, validator, found)
                continue
            try:
                found[key] = _judge(validator, node.plain())
            except vol.Invalid as invalid:
                self.faults.extend(_faults(node, invalid))
        return found

    def _default(
        self, marker: vol.Marker, key: str, validator: Callable[[Fact], Fact], found: dict[str, Fact]
    ) -> None:
        if isinstance(marker, vol.Required) and isinstance(marker.default, vol.Undefined):
            self.require(key, str(marker.description or "this integration needs it"))
        elif isinstance(marker, vol.Optional | vol.Required) and not isinstance(
            marker.default, vol.Undefined
        ):
            found[key] = _judge(validator, marker.default())

    def close(self) -> None:
        """Tell every key that nobody asked for."""
        for key, line in self.node.key_lines.items():
            if key not in self.known:
                known = ", ".join(self.known)
                expected = f"one of the keys {known}{nearest(key, self.known)}"
                self.faults.append(Fault(self.node.file, line, f"the key `{key}`", expected))


def _judge(validator: Callable[[Fact], Fact], value: Plain) -> Fact:
    """What an integration's validator makes of a value; raises voluptuous.Invalid, whatever it raised."""
    if isinstance(validator, type) or not callable(validator):
        judged: Fact = vol.Schema(validator)(value)
        return judged
    try:
        return validator(value)  # type: ignore[arg-type]  # it is the validator that says what may stand here
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        raise vol.Invalid(str(error) or "another value") from None


def _faults(node: Node, invalid: vol.Invalid) -> Iterator[Fault]:
    for error in invalid.errors if isinstance(invalid, vol.MultipleInvalid) else [invalid]:
        place = node.at(list(error.path))
        yield place.fault(str(error.msg).removeprefix("expected "))
