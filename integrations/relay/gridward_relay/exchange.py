"""The lease on the broker: the relay's pairs out, the rules' renewals in."""

import json

from gridward_kit.device import Device
from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_relay.lease import Lease, Refusal


class Exchange:
    """Issues one lease's pairs and takes what comes back; nothing of it is ever retained."""

    def __init__(self, lease: Lease, device: Device) -> None:
        self._lease = lease
        self._device = device

    def begin(self) -> None:
        """From now on renewals are taken."""
        self._device.link.subscribe(f"{self._device.root}/lease/renew", self._renewed)

    def issue(self) -> None:
        """Publish the next pair when it is due and the broker has us."""
        now, link = self._device.clock.monotonic(), self._device.link
        if self._lease.due(now) and link.connected:
            epoch, n = self._lease.issue(now)
            link.publish(f"{self._device.root}/lease", json.dumps({"v": 1, "epoch": epoch, "n": n}), qos=0)

    def _renewed(self, message: Message) -> None:
        if message.retain:
            self._lease.refuse(Refusal.RETAINED)
            return
        try:
            content: Json = json.loads(message.payload)
        except (ValueError, RecursionError):
            content = None
        epoch, n = (content.get("epoch"), content.get("n")) if isinstance(content, dict) else (None, None)
        if isinstance(epoch, str) and isinstance(n, int) and not isinstance(n, bool):
            self._lease.renew(epoch, n, self._device.clock.monotonic())
        else:
            self._lease.refuse(Refusal.FOREIGN)
