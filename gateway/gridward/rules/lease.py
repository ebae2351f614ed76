"""The contactor's lease on the broker: the relay's newest number in, the renewal out."""

import json
import logging
from collections.abc import Callable

from gridward import payload
from gridward.rules.inputs import Position
from gridward.rules.renewal import Renewal
from gridward_kit.clock import Clock
from gridward_kit.mqtt import Link, Message

log = logging.getLogger(__name__)


class Lease:
    """The lease of one relay, None where the site has no contactor; `issued` is called for each number."""

    def __init__(self, link: Link, clock: Clock, relay: str | None, issued: Callable[[], None]) -> None:
        self._link, self._clock, self._relay, self._issued = link, clock, relay, issued
        self._renewal = Renewal()
        if relay is not None:
            link.subscribe(f"{link.root}/{relay}/lease", self._leased)

    def _leased(self, message: Message) -> None:
        """Take note of the relay's newest number; the loop answers it."""
        try:
            content = payload.read_object(message.payload)
        except ValueError as error:
            log.warning("%s: not a lease (%s), left out", message.topic, error)
            return
        epoch, count = payload.text(content, "epoch"), content.get("n")
        if epoch is None or isinstance(count, bool) or not isinstance(count, int):
            log.warning("%s: not a lease, left out", message.topic)
            return
        self._renewal.seen(epoch, count, message.at, retained=message.retain)
        self._issued()

    def renew(self, position: Position, decided_at: float) -> None:
        """Answer the relay, from a decision that was made just now."""
        answer = self._renewal.answer(position, decided_at, self._clock.monotonic())
        if answer is None or not self._link.connected:
            return
        epoch, count = answer
        renewal = json.dumps({"v": 1, "epoch": epoch, "n": count})
        self._link.publish(f"{self._link.root}/{self._relay}/lease/renew", renewal, qos=0)
