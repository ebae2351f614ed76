"""A load that can be switched: on by default, set by persons and rules, and left as it stands."""

from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity, Setting, Switch
from gridward_kit.errors import DeviceError, Unconfirmed
from gridward_kit.integration import Identity
from gridward_kit.point import Value
from gridward_relay.drivers.load import LoadSwitch
from gridward_relay.telling import Telling

TICK = 0.4
RETRY = 5.0
PATIENCE = 5.0
CONFIRM, STEPS = 0.2, 15
FAILURES = (DeviceError, OSError, ValueError)
KEPT = "load"

SWITCH = Switch("switch", "Load", setting=Setting(wear="none"))
ROWS: tuple[Entity, ...] = (SWITCH,)


class Load:
    """One load, served until cancelled; then it stays as it is. No fault of its driver gets out of it."""

    def __init__(self, device: Device, driver: LoadSwitch) -> None:
        self._device, self._driver, self._clock = device, driver, device.clock
        self._telling = Telling(device, frozenset())
        self._started = False
        self._start_at = self._clock.monotonic()
        self._failing_since: float | None = None

    async def run(self, protocol: str) -> None:
        """Serve until cancelled."""
        self._device.describe(Identity(model=self._driver.name, protocol=protocol), ROWS)
        self._device.perform = self._perform
        try:
            while True:
                await self._tick()
                await self._clock.sleep(TICK)
        finally:
            await self._driver.close()

    async def _tick(self) -> None:
        now = self._clock.monotonic()
        try:
            if not self._started:
                if now < self._start_at:
                    return
                self._start_at = now + RETRY
                await self._driver.start(on=self._device.kept.content.get(KEPT) is not False)
                self._started = True
            on = await self._driver.read()
        except FAILURES as error:
            self._failed(error, now)
            return
        if on is not None:
            self._failing_since = None
            self._telling.say({SWITCH.key: on})

    def _failed(self, error: Exception, now: float) -> None:
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= PATIENCE or isinstance(error, ValueError):
            self._telling.lost(f"{self._driver.name}: {error}")

    async def _perform(self, row: Entity, command: Command) -> Value:
        """Switch it and read it back; raises Unconfirmed where it does not follow."""
        if row.key != SWITCH.key:
            raise ValueError(f"{row.name} cannot be set")
        on, read = command.value is True, None
        await self._driver.put(on=on)
        self._device.keep({KEPT: on})  # a pin is held by nobody while we are away
        for _ in range(STEPS):
            await self._clock.sleep(CONFIRM)
            read = await self._driver.read()
            if read is on:
                self._telling.say({SWITCH.key: on})
                return on
        raise Unconfirmed(read, f"{self._driver.name} was told, and does not follow")
