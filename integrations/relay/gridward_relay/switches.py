"""What MQTT switches of four kinds say and understand: pure functions between topics, payloads and values.

Each switches on by a timer of its own. Sources: Tasmota's command reference (PulseTime; `Power On` starts it
anew, `Power` without a value would cancel it), Shelly's API of both generations, zigbee2mqtt's device pages.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass

from gridward_kit.kept import Json

Said = tuple[str, str]


class Switch(ABC):
    """One kind of switch. `fixed`: its timer's length is a setting of the switch, not of each command."""

    fixed: bool
    listens: tuple[str, ...]
    ask_state: Said
    ask_timer: Said | None = None
    off: Said
    stay: Said
    """What switches on without an end, as a load wants it."""

    @abstractmethod
    def on(self, seconds: int) -> Said:
        """Topic and payload that switch on for so long."""

    @abstractmethod
    def state(self, payload: bytes) -> bool | None:
        """Whether a message says that it is on; None if it does not say."""

    def timer(self, payload: bytes) -> float | None:
        """The timer's length in seconds, 0 if it is off; None if the message does not say."""
        return None


def _object(payload: bytes) -> dict[str, Json]:
    try:
        content: Json = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _word(value: Json, on: str, off: str) -> bool | None:
    return {on: True, off: False}.get(value) if isinstance(value, str) else None


class Tasmota(Switch):
    """PulseTime: 1 to 111 are tenths of a second, from 112 on seconds plus 100, 0 is off."""

    fixed = True

    def __init__(self, topic: str, channel: int) -> None:
        self._number = channel + 1
        self.listens = (f"stat/{topic}/RESULT",)
        self.ask_state = (f"cmnd/{topic}/State", "")
        self.ask_timer = (f"cmnd/{topic}/PulseTime{self._number}", "")
        self._power = f"cmnd/{topic}/Power{self._number}"
        self.off, self.stay = (self._power, "OFF"), (self._power, "ON")

    def on(self, seconds: int) -> Said:
        return self._power, "ON"

    def state(self, payload: bytes) -> bool | None:
        content = _object(payload)
        alone = content.get("POWER") if self._number == 1 else None
        return _word(content.get(f"POWER{self._number}", alone), "ON", "OFF")

    def timer(self, payload: bytes) -> float | None:
        found = _object(payload).get(f"PulseTime{self._number}")
        setting = found.get("Set") if isinstance(found, dict) else None
        if isinstance(setting, bool) or not isinstance(setting, int):
            return None
        return setting / 10 if setting < 112 else setting - 100


@dataclass(frozen=True, slots=True)
class _Rpc:
    topic: str
    source: str
    channel: int

    def call(self, method: str, params: dict[str, Json] | None = None) -> Said:
        content = {"id": 1, "src": self.source, "method": method}
        return f"{self.topic}/rpc", json.dumps({**content, "params": {"id": self.channel, **(params or {})}})


class Shelly(Switch):
    """Second generation and later: calls over MQTT, each with `toggle_after`; auto-off is set as well."""

    fixed = False

    def __init__(self, topic: str, channel: int, source: str) -> None:
        self._rpc = _Rpc(topic, source, channel)
        self.listens = (f"{source}/rpc",)
        self.ask_state = self._rpc.call("Switch.GetStatus")
        self.ask_timer = self._rpc.call("Switch.GetConfig")
        self.off = self._rpc.call("Switch.Set", {"on": False})
        self.stay = self._rpc.call("Switch.Set", {"on": True})

    def on(self, seconds: int) -> Said:
        return self._rpc.call("Switch.Set", {"on": True, "toggle_after": seconds})

    def state(self, payload: bytes) -> bool | None:
        result = _object(payload).get("result")
        output = result.get("output") if isinstance(result, dict) else None
        return output if isinstance(output, bool) else None

    def timer(self, payload: bytes) -> float | None:
        result = _object(payload).get("result")
        if not isinstance(result, dict) or "auto_off" not in result:
            return None
        delay = result.get("auto_off_delay")
        enabled = result["auto_off"] is True and isinstance(delay, int | float)
        return float(delay) if enabled and isinstance(delay, int | float) else 0.0


class Shelly1(Switch):
    """First generation: its auto-off cannot be read over MQTT; the site file states it."""

    fixed = True

    def __init__(self, topic: str, channel: int) -> None:
        relay = f"shellies/{topic}/relay/{channel}"
        self.listens = (relay,)
        self.ask_state = (f"shellies/{topic}/command", "update")
        self._command = f"{relay}/command"
        self.off, self.stay = (self._command, "off"), (self._command, "on")

    def on(self, seconds: int) -> Said:
        return self._command, "on"

    def state(self, payload: bytes) -> bool | None:
        return _word(payload.decode("utf-8", "replace"), "on", "off")


class Zigbee2mqtt(Switch):
    """On with timed off: `on_time` in each command; the switch's firmware must know it."""

    fixed = False

    def __init__(self, topic: str) -> None:
        base = f"zigbee2mqtt/{topic}"
        self.listens = (base,)
        self.ask_state = (f"{base}/get", json.dumps({"state": ""}))
        self._set = f"{base}/set"
        self.off = (self._set, json.dumps({"state": "OFF"}))
        self.stay = (self._set, json.dumps({"state": "ON"}))

    def on(self, seconds: int) -> Said:
        return self._set, json.dumps({"state": "ON", "on_time": seconds, "off_wait_time": 0})

    def state(self, payload: bytes) -> bool | None:
        return _word(_object(payload).get("state"), "ON", "OFF")


def switch(style: str, topic: str, channel: int, source: str) -> Switch:
    """The kind of switch by its name in the site file; `source` is where a Shelly answers."""
    match style:
        case "tasmota":
            return Tasmota(topic, channel)
        case "shelly":
            return Shelly(topic, channel, source)
        case "shelly1":
            return Shelly1(topic, channel)
        case _:
            return Zigbee2mqtt(topic)
