"""A site with a store, and what `gridward record` says of it."""

import sqlite3
from pathlib import Path

from typer.testing import CliRunner

from gridward.cli import app
from gridward.recorder.store import About, Parcel, Store
from gridward_kit.point import Value

START = 1_795_000_000.0
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
"""
DATABASE = "record: {influxdb: {url: http://localhost:8086, version: 1, database: solar}}\n"


def say(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["record", *words])
    assert result.exit_code == status, result.output
    return result.output


def site(folder: Path, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "site.yaml"
    path.write_text(SITE + more)
    return path


def filled(folder: Path, count: int = 100) -> Path:
    path = site(folder)
    store = Store(folder / "gridward.db")
    store.describe("bms", About("battery", "daly", {}))
    for seq in range(1, count + 1):
        values: dict[str, Value] = {
            "soc": 80,
            "voltage": 53.1 + seq / 100,
            "charging": seq % 2 == 0,
            "mode": 'a,"b"\n1',
        }
        store.add(Parcel("bms", "b", seq, START + seq * 5, values, 1))
    store.commit()
    store.close()
    return path


def rows(folder: Path) -> list[tuple[object, ...]]:
    query = (
        "SELECT ts, device, key, form, value, typeof(value), kind, integration "
        "FROM raw JOIN series ON id = series ORDER BY ts, device, key"
    )
    with sqlite3.connect(folder / "gridward.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found
