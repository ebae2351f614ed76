"""What every simulated unit does, whichever protocol it speaks: state, commands, refusals, delays.

Pure: bytes and the time in, answers out.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest

from gridward_axpert.unit import Unit
from gridward_kit.entity import Entity, readings
from gridward_kit.integration import Simulator
from gridward_kit.point import Derived, Value

LONGEST = 128

Take = Callable[[str], Value]
Setter = tuple[str, tuple[str, ...], Take]
"""A command's form with a group for each value, the keys that they set, and what a group means."""


def named(names: Mapping[int, str]) -> Take:
    """The option whose code a command carries."""
    return lambda digits: names.get(int(digits), "")


def on(digit: str) -> Value:
    """1 is on."""
    return digit == "1"


def enabled(letter: str) -> Value:
    """PEx switches on, PDx off."""
    return letter == "E"


def tenths(digits: str) -> Value:
    """A whole number of tenths."""
    return int(digits) / 10


def minutes(hhmm: str) -> Value:
    """HHMM as minutes after midnight."""
    return int(hhmm[:2]) * 60 + int(hhmm[2:])


class SimulatedUnit(Simulator):
    """One unit, from the payloads of captured answers; a protocol's class adds the framing.

    A plant writes measured values into `state` by key; it may write `battery_current` (positive =
    charging) and other canonical keys: they go where this unit has them.
    """

    yes: bytes
    no: bytes

    def __init__(self, payloads: Mapping[str, bytes], unit: Unit, setters: Iterable[Setter]) -> None:
        self._payloads = dict(payloads)
        self._unit = unit
        self._rows = {query: self._stored(self._of(query)) for query in self._payloads}
        self._settable = {row.key: row for found in self._rows.values() for row in found if row.setting}
        self._setters = [
            (re.compile(form), keys, take)
            for form, keys, take in setters
            if self._settable.keys() >= set(keys)
        ]
        self._buffer = b""
        self._pending: list[tuple[float, str, Value]] = []
        self.state = self._read()

    @property
    def unit(self) -> Unit:
        """What a reader should find out about this unit."""
        return self._unit

    @abstractmethod
    def _of(self, query: str) -> tuple[Entity, ...]:
        """The rows of a query's answer."""

    @abstractmethod
    def _command(self, line: bytes) -> str | None:
        """The command in a line without its end; None where the line is none."""

    @abstractmethod
    def _framed(self, query: str, payload: bytes) -> bytes:
        """The answer to a query as it goes on the wire."""

    def _spread(self) -> None:
        """Put what a plant wrote in canonical terms into the fields that this unit has."""

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._due(now)
        self._buffer += data
        answers = []
        while b"\r" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r")
            answers += self._answer(line, now)
        self._buffer = self._buffer[-LONGEST:]
        return answers

    @staticmethod
    def _stored(rows: tuple[Entity, ...]) -> tuple[Entity, ...]:
        return tuple(row for row in rows if row.at and not isinstance(row.at, Derived))

    def _read(self) -> dict[str, Value]:
        """The state that the captured answers show; a parallel unit 0 follows the unit's own values."""
        state: dict[str, Value] = {}
        for query, payload in self._payloads.items():
            state = readings(self._rows[query], query, payload).values | state
        return {key: value for key, value in state.items() if plain(key) == key or plain(key) not in state}

    def _due(self, now: float) -> None:
        for item in [item for item in self._pending if item[0] <= now]:
            self._pending.remove(item)
            self.state[item[1]] = item[2]

    def _query(self, command: str) -> str:
        """The query that a command asks."""
        return command

    def _answer(self, line: bytes, now: float) -> list[bytes]:
        command = self._command(line)
        if command is None:
            return [self.no]
        query = self._query(command)
        if query in self.muted:
            return []
        if query in self.refused:
            return [self.no]
        if query in self._payloads:
            return [self._reply(query)]
        return [self._set(command, now)]

    def _reply(self, query: str) -> bytes:
        self._spread()
        payload = self._payloads[query]
        for row in self._rows[query]:
            value = self.state.get(row.key, self.state.get(plain(row.key)))
            if row.at is not None and value is not None:
                payload = row.at.encode(value, payload)
        return self._framed(query, payload)

    def _set(self, command: str, now: float) -> bytes:
        wishes = self._wishes(command)
        if not wishes or self.obeys == "refuses":
            return self.no
        for key, value in wishes.items():
            if self.obeys == "slow":
                self._pending.append((now + self.lag, key, value))
            elif self.obeys == "yes":
                self.state[key] = value
        return self.yes

    def _wishes(self, command: str) -> dict[str, Value]:
        """What a setter asks for, by key; empty for one that this unit refuses."""
        for form, keys, take in self._setters:
            if found := form.fullmatch(command):
                return self._accepted(dict(zip(keys, map(take, found.groups()), strict=True)))
        return {}

    def _accepted(self, wishes: dict[str, Value]) -> dict[str, Value]:
        try:
            return {key: self._settable[key].accept(value) for key, value in wishes.items()}
        except ValueError:
            return {}


def plain(key: str) -> str:
    """A parallel unit's key without its number: `unit_0_mode` is `mode`."""
    return re.sub(r"^unit_\d_", "", key)


def wide(payload: bytes, captured: bytes) -> bytes:
    """The payload in the captured one's widths: numbers with its leading zeros, its space at the end."""
    cells = [
        cell.lstrip(b"0").rjust(len(was), b"0") if cell.isdigit() and was.isdigit() else cell
        for cell, was in zip_longest(
            payload.rstrip(b" ").split(b" "), captured.rstrip(b" ").split(b" "), fillvalue=b""
        )
    ]
    return b" ".join(cells) + b" " * captured.endswith(b" ")
