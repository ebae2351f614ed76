"""A switch on the broker (Tasmota, Shelly, zigbee2mqtt): its own timer ends the lease."""

from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError, NoAnswer
from gridward_kit.mqtt import Link, Message
from gridward_relay.contactor import Position
from gridward_relay.drivers import Report, ends_lease
from gridward_relay.lease import EVERY
from gridward_relay.options import Settings
from gridward_relay.switches import Said, switch

ASK_EVERY = 2.0
PATIENCE = 10.0
STEP = 0.1
ANSWER_STEPS = 30
MARGIN = 0.5


class MqttSwitch:
    """One channel of a switch. What it says about itself is its output; it has no feedback contact."""

    def __init__(self, chosen: Settings, device: str, link: Link, clock: Clock) -> None:
        self.name = f"{chosen.style} switch {chosen.topic}"
        self.ends_lease = ends_lease(chosen)
        self.hold = chosen.timer or 0.0
        self._lease = chosen.lease
        self._link = link
        self._clock = clock
        self._switch = switch(
            chosen.style or "", chosen.topic or "", chosen.coil, f"{link.root}/{device}/switch"
        )
        self._state: bool | None = None
        self._timer: float | None = chosen.timer if self._switch.ask_timer is None else None
        self._heard = self._asked = clock.monotonic()
        self._until = 0.0
        self._subscribed = False

    async def start(self) -> None:
        if not self._subscribed:
            self._subscribed = True
            for topic in self._switch.listens:
                self._link.subscribe(topic, self._received)
            self._link.on_connect(self._reconnected)
        await self.connect()
        if not self._link.connected:
            raise NoAnswer("the broker is away, and the switch behind it")
        if self._switch.ask_timer is not None:
            self._timer = await self._read_timer(self._switch.ask_timer)
        if self._switch.fixed:
            self.hold = self._fit(self._timer)
        elif self._timer is not None and not 0 < self._timer <= self._lease:
            raise ValueError(
                f"the switch's auto-off is {_said(self._timer)}; set it to {self._lease:g} s or less"
            )

    async def _read_timer(self, question: Said) -> float:
        self._timer = None
        self._send(question)
        for _ in range(ANSWER_STEPS):
            await self._clock.sleep(STEP)
            answer = self._answered()
            if answer is not None:
                return answer
        raise NoAnswer(f"{self.name} does not say how its timer is set")

    def _answered(self) -> float | None:
        return self._timer

    def _fit(self, timer: float | None) -> float:
        """A timer of fixed length must outlast two refreshes, and end within what a renewal leaves."""
        low, high = 2 * EVERY, self._lease - EVERY
        if timer is None or not low <= timer <= high:
            raise ValueError(
                f"the switch's own timer is {_said(timer or 0)}; with a lease of {self._lease:g} s "
                f"it must be {low:g} to {high:g} s"
            )
        return timer

    async def connect(self) -> None:
        self._until = 0.0
        self._state = None
        topic, payload = self._switch.off
        self._link.publish(topic, payload, qos=1)

    async def island(self, until: float) -> None:
        seconds = int(until - self._clock.monotonic() - MARGIN)
        if seconds < max(1.0, self.hold - MARGIN - 1):
            raise DeviceError("the lease ended before the switch was told")
        if not self._link.connected:
            raise NoAnswer("the broker is away, and the switch behind it")
        if not self._until:
            self._state = None
        self._until = until
        self._send(self._switch.on(seconds))

    async def read(self) -> Report:
        now = self._clock.monotonic()
        if now - self._asked >= ASK_EVERY or self._state is None:
            self._asked = now
            self._send(self._switch.ask_state)
        if now - self._heard > PATIENCE:
            self._state = None
            raise NoAnswer(f"{self.name} has not answered for {now - self._heard:.0f} s")
        if self._state is None:
            return Report()
        return Report(Position.ISLANDED if self._state else Position.CONNECTED)

    async def close(self) -> None:
        self._until = 0.0

    def _send(self, said: Said) -> None:
        """At most once: what cannot be sent now must not be delivered later."""
        topic, payload = said
        if self._link.connected:
            self._link.publish(topic, payload, qos=0)

    def _received(self, message: Message) -> None:
        if message.retain:
            return
        state = self._switch.state(message.payload)
        timer = self._switch.timer(message.payload)
        if state is not None:
            self._state = state
        if timer is not None:
            self._timer = timer
        if state is not None or timer is not None:
            self._heard = message.at

    def _reconnected(self) -> None:
        """Whatever was under way before, the switch is told again where it has to stand."""
        if self._clock.monotonic() >= self._until:
            topic, payload = self._switch.off
            self._link.publish(topic, payload, qos=1)


def _said(timer: float) -> str:
    return f"{timer:g} s" if timer else "off"
