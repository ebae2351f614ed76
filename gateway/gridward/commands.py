"""Commands to devices anywhere on the site: asked over the broker, answered by id until it is final."""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gridward import payload
from gridward_kit.clock import Clock, iso
from gridward_kit.command import TTL
from gridward_kit.kept import Json
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

FINAL = frozenset({"confirmed", "unchanged", "refused", "failed"})
STATUSES = FINAL | {"accepted"}
ON_THE_WAY = 2.0
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Result:
    """One answer to a command; `value` is what stands now as far as it is known, `at` ISO wall time."""

    id: str
    status: str
    value: Value | None
    reason: str
    by: str
    at: str

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self.status in FINAL


def parse_result(message: Message) -> Result:
    """Read `.../result`; raises ValueError in words."""
    content = payload.read_object(message.payload)
    identifier, status = payload.text(content, "id"), payload.text(content, "status")
    if identifier is None or status not in STATUSES:
        raise ValueError("a result has an id and a status")
    return Result(
        id=identifier,
        status=status,
        value=payload.sound(content.get("value")),
        reason=payload.text(content, "reason") or "",
        by=payload.text(content, "by") or "",
        at=payload.text(content, "at") or "",
    )


class Commands:
    """Asks devices to set a value, and tells what becomes of it."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._waiting: dict[str, asyncio.Queue[Result]] = {}
        link.subscribe(f"{link.root}/+/+/result", self._answered)

    @property
    def connected(self) -> bool:
        """Whether the broker has us."""
        return self._link.connected

    async def ask(
        self,
        device: str,
        entity: str,
        value: Value,
        by: str,
        *,
        identifier: str | None = None,
    ) -> AsyncIterator[Result]:
        """Send a command and yield its results until the final one.

        The first has to come within 12 s, as a command lives for 10; one that was accepted may take 60 s.
        Without an answer, or without a broker, the last is `failed`.
        """
        wish = identifier or uuid.uuid4().hex
        if not self._link.connected:
            yield self._failed(wish, by, "no connection to the broker; nothing was sent")
            return
        if wish in self._waiting:
            yield self._failed(wish, by, "a command with this id is under way")
            return
        answers: asyncio.Queue[Result] = asyncio.Queue()
        self._waiting[wish] = answers
        try:
            command: dict[str, Json] = {"v": 1, "value": value, "id": wish, "by": by, "ttl": TTL}
            topic = f"{self._link.root}/{device}/{entity}/command"
            self._link.publish(topic, json.dumps(command, ensure_ascii=False), qos=1)
            patient = TTL + ON_THE_WAY
            while (result := await self._next(answers, patient)) is not None:
                yield result
                if result.final:
                    return
                patient = PATIENCE
            yield self._failed(wish, by, f"no answer within {patient:g} s")
        finally:
            del self._waiting[wish]

    async def _next(self, answers: asyncio.Queue[Result], within: float) -> Result | None:
        """The next answer, None when it did not come within so many seconds."""
        answer = asyncio.ensure_future(answers.get())
        late = asyncio.ensure_future(self._clock.sleep(within))
        try:
            await asyncio.wait({answer, late}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()
            late.cancel()

    def _answered(self, message: Message) -> None:
        try:
            result = parse_result(message)
        except ValueError as error:
            log.warning("%s: not a result (%s), left out", message.topic, error)
            return
        answers = self._waiting.get(result.id)
        if answers is not None and not message.retain:
            answers.put_nowait(result)

    def _failed(self, wish: str, by: str, reason: str) -> Result:
        return Result(wish, "failed", None, reason, by, iso(self._clock.time()))
