"""A scene's inverter, BMS and contactor in memory, measuring one plant."""

import json
from pathlib import Path

import gridward_axpert
import gridward_daly
import gridward_relay
from gridward.plant import Plant
from gridward.site import DeviceSpec
from gridward_kit.command import Command
from gridward_kit.device import Device
from gridward_kit.entity import Entity
from gridward_kit.errors import Refused
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.mqtt import Message
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_relay.entities import ENTITIES, FEEDBACK, POSITION

SETTLING = 300.0
INVERTER = gridward_axpert.INTEGRATION
BMS = gridward_daly.INTEGRATION
RELAY = gridward_relay.INTEGRATION
SPECS = (
    DeviceSpec("inverter", "axpert", "Inverter", writable=True),
    DeviceSpec("bms", "daly", "BMS", writable=True),
    DeviceSpec("contactor", "relay", "Grid contactor"),
)


class Devices:
    """Inverter, BMS and contactor as the broker sees them, measuring one plant."""

    def __init__(
        self, plant: Plant, broker: MemoryBroker, clock: TurnedClock, folder: Path, refuses: str
    ) -> None:
        self.plant, self._clock, self._refuses = plant, clock, refuses
        self._epoch, self._sent, self._leased = "scene", 0, 0.0
        self._islanding = not plant.contactor_closed
        self._settings = dict(plant.inverter_settings())
        self._own: dict[str, Value] = {}

        def device(spec: DeviceSpec, integration: Integration) -> Device:
            setup = Setup(spec.id, integration, spec.name, folder, writable=spec.writable, port="in memory")
            return Device(setup, broker.link(f"bus:{spec.id}"), clock, perform=self._perform)

        self.inverter, self.bms, self.contactor = (
            device(spec, integration) for spec, integration in zip(SPECS, (INVERTER, BMS, RELAY), strict=True)
        )
        for item, identity in ((self.inverter, INVERTER.example), (self.bms, BMS.example)):
            dialect = item.setup.integration.dialect
            assert identity is not None and dialect is not None  # noqa: PT018, S101
            item.describe(identity, dialect(identity, {}).entities)
        for item in (self.inverter, self.bms, self.contactor):
            item.link.publish(f"{item.link.root}/{item.link.role}/availability", "online", retain=True)
        rows = (POSITION, FEEDBACK, *ENTITIES)
        self.contactor.describe(Identity("Simulated board", "modbus"), rows)
        link = self.contactor.link
        link.subscribe(f"{link.root}/contactor/lease/renew", self._renewed)

    async def run(self) -> None:
        """Measure once a second."""
        while True:
            self._measure()
            await self._clock.sleep(1.0)
            self.plant.run(1.0)

    def _measure(self) -> None:
        now = self._clock.monotonic()
        self._lease(now)
        self.plant.settings_from(self._settings)
        self.inverter.read(
            {**self.plant.inverter_readings(), **self._settings, **self._own, "output_mode": "single"}, 1.0
        )
        self.inverter.publish()
        if battery := self.plant.battery_readings():
            self.bms.read(battery, 1.0)
            self.bms.publish()
        elif self.bms.available:
            self.bms.lost("no answer to 0x90")
        where = "connected" if self.plant.contactor_closed else "islanded"
        closed = self.plant.contactor_closed
        self.contactor.read({"position": where, "feedback": where, "closed": closed, "locked": False}, 1.0)
        self.contactor.publish()

    def _lease(self, now: float) -> None:
        link = self.contactor.link
        if int(now) % 5 == 0:
            self._sent += 1
            pair = {"v": 1, "epoch": self._epoch, "n": self._sent}
            link.publish(f"{link.root}/contactor/lease", json.dumps(pair), qos=0)
        self.plant.contactor_closed = now > self._leased and not (self._islanding and now < 1000 + SETTLING)

    def _renewed(self, message: Message) -> None:
        if json.loads(message.payload).get("n") == self._sent:
            self._leased = message.at + 30.0

    async def _perform(self, row: Entity, command: Command) -> Value:
        """Obey after a moment, as a device does that is read back."""
        await self._clock.sleep(1.0)
        if row.key == self._refuses:
            raise Refused("the inverter says no in this mode")
        target = self._settings if row.key in self._settings else self._own
        target[row.key] = command.value
        self.inverter.read({row.key: command.value}, 1.0)
        return command.value
