"""A PI17 or PI18 unit that answers real bytes: captured answers with the values of its state.

Pure: bytes and the time in, answers out. Which commands it takes is the makers' command lists, written
here apart from the rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gridward_axpert.caret import DATED, NO, YES, Protocol, shape_of
from gridward_axpert.protocol import bumped, crc
from gridward_axpert.simulated import Setter, SimulatedUnit, wide
from gridward_kit.entity import Entity
from gridward_kit.integration import Options
from gridward_kit.point import Value

LENGTH = 3
PHASED = ("grid_power", "output_power", "output_apparent_power")
START = re.compile(rb"\^[PS](\d{3})")
PRINTED = {"P FWS": 5, "P ACCT": 5, "P ACLT": 5}
"""Lengths that PI18's document prints, and units want, although they count differently."""
CLOCK = re.compile(r"DAT(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


def reply(body: str) -> bytes:
    """Data as an answer: length, CRC and end about it."""
    return sealed(f"^D{len(body) + LENGTH:03d}{body}".encode("ascii"))


def sealed(body: bytes) -> bytes:
    """A CRC and the end behind a body."""
    return body + bumped(crc(body)) + b"\r"


@dataclass(frozen=True, slots=True)
class Model:
    """One model: its protocol, what it answers, the commands that it takes; `bare` names the queries
    that it answers only without a CRC, as EASUN SV IV units do."""

    protocol: Protocol
    texts: Mapping[str, str]
    setters: tuple[Setter, ...]
    bare: frozenset[str] = frozenset()


class CaretSimulator(SimulatedUnit):
    """One unit of a model, with the `serial` that the options name."""

    yes, no = sealed(YES), sealed(NO)

    def __init__(self, model: Model, options: Options) -> None:
        texts = dict(model.texts)
        if "serial" in options:
            serial = str(options["serial"])
            texts["ID"] = f"{len(serial):02d}{serial.ljust(20, '0')}"
        self._protocol, self._bare = model.protocol, model.bare
        payloads = {query: text.replace(",", " ").encode("ascii") for query, text in texts.items()}
        super().__init__(payloads, model.protocol.learn(payloads), model.setters)
        self._totals = {key: value for key, value in self.state.items() if f"{key}_l3" in self.state}

    def _of(self, query: str) -> tuple[Entity, ...]:
        return self._protocol.fitted(query, self._unit)

    def _command(self, line: bytes) -> str | None:
        understood = self._checked if self._protocol.checked else self._plain
        for found in START.finditer(line):
            command = understood(found[0], int(found[1]), line[found.end() :])
            if command is not None:
                return command
        return None

    def _checked(self, head: bytes, length: int, rest: bytes) -> str | None:
        """A PI18 command, whose length counts CRC and end also where the CRC is left out."""
        body, sent = head + rest[:-2], rest[-2:]
        if sent == bumped(crc(body)):
            command = _text(head, rest[:-2])
            counted = PRINTED.get(command, len(rest) + 1)
            return None if self._query(command) in self._bare or length != counted else command
        command = _text(head, rest)
        return command if length == len(rest) + 3 and self._query(command) in self._bare else None

    def _plain(self, head: bytes, length: int, rest: bytes) -> str | None:
        """A PI17 command; one with a date carries a sum."""
        if length != len(rest) + 1:
            return None
        text = rest.decode("ascii", "replace")
        if shape_of(text) not in DATED:
            return _text(head, rest)
        return _text(head, rest[:-3]) if self._protocol.request(text[:-3]) == head + rest + b"\r" else None

    def _query(self, command: str) -> str:
        """The query's name; a counter's without its date, as the unit has one counter for each span."""
        name = command.removeprefix("P ")
        return shape_of(name) if shape_of(name) in DATED else name

    def _framed(self, query: str, payload: bytes) -> bytes:
        return reply(wide(payload, self._payloads[query]).decode("ascii").replace(" ", ","))

    def _spread(self) -> None:
        if "battery_charging_current" in self.state and "battery_current" in self.state:
            amperes = float(self.state.pop("battery_current"))
            way = "charging" if amperes > 0 else "discharging" if amperes else "idle"
            self.state |= {
                "battery_charging_current": max(0.0, amperes),
                "battery_discharge_current": max(0.0, -amperes),
                "battery_direction": way,
            }
        for key, was in self._totals.items():
            if key in PHASED and self.state[key] != was:
                third = round(float(self.state[key]) / 3)
                self.state |= {f"{key}_l{number}": third for number in (1, 2, 3)}
                self._totals[key] = self.state[key]

    def _wishes(self, command: str) -> dict[str, Value]:
        kind, _, text = command.partition(" ")
        if kind != "S":
            return {}
        if (clock := CLOCK.fullmatch(text)) and "clock" in self.state:
            return {"clock": "20{}-{}-{}T{}:{}:{}".format(*clock.groups())}
        return super()._wishes(text)


def _text(head: bytes, command: bytes) -> str:
    return f"{head[1:2].decode('ascii')} {command.decode('ascii', 'replace')}"
