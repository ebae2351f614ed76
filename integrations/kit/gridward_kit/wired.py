"""One device on a bus: its dialect once it is known, its turns, and what its answers mean."""

import logging
from collections.abc import Callable, Mapping

from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.entity import Entity, by_query, readings
from gridward_kit.errors import DeviceError, NoAnswer
from gridward_kit.integration import Dialect, Fact, Identity, Line, Options, Query
from gridward_kit.kept import Json, Kept
from gridward_kit.pace import Pace
from gridward_kit.point import Value
from gridward_kit.turns import Turns

log = logging.getLogger(__name__)

MISSES = 3
RETRY = 10.0
RETRY_FIRST = 1.0


class Stranger(DeviceError):
    """Another device answers than the one that was bound to this id."""


class Wired:
    """A device on a line: identified once, then polled by its dialect's queries."""

    def __init__(
        self, device: Device, options: Options, clock: Clock, poll: float | None, line: Line | None = None
    ) -> None:
        self.device = device
        self.options = options
        self.integration = device.setup.integration
        self.poll = self.integration.poll if poll is None else poll
        self.dialect: Dialect | None = None
        self.turns = Turns((), self.poll)
        self.proven = False
        self.misses = 0
        self.last_turn = 0.0
        self.lap = 0.0
        self.silent_for = 0.0
        self.retry_at = 0.0
        self.pace = Pace()
        self._spoilt = False
        self.errors: dict[str, int] = {"bad_frame": 0, "no_answer": 0, "refused": 0, "impossible": 0}
        device.counters = self.errors
        self.written: dict[str, int] = {}
        self._clock = clock
        self._line = line or self.integration.line
        self._rows: dict[str, tuple[Entity, ...]] = {}
        self._once: dict[str, dict[str, Value]] = {}
        self._heard: set[str] = set()
        self.recall()

    def recall(self) -> None:
        """Take up the identity that was found earlier; the device is announced, asleep or not. One that this
        version does not know is found out anew."""
        kept = self._kept()
        if kept is None:
            return
        try:
            self.settle(kept)
        except (LookupError, ValueError) as error:
            log.error("%s: kept as a %s, which is not known here (%s)", self.device.id, kept.model, error)

    def _kept(self) -> Identity | None:
        return identity_from(self.device.kept.section("identity"))

    def settle(self, identity: Identity) -> None:
        """Speak this identity's dialect from now on."""
        if self.integration.dialect is None:
            raise TypeError(f"{self.integration.domain} has no dialect")
        self.dialect = self.integration.dialect(identity, self.options)
        self.dialect.on(self._line)
        self.turns = Turns(self.dialect.queries, self.poll)
        self._rows = by_query(self.dialect.entities)
        self.device.describe(identity, self.dialect.entities)

    def bind(self, identity: Identity) -> None:
        """Keep what was found out, so that it is never guessed anew; raises NoAnswer where it cannot be, and
        Stranger."""
        if self.device.left:
            raise NoAnswer("it was taken off the line while it was being identified")
        before = self._kept()
        if before and before.serial not in (None, identity.serial) and not self.accepted_anew():
            raise self._stranger("serial_number", identity.serial, before.serial)
        try:
            self.device.kept.save({"identity": kept_form(identity)})
        except OSError as error:
            words = f"{self.device.kept.path}: what was found out cannot be kept: {error}; free some disk"
            raise NoAnswer(words) from error
        self.settle(identity)
        self.proven = True

    def due(self) -> float:
        """When this device wants its next turn (monotonic seconds)."""
        asleep = self.dialect is None or not self.proven
        return max(self.pace.until, self.retry_at if asleep else self.turns.due())

    def served(self) -> None:
        """It was asked. Its turn ends with its round; one whose answer was spoilt is the next again, once."""
        if not self._spoilt and not (self.proven and self.turns.midway()):
            self.last_turn = self._clock.monotonic()

    def prove(self, values: Mapping[str, Value]) -> None:
        """Compare what identifies the device with what was bound; raises Stranger."""
        identity, dialect = self.device.identity, self.dialect
        if identity is None or dialect is None or dialect.proof is None:
            return
        key = dialect.proof[1]
        bound = identity.serial if key == "serial_number" else identity.facts.get(key)
        found = values.get(key)
        if key == "serial_number" and found is not None:
            found = str(found)
        if bound is not None and found != bound:
            raise self._stranger(key, found, bound)

    def _stranger(self, key: str, found: Value | None, bound: Fact | None) -> Stranger:
        return Stranger(
            f"another device answers here: {key} {found}, bound is {bound}; nothing is published. "
            f"If it was exchanged: gridward accept {self.device.id}"
        )

    def confirm(self) -> None:
        """It is the device that was bound; after an absence everything is asked anew."""
        self.proven = True
        if not self.device.available:
            self.turns.restart(self._clock.monotonic())

    def doubt(self) -> None:
        """It may have been exchanged: before it is asked for values again it proves who it is."""
        self.proven = False
        self.retry_at = self._clock.monotonic()

    def accepted_anew(self) -> bool:
        """Whether a person let the binding go (`gridward accept`) while this process runs."""
        fresh = Kept(self.device.kept.path)
        if fresh.section("identity"):
            return False
        self.device.kept = fresh
        self.dialect = None
        return True

    def took(self, query: Query, payload: bytes, started: float) -> Callable[[], None]:
        """Note a good answer, and give back what is left to do with it: decode, publish."""
        self._spoilt = False
        self.misses = 0
        interval = self.turns.answered(query, started)
        return lambda: self._digest(query, payload, started, interval)

    def _digest(self, query: Query, payload: bytes, started: float, interval: float) -> None:
        """True values are read, impossible ones counted and absent.

        A first one that only waits for a second to agree with it is no fault of the line.
        """
        if self.device.left:
            return
        rows = self._rows.get(query.name, ())
        got = readings(rows, query.name, payload)
        doubted = self.dialect.doubt(got.values, self.device.values) if self.dialect else frozenset()
        self.errors["impossible"] += len(got.impossible) + len(doubted & self._heard)
        values = {key: value for key, value in got.values.items() if key not in doubted}
        if query.twice and self._once.pop(query.name, None) != values:
            self._once[query.name] = values
            self.turns.again(query, started)
            return
        self._heard |= values.keys()
        owned = frozenset(row.key for row in rows)
        self.device.read(values, max(query.every, self.poll, interval or self.lap * query.rounds), owned)
        if self.turns.last_of_round():
            self.device.publish()

    def refused(self, query: Query, started: float) -> None:
        """Ask smaller queries in place of a refused one; the smallest is left out, told once."""
        self.errors["refused"] += 1
        self.misses = 0
        self._spoilt = False
        if self.split(query.name):
            return
        if self.turns.refuse(query, started):
            log.info("%s: does not know %s; left out", self.device.id, query.name)

    def split(self, query: str) -> bool:
        """Whether smaller queries are asked in place of a refused one from now on."""
        if self.dialect is None or not self.dialect.without(query):
            return False
        self._rows = by_query(self.dialect.entities)
        self.turns.change(self.dialect.queries)
        self.device.entities = {row.key: row for row in self.dialect.entities}
        return True

    def missed(self, query: Query | None, error: DeviceError, started: float) -> None:
        """Count a bad or missing answer; the third in a row makes the device unavailable."""
        if self.device.left:
            return
        silent = isinstance(error, NoAnswer)
        self.errors["no_answer" if silent else "bad_frame"] += 1
        self.misses += 1
        if query is not None:
            self.turns.missed(query, started, silent=silent)
        self._spoilt = not silent and not self._spoilt
        if silent:
            self.proven = False
        self.retry_at = started + min(self.poll, RETRY_FIRST)
        if self.misses >= MISSES or isinstance(error, Stranger):
            self._away(error)

    def _away(self, error: DeviceError) -> None:
        """Unavailable: told once, asked more and more rarely, its identity proven again on return."""
        self.device.lost(str(error), "stranger" if isinstance(error, Stranger) else "away")
        self.proven = False
        self.retry_at = self._clock.monotonic() + min(RETRY, RETRY_FIRST * max(1, self.misses - MISSES + 1))


def identity_from(content: Mapping[str, Json]) -> Identity | None:
    """The kept identity; None where there is none or it is not whole."""
    model, protocol, facts = content.get("model"), content.get("protocol"), content.get("facts")
    serial, firmware = content.get("serial"), content.get("firmware")
    manufacturer = content.get("manufacturer")
    if not isinstance(model, str) or not isinstance(protocol, str):
        return None
    return Identity(
        model=model,
        protocol=protocol,
        serial=serial if isinstance(serial, str) else None,
        firmware=firmware if isinstance(firmware, str) else None,
        manufacturer=manufacturer if isinstance(manufacturer, str) else "",
        facts=_facts(facts),
    )


def _facts(content: Json) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, list):
            facts[key] = [str(item) for item in value]
        elif isinstance(value, str | int | float):
            facts[key] = value
    return facts


def kept_form(identity: Identity) -> dict[str, Json]:
    """An identity as it is kept; `identity_from` reads it."""
    facts: dict[str, Json] = {
        key: [*fact] if isinstance(fact, list) else fact for key, fact in identity.facts.items()
    }
    return {
        "model": identity.model,
        "protocol": identity.protocol,
        "serial": identity.serial,
        "firmware": identity.firmware,
        "manufacturer": identity.manufacturer,
        "facts": facts,
    }
