"""What the broker says to somebody who listens from the first minute."""

import json
import time
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gridward_kit.kept import Json

PATIENCE = 120.0
QUIET = 4.0


def until(holds: Callable[[], object], what: str = "nothing came of it") -> None:
    """Wait until it holds; two minutes are for ever, on however busy a machine."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.4)


class Ear:
    """The discovery messages that stand, by unique id, and the last result of each entity."""

    def __init__(self, port: int) -> None:
        self.announced: dict[str, dict[str, Json]] = {}
        self.results: dict[str, dict[str, Json]] = {}
        self._topics: dict[str, str] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("homeassistant/+/+/config", 0), ("gridward/+/+/+/result", 0)])
        self._client.loop_start()

    def close(self) -> None:
        """Hang up."""
        self._client.loop_stop()
        self._client.disconnect()

    def settle(self, *devices: str) -> None:
        """Wait for these devices, and until nothing new has come for some seconds."""
        until(lambda: set(devices) <= self.devices(), f"not all announced: {sorted(self.devices())}")
        count = -1
        while count != len(self.announced):
            count = len(self.announced)
            time.sleep(QUIET)

    def devices(self) -> set[str]:
        """The names of the devices that are announced."""
        return {str(_part(one, "device")["name"]) for one in list(self.announced.values())}

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        content = json.loads(message.payload or b"{}")
        if message.topic.endswith("/result"):
            self.results[message.topic.removeprefix("gridward/demo/").removesuffix("/result")] = content
        elif content:
            self._topics[message.topic] = content["unique_id"]
            self.announced = {**self.announced, content["unique_id"]: content}
        else:
            gone = self._topics.pop(message.topic, None)
            self.announced = {key: one for key, one in self.announced.items() if key != gone}


def _part(one: dict[str, Json], key: str) -> dict[str, Json]:
    found = one[key]
    assert isinstance(found, dict)
    return found
