"""MQTT switches and plugs as their makers describe them, on a broker in memory; all have the topic `grid`."""

import json
from collections.abc import Callable

from gridward_kit.mqtt import Message
from gridward_kit.testing import MemoryBroker, TurnedClock


class SimulatedSwitch:
    """A switch with its own timer. Each style answers in its maker's topics and payloads."""

    def __init__(self, broker: MemoryBroker, clock: TurnedClock) -> None:
        self.broker = broker
        self.clock = clock
        self.until = 0.0
        self.dead = False

    def is_on(self) -> bool:
        return self.clock.monotonic() < self.until

    def turn(self, *, on: bool, seconds: float = 1e9) -> None:
        self.until = self.clock.monotonic() + seconds if on else 0.0

    def listen(self, topic: str, act: Callable[[bytes], None]) -> None:
        def heard(message: Message) -> None:
            if not self.dead and not message.retain:
                act(message.payload)

        self.broker.subscribe(topic, heard)


class Tasmota(SimulatedSwitch):
    """`Power` starts PulseTime anew; `Power` without a value would stop it, as the real one does."""

    pulse = 115

    def __init__(self, broker: MemoryBroker, clock: TurnedClock) -> None:
        super().__init__(broker, clock)
        self.listen("cmnd/grid/Power1", self._power)
        self.listen("cmnd/grid/State", lambda _: self._say({"Time": "1970", "POWER": self._word()}))
        self.listen(
            "cmnd/grid/PulseTime1", lambda _: self._say({"PulseTime1": {"Set": self.pulse, "Remaining": 0}})
        )

    def _power(self, payload: bytes) -> None:
        seconds = self.pulse / 10 if self.pulse < 112 else self.pulse - 100
        if payload:
            self.turn(on=payload == b"ON", seconds=seconds if self.pulse else 1e9)
        else:
            self.turn(on=self.is_on())
        self._say({"POWER": self._word()})

    def _word(self) -> str:
        return "ON" if self.is_on() else "OFF"

    def _say(self, content: dict[str, object]) -> None:
        self.broker.publish("stat/grid/RESULT", json.dumps(content))


class Shelly(SimulatedSwitch):
    """Calls over MQTT, answered where the caller says."""

    config: dict[str, object]

    def __init__(self, broker: MemoryBroker, clock: TurnedClock) -> None:
        super().__init__(broker, clock)
        self.config = {"id": 0, "auto_off": True, "auto_off_delay": 30.0}
        self.listen("grid/rpc", self._call)

    def _call(self, payload: bytes) -> None:
        call = json.loads(payload)
        params = call["params"]
        match call["method"]:
            case "Switch.Set":
                was = self.is_on()
                self.turn(on=params["on"], seconds=params.get("toggle_after", 1e9))
                result: dict[str, object] = {"was_on": was}
            case "Switch.GetConfig":
                result = self.config
            case "Switch.GetStatus":
                result = {"id": 0, "output": self.is_on(), "temperature": {"tC": 31.0}}
            case _:
                raise AssertionError(call)
        self.broker.publish(f"{call['src']}/rpc", json.dumps({"id": 1, "src": "grid", "result": result}))


class Shelly1(SimulatedSwitch):
    def __init__(self, broker: MemoryBroker, clock: TurnedClock) -> None:
        super().__init__(broker, clock)
        self.listen("shellies/grid/relay/0/command", self._power)
        self.listen("shellies/grid/command", lambda _: self._say())

    def _power(self, payload: bytes) -> None:
        self.turn(on=payload == b"on", seconds=15)
        self._say()

    def _say(self) -> None:
        self.broker.publish("shellies/grid/relay/0", "on" if self.is_on() else "off")


class Zigbee2mqtt(SimulatedSwitch):
    def __init__(self, broker: MemoryBroker, clock: TurnedClock) -> None:
        super().__init__(broker, clock)
        self.listen("zigbee2mqtt/grid/set", self._set)
        self.listen("zigbee2mqtt/grid/get", lambda _: self._say())

    def _set(self, payload: bytes) -> None:
        content = json.loads(payload)
        self.turn(on=content["state"] == "ON", seconds=content.get("on_time", 1e9))
        self._say()

    def _say(self) -> None:
        self.broker.publish(
            "zigbee2mqtt/grid", json.dumps({"state": "ON" if self.is_on() else "OFF", "linkquality": 120})
        )


SWITCHES: dict[str, type[SimulatedSwitch]] = {
    "tasmota": Tasmota,
    "shelly": Shelly,
    "shelly1": Shelly1,
    "zigbee2mqtt": Zigbee2mqtt,
}
