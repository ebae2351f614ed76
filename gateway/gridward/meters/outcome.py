"""What a conversion is to do, what is known while it runs, and what came of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gridward_kit.kept import Json


class Person(Protocol):
    """Who stands at the meter."""

    async def power_cycle(self, why: str) -> bool:
        """Asks for the supply to be off for 10 to 30 s; whether it was done."""

    async def confirm(self, question: str) -> bool:
        """Asks before something is written; whether it is right."""


def mirrored(serial: str) -> str:
    """The number whose bytes are those of this one in the other order."""
    return bytes.fromhex(serial)[::-1].hex()


class Stage(StrEnum):
    """The stages of the whole process, in order."""

    LOOK = "look"
    SERIAL = "serial"
    SWITCH = "switch"
    FIND = "find"
    IDENTIFY = "identify"
    ADDRESS = "address"
    VERIFY = "verify"
    POWER = "power"
    VERIFY_AGAIN = "verify_again"


STAGES: Mapping[Stage, str] = {
    Stage.LOOK: "is it on Modbus already?",
    Stage.SERIAL: "read the serial number",
    Stage.SWITCH: "switch to Modbus",
    Stage.FIND: "find it on Modbus",
    Stage.IDENTIFY: "identify the model",
    Stage.ADDRESS: "set the address",
    Stage.VERIFY: "verify at the new and the old address",
    Stage.POWER: "cut the supply once",
    Stage.VERIFY_AGAIN: "verify again",
}


class Failed(Exception):
    """A stage that did not succeed: why, and what to do."""

    def __init__(self, why: str, way_out: str = "") -> None:
        super().__init__(f"{why}; {way_out}" if way_out else why)
        self.why, self.way_out = why, way_out


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done: `serial` None takes whoever is there, `phases` None any model.

    `extended` waits five minutes where the usual half is not enough; `reverse` is the order of the
    address's bytes that is tried first.
    """

    address: int
    by: str
    serial: str | None = None
    phases: str | None = None
    extended: bool = False
    reverse: bool = True


@dataclass(slots=True)
class Known:
    """What is known of the meter. `protocol` is `modbus`, `dlt645`, or `unknown`: after the switch was
    sent and before anything answered."""

    serial: str | None = None
    protocol: str = "unknown"
    unit: int | None = None
    model: str | None = None
    switch_sent: bool = False
    reading: dict[str, float] = field(default_factory=dict)

    def words(self) -> str:
        """What is known and what is not, for a person."""
        who = f"meter {self.serial}" if self.serial else "a meter of unknown serial number"
        if self.protocol == "modbus":
            return f"{who} is on Modbus at address {self.unit}, model {self.model or 'not identified'}"
        if self.protocol == "dlt645":
            return f"{who} speaks DL/T 645"
        sent = "the switch to Modbus was sent, nothing has answered since" if self.switch_sent else "nothing"
        return f"{who}: {sent}"

    def to_json(self) -> dict[str, Json]:
        """As it is kept in the inventory."""
        return {
            "serial": self.serial,
            "protocol": self.protocol,
            "unit": self.unit,
            "model": self.model,
            "switch_sent": self.switch_sent,
        }


def known_from(content: Json) -> Known:
    """What was known when the last conversion ended; nothing where it cannot be read."""
    if not isinstance(content, dict):
        return Known()
    serial, protocol, unit, model = (content.get(key) for key in ("serial", "protocol", "unit", "model"))
    return Known(
        serial if isinstance(serial, str) else None,
        protocol if protocol in ("modbus", "dlt645") and isinstance(protocol, str) else "unknown",
        unit if isinstance(unit, int) and not isinstance(unit, bool) else None,
        model if isinstance(model, str) else None,
        content.get("switch_sent") is True,
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A stage that was gone through: `good`, `bad` or `skipped`, with times in seconds since 1970."""

    stage: Stage
    mark: str
    words: str
    began: float
    ended: float


@dataclass(slots=True)
class Outcome:
    """A conversion, finished or not. `status` is `running`, `done`, `failed` or `cancelled`."""

    order: Order
    known: Known
    began: float
    ended: float | None = None
    status: str = "running"
    reason: str = ""
    taken: list[Taken] = field(default_factory=list)

    @property
    def stage(self) -> Stage | None:
        """The last stage that was gone through."""
        return self.taken[-1].stage if self.taken else None

    def words(self) -> str:
        """One sentence for a person."""
        if self.status == "done":
            volts = self.known.reading.get("voltage")
            shown = f", {volts:g} V" if volts is not None else ""
            return f"{self.known.words()}{shown}: verified before and after its supply was cut"
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.status}{reason}; known: {self.known.words()}"

    def to_json(self) -> dict[str, Json]:
        """As it is kept in the inventory; `outcome_from` reads it."""
        return {
            "address": self.order.address,
            "by": self.order.by,
            "phases": self.order.phases,
            "known": self.known.to_json(),
            "reading": dict(self.known.reading),
            "began": self.began,
            "ended": self.ended,
            "status": self.status,
            "reason": self.reason,
            "stages": [[str(one.stage), one.mark, one.words, one.began, one.ended] for one in self.taken],
        }


def outcome_from(content: Json) -> Outcome:
    """A conversion that was kept; raises ValueError for what is none."""
    told = content if isinstance(content, dict) else {}
    match told:
        case {
            "address": int() as address,
            "by": str() as by,
            "known": known,
            "began": float() | int() as began,
            "ended": float() | int() | None as ended,
            "status": str() as status,
            "reason": str() as reason,
            "stages": list() as stages,
        }:
            order = Order(address, by, known_from(known).serial, phases=_word(told.get("phases")))
            outcome = Outcome(order, known_from(known), began, ended, status, reason)
        case _:
            raise ValueError("no conversion as this version keeps them")
    reading = told.get("reading")
    for key, value in reading.items() if isinstance(reading, dict) else ():
        if isinstance(value, int | float) and not isinstance(value, bool):
            outcome.known.reading[key] = float(value)
    for stage in stages:
        match stage:
            case [
                str() as name,
                str() as mark,
                str() as words,
                float() | int() as start,
                float() | int() as end,
            ]:
                outcome.taken.append(Taken(Stage(name), mark, words, start, end))
            case _:
                raise ValueError("no stage as this version keeps them")
    return outcome


def _word(content: Json) -> str | None:
    return content if isinstance(content, str) else None
