"""An Axpert that answers real bytes: the captured answers of one model, with the values of its state.

Pure: bytes and the time in, answers out. Which commands it takes is the maker's command list, written
here apart from the rows, so that a wrong command in a row is refused as a device would refuse it.
"""

import re

from gridward_axpert import settings
from gridward_axpert.entities import rows, variant_of
from gridward_axpert.flags import FLAGS
from gridward_axpert.protocol import bumped, checksum, crc, frame
from gridward_axpert.simulated import Setter, SimulatedUnit, named, on, wide
from gridward_axpert.templates import CURRENT_SETTERS, MODELS
from gridward_axpert.unit import learn
from gridward_kit.entity import Entity
from gridward_kit.integration import Line, Options
from gridward_kit.point import Value

LINE = Line(baud=2400, first=1.0, gap=0.3)
ACK, NAK = frame("(ACK"), frame("(NAK")
SHORT_SERIAL = 14

SETTERS: tuple[Setter, ...] = (
    (r"POP(\d\d)", ("output_source_priority",), named(settings.OUTPUT_SOURCES)),
    (r"PCP(\d\d)", ("charger_source_priority",), named(settings.CHARGER_SOURCES)),
    (r"PGR(\d\d)", ("input_range",), named(settings.INPUT_RANGES)),
    (r"PBT(\d\d)", ("battery_type",), named(settings.BATTERY_TYPES)),
    (r"PBCV(\d\d\.\d)", ("battery_recharge_voltage",), float),
    (r"PBDV(\d\d\.\d)", ("battery_redischarge_voltage",), float),
    (r"PSDV(\d\d\.\d)", ("battery_under_voltage",), float),
    (r"PCVV(\d\d\.\d)", ("battery_bulk_voltage",), float),
    (r"PBFT(\d\d\.\d)", ("battery_float_voltage",), float),
    (r"F(50|60)", ("output_rating_frequency",), float),
    (r"V(\d{3})", ("output_rating_voltage",), float),
    (r"POPM(\d\d)", ("output_mode",), named(settings.OUTPUT_MODES)),
    (r"POPLG(\d\d)", ("operation_logic",), named(settings.LOGICS)),
    (r"PPVOKC(\d)", ("pv_ok_condition",), named(settings.PV_OK)),
    (r"PSPB(\d)", ("pv_power_balance",), named(settings.BALANCES)),
    (r"PCVT(\d{3})", ("max_cv_time",), float),
    (r"PBATMAXDISC(\d{3})", ("max_discharge_current",), float),
    (r"PBEQE([01])", ("equalisation_enabled",), on),
    (r"PBEQA([01])", ("equalisation_active",), on),
    (r"PBEQT(\d{3})", ("equalisation_time",), float),
    (r"PBEQOT(\d{3})", ("equalisation_over_time",), float),
    (r"PBEQP(\d{3})", ("equalisation_period",), float),
    (r"PBEQV(\d\d\.\d\d)", ("equalisation_voltage",), float),
    (r"PBATCD([01]{3})", ("battery_override",), lambda bits: settings.OVERRIDES.get(bits, "")),
)
CLOCK = re.compile(r"DAT(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


class AxpertSimulator(SimulatedUnit):
    """One PI30 or PI41 unit of the model that the options name (`vm-iii` where none), with their `serial`."""

    yes, no = ACK, NAK

    def __init__(self, options: Options) -> None:
        model = str(options.get("model", "vm-iii")).lower()
        if model not in MODELS:
            model = next((name for name in MODELS if variant_of(name) == variant_of(model)), model)
        texts = dict(MODELS[model])
        serial = str(options.get("serial", texts.get("QID", "")))
        if "QSID" in texts and "serial" in options:
            texts["QSID"] = f"{len(serial):02d}{serial.ljust(20, '5')}"
        payloads = {query: text.encode("ascii") for query, text in texts.items()}
        super().__init__(payloads, learn(payloads, variant_of(model)), (*_own(model), *SETTERS))
        if serial:
            self.state["serial_number"] = serial

    def _of(self, query: str) -> tuple[Entity, ...]:
        return rows(query, self._unit)

    def _command(self, line: bytes) -> str | None:
        for start in range(len(line)):
            body, sent = line[start:-2], line[-2:]
            if body[:1].isalpha() and sent == bumped(crc(body)):
                return body.decode("ascii", "replace")
        summed = line[:-1] in (b"QALL", b"QLITH0") and line[-1] == checksum(line[:-1])
        return line[:-1].decode("ascii") if summed else None

    def _framed(self, query: str, payload: bytes) -> bytes:
        body = b"(" + (payload[:SHORT_SERIAL] if query == "QID" else wide(payload, self._payloads[query]))
        return body + (bytes([checksum(body)]) if query == "QALL" else bumped(crc(body))) + b"\r"

    def _spread(self) -> None:
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
        for key in ("output_power", "output_apparent_power"):
            if f"{key}_l1" in self.state and key in self.state:
                half = float(self.state.pop(key)) / 2
                self.state |= {f"{key}_l1": half, f"{key}_l2": half}

    def _wishes(self, command: str) -> dict[str, Value]:
        if (clock := CLOCK.fullmatch(command)) and "clock" in self.state:
            return {"clock": "20{}-{}-{}T{}:{}:{}".format(*clock.groups())}
        if re.fullmatch(r"(?:P[ED][a-z]+)+", command):
            return self._flags(command)
        return super()._wishes(command)

    def _flags(self, command: str) -> dict[str, Value]:
        wishes = {}
        for part, letters in re.findall(r"P([ED])([a-z]+)", command):
            for letter in letters:
                if letter not in FLAGS or letter not in self._unit.flags:
                    return {}
                wishes[FLAGS[letter][0]] = part == "E"
        return wishes


def _own(model: str) -> tuple[Setter, ...]:
    """The forms in which this model takes its charging currents, and PI41's numbers of output modes."""
    split = ((r"POPM(\d\d)", ("output_mode",), named(settings.SPLIT_MODES)),)
    currents = tuple(
        (form, ("max_utility_charging_current" if form.startswith("MU") else "max_charging_current",), float)
        for form in CURRENT_SETTERS.get(model, ())
    )
    return (*currents, *(split if variant_of(model) == "pi41" else ()))
