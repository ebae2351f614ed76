"""One port: opened exclusively, one request at a time, opened again for ever when it goes away."""

import asyncio
import errno
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from gridward_kit.capture import Capture
from gridward_kit.clock import Clock
from gridward_kit.errors import BadFrame, NoAnswer, NoLine
from gridward_kit.integration import Line
from gridward_kit.transport import Transport, open_transport

log = logging.getLogger(__name__)

BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0)
GULP = 0.06
TAIL = 1
MARGIN = 1.5
HASTE = 0.96
BABBLE = 2.0
MOST = 4096
TICK = 0.001
NETWORK = ("socket://", "tcp://")
NETWORK_GAP = 0.3
OVERDUE = 0.1
BUSY = (errno.EAGAIN, errno.EBUSY)

Cut = Callable[[bytes, bool], tuple[bytes, bytes] | None]
T = TypeVar("T")


class Port:
    """The owner of one line.

    The time that an answer took the last time is slept through, all but its last characters (less the
    next time if all was there on waking, and little more where it took longer: what was late once need not
    be so again); a new or a late one is read in gulps. So the line is never kept
    waiting and the processor is not woken for every byte. On a Modbus line an answer that is overdue by
    that time is not waited for as long as a new one: the others there wait for their turn. `losses`
    counts how often the line was let go: whoever is there after the next opening may be somebody else.
    """

    def __init__(self, url: str, line: Line, clock: Clock, capture: Capture | None = None) -> None:
        self.url = url
        self.line = replace(line, gap=max(line.gap, NETWORK_GAP)) if url.startswith(NETWORK) else line
        self.capture = capture
        self.errors = 0
        self.exchanges = 0
        self.losses = 0
        self._clock = clock
        self._transport: Transport | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._trouble = NoAnswer()
        self._unsettled = False
        self._idle_since = 0.0
        self._usual: dict[bytes, tuple[float, int]] = {}
        self._turn = asyncio.Lock()

    async def exchange(
        self,
        request: bytes,
        cut: Cut,
        first: float | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes:
        """Send a request and return the answer that `cut` finds; `meanwhile` is called once it is sent. Who
        asks meanwhile waits.

        Raises NoLine when the line does not open, NoAnswer when it went away or nothing came within `first`
        seconds, BadFrame when what came cannot be an answer.
        """
        async with self._turn:
            return await self._exchange(request, cut, first, meanwhile)

    async def _exchange(
        self, request: bytes, cut: Cut, first: float | None, meanwhile: Callable[[], None] | None
    ) -> bytes:
        transport = await self._opened()
        self.exchanges += 1
        try:
            await self._clear(transport)
            transport.write(request)
            sent = asyncio.get_running_loop().time()
            if self.capture:
                self.capture.sent(request)
            if meanwhile is not None:
                meanwhile()
            patience = self.line.first if first is None else first
            return await self._answer(transport, request, cut, patience, sent)
        except (NoAnswer, BadFrame):
            self.errors += 1
            self._unsettled = True
            raise
        except OSError as error:
            self.errors += 1
            self.close()
            raise self._back_off(
                NoAnswer(f"{self.url}: the line went away: {error}; is the cable in?")
            ) from error
        finally:
            self._idle_since = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Let the port go; the next request opens it again."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            self.losses += 1
            transport.close()

    async def _opened(self) -> Transport:
        if self._transport is not None:
            return self._transport
        now = self._clock.monotonic()
        if now < self._retry_at:
            raise self._trouble.with_traceback(None)
        try:
            self._transport = await asyncio.to_thread(open_transport, self.url, self.line)
        except OSError as error:
            words = f"{self.url}: cannot be opened: {_in_words(error)}"
            raise self._back_off(NoLine(words, held=error.errno in BUSY)) from error
        self._failures = 0
        self._unsettled = True
        return self._transport

    def _back_off(self, trouble: NoAnswer) -> NoAnswer:
        self._trouble = trouble
        self._retry_at = self._clock.monotonic() + BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        return trouble

    async def _clear(self, transport: Transport) -> None:
        """Drop stale bytes; after a fault wait until the line has been quiet for a gap."""
        loop = asyncio.get_running_loop()
        if self._unsettled:
            end = loop.time() + BABBLE
            while await self._readable(transport, self.line.gap):
                if not transport.read():
                    raise OSError("hung up")
                if loop.time() > end:
                    raise BadFrame(f"{self.url}: the line babbles")
            self._unsettled = False
        stale = transport.read()
        if stale:
            log.debug("%s: dropped %d stale bytes", self.url, len(stale))
        if not self.url.startswith(NETWORK[1]):
            await _until(self._idle_since + self.line.rest)

    async def _answer(
        self, transport: Transport, request: bytes, cut: Cut, first: float, sent: float
    ) -> bytes:
        loop = asyncio.get_running_loop()
        seconds, length = self._usual.get(request, (0.0, 0))
        if seconds:
            await asyncio.sleep(sent + seconds - MARGIN * self.line.character - loop.time())
        woken = loop.time()
        buffer = b""
        wait = len(request) * self.line.character + first - seconds
        if seconds and self.line.modbus:
            wait = min(wait, max(OVERDUE, seconds / 2))
        while True:
            data = transport.read()
            arrived = bool(data) or await self._readable(transport, wait)
            data = data or transport.read()
            if arrived and not data and not transport.partial:
                raise OSError("hung up")
            buffer += data
            found = self._try(cut, buffer, quiet=not arrived)
            if found is not None:
                took = loop.time() - sent if arrived else 0.0
                if seconds:
                    overslept = data == buffer and loop.time() - woken < TICK
                    took = seconds * HASTE if overslept else min(took, seconds + 2 * self.line.character)
                self._usual[request] = (took, len(buffer) - len(found[1]))
                return found[0]
            if not arrived:
                self._usual.pop(request, None)
                raise self._silence(buffer)
            if len(buffer) > MOST:
                raise BadFrame(f"{self.url}: {len(buffer)} bytes and no end of an answer")
            await self._gulp(length - len(buffer), sent + seconds - loop.time() if seconds else GULP)
            wait = max(self.line.gap, 2 * self.line.character)

    def _try(self, cut: Cut, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        try:
            found = cut(buffer, quiet)
        except BadFrame:
            if self.capture and buffer:
                self.capture.received(buffer)
            raise
        if found is not None and self.capture:
            self.capture.received(buffer)
        return found

    def _silence(self, buffer: bytes) -> NoAnswer | BadFrame:
        if not buffer:
            return NoAnswer(f"{self.url}: no answer")
        if self.capture:
            self.capture.received(buffer)
        return BadFrame(f"{self.url}: the answer broke off after {len(buffer)} bytes: {buffer[:24].hex(' ')}")

    async def _gulp(self, missing: int, left: float) -> None:
        """Sleep while the bytes known to be missing are on the wire, all but the last few.

        An adapter hands over many at once, so they may be nearer than they seem: within `left` seconds
        the answer was all there the last time.
        """
        if missing > 0:
            nap = min(GULP, (missing - TAIL) * self.line.character, left - self.line.character)
        else:
            nap = min(GULP / 8, 4 * self.line.character)
        if nap > 0:
            await asyncio.sleep(nap)

    @staticmethod
    async def _readable(transport: Transport, seconds: float) -> bool:
        """Whether bytes (or a hang-up) arrive within so many seconds."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[bool] = loop.create_future()
        descriptor = transport.fileno()
        loop.add_reader(descriptor, _settle, ready, True)
        late = loop.call_later(seconds, _settle, ready, False)
        try:
            return await ready
        finally:
            late.cancel()
            loop.remove_reader(descriptor)


def _in_words(error: OSError) -> str:
    """Why a port does not open, and what to do."""
    match error.errno:
        case number if number in BUSY:
            return "another program holds it (is a gateway running?); end that one first"
        case errno.EACCES | errno.EPERM:
            return "not permitted; sudo usermod -aG dialout $USER, then log in again"
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return "it is not there; is the adapter plugged in? `gridward scan` shows what is"
        case errno.ECONNREFUSED | errno.EHOSTUNREACH | errno.ETIMEDOUT:
            return f"{error.strerror}; is the converter on, and the port number right?"
        case _:
            return str(error)


async def _until(at: float) -> None:
    """Sleep until a moment of the loop's time; the loop alone would oversleep by up to a millisecond."""
    loop = asyncio.get_running_loop()
    if at - loop.time() > TICK:
        await asyncio.sleep(at - loop.time() - TICK)
    if (rest := at - loop.time()) > 0:
        time.sleep(rest)  # noqa: ASYNC251 - less than a millisecond, which the loop cannot time


def _settle(ready: asyncio.Future[T], result: T) -> None:
    if not ready.done():
        ready.set_result(result)
