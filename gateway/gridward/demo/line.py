"""The simulated devices of a site: each bus and relay gets a pseudo-terminal, all feed on one plant."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gridward.plant import Plant
from gridward.run import line_of
from gridward.site import BusSpec, DeviceSpec, Site
from gridward_kit.integration import Fact, Simulator, integrations
from gridward_kit.point import Value
from gridward_kit.simulate import Served, serve_pty

STEP = 0.5
CHUNK = 8
ALARM = "alarm_"


@dataclass(frozen=True, slots=True)
class Simulated:
    """One simulated device and the line it is on."""

    device: str
    kind: str
    simulator: Simulator
    served: Served
    side: str | None = None


class Lines:
    """Serves a site's devices, and moves the plant that they measure in real time."""

    def __init__(self, site: Site, plant: Plant, folder: Path) -> None:
        self.plant = plant
        self.devices: dict[str, Simulated] = {}
        self._folder = folder
        self.site = replace(
            site,
            buses=tuple(self._bus(bus) for bus in site.buses),
            devices=tuple(self._relay(device) for device in site.devices),
        )

    async def run(self) -> None:
        """Move plant and devices until cancelled."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            self.feed(loop.time())
            await asyncio.sleep(STEP)
            now = loop.time()
            self.plant.run(max(0.01, now - last))
            last = now

    def feed(self, now: float) -> None:
        """Let commands act on the plant, and the devices measure it."""
        for item in self.devices.values():
            match item.kind:
                case "inverter":
                    self.plant.settings_from(item.simulator.state)
                    _measure(item, self._inverter(item.simulator.state))
                case "battery":
                    self.plant.switches_from(item.simulator.state)
                    _measure(item, self.plant.battery_readings())
                case "meter":
                    at_grid = item.side == "grid"
                    _measure(item, self.plant.grid_readings() if at_grid else self.plant.house_readings())
                case "relay":
                    item.simulator.receive(b"", now)
                    self.plant.contactor_closed = bool(item.simulator.state["closed"])

    def _inverter(self, state: Mapping[str, Value]) -> dict[str, Value]:
        values = self.plant.inverter_readings()
        if not values:
            return {}
        stands = self.plant.inverter_warnings()
        alarms = [key for key in state if key.startswith(ALARM)]
        return {**values, **{key: key.removeprefix(ALARM) in stands for key in alarms}}

    def stop(self) -> None:
        """Take the pseudo-terminals away."""
        for item in self.devices.values():
            item.served.unplug()

    def _bus(self, bus: BusSpec) -> BusSpec:
        simulators = [self._simulator(device) for device in bus.devices]
        served = serve_pty(simulators, line_of(bus), link=self._folder / bus.id, chunk=CHUNK)
        for device, simulator in zip(bus.devices, simulators, strict=True):
            self._add(device, simulator, served)
        return replace(bus, port=served.url)

    def _relay(self, device: DeviceSpec) -> DeviceSpec:
        integration = integrations()[device.integration]
        if integration.simulator is None:
            return device
        board = integration.simulator(device.options)
        served = serve_pty([board], integration.line, link=self._folder / device.id, chunk=CHUNK)
        self._add(device, board, served)
        options: dict[str, Fact] = {
            key: value for key, value in device.options.items() if key in ("lease", "inputs")
        }
        options |= {
            "driver": "modbus",
            "port": served.url,
            "address": 1,
            "coil": 0,
            "contact": "normally_closed",
            "feedback_input": 0,
        }
        return replace(device, options=options)

    @staticmethod
    def _simulator(device: DeviceSpec) -> Simulator:
        make = integrations()[device.integration].simulator
        if make is None:
            raise ValueError(f"{device.id}: {device.integration} has no simulator")
        return make(dict(device.options) | ({"model": device.model} if device.model else {}))

    def _add(self, device: DeviceSpec, simulator: Simulator, served: Served) -> None:
        kind = integrations()[device.integration].kind
        begins: Mapping[str, Value] = {}
        if kind == "inverter":
            begins = self.plant.inverter_settings()
        elif kind == "battery":  # else its own state of charge would pass for one that a command set
            begins = self.plant.battery_readings()
        simulator.state |= {key: value for key, value in begins.items() if key in simulator.state}
        self.devices[device.id] = Simulated(device.id, kind, simulator, served, device.side)


def _measure(item: Simulated, values: Mapping[str, Value]) -> None:
    """Put what the plant says into the device; with nothing to say the device is dark."""
    item.served.faults.silence = not values
    item.simulator.state |= {key: value for key, value in values.items() if key in item.simulator.state}
