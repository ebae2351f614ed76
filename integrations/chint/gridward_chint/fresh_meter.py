"""A simulated meter as it leaves the factory: DL/T 645 first, Modbus after the switch. Pure.

It hears only its own line: 2400 8E1, afterwards 9600 8N2.
"""

import struct
from collections.abc import Mapping

from gridward_chint import dlt645, dlt645_items
from gridward_kit.errors import BadFrame
from gridward_kit.integration import Line, Simulator
from gridward_kit.modbus import frame
from gridward_kit.point import Value

FACTORY = Line(baud=2400, parity="E", stop=1)
MODBUS = Line(baud=9600, parity="N", stop=2)
VARIANTS: Mapping[str, str] = {
    "obeys": "switches at once, and stays",
    "ignores": "acknowledges the switch and stays on DL/T 645",
    "falls_back": "is back on DL/T 645 after its supply was away",
    "sleeps": "is silent after the switch until its supply was away",
    "mute": "switches without acknowledging",
    "printed": "has its address in the order of the label",
    "printed_switch": "obeys the switch only if its address is in the order of the label",
}
MODELS = ("ddsu666", "dtsu666", "dtsu666_2016")
GAP = 0.1
RESTING: Mapping[str, Value] = {
    "voltage": 231.4,
    "current": 0.0,
    "power": 0.0,
    "frequency": 50.01,
    "import_energy": 0.12,
}


class FreshMeter(Simulator):
    """One meter. `unit` is its Modbus address: by default the label's last two digits, 1 where they are 00.

    `unplugged` makes it silent, as a cable that was pulled.
    """

    def __init__(
        self, serial: str, model: str = "ddsu666", variant: str = "obeys", unit: int | None = None
    ) -> None:
        if model not in MODELS or variant not in VARIANTS:
            raise ValueError(f"models are {', '.join(MODELS)}, variants {', '.join(VARIANTS)}")
        self.address = dlt645.wire_address(serial, reverse=variant != "printed")
        self.serial, self.model, self.variant = serial, model, variant
        self.state = dict(RESTING)
        self.unit = unit if unit is not None else int(serial[-2:]) or 1
        self.ratio = 1
        self.unplugged = False
        self.switched = False
        self.asleep = False
        self.heard: list[bytes] = []
        self._incoming = b""
        self._last = 0.0
        self.hears = FACTORY

    def power_cycle(self) -> None:
        """Take its supply away and give it back."""
        self.asleep = False
        if self.variant == "falls_back":
            self.speak(modbus=False)

    def speak(self, *, modbus: bool) -> None:
        """Change the protocol, and with it the line."""
        self.switched = modbus
        self.hears = MODBUS if modbus else FACTORY
        self._incoming = b""

    def receive(self, data: bytes, now: float) -> list[bytes]:
        if now - self._last > GAP:
            self._incoming = b""
        self._last = now
        if self.unplugged or self.asleep:
            return []
        self._incoming += data
        return self._modbus() if self.switched else self._factory()

    def _factory(self) -> list[bytes]:
        answers: list[bytes] = []
        for request, end in list(dlt645.found(self._incoming)):
            self._incoming = self._incoming[end:]
            self.heard.append(request.sent(0))
            address = self.address
            if request.control == dlt645.WRITE and self.variant == "printed_switch":
                address = address[::-1]
            if not request.control & dlt645.ANSWER and dlt645.meant(request.address, address):
                answers += self._obey(request)
        return answers

    def _obey(self, request: dlt645.Frame) -> list[bytes]:
        done = request.control | dlt645.ANSWER
        if request.control == dlt645.READ_ADDRESS:
            return [dlt645.Frame(self.address, done, self.address).sent(4)]
        if request == dlt645.to_modbus(request.address):
            return self._switch(done)
        if request.control == dlt645.READ:
            cell = self._cell(dlt645_items.identifier_of(request))
            if cell is not None:
                return [dlt645.Frame(self.address, done, request.data[:4] + cell).sent(4)]
        return [dlt645.Frame(self.address, done | dlt645.ERROR, b"\x02").sent(4)]

    def _switch(self, done: int) -> list[bytes]:
        if self.variant != "ignores":
            self.speak(modbus=True)
            self.asleep = self.variant == "sleeps"
        return [] if self.variant == "mute" else [dlt645.Frame(self.address, done).sent(4)]

    def _cell(self, identifier: int) -> bytes | None:
        item = dlt645_items.BY_IDENTIFIER.get(identifier)
        key = item.key.removesuffix("_l1") if item else ""
        if item is None or key not in self.state:
            return None
        return item.encode(float(self.state[key]) / (1000 if item.unit == "kW" else 1))

    def _modbus(self) -> list[bytes]:
        request = self._incoming
        wanted = 8 if len(request) < 7 or request[1] != frame.WRITE_MANY else 9 + request[6]
        if len(request) < wanted or not frame.intact(request[:wanted]):
            return []
        self._incoming = request[wanted:]
        if request[0] != self.unit:
            return []
        self.heard.append(request[:wanted])
        try:
            unit, function, start, count = frame.asked(request[:wanted])
        except BadFrame:
            return []
        if function == frame.HOLDING:
            return [self._read(unit, start, count)]
        if function in (frame.WRITE_ONE, frame.WRITE_MANY):
            one = function == frame.WRITE_ONE
            value = count if one else int.from_bytes(request[7:9], "big")
            return [self._write(unit, function, start, 1 if one else count, value, request[:6])]
        return [frame.refusal(unit, function, 1)]

    def _read(self, unit: int, start: int, count: int) -> bytes:
        words = self._words()
        wanted = range(start, start + count)
        if any(place not in words for place in wanted):
            return frame.refusal(unit, frame.HOLDING, 2)
        cells = b"".join(words[place].to_bytes(2, "big") for place in wanted)
        return frame.sealed(bytes((unit, frame.HOLDING, len(cells))) + cells)

    def _write(self, unit: int, function: int, start: int, count: int, value: int, head: bytes) -> bytes:
        places = {"ddsu666": 0x0006, "dtsu666": 0x002E, "dtsu666_2016": 0x002D}
        if count != 1 or start not in (*range(0x000D), *range(0x002C, 0x002F)):
            return frame.refusal(unit, function, 2)
        if start == places[self.model]:
            if not 1 <= value <= 247:
                return frame.refusal(unit, function, 3)
            self.unit = value
        elif start == 0x0006:
            self.ratio = value
        elif start == (0x0005 if self.model == "ddsu666" else 0x002C) and value == 1:
            self.speak(modbus=False)
        return frame.sealed(head)

    def _words(self) -> dict[int, int]:
        """The registers of this model, by address (ZTY0.464.922; .1002; the quick manual of 2016)."""
        volts, amperes, watts, hertz, energy = (float(self.state[key]) for key in RESTING)
        if self.model == "ddsu666":
            head = {0: 701, 1: 1, 2: 0, 3: 2, 5: 2, 6: self.unit, 0x0C: 3}
            live = [volts, amperes, watts / 1000, 0.0, volts * amperes / 1000, 1.0, 0.0, hertz, 0.0]
            return head | _floats(0x2000, live) | _floats(0x4000, [energy])
        line = [2, self.unit, 3] if self.model == "dtsu666_2016" else [2, 3, self.unit]
        head = {0: 1, 1: 701, 2: 0, 3: 0, 6: self.ratio, 7: 10, 0x0A: 5, 0x0B: 1, 0x0C: 0}
        head |= {0x2C + place: word for place, word in enumerate(line)}
        live = (
            [volts * 17.32] * 3
            + [volts * 10] * 3
            + [amperes * 1000] * 3
            + [watts * 10]
            + [watts * 10 / 3] * 3
        )
        live += [0.0] * 4
        return head | _floats(0x2000, live) | _floats(0x2044, [hertz * 100]) | _floats(0x101E, [energy])


def _floats(start: int, numbers: list[float]) -> dict[int, int]:
    packed = struct.pack(f">{len(numbers)}f", *numbers)
    words = struct.unpack(f">{2 * len(numbers)}H", packed)
    return {start + place: word for place, word in enumerate(words)}
