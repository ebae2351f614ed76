"""A CSV file for each meter and day, a row each quarter of an hour, in the columns of the former logger.

Rows follow the readings' own time, so what waited in a spool comes to its place. A row tells what was read
in the two minutes before its moment; what was not read then is an empty cell.
"""

import csv
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gridward.payload import read_object
from gridward.recorder.telemetry import Stamps
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value

log = logging.getLogger(__name__)

QUARTER = 900.0
WINDOW = 120.0

COLUMNS: Mapping[str, tuple[tuple[str, ...], float]] = {
    "V_L1_V": (("voltage_l1", "voltage"), 1),
    "V_L2_V": (("voltage_l2",), 1),
    "V_L3_V": (("voltage_l3",), 1),
    "I_L1_A": (("current_l1", "current"), 1),
    "I_L2_A": (("current_l2",), 1),
    "I_L3_A": (("current_l3",), 1),
    "P_total_kW": (("power",), 0.001),
    "E_total_kWh": (("import_energy",), 1),
}
"""Each column's key, the first of them that the meter has, and the factor to the column's unit."""


@dataclass(slots=True)
class _Quarter:
    """What was read in one quarter of an hour: by key the time and the value."""

    number: int
    read: dict[str, tuple[float, Value]] = field(default_factory=dict)


class CsvLog:
    """Hears what meters say, and writes their rows below a folder: `meter_010/meter_010_2026-11-21.csv`."""

    def __init__(self, site: Site, link: Link, clock: Clock, folder: Path) -> None:
        self._site, self._link, self._clock, self._folder = site, link, clock, folder
        self._stamps = Stamps()
        self._meters: set[str] = set()
        self._open: dict[str, _Quarter] = {}
        self._told = ""
        link.subscribe(f"{link.root}/+/info", self._info)
        link.subscribe(f"{link.root}/+/telemetry", self._telemetry)

    def _device(self, message: Message) -> str:
        return message.topic.removeprefix(f"{self._link.root}/").partition("/")[0]

    def _info(self, message: Message) -> None:
        try:
            kind = read_object(message.payload).get("kind") if message.payload else None
        except ValueError:
            return
        if kind == "meter":
            self._meters.add(self._device(message))

    def _telemetry(self, message: Message) -> None:
        device = self._device(message)
        if device not in self._meters:
            return
        try:
            parcel = self._stamps.stamp(device, message, self._clock.time())
        except ValueError:
            return
        if parcel.at is None:
            return
        quarter, number = self._open.get(device), int(parcel.at // QUARTER)
        if quarter is None or number > quarter.number:
            if quarter is not None:
                self._write(device, quarter)
            quarter = self._open[device] = _Quarter(number)
        if number == quarter.number:
            quarter.read |= {key: (parcel.at, value) for key, value in parcel.values.items()}

    def _write(self, device: str, quarter: _Quarter) -> None:
        end = (quarter.number + 1) * QUARTER
        fresh = {key: value for key, (at, value) in quarter.read.items() if at >= end - WINDOW}
        cells = {title: _cell(fresh, keys, factor) for title, (keys, factor) in COLUMNS.items()}
        if not any(cells.values()):
            return
        address = next(
            (one.options.get("address") for one in self._site.all_devices() if one.id == device), None
        )
        known = isinstance(address, int) and not isinstance(address, bool)
        name = f"meter_{address:03d}" if known else device
        moment = datetime.fromtimestamp(end, self._site.time_zone)
        path = self._folder / name / f"{name}_{moment:%Y-%m-%d}.csv"
        row = {
            "timestamp": moment.isoformat(sep=" ", timespec="seconds"),
            "meter_id": str(address) if known else device,
            **cells,
        }
        try:
            _append(path, row)
        except OSError as error:
            if str(error) != self._told:
                log.error("%s: not written: %s", path, error)
            self._told = str(error)


def _cell(fresh: Mapping[str, Value], keys: tuple[str, ...], factor: float) -> str:
    value = next((fresh[key] for key in keys if key in fresh), None)
    if isinstance(value, str | bool) or value is None:
        return ""
    return f"{round(value * factor, 6):g}" if factor != 1 else f"{value:.10g}"


def _append(path: Path, row: Mapping[str, str]) -> None:
    """One row more; a line that a cut of power broke off is ended first, so that it spoils no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        begun = file.seek(0, 2) > 0
        if begun:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
    with path.open("a", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, row.keys(), lineterminator="\n")
        if not begun:
            writer.writeheader()
        writer.writerow(row)
