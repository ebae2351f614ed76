"""The ways to switch a load: a pin, a board's coil, a plug on the broker. No timer, no lease: it stays."""

from typing import Protocol

from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError, NoAnswer
from gridward_kit.mqtt import Link, Message
from gridward_kit.port import Port
from gridward_relay import rtu
from gridward_relay.drivers.modbus import tried
from gridward_relay.options import Settings
from gridward_relay.switches import Said, switch

ASK_EVERY = 2.0
PATIENCE = 10.0
STEP, STEPS = 0.1, 30


class LoadSwitch(Protocol):
    """One load. Methods raise DeviceError or OSError when it cannot be done, ValueError for what is unfit."""

    name: str

    async def start(self, *, on: bool) -> None:
        """Reach it. Only a pin, which nobody held meanwhile, is put as it stood: `on`."""

    async def put(self, *, on: bool) -> None:
        """Switch it on or off."""

    async def read(self) -> bool | None:
        """Whether it is on, as it says itself; None while it has not said."""

    async def close(self) -> None:
        """Let go of it, as it stands."""


def make(chosen: Settings, device: str, link: Link, clock: Clock) -> LoadSwitch:
    """The driver that the settings name."""
    match chosen.driver:
        case "gpio":
            return Pin(chosen)
        case "modbus":
            return Coil(chosen, clock)
        case _:
            return Plug(chosen, device, link, clock)


class Pin:
    """A pin of the computer's own header."""

    def __init__(self, chosen: Settings) -> None:
        from gridward_relay.drivers.gpio import Level  # noqa: PLC0415 - only who has pins pays for it

        self.name = f"GPIO {chosen.pin}"
        self._level = Level(chosen.pin or 0, high=chosen.closed_when == "high")

    async def start(self, *, on: bool) -> None:
        self._level.put(on=on)

    async def put(self, *, on: bool) -> None:
        self._level.put(on=on)

    async def read(self) -> bool | None:
        return self._level.read()

    async def close(self) -> None:
        self._level.close()


class Coil:
    """A coil of a Modbus relay board; over its normally closed contact a coil that is off is a load on."""

    def __init__(self, chosen: Settings, clock: Clock) -> None:
        self.name = f"Modbus relay board, unit {chosen.address}, coil {chosen.coil}"
        self._chosen = chosen
        self._closed = chosen.contact == "normally_closed"
        self._port = Port(chosen.port or "", rtu.LINE, clock)

    async def start(self, *, on: bool) -> None:
        await self.read()

    async def put(self, *, on: bool) -> None:
        value = rtu.ON if on is not self._closed else rtu.OFF
        asked = rtu.request(self._chosen.address, rtu.WRITE_COIL, self._chosen.coil, value)
        rtu.echoed(asked, await self._ask(asked))

    async def read(self) -> bool | None:
        asked = rtu.request(self._chosen.address, rtu.READ_COILS, self._chosen.coil, 1)
        [coil] = rtu.values(asked, await self._ask(asked))
        return bool(coil) is not self._closed

    async def close(self) -> None:
        self._port.close()

    async def _ask(self, asked: bytes) -> bytes:
        return await tried(lambda: self._port.exchange(asked, lambda seen, _: rtu.cut(asked, seen)))


class Plug:
    """A plug on the broker. One that switches off by a timer of its own is no plug for a load."""

    def __init__(self, chosen: Settings, device: str, link: Link, clock: Clock) -> None:
        self.name = f"{chosen.style} plug {chosen.topic}"
        self._link, self._clock = link, clock
        self._switch = switch(
            chosen.style or "", chosen.topic or "", chosen.coil, f"{link.root}/{device}/plug"
        )
        self._on: bool | None = None
        self._timers: list[float] = []
        self._heard = self._asked = clock.monotonic()
        for topic in self._switch.listens:
            link.subscribe(topic, self._received)

    async def start(self, *, on: bool) -> None:
        if not self._link.connected:
            raise NoAnswer("the broker is away, and the plug behind it")
        if self._switch.ask_timer is None:
            return
        timer = await self._ask_timer(self._switch.ask_timer)
        if timer:
            raise ValueError(f"{self.name} switches off by itself after {timer:g} s; set its timer to off")

    async def _ask_timer(self, question: Said) -> float:
        self._timers.clear()
        self._send(question)
        for _ in range(STEPS):
            await self._clock.sleep(STEP)
            if self._timers:
                return self._timers[-1]
        raise NoAnswer(f"{self.name} does not say how its timer is set")

    async def put(self, *, on: bool) -> None:
        if not self._link.connected:
            raise NoAnswer("the broker is away, and the plug behind it")
        self._on = None
        self._send(self._switch.stay if on else self._switch.off)

    async def read(self) -> bool | None:
        now = self._clock.monotonic()
        if now - self._asked >= ASK_EVERY or self._on is None:
            self._asked = now
            self._send(self._switch.ask_state)
        if now - self._heard > PATIENCE:
            self._on = None
            raise DeviceError(f"{self.name} has not answered for {now - self._heard:.0f} s")
        return self._on

    async def close(self) -> None:
        """It is on the broker, and nothing of it is ours."""

    def _send(self, said: Said) -> None:
        """At most once: what cannot be sent now must not be delivered later."""
        if self._link.connected:
            self._link.publish(*said, qos=0)

    def _received(self, message: Message) -> None:
        if message.retain:
            return
        state, timer = self._switch.state(message.payload), self._switch.timer(message.payload)
        self._on = self._on if state is None else state
        self._timers += [] if timer is None else [timer]
        if state is not None or timer is not None:
            self._heard = message.at
