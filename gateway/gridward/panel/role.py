"""The role `panel`: the button asks on this computer first, then over the broker; the LED says what holds."""

import asyncio
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import gpiozero

from gridward.commands import Commands
from gridward.live import Live
from gridward.panel.codes import CODES, Code, Facts, code
from gridward.panel.press import Button, Press
from gridward.site import PanelSpec, Site
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.entity import COUNT, ENUM, TEXT, Category, Entity, Sensor
from gridward_kit.errors import DeviceError
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json, Kept
from gridward_kit.mqtt import Link
from gridward_kit.point import Value
from gridward_kit.tasks import end

log = logging.getLogger(__name__)

SAMPLE = 0.05
TURN = 1.0
AGAIN = 5.0
FOR = 3600.0
AUTO, CONNECTED, STOP = "auto", "connected", "stop"
GRID, ALL, HAND = "grid_override", "override", "hand"

ROWS: tuple[Entity, ...] = (
    Sensor("code", "LED", quantity=ENUM, options=tuple(one.name for one in CODES)),
    Sensor("means", "LED means", quantity=TEXT),
    Sensor("wish", "Asked at the panel", quantity=ENUM, options=(AUTO, CONNECTED, STOP)),
    Sensor("presses", "Presses", quantity=COUNT, category=Category.DIAGNOSTIC),
)
PANEL = Integration(domain="panel", name="Panel", kind="panel", entities=lambda _: ROWS)


class Pin(Protocol):
    """What is used of gpiozero's LED and button; `value` 1: lit, pressed."""

    value: int

    def close(self) -> None:
        """Give the pin back."""


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gpiozero.PinFactoryFallback)
            yield
    except gpiozero.BadPinFactory as error:
        raise DeviceError(f"{what}: no GPIO here, or no library for it (pip install lgpio)") from error
    except Exception as error:  # gpiozero lets errors of the library below through (lgpio: GPIO busy)
        raise DeviceError(f"{what}: {error or type(error).__name__}") from error


async def run_panel(site: Site, spec: PanelSpec, link: Link, clock: Clock) -> None:
    """Serve LED and button until cancelled."""
    await Panel(Live(link, clock), link, clock, spec, site.folder / "state").run()


class Panel:
    """What was asked at the button, where it was told, and what the LED shows."""

    def __init__(self, live: Live, link: Link, clock: Clock, spec: PanelSpec, folder: Path) -> None:
        self.device = Device(Setup("panel", PANEL, "Panel", folder), link, clock)
        self._live, self._link, self._clock, self._spec = live, link, clock, spec
        self._commands = Commands(link, clock)
        self._asked = Kept(folder / "hand" / f"{spec.relay}.json")
        self._button = Button()
        self._presses = 0
        now = clock.monotonic()
        stands = self._asked.content.get("wish") == CONNECTED
        self._wish = (STOP if self._asked.content.get("all") else CONNECTED) if stands else AUTO
        self._until = now + FOR
        self._had = {"rules": AUTO, spec.relay: CONNECTED if stands else AUTO}
        self._shown: Code | None = None
        self._shown_at = self._told_at = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled; pins that cannot be had are tried for ever, told once."""
        self.device.describe(Identity(model="LED and button", protocol="gpio"), ROWS)
        told = ""
        try:
            while True:
                try:
                    await self._serve()
                except DeviceError as error:
                    if str(error) != told:
                        log.error("panel: %s; trying for ever", error)
                    told = str(error)
                    self.device.lost(told)
                await self._clock.sleep(AGAIN)
        finally:
            await end(self._tasks)

    async def _serve(self) -> None:
        pins: list[Pin] = []
        try:
            with _told(f"LED on GPIO {self._spec.led}"):
                pins.append(gpiozero.LED(self._spec.led))
            with _told(f"button on GPIO {self._spec.button}"):
                pins.append(gpiozero.Button(self._spec.button))
            led, button = pins
            while True:
                with _told("the panel's pins"):
                    self.turn(led, pressed=bool(button.value))
                await self._clock.sleep(SAMPLE)
        finally:
            for pin in pins:
                pin.close()

    def turn(self, led: Pin, *, pressed: bool) -> None:
        """One look at the button and at the house, and the LED's level of this moment."""
        now = self._clock.monotonic()
        press = self._button.sample(now, pressed=pressed)
        if press is not None:
            self._act(press, now)
        self._follow(now)
        shown = code(self._facts(now))
        if shown is not self._shown:
            self._shown, self._shown_at, self._told_at = shown, now, now - TURN
        led.value = int(shown.lit(now - self._shown_at))
        if now - self._told_at >= TURN:
            self._told_at = now
            self._tell(shown)

    def _act(self, press: Press, now: float) -> None:
        """Short: the grid by hand, or automatic again. Long: the grid, and nothing automatic at all."""
        self._presses += 1
        before = self._wish
        wish = AUTO if before != AUTO else (STOP if press == "long" else CONNECTED)
        if press == "long" and before == CONNECTED:
            wish = STOP
        log.info("panel: %s press: %s", press, wish)
        self._set(wish, now)
        self._ask(GRID, AUTO if wish == AUTO else CONNECTED)
        if STOP in (wish, before):
            self._ask(ALL, STOP if wish == STOP else AUTO)

    def _set(self, wish: str, now: float) -> None:
        """Ask the relay on this computer: a file whose number only rises, on disk when this returns."""
        self._wish, self._until, self._had = wish, now + FOR, dict.fromkeys(self._had, AUTO)
        number = self._asked.content.get("number")
        before = number if isinstance(number, int) else 0
        content: dict[str, Json] = {
            "number": max(before + 1, int(self._clock.time())),
            "wish": AUTO if wish == AUTO else CONNECTED,
            "seconds": FOR,
            "all": wish == STOP,
        }
        try:
            self._asked.save(content)
        except OSError as error:
            log.error("panel: %s: %s; only the broker is asked", self._asked.path, error)

    def _ask(self, key: str, value: str) -> None:
        if self._link.connected:
            task = asyncio.ensure_future(self._asking(key, value))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _asking(self, key: str, value: str) -> None:
        async for result in self._commands.ask("rules", key, value, "panel"):
            if result.final and result.status not in ("confirmed", "unchanged"):
                log.warning("panel: %s %s: %s", key, value, result.reason)

    def _follow(self, now: float) -> None:
        """It ends by time; and when rules or relay, who had it, are automatic again, so is the panel."""
        over = now >= self._until
        for who, key in (("rules", GRID), (self._spec.relay, HAND)):
            says = str(self._live.fresh(who, key, now) or "")
            over = over or (says == AUTO and self._had[who] == CONNECTED)
            self._had[who] = says or self._had[who]
        if over and self._wish != AUTO:
            log.info("panel: automatic again")
            self._set(AUTO, now)

    def _facts(self, now: float) -> Facts:
        relay = self._spec.relay
        feedback = self._live.fresh(relay, "feedback", now) or self._live.fresh(relay, "position", now)
        return Facts(
            broker=self._link.connected,
            rules=self._live.fresh("rules", "mode", now) is not None,
            contactor=feedback is not None,
            locked=self._live.fresh(relay, "locked", now) is True,
            islanded=None if feedback is None else feedback == "islanded",
            by_hand=self._wish == CONNECTED or self._live.fresh("rules", GRID, now) == CONNECTED,
            stopped=self._wish == STOP or self._live.fresh("rules", ALL, now) == STOP,
            button=self._button.trouble(now),
        )

    def _tell(self, shown: Code) -> None:
        means = self._button.trouble(self._clock.monotonic()) if shown.name == "button" else None
        values: dict[str, Value] = {
            "code": shown.name,
            "means": shown.means if means is None else f"{shown.means}: {means}",
            "wish": self._wish,
            "presses": self._presses,
        }
        self.device.read(values, TURN)
        self.device.publish()
