"""YAML text as a tree whose every part knows its file and line; `!include` and `!secret` resolved."""

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

SECRETS = "secrets.yaml"
DEEPEST = 40
SHOWN = 60
NO_YAML = (YAMLError, ValueError, TypeError, AttributeError, LookupError, NotImplementedError)
"""What the parser raises on text that is none: without a mark on some directives, tags and characters."""

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: what stood in that line (counted from 1) and what would be right."""

    file: Path
    line: int
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: found {self.found}; expected {self.expected}"


class SiteFault(Exception):
    """A site file that cannot be used, with every fault in it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the document. A secret's content is never shown."""

    file: Path
    line: int
    content: "Scalar | list[Node] | dict[str, Node]"
    secret: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)

    def plain(self) -> Plain:
        """The content without places."""
        match self.content:
            case dict(entries):
                return {key: node.plain() for key, node in entries.items()}
            case list(items):
                return [node.plain() for node in items]
            case scalar:
                return scalar

    def shown(self) -> str:
        """The content as a fault names it."""
        match self.content:
            case _ if self.secret is not None:
                return f"`!secret {self.secret}`"
            case dict():
                return "a mapping"
            case list():
                return "a list"
            case None:
                return "nothing"
            case bool(flag):
                return f"`{str(flag).lower()}`"
            case scalar:
                text = str(scalar)
                return f"`{text if len(text) <= SHOWN else text[:SHOWN] + '...'}`"

    def fault(self, expected: str, found: str | None = None) -> Fault:
        """A fault at this place."""
        return Fault(self.file, self.line, found if found is not None else self.shown(), expected)

    def at(self, path: list[object]) -> "Node":
        """The part at a path of keys and indexes, or the deepest part on the way that is there."""
        match path, self.content:
            case [str(key), *rest], dict(entries) if key in entries:
                return entries[key].at(rest)
            case [int(index), *rest], list(items) if index < len(items):
                return items[index].at(rest)
        return self


class Reader:
    """Reads a document and what it includes, which lies below `folder`; faults gather in `faults`."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[Fault] = []
        self._folder = folder
        self._secrets_file = folder / SECRETS
        self._secrets: dict[str, str] | None = None

    def read(self, file: Path, above: tuple[Path, ...] = ()) -> Node | None:
        """The document in a file; None with a fault where it is no YAML or empty."""
        tree = self._compose(file, secret=False)
        return None if tree is None else self._node(tree, file, above, [])

    def _compose(self, file: Path, *, secret: bool) -> YamlNode | None:
        try:
            text = file.read_bytes().decode("utf-8")
        except OSError as error:
            self.faults.append(Fault(file, 1, error.strerror or type(error).__name__, "a file to read"))
            return None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self.faults.append(Fault(file, line, "a byte that is not UTF-8", "text in UTF-8"))
            return None
        try:
            tree: YamlNode | None = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = "" if secret else (error.problem or "").removeprefix("found ")
            self.faults.append(Fault(file, mark.line + 1 if mark else 1, problem or "no YAML", "YAML"))
            return None
        except RecursionError:
            self.faults.append(Fault(file, 1, "nesting without end", f"at most {DEEPEST} levels"))
            return None
        except NO_YAML as error:
            reason = type(error).__name__ if secret else (str(error).strip().splitlines() or ["?"])[0]
            self.faults.append(Fault(file, 1, f"text that is not YAML ({reason[:SHOWN]})", "YAML"))
            return None
        if tree is None:
            self.faults.append(Fault(file, 1, "an empty file", "keys and values"))
        return tree

    def _node(
        self, tree: YamlNode, file: Path, above: tuple[Path, ...], outer: list[YamlNode]
    ) -> Node | None:
        line = tree.start_mark.line + 1
        expected = None
        if tree.anchor is not None or any(tree is one for one in outer):
            expected = "the value written out (anchors and aliases are not read)"
        elif len(outer) >= DEEPEST:
            expected = f"at most {DEEPEST} levels"
        if expected is not None:
            self.faults.append(Fault(file, line, "an anchor" if tree.anchor else "deep nesting", expected))
            return None
        match tree:
            case MappingNode(tag="tag:yaml.org,2002:map"):
                return self._mapping(tree, file, above, [*outer, tree])
            case SequenceNode(tag="tag:yaml.org,2002:seq"):
                items = [self._node(item, file, above, [*outer, tree]) for item in tree.value]
                return Node(file, line, [item for item in items if item is not None])
            case ScalarNode(tag="!include"):
                return self._include(str(tree.value), file, line, above)
            case ScalarNode(tag="!secret"):
                return self._secret(str(tree.value), file, line)
            case ScalarNode():
                return self._scalar(tree, file, line)
        self.faults.append(Fault(file, line, f"the tag `{tree.tag}`", "`!secret` or `!include`"))
        return None

    def _mapping(self, tree: MappingNode, file: Path, above: tuple[Path, ...], outer: list[YamlNode]) -> Node:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key, value in tree.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self.faults.append(Fault(file, line, "a key that is not a word", "a key of letters and _"))
                continue
            name = str(key.value)
            if name in lines:
                found = f"`{name}` a second time (first in line {lines[name]})"
                self.faults.append(Fault(file, line, found, "each key once"))
                continue
            lines[name] = line
            node = self._node(value, file, above, outer)
            if node is None:
                continue
            here = node.file == file
            entries[name] = Node(
                node.file, line if here else node.line, node.content, node.secret, node.key_lines
            )
        return Node(file, tree.start_mark.line + 1, entries, key_lines=lines)

    def _scalar(self, tree: ScalarNode, file: Path, line: int) -> Node | None:
        text = str(tree.value)
        kind = str(tree.tag).rpartition(":")[2]
        try:
            match kind:
                case "str" | "timestamp":
                    return Node(file, line, text)
                case "int":
                    digits = text.replace("_", "")
                    based = digits.lstrip("+-")[:2].lower() in ("0x", "0o", "0b")
                    return Node(file, line, int(digits, 0 if based else 10))
                case "float":
                    return Node(file, line, _float(text))
                case "bool":
                    return Node(file, line, text.lower() == "true")
                case "null":
                    return Node(file, line, None)
        except ValueError:
            self.faults.append(Fault(file, line, f"`{text[:SHOWN]}`", "a number"))
            return None
        self.faults.append(Fault(file, line, f"the tag `{str(tree.tag)[:SHOWN]}`", "`!secret` or `!include`"))
        return None

    def _include(self, path: str, file: Path, line: int, above: tuple[Path, ...]) -> Node | None:
        target = file.parent / path
        chain = (*above, file)
        if not Path(os.path.abspath(target)).is_relative_to(self._folder.absolute()):
            self.faults.append(Fault(file, line, f"`!include {path}`", f"a file below {self._folder}"))
            return None
        if not is_there(target):
            self.faults.append(Fault(file, line, f"`!include {path}`", f"a file that is there ({target})"))
            return None
        if any(target.samefile(one) for one in chain):
            self.faults.append(Fault(file, line, f"`!include {path}`", "a file that does not include itself"))
            return None
        return self.read(target, chain)

    def _secret(self, name: str, file: Path, line: int) -> Node | None:
        secrets = self._open_secrets(file, line)
        if name not in secrets:
            if self._secrets_file.is_file():
                found = f"`!secret {name}`"
                self.faults.append(Fault(file, line, found, f"a name that {self._secrets_file} holds"))
            return None
        return Node(file, line, secrets[name], secret=name)

    def secrets(self, prefix: str, node: Node) -> dict[str, str]:
        """The secrets whose names begin so, without it; `node` is where they are asked for."""
        every = self._open_secrets(node.file, node.line)
        return {name.removeprefix(prefix): word for name, word in every.items() if name.startswith(prefix)}

    def _open_secrets(self, file: Path, line: int) -> dict[str, str]:
        """The secrets as text, as they are written; read once, and only if nobody else may read them."""
        if self._secrets is not None:
            return self._secrets
        path = self._secrets_file
        if not path.is_file():
            self.faults.append(Fault(file, line, "`!secret`, but no secrets", f"the file {path}, mode 0600"))
            return {}
        self._secrets = {}
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            self.faults.append(Fault(path, 1, f"mode {mode:04o}", f"0600, by `chmod 600 {path}`"))
        tree = self._compose(path, secret=True)
        if tree is not None and not isinstance(tree, MappingNode):
            self.faults.append(Fault(path, 1, "no mapping", "lines of `name: value`"))
        for key, value in tree.value if isinstance(tree, MappingNode) else []:
            if not isinstance(value, ScalarNode) or not isinstance(key, ScalarNode):
                number = key.start_mark.line + 1
                self.faults.append(Fault(path, number, "a secret of several values", "`name: value`"))
                continue
            self._secrets[str(key.value)] = str(value.value)
        return self._secrets


def is_there(path: Path) -> bool:
    """Whether a file of this name is there; of a name that the system takes for none, there is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _float(text: str) -> float:
    word = text.lower().lstrip("+-")
    if word in (".inf", ".nan"):
        return math.nan if word == ".nan" else math.copysign(math.inf, -1 if text.startswith("-") else 1)
    return float(text.replace("_", ""))
