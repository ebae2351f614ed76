"""An Axpert that answers real bytes: the captured answers of one model, with the values of its state.

Pure: bytes and the time in, answers out. Which commands it takes is the maker's command list, written
here apart from the rows, so that a wrong command in a row is refused as a device would refuse it.
"""

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest

from gridward_axpert import settings
from gridward_axpert.entities import rows, variant_of
from gridward_axpert.flags import FLAGS
from gridward_axpert.protocol import bumped, checksum, crc, frame
from gridward_axpert.templates import CURRENT_SETTERS, MODELS
from gridward_axpert.unit import Unit, learn
from gridward_kit.entity import Entity, readings
from gridward_kit.integration import Line, Options, Simulator
from gridward_kit.point import Derived, Value

LINE = Line(baud=2400, first=1.0, gap=0.3)
ACK, NAK = frame("(ACK"), frame("(NAK")
LONGEST = 128
SHORT_SERIAL = 14

Take = Callable[[str], Value]


def _named(names: Mapping[int, str]) -> Take:
    return lambda digits: names.get(int(digits), "")


def _on(digit: str) -> Value:
    return digit == "1"


SETTERS: tuple[tuple[str, str, Take], ...] = (
    (r"POP(\d\d)", "output_source_priority", _named(settings.OUTPUT_SOURCES)),
    (r"PCP(\d\d)", "charger_source_priority", _named(settings.CHARGER_SOURCES)),
    (r"PGR(\d\d)", "input_range", _named(settings.INPUT_RANGES)),
    (r"PBT(\d\d)", "battery_type", _named(settings.BATTERY_TYPES)),
    (r"PBCV(\d\d\.\d)", "battery_recharge_voltage", float),
    (r"PBDV(\d\d\.\d)", "battery_redischarge_voltage", float),
    (r"PSDV(\d\d\.\d)", "battery_under_voltage", float),
    (r"PCVV(\d\d\.\d)", "battery_bulk_voltage", float),
    (r"PBFT(\d\d\.\d)", "battery_float_voltage", float),
    (r"F(50|60)", "output_rating_frequency", float),
    (r"V(\d{3})", "output_rating_voltage", float),
    (r"POPM(\d\d)", "output_mode", _named(settings.OUTPUT_MODES)),
    (r"POPLG(\d\d)", "operation_logic", _named(settings.LOGICS)),
    (r"PPVOKC(\d)", "pv_ok_condition", _named(settings.PV_OK)),
    (r"PSPB(\d)", "pv_power_balance", _named(settings.BALANCES)),
    (r"PCVT(\d{3})", "max_cv_time", float),
    (r"PBATMAXDISC(\d{3})", "max_discharge_current", float),
    (r"PBEQE([01])", "equalisation_enabled", _on),
    (r"PBEQA([01])", "equalisation_active", _on),
    (r"PBEQT(\d{3})", "equalisation_time", float),
    (r"PBEQOT(\d{3})", "equalisation_over_time", float),
    (r"PBEQP(\d{3})", "equalisation_period", float),
    (r"PBEQV(\d\d\.\d\d)", "equalisation_voltage", float),
    (r"PBATCD([01]{3})", "battery_override", lambda bits: settings.OVERRIDES.get(bits, "")),
)
CLOCK = re.compile(r"DAT(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


class AxpertSimulator(Simulator):
    """One unit of the model that the options name (`vm-iii` where none), with the `serial` they name.

    A plant writes measured values into `state` by key; it may write `battery_current` (positive =
    charging) and, on units without PV watts, `pv_power`: they go where this unit has them.
    """

    line = LINE

    def __init__(self, options: Options) -> None:
        model = str(options.get("model", "vm-iii")).lower()
        if model not in MODELS:
            model = next((name for name in MODELS if variant_of(name) == variant_of(model)), model)
        texts = dict(MODELS[model])
        serial = str(options.get("serial", texts.get("QID", "")))
        if "QSID" in texts and "serial" in options:
            texts["QSID"] = f"{len(serial):02d}{serial.ljust(20, '5')}"
        self._payloads = {query: text.encode("ascii") for query, text in texts.items()}
        self._unit = learn(self._payloads, variant_of(model))
        self._rows = {query: self._of(query) for query in self._payloads}
        self._setters = [(re.compile(form), key, take) for form, key, take in self._forms(model)]
        self._buffer = b""
        self._pending: list[tuple[float, str, Value]] = []
        self.state = self._read() | ({"serial_number": serial} if serial else {})

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._due(now)
        self._buffer += data
        answers = []
        while b"\r" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r")
            answers += self._answer(line, now)
        self._buffer = self._buffer[-LONGEST:]
        return answers

    @property
    def unit(self) -> Unit:
        """What a reader should find out about this unit."""
        return self._unit

    def _of(self, query: str) -> tuple[Entity, ...]:
        return tuple(row for row in rows(query, self._unit) if row.at and not isinstance(row.at, Derived))

    def _read(self) -> dict[str, Value]:
        """The state that the captured answers show; a parallel unit 0 follows the unit's own values."""
        state: dict[str, Value] = {}
        for query, payload in self._payloads.items():
            state = readings(self._rows[query], query, payload).values | state
        return {key: value for key, value in state.items() if _plain(key) == key or _plain(key) not in state}

    def _forms(self, model: str) -> list[tuple[str, str, Take]]:
        keys = {row.key for found in self._rows.values() for row in found if row.setting}
        currents = (
            (form, "max_utility_charging_current" if form.startswith("MU") else "max_charging_current", float)
            for form in CURRENT_SETTERS.get(model, ())
        )
        return [item for item in (*SETTERS, *currents) if item[1] in keys]

    def _due(self, now: float) -> None:
        for item in [item for item in self._pending if item[0] <= now]:
            self._pending.remove(item)
            self.state[item[1]] = item[2]

    def _answer(self, line: bytes, now: float) -> list[bytes]:
        command = _command(line)
        if command is None:
            return [NAK]
        if command in self.muted:
            return []
        if command in self.refused:
            return [NAK]
        if command in self._payloads:
            return [self._reply(command)]
        return [self._set(command, now)]

    def _reply(self, query: str) -> bytes:
        self._spread()
        payload = self._payloads[query]
        for row in self._rows[query]:
            value = self.state.get(row.key, self.state.get(_plain(row.key)))
            if row.at is not None and value is not None:
                payload = row.at.encode(value, payload)
        body = b"(" + (payload[:SHORT_SERIAL] if query == "QID" else _wide(payload, self._payloads[query]))
        return body + (bytes([checksum(body)]) if query == "QALL" else bumped(crc(body))) + b"\r"

    def _spread(self) -> None:
        """Put what a plant wrote in canonical terms into the fields that this unit has."""
        current = self.state.pop("battery_current", None)
        if current is not None:
            amperes = float(current)
            self.state["battery_charging_current"] = max(0.0, amperes)
            self.state["battery_discharge_current"] = max(0.0, -amperes)
        if (
            "pv_charging_current" in self.state
            and self._unit.count("QPIGS") < 20
            and "pv_power" in self.state
        ):
            volts = float(self.state.get("scc_battery_voltage", 0)) or float(self.state["battery_voltage"])
            self.state["pv_charging_current"] = float(self.state.pop("pv_power")) / volts

    def _set(self, command: str, now: float) -> bytes:
        wishes = self._wishes(command)
        if not wishes or self.obeys == "refuses":
            return NAK
        for key, value in wishes.items():
            if self.obeys == "slow":
                self._pending.append((now + self.lag, key, value))
            elif self.obeys == "yes":
                self.state[key] = value
        return ACK

    def _wishes(self, command: str) -> dict[str, Value]:
        """What a setter asks for, by key; empty for one that this unit refuses."""
        if (clock := CLOCK.fullmatch(command)) and "clock" in self.state:
            return {"clock": "20{}-{}-{}T{}:{}:{}".format(*clock.groups())}
        if re.fullmatch(r"(?:P[ED][a-z]+)+", command):
            return self._flags(command)
        for form, key, take in self._setters:
            if found := form.fullmatch(command):
                return self._accepted(key, take(found[1]))
        return {}

    def _flags(self, command: str) -> dict[str, Value]:
        wishes = {}
        for part, letters in re.findall(r"P([ED])([a-z]+)", command):
            for letter in letters:
                if letter not in FLAGS or letter not in self._unit.flags:
                    return {}
                wishes[FLAGS[letter][0]] = part == "E"
        return wishes

    def _accepted(self, key: str, value: Value) -> dict[str, Value]:
        row = next(row for found in self._rows.values() for row in found if row.key == key and row.setting)
        try:
            return {key: row.accept(value)}
        except ValueError:
            return {}


def _command(line: bytes) -> str | None:
    """The command in a line that may have garbage in front; None where no part of it has a right CRC."""
    for start in range(len(line)):
        body, sent = line[start:-2], line[-2:]
        if body[:1].isalpha() and sent == bumped(crc(body)):
            return body.decode("ascii", "replace")
    return (
        line[:-1].decode("ascii")
        if line[:-1] in (b"QALL", b"QLITH0") and line[-1] == checksum(line[:-1])
        else None
    )


def _wide(payload: bytes, captured: bytes) -> bytes:
    """The payload in the captured one's widths: numbers with its leading zeros, its space at the end."""
    cells = [
        cell.lstrip(b"0").rjust(len(was), b"0") if cell.isdigit() and was.isdigit() else cell
        for cell, was in zip_longest(payload.split(b" "), captured.rstrip(b" ").split(b" "), fillvalue=b"")
    ]
    return b" ".join(cells) + b" " * captured.endswith(b" ")


def _plain(key: str) -> str:
    """A parallel unit's key without its number: `unit_0_mode` is `mode`."""
    return re.sub(r"^unit_\d_", "", key)
