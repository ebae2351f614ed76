"""The CSV log: quarter-hour rows in the former logger's columns, at the readings' own time."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.meters import logger
from gridward.meters.csvlog import CsvLog
from gridward.site import BusSpec, DeviceSpec, RecordSpec, Site
from gridward_kit.clock import iso
from gridward_kit.mqtt import Broker
from gridward_kit.testing import MemoryBroker, TurnedClock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


class House:
    def __init__(self, folder: Path) -> None:
        devices = (
            DeviceSpec("flat_2", "chint", "Flat 2", {"address": 10}),
            DeviceSpec("grid_meter", "eastron", "Grid"),
        )
        self.site = Site(
            id="home",
            name="Home",
            time_zone=ZoneInfo("Europe/Bratislava"),
            fail_safe="grid_connected",
            broker=Broker("mqtt://memory"),
            folder=folder,
            record=RecordSpec(folder / "gridward.db", csv=folder / "csv"),
            buses=(BusSpec("meters", "/dev/null", devices),),
        )
        self.clock = TurnedClock(NOON)
        self.broker = MemoryBroker(self.clock)
        self.folder = folder / "csv"
        CsvLog(self.site, self.broker.link("recorder"), self.clock, self.folder)
        self.seq = 0
        for name, kind in (("flat_2", "meter"), ("grid_meter", "meter"), ("bms", "battery")):
            self.broker.publish(f"gridward/home/{name}/info", json.dumps({"v": 1, "kind": kind}))

    def read(self, at: float, device: str = "flat_2", **values: object) -> None:
        """Telemetry of a moment, in seconds after noon."""
        self.seq += 1
        told = {"v": 1, "at": iso(NOON + at), "boot": "b", "seq": self.seq, "values": values}
        self.broker.publish(f"gridward/home/{device}/telemetry", json.dumps(told))

    def rows(self, name: str = "meter_010", day: str = "2026-11-21") -> list[dict[str, str]]:
        path = self.folder / name / f"{name}_{day}.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return list(csv.DictReader(file))


def test_a_row_each_quarter_at_its_moment(tmp_path: Path) -> None:
    house = House(tmp_path)
    for second in range(0, 2705, 5):
        house.read(second, voltage=230.0 + second / 1000, current=1.25, power=-287.5, import_energy=1834.27)
    rows = house.rows()
    assert list(rows[0]) == [
        "timestamp", "meter_id", "V_L1_V", "V_L2_V", "V_L3_V", "I_L1_A", "I_L2_A", "I_L3_A", "P_total_kW",
        "E_total_kWh",
    ]  # fmt: skip
    assert [row["timestamp"] for row in rows] == [
        "2026-11-21 13:15:00+01:00",
        "2026-11-21 13:30:00+01:00",
        "2026-11-21 13:45:00+01:00",
    ]
    assert {key: cell for key, cell in rows[0].items() if cell} == {
        "timestamp": "2026-11-21 13:15:00+01:00",
        "meter_id": "10",
        "V_L1_V": "230.895",
        "I_L1_A": "1.25",
        "P_total_kW": "-0.2875",
        "E_total_kWh": "1834.27",
    }


def test_what_was_not_read_is_empty_and_nothing_at_all_is_no_row(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.read(100, voltage=230.0, power=1.0)  # long before the quarter's end
    house.read(850, voltage=231.0)
    house.read(1000, voltage=232.0)  # and then silence for an hour
    house.read(4600, voltage=233.0)
    rows = house.rows()
    assert [(row["timestamp"][11:16], row["V_L1_V"], row["P_total_kW"]) for row in rows] == [
        ("13:15", "231", "")
    ]


def test_what_waited_in_a_spool_comes_to_its_place_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    for second in (880, 1780, 2680, 880, 1780, 3000):
        house.read(second, voltage=230.0)
    assert [row["timestamp"][11:16] for row in house.rows()] == ["13:15", "13:30", "13:45"]


def test_each_meter_and_day_has_its_file_and_others_have_none(tmp_path: Path) -> None:
    house = House(tmp_path)
    for hour in (0, 10.98, 11.1):
        house.clock.jump(NOON + hour * 3600 - house.clock.time())
        for device in ("flat_2", "grid_meter", "bms"):
            house.read(hour * 3600 - 20, device, voltage_l1=229.0, voltage_l2=230.0, voltage_l3=231.0)
    assert len(house.rows()) == 1
    assert len(house.rows(day="2026-11-22")) == 1
    assert house.rows("grid_meter")[0]["V_L3_V"] == "231"
    assert {path.name for path in house.folder.iterdir()} == {"meter_010", "grid_meter"}


def test_a_broken_line_spoils_no_other(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.read(880, voltage=230.0)
    house.read(1780, voltage=231.0)
    path = house.folder / "meter_010" / "meter_010_2026-11-21.csv"
    path.write_text(path.read_text() + "2026-11-21 13:2")
    house.read(2680, voltage=232.0)
    assert [row["V_L1_V"] for row in house.rows()] == ["230", None, "231"]


def test_what_is_written_can_be_imported(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.read(880, voltage=230.5, power=-500.0, import_energy=12.5)
    house.read(1780, voltage=231.0)
    path = house.folder / "meter_010" / "meter_010_2026-11-21.csv"
    (row,) = logger.history(path, house.site.time_zone)
    assert (row.device, row.at) == ("meter_010", NOON + 900)
    assert row.values == {"voltage_l1": 230.5, "power": -500.0, "import_energy": 12.5}
