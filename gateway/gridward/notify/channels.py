"""Brings messages to people by Apprise, in order, again and again until they are taken."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gridward.notify.core import Message, gathered, messages_from, messages_to
from gridward.notify.spec import SEVERITIES, Recipient
from gridward_kit.clock import Clock
from gridward_kit.kept import Json

log = logging.getLogger(__name__)

FIRST = 30.0
LONGEST = 1800.0
MOST = 200
REASON = "it takes no message; see to its address in the secrets, and to the way there"

Send = Callable[[str, Message], bool]


@dataclass(slots=True)
class Channel:
    """One way to a person, and what waits for it. `failed` counts the tries since the last that worked."""

    recipient: Recipient
    waiting: list[Message] = field(default_factory=list)
    failed: int = 0
    again: float = 0.0

    def put(self, message: Message) -> None:
        """Have a message brought, if it is of the severity that goes here; the oldest give way."""
        if SEVERITIES.index(message.severity) >= SEVERITIES.index(self.recipient.least):
            self.waiting = [*self.waiting, message][-MOST:]

    def next(self) -> Message | None:
        """The next message; what gathered while the way was closed goes as one."""
        if len(self.waiting) > 1:
            return gathered(self.waiting, f"{len(self.waiting)} messages")
        return self.waiting[0] if self.waiting else None

    def took(self, count: int) -> None:
        """So many were taken."""
        self.waiting = self.waiting[count:]
        self.failed, self.again = 0, 0.0

    def refused(self, now: float) -> None:
        """It failed: wait twice as long each time, at most half an hour."""
        self.again = now + min(LONGEST, FIRST * 2 ** min(self.failed, 10))
        self.failed += 1


class Channels:
    """All ways. `failing` says of each why it takes nothing, None while it works."""

    def __init__(self, to: Sequence[Recipient], clock: Clock, send: Send | None = None) -> None:
        self._channels = {one.name: Channel(one) for one in to}
        self._clock = clock
        self._send = send or by_apprise

    @property
    def failing(self) -> dict[str, str | None]:
        return {name: REASON if one.failed else None for name, one in self._channels.items()}

    @property
    def waiting(self) -> int:
        """How many messages wait for a way."""
        return sum(len(one.waiting) for one in self._channels.values())

    def put(self, messages: Sequence[Message]) -> None:
        """Have messages brought to everybody whom they concern."""
        for message in messages:
            log.info("notify: %s: %s", message.title, message.text)
            for channel in self._channels.values():
                channel.put(message)

    async def turn(self) -> bool:
        """Try every way that has something to bring and is not resting; whether anything changed."""
        now = self._clock.monotonic()
        ready = [one for one in self._channels.values() if one.waiting and now >= one.again]
        await asyncio.gather(*(self._bring(one) for one in ready))
        return bool(ready)

    async def _bring(self, channel: Channel) -> None:
        message, count = channel.next(), len(channel.waiting)
        if message is None:
            return
        if await asyncio.to_thread(self._send, channel.recipient.url, message):
            if channel.failed:
                log.info("notify: %s takes messages again", channel.recipient.name)
            channel.took(count)
            return
        if not channel.failed:
            log.error("notify: %s: %s", channel.recipient.name, REASON)
        channel.refused(self._clock.monotonic())

    def to_json(self) -> dict[str, Json]:
        """What waits, for the next start."""
        return {name: messages_to(channel.waiting) for name, channel in self._channels.items()}

    def restore(self, content: Mapping[str, Json]) -> None:
        """Take up what waited before a restart; what cannot be read is left out."""
        for name, channel in self._channels.items():
            for message in messages_from(content.get(name)):
                channel.put(message)


def by_apprise(url: str, message: Message) -> bool:
    """Send one message, in a thread; whether it was taken. Apprise says no more, lest it tell a secret."""
    from apprise import Apprise, NotifyType  # noqa: PLC0415 - only who has recipients loads it

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    kinds = {
        "info": NotifyType.INFO,
        "warning": NotifyType.WARNING,
        "fault": NotifyType.FAILURE,
        "safety": NotifyType.FAILURE,
    }
    post = Apprise()
    post.add(url)
    return bool(post.notify(body=message.text, title=message.title, notify_type=kinds[message.severity]))
