"""A bus: one port and who is on it. Devices take fair turns; commands go before polls."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

from gridward_kit.clock import Clock
from gridward_kit.command import Command, same
from gridward_kit.entity import Button, Entity
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused, Unconfirmed
from gridward_kit.gone import withdraw
from gridward_kit.integration import Dialect, Query
from gridward_kit.paced import paced
from gridward_kit.point import Value
from gridward_kit.port import Port
from gridward_kit.wired import MISSES, Stranger, Wired

log = logging.getLogger(__name__)

T = TypeVar("T")
RE_READ = 1.0
LAP = 0.25
SHARE = 15
NAP = 0.05


class Bus:
    """The loop over one port. A command waits at most for the reply under way.

    Devices that are away are asked again within a fifteenth of the time that the others have.
    """

    def __init__(self, port: Port, devices: Sequence[Wired], clock: Clock, zone: tzinfo) -> None:
        self.port = port
        self.devices = tuple(devices)
        self._clock = clock
        self._zone = zone
        self._urgent: deque[Callable[[], Awaitable[None]]] = deque()
        self._wake = asyncio.Event()
        self._losses = port.losses
        self._away_at = 0.0
        self._undigested: list[Callable[[], None]] = []
        for wired in self.devices:
            self._seat(wired)

    def _seat(self, wired: Wired) -> None:
        wired.lap = LAP * len(self.devices)
        wired.device.perform = lambda row, command: self.perform(wired, row, command)

    def join(self, wired: Wired) -> None:
        """Another device from now on; the next free turn is its first."""
        self.devices = (*self.devices, wired)
        self._seat(wired)

    def leave(self, identifier: str, *, for_good: bool = False) -> None:
        """A device is taken off: its state is empty and it is away from now on, or gone `for_good`."""
        gone = [wired for wired in self.devices if wired.device.id == identifier]
        self.devices = tuple(wired for wired in self.devices if wired not in gone)
        for wired in gone:
            wired.device.leave()
            if for_good:
                withdraw(wired.device.link, wired.device.kept)

    async def run(self) -> None:
        """Poll until cancelled; then let the port go."""
        try:
            while True:
                if not await self._commands_first():
                    await self._turn()
                    await asyncio.sleep(0)  # a command that came meanwhile gets there before the next poll
        finally:
            self.port.close()

    async def _commands_first(self) -> bool:
        if not self._urgent:
            return False
        self._digest()
        await self._urgent.popleft()()
        return True

    async def _turn(self) -> None:
        if await self._serve_one(self.devices):
            return
        self._digest()
        now = self._clock.monotonic()
        self._wake.clear()
        pause = min((self._due(wired) for wired in self.devices), default=now + 1) - now
        rest = asyncio.ensure_future(self._clock.sleep(min(pause, 1.0)))
        woken = asyncio.ensure_future(self._wake.wait())
        _, pending = await asyncio.wait({rest, woken}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    async def _serve_one(self, devices: Iterable[Wired]) -> bool:
        """Give a turn to who waits longest for one; whether there was somebody."""
        now = self._clock.monotonic()
        waiting = [wired for wired in devices if self._due(wired) <= now]
        if not waiting:
            return False
        wired = min(waiting, key=lambda item: item.last_turn)
        away = wired.misses >= MISSES
        await self._serve(wired, now)
        wired.served()
        if away and len(self.devices) > 1:
            self._away_at = self._clock.monotonic() + SHARE * wired.silent_for
        wired.silent_for = 0.0
        return True

    def _digest(self) -> None:
        """Decode and publish what was heard; done while the next answer is on its way where there is one."""
        undigested, self._undigested = self._undigested, []
        for act in undigested:
            act()

    def _due(self, wired: Wired) -> float:
        """When a device gets its next turn; those that are away only within their share."""
        return max(wired.due(), self._away_at if wired.misses >= MISSES else 0.0)

    def _watch_line(self) -> None:
        """After the line was away somebody else may be on it: everybody proves anew who he is."""
        if self._losses != self.port.losses:
            self._losses = self.port.losses
            for wired in self.devices:
                wired.doubt()

    async def _serve(self, wired: Wired, now: float) -> None:
        self._watch_line()
        query: Query | None = None
        try:
            if wired.dialect is None:
                await self._identify(wired)
            elif not wired.proven:
                await self._prove(wired, wired.dialect)
            elif (query := wired.turns.next(now)) is not None:
                payload = await self._ask(wired, wired.dialect, query.name)
                self._undigested.append(wired.took(query, payload, now))
        except Refused as error:
            if query is not None:
                wired.refused(query, now)
            elif wired.dialect and wired.dialect.proof and wired.split(wired.dialect.proof[0]):
                wired.errors["refused"] += 1
            else:
                wired.missed(query, error, now)
        except DeviceError as error:
            wired.missed(query, error, now)

    async def _identify(self, wired: Wired) -> None:
        identify = wired.integration.identify
        if identify is None:
            raise TypeError(f"{wired.integration.domain} is not for a bus")

        async def ask(request: bytes, dialect: Dialect) -> bytes:
            while wired.pace.until > self._clock.monotonic() or self._urgent:
                if not await self._commands_first() and not await self._serve_one(self._others(wired)):
                    await self._clock.sleep(min(NAP, max(0.0, wired.pace.until - self._clock.monotonic())))
            await self._serve_one(self._others(wired))
            return await self._exchange(wired, dialect, request)

        losses = self.port.losses
        identity = await identify(ask, wired.options)
        if losses != self.port.losses:
            raise NoAnswer("the line went away while it was being identified")
        log.info(
            "%s: %s %s, serial %s",
            wired.device.id,
            identity.model,
            identity.protocol,
            identity.serial or "unknown",
        )
        wired.bind(identity)

    def _others(self, wired: Wired) -> list[Wired]:
        """Who may have a turn while a device is being identified: those that are known."""
        return [item for item in self.devices if item is not wired and item.dialect is not None]

    async def _prove(self, wired: Wired, dialect: Dialect) -> None:
        """Before anything is published after a (re)start: is it still the device that was bound?"""
        if dialect.proof is None:
            wired.confirm()
            return
        query = dialect.proof[0]
        payload = await self._ask(wired, dialect, query)
        rows = (row for row in dialect.entities if row.at and row.at.query == query)
        found = {row.key: value for row in rows if row.at and (value := row.at.decode(payload)) is not None}
        try:
            wired.prove(found)
        except Stranger:
            if wired.accepted_anew():
                return
            raise
        wired.confirm()

    async def _ask(self, wired: Wired, dialect: Dialect, query: str) -> bytes:
        """Ask a query and return its payload; raises DeviceError."""
        request = dialect.request(query)
        return dialect.payload(query, await self._exchange(wired, dialect, request))

    async def _ask_proven(self, wired: Wired, dialect: Dialect, query: str) -> bytes:
        self._watch_line()
        if not wired.proven:
            raise NoAnswer("it has not proven yet that it is the same device")
        return await self._ask(wired, dialect, query)

    async def _exchange(self, wired: Wired, dialect: Dialect, request: bytes) -> bytes:
        """One request and its answer, at the device's pace; raises DeviceError."""
        started, pause = max(self._clock.monotonic(), wired.pace.until), wired.pace.pause
        try:
            return await paced(self.port, wired.pace, self._clock, dialect, request, self._digest)
        except NoAnswer:
            wired.silent_for += self._clock.monotonic() - started
            if wired.pace.pause > pause:
                log.info(
                    "%s: drops requests; left alone for %g s from now on", wired.device.id, wired.pace.pause
                )
            raise

    async def urgent(self, act: Callable[[], Awaitable[T]]) -> T:
        """Have something done on the line before the next poll, and return what it gives."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def job() -> None:
            try:
                result = await act()
            except Exception as error:  # noqa: BLE001 - who wants it done gets it, the others go on
                if not done.cancelled():
                    done.set_exception(error)
            else:
                if not done.cancelled():
                    done.set_result(result)

        self._urgent.append(job)
        self._wake.set()
        return await done

    async def perform(self, wired: Wired, row: Entity, command: Command) -> Value:
        """Write a value and read it back; raises ValueError, Refused, Unconfirmed, DeviceError."""
        dialect, setting = wired.dialect, row.setting
        if dialect is None or setting is None:
            raise ValueError(f"{row.name} cannot be set")
        answered = await self.urgent(lambda: self._write(wired, row, command))
        if isinstance(row, Button) or row.at is None:
            return command.value
        end = self._clock.monotonic() + setting.within
        await self._clock.sleep(setting.settle)
        found = await self._read_back(wired, dialect, row)
        while not same(found, command.value) and self._clock.monotonic() < end:
            await self._clock.sleep(RE_READ)
            found = await self._read_back(wired, dialect, row)
        if not same(found, command.value) or found is None:
            what = "acknowledged, but" if answered else "no acknowledgement, and"
            shown = "nothing" if found is None else found
            raise Unconfirmed(found, f"{what} {shown} was read back after {setting.within:g} s")
        return found

    async def _write(self, wired: Wired, row: Entity, command: Command) -> bool:
        """Send the candidates until one is accepted, the last time's first; whether it was acknowledged."""
        if self._clock.monotonic() >= command.deadline:
            raise ValueError("it expired before the line was free")
        self._watch_line()
        dialect = wired.dialect
        if dialect is None or not wired.proven:
            raise NoAnswer("the device is away")
        if row.at is not None and dialect.beside(row, command.value):
            await self._ask(wired, dialect, row.at.query)
        frames = dialect.write(row, command.value, datetime.fromtimestamp(self._clock.time(), self._zone))
        wired.device.spend(row, command.by)
        first = min(wired.written.get(row.key, 0), len(frames) - 1)
        order = [first, *(place for place in range(len(frames)) if place != first)]
        for request in dialect.unlock(row):
            dialect.acknowledge(request, await self._exchange(wired, dialect, request))
        for place in order:
            try:
                answer = await self._exchange(wired, dialect, frames[place])
                dialect.acknowledge(frames[place], answer)
            except Refused as error:
                refusal = error
            except (NoAnswer, BadFrame):
                return False
            else:
                wired.written[row.key] = place
                return True
        raise Refused(str(refusal) or "the device said no")

    async def _read_back(self, wired: Wired, dialect: Dialect, row: Entity) -> Value | None:
        if row.at is None or wired.dialect is not dialect:
            return None
        name = row.at.query
        query = next((item for item in dialect.queries if item.name == name), Query(name))
        started = self._clock.monotonic()
        try:
            payload = await self.urgent(lambda: self._ask_proven(wired, dialect, name))
        except DeviceError:
            return None
        wired.took(query, payload, started)()
        wired.device.publish()
        return row.at.decode(payload)
