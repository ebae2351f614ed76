"""A simulated Daly board: bytes in, bytes out, from the same table that reads it.

It behaves as captured boards do: one buffer for all answers, so that bytes which an answer does not
define hold what an earlier one left there; two temperature frames for one sensor; all frames, the
surplus ones as zeros, to host address 0x80.
"""

from typing import ClassVar

from gridward_daly.entities import rows
from gridward_daly.points import NONE
from gridward_daly.protocol import (
    HEAD,
    HOST,
    LENGTH,
    LIVE,
    MOSFETS,
    MOST_FRAMES,
    OTHER_HOST,
    PER_FRAME,
    SET_SOC,
    SETTINGS,
    SIZE,
    frame,
    name_of,
)
from gridward_kit.entity import Entity
from gridward_kit.integration import Simulator
from gridward_kit.point import Derived, Value

# Bytes that an answer defines; what lies behind them is left over. Other answers define all eight.
DEFINED = {"0x91": 6, "0x92": 4, "0x94": 7}
DEFINED_PER_FRAME = {"0x95": 6}
KNOWN = frozenset((*(query.name for query in LIVE), *SETTINGS))


class DalyBoard(Simulator):
    """One board of 1 to 48 cells with 0 to 21 temperature sensors; several may share a line.

    `asleep` makes it silent or, with `zeros`, answer with zeros only as some adapters do. `hosts` are
    the request addresses it listens to. There is no "no" to a query in this protocol: to those in
    `refused` it is silent.
    """

    silent_refusal: ClassVar[bool] = True

    def __init__(
        self,
        cells: int = 16,
        sensors: int = 2,
        *,
        board: int = 1,
        first: int = 1,
        invert: bool = False,
        code: str = "",
    ) -> None:
        self.cells = cells
        self.sensors = sensors
        self.board = board
        self.first = first
        self.asleep = False
        self.zeros = False
        self.hosts = frozenset((HOST - 1 + board, OTHER_HOST) if board == 1 else (HOST - 1 + board,))
        self.state = resting(cells, sensors, code)
        self._rows = rows(cells, sensors, invert=invert)
        self._incoming = b""
        self._left = bytes(LENGTH)
        self._soc = self.state["soc"]
        self._due: list[tuple[float, str, Value]] = []

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self._incoming += data
        answers: list[bytes] = []
        self._catch_up(now)
        while len(self._incoming) >= SIZE:
            request = self._incoming[:SIZE]
            if not self._for_me(request):
                self._incoming = self._incoming[1:]
                continue
            self._incoming = self._incoming[SIZE:]
            answer = self._answer(request, now)
            answers += [answer] if answer else []
        return answers

    def _for_me(self, request: bytes) -> bool:
        right = request[0] == HEAD and request[3] == LENGTH and request[12] == sum(request[:12]) & 0xFF
        return right and request[1] in self.hosts

    def _answer(self, request: bytes, now: float) -> bytes:
        command, query = request[2], name_of(request[2])
        if query in self.refused | self.muted or (self.asleep and not self.zeros):
            return b""
        if self.asleep:
            return self._frame(command, bytes(LENGTH))
        if command in MOSFETS or command == SET_SOC:
            return self._written(request, now)
        if query not in KNOWN:
            return b""
        if query in MOST_FRAMES:
            return self._several(command, query, surplus=request[1] == OTHER_HOST)
        before = self._left if query in DEFINED else b""
        payload = self._encoded(query, before.ljust(LENGTH, b"\0"))[:LENGTH]
        return self._frame(command, payload)

    def _several(self, command: int, query: str, *, surplus: bool) -> bytes:
        most = MOST_FRAMES[query]
        payload = self._encoded(query, bytes(most * PER_FRAME))
        needed = {"0x95": -(-self.cells // 3), "0x96": max(2, -(-self.sensors // PER_FRAME))}.get(query, most)
        defined = DEFINED_PER_FRAME.get(query, PER_FRAME)
        answer = b""
        for place in range(most if surplus else needed):
            part = payload[place * PER_FRAME : (place + 1) * PER_FRAME]
            if query == "0x95" and place < needed:
                part = self._with_remains(place, part)[:defined]
            content = bytes([place + self.first]) + part
            answer += self._frame(command, content + self._left[len(content) :])
        return answer

    def _with_remains(self, place: int, part: bytes) -> bytes:
        """Behind the last cell the buffer still has the frame before."""
        real = 2 * min(3, self.cells - 3 * place)
        return part[:real] + self._left[1 + real :]

    def _frame(self, command: int, payload: bytes) -> bytes:
        self._left = payload
        return frame(self.board, command, payload)

    def _encoded(self, query: str, payload: bytes) -> bytes:
        for row in self._rows:
            if row.at is not None and row.at.query == query and self._is_shown(row):
                payload = row.at.encode(self.state[row.key], payload)
        return payload

    def _is_shown(self, row: Entity) -> bool:
        return row.key in self.state and not isinstance(row.at, Derived)

    def _written(self, request: bytes, now: float) -> bytes:
        command, payload = request[2], request[4:12]
        accepted = self.obeys != "refuses"
        if command in MOSFETS:
            self._obey(MOSFETS[command], payload[0] == 1, now)
            echo = payload[0] if accepted else payload[0] ^ 1
            return self._frame(command, bytes([echo]) + self._left[1:])
        self._obey("soc", int.from_bytes(payload[6:8], "big") / 10, now)
        clock = next(row.at for row in self._rows if row.key == "board_clock")
        set_to = clock.decode(payload) if clock is not None else None
        if set_to is not None:
            self._obey("board_clock", set_to, now)
        return self._frame(command, bytes([accepted]) + self._left[1:])

    def _obey(self, key: str, value: Value, now: float) -> None:
        if self.obeys in ("yes", "slow"):
            self._due.append((now + (self.lag if self.obeys == "slow" else 0.0), key, value))
            self._catch_up(now)

    def _catch_up(self, now: float) -> None:
        """Do what is due, and keep the SoC and its setting one value, whichever of them was written."""
        for _, key, value in (item for item in self._due if item[0] <= now):
            self.state[key] = value
        self._due = [item for item in self._due if item[0] > now]
        if self.state["soc"] == self._soc:
            self.state["soc"] = self.state.get("soc_setting", self._soc)
        self._soc = self.state["soc_setting"] = self.state["soc"]


def resting(cells: int, sensors: int, code: str = "") -> dict[str, Value]:
    """A LiFePO4 bank of 280 Ah at rest, 68.5 % full: what its board says of it."""
    volts = [round(3.312 + 0.001 * (number * 7 % 5), 3) for number in range(cells)]
    degrees = [19 + number * 3 % 4 for number in range(sensors)]
    state: dict[str, Value] = {
        "voltage": round(sum(volts), 1),
        "current": 0.0,
        "soc": 68.5,
        "soc_setting": 68.5,
        "gathered_voltage": round(sum(volts), 1),
        "state": "idle",
        "charge_mosfet": True,
        "discharge_mosfet": True,
        "life_counter": 16,
        "remaining_capacity": 191.8,
        "cell_voltage_max": max(volts),
        "cell_max_number": volts.index(max(volts)) + 1,
        "cell_voltage_min": min(volts),
        "cell_min_number": volts.index(min(volts)) + 1,
        "cells": cells,
        "temperature_sensors": sensors,
        "charger_connected": False,
        "load_connected": False,
        "cycles": 42,
        "balanced_cells": NONE,
        **{f"cell_{number}_voltage": value for number, value in enumerate(volts, 1)},
        **{f"temperature_{number}": value for number, value in enumerate(degrees, 1)},
    }
    if degrees:
        state |= {
            "temperature_max": max(degrees),
            "temperature_max_number": degrees.index(max(degrees)) + 1,
            "temperature_min": min(degrees),
            "temperature_min_number": degrees.index(min(degrees)) + 1,
        }
    flags: dict[str, Value] = {
        row.key: False
        for row in rows(cells, sensors)
        if row.at is not None and row.at.query in ("0x94", "0x98") and row.key not in state
    }
    return (
        state
        | flags
        | {"fault_code": 0}
        | _settings(cells, sensors)
        | ({"battery_code": code} if code else {})
    )


def _settings(cells: int, sensors: int) -> dict[str, Value]:
    return {
        "rated_capacity": 280.0,
        "nominal_cell_voltage": 3.2,
        "acquisition_boards": 1,
        "board_1_cells": cells,
        "board_2_cells": 0,
        "board_3_cells": 0,
        "board_1_sensors": sensors,
        "board_2_sensors": 0,
        "board_3_sensors": 0,
        "total_charged": 1234,
        "total_discharged": 1186,
        "operating_mode": 1,
        "battery_type": "LiFePO4",
        "production_date": "2022-08-10",
        "never_sleeps": True,
        "firmware_index": "20220810",
        "short_circuit_current": 600.0,
        "sampling_resistance": 0.333,
        "board_clock": "2026-06-02 20:02:33",
        "software_version": "20210222-1.01T",
        "hardware_version": "DL-R16L-F8S100",
        **{
            f"{stem}_{word}_threshold": value
            for stem, pair in THRESHOLDS.items()
            for word, value in zip(("warning", "protection"), pair, strict=True)
        },
        "balance_start_voltage": 3.4,
        "balance_difference": 0.05,
    }


THRESHOLDS: dict[str, tuple[float, float]] = {
    "cell_voltage_high": (3.6, 3.65),
    "cell_voltage_low": (2.8, 2.5),
    "pack_voltage_high": (57.6, 58.4),
    "pack_voltage_low": (44.8, 40.0),
    "charge_temperature_high": (50, 55),
    "charge_temperature_low": (2, 0),
    "discharge_temperature_high": (60, 65),
    "discharge_temperature_low": (-15, -20),
    "charge_overcurrent": (100.0, 120.0),
    "discharge_overcurrent": (200.0, 220.0),
    "soc_high": (100.0, 100.0),
    "soc_low": (10.0, 5.0),
    "cell_voltage_difference": (0.2, 0.4),
    "temperature_difference": (15, 20),
}
