"""What a device shows on the broker (identity, availability, state, telemetry) and the commands it takes."""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from gridward_kit import discovery
from gridward_kit.clock import Clock, iso
from gridward_kit.command import Command, Malformed, Outcome, Seen, answer, crossed, parse, same
from gridward_kit.entity import Button, Entity
from gridward_kit.errors import DeviceError, Refused, Unconfirmed
from gridward_kit.fresh import Fresh
from gridward_kit.gone import owner
from gridward_kit.info import Setup, announcement, health, info
from gridward_kit.integration import Identity
from gridward_kit.kept import Json, Kept
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value
from gridward_kit.spool import Spool
from gridward_kit.wear import Budget, automated

log = logging.getLogger(__name__)

STALE_POLLS = 3
STALE_LEAST = 10.0
HEALTH_EVERY = 30.0

Perform = Callable[[Entity, Command], Awaitable[Value]]


class Device:
    """One device on the broker. Whoever reads it calls `describe`, `read`, `publish` and `lost`.

    `spool` is that of a device of this id that left the same connection.
    """

    def __init__(
        self,
        setup: Setup,
        link: Link,
        clock: Clock,
        perform: Perform | None = None,
        spool: Spool | None = None,
    ) -> None:
        self.setup = setup
        self.id = setup.id
        self.link = link
        self.clock = clock
        self.perform = perform
        self.kept = Kept(setup.folder / f"{setup.id}.json")
        self.identity: Identity | None = None
        self.entities: dict[str, Entity] = {}
        self.available = False
        self.left = False
        self.counters: dict[str, int] = {}
        self._told = ""
        self._health_at = float("-inf")
        self.root = f"{link.root}/{setup.id}"
        self._fresh = Fresh()
        self._unrecorded: dict[str, Value] = {}
        self._recorded_at = clock.monotonic()
        self._seen = Seen()
        self._asked: dict[str, Value] = {}
        self._busy: set[asyncio.Task[None]] = set()
        self._budgets: dict[str, Budget] = {}
        boot, file = uuid.uuid4().hex[:12], setup.folder / "spool" / f"{setup.id}.jsonl"
        self.spool = Spool(link, setup.id, boot, file, clock) if spool is None else spool
        link.subscribe(f"{self.root}/+/command", self._commanded)
        link.subscribe(f"{self.root}/+/set", self._commanded)

    @property
    def values(self) -> dict[str, Value]:
        """What is so now: every reading that is not stale."""
        return self._fresh.values(self.clock.monotonic())

    def describe(self, identity: Identity, entities: tuple[Entity, ...]) -> None:
        """Announce the device and its entities; those announced before and gone now are cleared."""
        self.identity = identity
        self.entities = {row.key: row for row in entities}
        self._fresh.describe(entities)
        now = self.clock.monotonic()
        budgets = self.kept.section("wear")
        self._budgets = {
            row.key: Budget.from_json(budgets[row.key], now) if row.key in budgets else Budget(refilled=now)
            for row in entities
            if row.setting is not None and row.setting.wear == "stored"
        }
        about = announcement(self.setup, self.link, identity)
        messages = {
            discovery.topic(about, row): discovery.message(about, row)
            for row in entities
            if discovery.announced(row, writable=self.setup.writable)
        }
        before = self.kept.content.get("announced")
        for topic in before if isinstance(before, list) else []:
            if isinstance(topic, str) and topic not in messages:
                self.link.publish(topic, "", retain=True)
        for topic, payload in messages.items():
            self.link.publish(topic, payload, retain=True)
        told = info(self.setup, self.link.role, identity, entities)
        self.link.publish(f"{self.root}/info", told, retain=True)
        self.keep({"announced": list(messages), "owner": owner(self.setup, self.link.role)})

    def read(
        self, values: Mapping[str, Value], every: float = 0.0, owned: frozenset[str] | None = None
    ) -> None:
        """Take in true values of one answer that is asked every so many seconds.

        `owned` are all keys that this answer could have given: those it did not give are absent now.
        """
        now = self.clock.monotonic()
        stale = max(STALE_LEAST, STALE_POLLS * every) if every != float("inf") else every
        gone = (owned or frozenset()) - values.keys()
        for key in gone:
            self._unrecorded.pop(key, None)
        self._unrecorded |= self._fresh.take(values, gone, now, now + stale)
        self._set_available(available=True)

    def publish(self) -> None:
        """Publish the state, and telemetry when it is time."""
        now = self.clock.monotonic()
        state: dict[str, Json] = {"v": 1, "at": iso(self.clock.time()), **self.values}
        self.link.publish(f"{self.root}/state", json.dumps(state, ensure_ascii=False), retain=True)
        if now - self._recorded_at >= self.setup.record_every - 0.05 and self._unrecorded:
            self._record()
        else:
            self.spool.tend()
        if now - self._health_at >= HEALTH_EVERY:
            self.say_health()

    def _record(self) -> None:
        self._recorded_at, values = self.clock.monotonic(), self._unrecorded
        self._unrecorded = {}
        self.spool.put(values)

    def say_health(self) -> None:
        """Publish what is counted: line errors, what waits for the store, and each setting's budget."""
        now = self._health_at = self.clock.monotonic()
        said = health(iso(self.clock.time()), self.counters, self.spool, self._budgets, now)
        self.link.publish(f"{self.root}/health", said, retain=True)

    def lost(self, reason: str, kind: str = "away") -> None:
        """The device does not answer: its values are absent from now on. Told once for each kind."""
        if kind != self._told:
            log.error("%s: unavailable: %s", self.id, reason)
        self._told = kind
        self._fresh.clear()
        if self._unrecorded:  # later they would pass for read when it is back
            self._record()
        state: dict[str, Json] = {"v": 1, "at": iso(self.clock.time())}
        self.link.publish(f"{self.root}/state", json.dumps(state), retain=True)
        self._set_available(available=False)
        self.say_health()

    def leave(self) -> None:
        """It is taken off its line: lost, and from now on another one of its id may take its commands."""
        self.lost("taken out of the site file", "left")
        self.left = True

    def _set_available(self, *, available: bool) -> None:
        payload = "online" if available else "offline"
        if available and not self.available:
            log.info("%s: available", self.id)
            self._told = ""
        if available != self.available or not available:
            self.available = available
            self.link.publish(f"{self.root}/availability", payload, retain=True)

    def keep(self, changes: Mapping[str, Json]) -> bool:
        """Merge it into the device's file; whether the disk took it, told where it did not."""
        try:
            self.kept.save(changes)
        except OSError as error:
            log.error("%s: cannot be written: %s; free some disk", self.kept.path, error)
            return False
        return True

    def _commanded(self, message: Message) -> None:
        key = message.topic.removeprefix(f"{self.root}/").partition("/")[0]
        if key == "lease" or self.left:
            return
        task = asyncio.create_task(self._command(key, message))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _command(self, key: str, message: Message) -> None:
        try:
            command = parse(message, lambda: uuid.uuid4().hex)
        except Malformed as error:
            wish = Command("", error.id, error.by, 0)
            self._answer(key, wish, "refused", str(error), None, self.values.get(key))
            return
        row = self.entities.get(key)
        before = self.values.get(key)
        reason = self._objection(row, command, message)
        if row is None or reason is not None:
            self._answer(key, command, "refused", reason or "no such entity", before, before)
            return
        try:
            value = row.accept(command.value)
        except ValueError as error:
            self._answer(key, command, "refused", str(error), before, before)
            return
        if not isinstance(row, Button) and same(before, value):
            self._answer(key, command, "unchanged", "it stands so already", before, before)
            return
        reason = crossed(row, value, self.entities, (self.values, self._asked))
        if reason is not None:
            self._answer(key, command, "refused", reason, before, before)
            return
        wish = replace(command, value=value)
        self._answer(key, wish, "accepted", "", before, before)
        await self._do(row, wish, before)

    async def _do(self, row: Entity, wish: Command, before: Value | None) -> None:
        if self.perform is None:
            self._answer(row.key, wish, "refused", "this device takes no commands", before, before)
            return
        self._asked[row.key] = wish.value
        try:
            value = await self.perform(row, wish)
        except (Refused, ValueError) as error:
            self._answer(row.key, wish, "refused", str(error), before, before)
        except Unconfirmed as error:
            self._answer(row.key, wish, "failed", str(error), before, error.value)
        except Exception as error:  # whatever it is, a command is answered
            if not isinstance(error, DeviceError | OSError):
                log.exception("%s: %s", self.id, row.key)
            self._answer(row.key, wish, "failed", str(error) or type(error).__name__, before, before)
        else:
            self._answer(row.key, wish, "confirmed", "", before, value)
        finally:
            self._asked.pop(row.key, None)
        self.publish()

    def _objection(self, row: Entity | None, command: Command, message: Message) -> str | None:
        """Why the command is refused before it comes near the wire, in words."""
        now = self.clock.monotonic()
        if message.retain:
            return "it was retained; commands are never retained"
        if row is None:
            return "no such entity"
        if self._seen.again(command.id, now):
            return "this command came before"
        if not self.setup.writable:
            return "the site file does not say `writable: true` for this device"
        if not self.available:
            return "the device is away"
        if now >= command.deadline:
            return "it has expired"
        budget = self._budgets.get(row.key)
        return budget.refusal(command.by, now) if budget is not None else None

    def spend(self, row: Entity, by: str) -> None:
        """Count a write of a stored setting, on disk before it goes out. Raises ValueError in words.

        On a disk that takes nothing a person's write is counted in memory; automation's is refused.
        """
        budget = self._budgets.get(row.key)
        if budget is None:
            return
        now = self.clock.monotonic()
        reason = budget.refusal(by, now)
        if reason is not None:
            raise ValueError(reason)
        before = replace(budget, safety=list(budget.safety))
        budget.spend(by, now)
        counted = {key: item.to_json(now) for key, item in self._budgets.items()}
        saved = self.keep({"wear": {**self.kept.section("wear"), **counted}})
        if not saved and automated(by):
            self._budgets[row.key] = before
            raise ValueError("the disk does not take the count of writes, so automation has to wait")
        self.say_health()
        if budget.low:
            log.warning("%s: %s: %.0f automated writes left in its budget", self.id, row.key, budget.tokens)

    def _answer(
        self, key: str, command: Command, status: str, reason: str, before: Value | None, value: Value | None
    ) -> None:
        took = None if command.since is None else round(self.clock.monotonic() - command.since, 1)
        outcome = Outcome(status, reason, before, value, took)
        answer(self.link, iso(self.clock.time()), f"{self.id}/{key}", command, outcome)
