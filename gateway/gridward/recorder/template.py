"""Home Assistant's value templates, as far as a number needs them; nothing of them is executed. Pure.

Read are `{{ value }}`, `{{ value_json.x }}`, `{{ value_json['x'][0] }}`, brackets, the filters `float`,
`int`, `round`, `abs` and `default`, and what is multiplied, divided, added or taken off.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from gridward_kit.kept import Json

LONGEST = 500
DEEPEST = 20
DIGITS = 12
TOKEN = re.compile(r"""\s*([A-Za-z_]\w*|\d+(?:\.\d+)?|'[^'\\]*'|"[^"\\]*"|[.\[\]|()*/+,-])\s*""")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
WHOLE = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)

Read = Callable[[str, Json], Json]
"""Gives a value from a payload's text and its JSON (None where it is none); None where there is none."""


class Unreadable(ValueError):
    """A template, or another part of an announcement, that is beyond what is read here."""


def reader(template: str | None) -> Callable[[str, Json], float | None]:
    """What takes the number out of a payload; raises Unreadable. Without a template it is the payload."""
    read = _value if template is None else _parsed(template)
    return lambda text, content: number(read(text, content))


def number(value: Json) -> float | None:
    """A finite number, of a text too; None for all else, so for yes and no."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _parsed(template: str) -> Read:
    whole = WHOLE.fullmatch(template.strip())
    if whole is None or len(template) > LONGEST:
        raise Unreadable("its template is more than one expression in braces")
    inside, tokens, place = whole[1], [], 0
    while place < len(inside.rstrip()):
        found = TOKEN.match(inside, place)
        if found is None:
            raise Unreadable(f"its template is not read here, at {inside[place : place + 20].strip()!r}")
        tokens.append(found[1])
        place = found.end()
    parser = _Parser(tokens)
    read = parser.expression()
    parser.end()
    return read


@dataclass(slots=True)
class _Parser:
    tokens: list[str]
    place: int = 0
    depth: int = 0

    def expression(self) -> Read:
        """A term, and numbers that it is multiplied by, divided by, added to; not both kinds together."""
        read, kinds = self._term(), set[bool]()
        while self._next() in ("*", "/", "+", "-"):
            operator = self._take()
            kinds.add(operator in "*/")
            if len(kinds) > 1:
                raise Unreadable("its template has sums and products without brackets")
            read = _reckoned(read, operator, self._number())
        return read

    def end(self) -> None:
        if self.place < len(self.tokens):
            raise Unreadable(f"its template is not read here, at {self.tokens[self.place]!r}")

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._next()
        if not token or (wanted and token not in wanted):
            raise Unreadable(f"its template is not read here, at {token or 'its end'!r}")
        self.place += 1
        return token

    def _number(self) -> float:
        token = self._take()
        if not NUMBER.fullmatch(token):
            raise Unreadable(f"in its template {token!r} is no number")
        return float(token)

    def _term(self) -> Read:
        if self._next() == "(":
            self._take()
            self.depth += 1
            if self.depth > DEEPEST:
                raise Unreadable("its template has too many brackets")
            read = self.expression()
            self._take(")")
        elif self._take("value", "value_json") == "value":
            read = _value
        else:
            read = _at(self._path())
        while self._next() == "|":
            self._take()
            read = self._filtered(read)
        return read

    def _path(self) -> tuple[str | int, ...]:
        path: list[str | int] = []
        while self._next() in (".", "["):
            if self._take() == ".":
                path.append(self._take())
                continue
            token = self._take()
            path.append(int(token) if token.isdigit() else _quoted(token))
            self._take("]")
        return tuple(path)

    def _filtered(self, read: Read) -> Read:
        name = self._take("float", "int", "round", "abs", "default", "d")
        given: list[str] = []
        if self._next() == "(":
            self._take()
            while self._next() != ")":
                given.append(self._take())
            self._take(")")
        if name in ("default", "d"):
            return read  # what a payload does not say was not read
        digits = int(given[0]) if name == "round" and len(given) == 1 and given[0].isdigit() else 0
        if name == "round" and given and (len(given) > 1 or not given[0].isdigit() or digits > DIGITS):
            raise Unreadable("its template has a way of rounding")
        return _numeric(read, name, digits)


def _value(text: str, _content: Json) -> Json:
    return text


def _at(path: tuple[str | int, ...]) -> Read:
    def read(_text: str, content: Json) -> Json:
        for step in path:
            if isinstance(content, dict) and isinstance(step, str):
                content = content.get(step)
            elif isinstance(content, list) and isinstance(step, int) and step < len(content):
                content = content[step]
            else:
                return None
        return content

    return read


def _numeric(read: Read, name: str, digits: int) -> Read:
    def changed(text: str, content: Json) -> Json:
        found = number(read(text, content))
        if found is None:
            return None
        if name == "round":
            return round(found, digits)
        return math.trunc(found) if name == "int" else abs(found) if name == "abs" else found

    return changed


def _reckoned(read: Read, operator: str, by: float) -> Read:
    if operator == "/" and by == 0:
        raise Unreadable("its template has a division by nothing")

    def changed(text: str, content: Json) -> Json:
        found = number(read(text, content))
        if found is None:
            return None
        return {"*": found * by, "/": found / (by or 1.0), "+": found + by, "-": found - by}[operator]

    return changed


def _quoted(token: str) -> str:
    if token[0] not in "'\"":
        raise Unreadable(f"its template is not read here, at {token!r}")
    return token[1:-1]
