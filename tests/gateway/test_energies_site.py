"""The device `site` with its energies: announced, shown once they are on disk, and kept over a kill."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import SupportsIndex
from zoneinfo import ZoneInfo

import pytest

from gridward.config import SiteFault
from gridward.config import load as load_site
from gridward.energies import stored
from gridward.energies.core import Sample, Settings, State, Tariff, step
from gridward.energies.entities import rows, shown
from gridward.energies.role import Energies, counters
from gridward.live import Live
from gridward.recorder.schema import STEPS, open_store
from gridward.roles import SiteDevice
from gridward.rules.inputs import Source
from gridward_kit.classes import SENSOR
from gridward_kit.entity import Sensor
from gridward_kit.kept import Json
from gridward_kit.keys import SITE
from gridward_kit.testing import MemoryBroker, TurnedClock

HOUSE = Settings(ZoneInfo("Europe/Bratislava"), Tariff("EUR", 0.2, 0.05))
ROLES = {"pv": "inverter", "load": "inverter", "battery": "bms", "grid": "meter"}


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is written at once: a turned clock does not wait for a thread."""

    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


class House:
    """A site whose devices say the same powers every second, as a broker in memory hears them."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = folder / "gridward.db"
        link = self.broker.link("rules")
        self.energies = Energies(self.store, self.clock, HOUSE)
        self.site = SiteDevice(Live(link, self.clock), link, self.clock, ROLES, folder, self.energies)
        for name, kind in (("inverter", "inverter"), ("bms", "battery"), ("meter", "meter")):
            self.say(f"{name}/info", {"v": 1, "kind": kind})
            self.broker.publish(f"gridward/home/{name}/availability", "online", retain=True)

    def say(self, topic: str, content: dict[str, Json]) -> None:
        self.broker.publish(f"gridward/home/{topic}", json.dumps(content), retain=True)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            at = self.clock.time()
            self.say("inverter/state", {"v": 1, "at": str(at), "pv_power": 1800, "output_power": 3600})
            self.say("bms/state", {"v": 1, "at": str(at), "power": -1000})
            self.say("meter/state", {"v": 1, "at": str(at), "power": 1200})
            await self.clock.turn(1.0)

    def state(self) -> dict[str, Json]:
        found: dict[str, Json] = json.loads(self.broker.retained["gridward/home/site/state"])
        return found


async def lived(house: House, work: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.create_task(house.site.run())
    try:
        await work()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_site_shows_its_energies_once_they_are_on_disk(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        await house.live(100)

    await lived(house, work)
    state = house.state()
    load = state["load_energy"]
    assert isinstance(load, float)
    assert 0.03 < load < 0.1  # 3.6 kW, up to half a minute behind
    assert state["pv_energy_today"] == pytest.approx(load / 2, abs=0.0011)
    assert state["battery_discharge_energy"] == pytest.approx(load / 3.6, abs=0.0011)
    assert state["grid_import_energy_year"] == pytest.approx(load / 3, abs=0.0011)
    assert state["battery_charge_energy"] == 0
    assert state["autarky_today"] == pytest.approx(66.7, abs=0.1)
    parts = [state[f"{source}_to_home_energy"] for source in ("sun", "grid", "battery")]
    assert sum(part for part in parts if isinstance(part, float)) == pytest.approx(load, abs=0.002)
    kept = stored.load(house.store)
    assert kept.totals["load"] / 1000 >= load


async def test_a_new_start_goes_on_and_never_falls(tmp_path: Path) -> None:
    seen: list[float] = []
    for _ in range(3):
        house = House(tmp_path)

        async def work(house: House = house) -> None:
            await house.live(75)

        await lived(house, work)
        load = house.state()["load_energy"]
        assert isinstance(load, float)
        seen.append(load)
    assert seen == sorted(seen)
    assert seen[2] > seen[0] > 0


async def test_without_a_store_the_powers_go_on_and_no_energy_is_shown(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.store.write_bytes(b"this is no database, but it is long enough to be taken for one" * 20)

    async def work() -> None:
        await house.live(50)

    await lived(house, work)
    state = house.state()
    assert state["pv_power"] == 1800
    assert not [key for key in state if "energy" in key]


async def test_home_assistants_energy_dashboard_takes_them(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        await house.live(1)

    await lived(house, work)
    for key in ("pv_energy", "grid_import_energy", "grid_export_energy", "battery_charge_energy"):
        config = json.loads(house.broker.retained[f"homeassistant/sensor/gridward_home_site_{key}/config"])
        told = (config["device_class"], config["state_class"], config["unit_of_measurement"])
        assert told == ("energy", "total_increasing", "kWh")


def test_every_value_has_its_row_and_every_row_is_allowed() -> None:
    state = State()
    for at in range(0, 1200, 10):
        powers = {"pv": 3000.0, "load": 1000.0, "battery": 500.0, "grid": -1500.0}
        state = step(state, Sample(at, 1_795_000_000.0 + at, powers), HOUSE)
    table = {row.key: row for row in rows("EUR")}
    assert shown(state).keys() == table.keys()
    assert set(SITE) <= table.keys() | {"pv_power", "load_power", "battery_power", "grid_power", "soc"}
    for row in table.values():
        assert isinstance(row, Sensor)
        allowed = SENSOR.get(row.quantity.device_class or "")
        assert allowed is None or row.quantity.unit in allowed.units
        assert allowed is None or row.quantity.state_class in allowed.states
    assert shown(State()) == {}
    assert shown(state)["self_consumption_today"] == pytest.approx(50, abs=0.1)


def test_counters_come_from_who_plays_the_role() -> None:
    inverter = Source("i", kind="inverter", fresh=True, values={"pv_energy": 12.5, "load_energy": 8})
    meter = Source("m", kind="meter", fresh=True, values={"import_energy": 3.25})
    assert counters({"pv": inverter, "load": inverter, "grid": meter}) == {
        "pv": 12_500,
        "load": 8000,
        "grid_import": 3250,
    }


WRITER = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
from gridward.energies import stored
from gridward.energies.core import Sample, Settings, step
path = Path(sys.argv[1])
state, now = stored.load(path), 0.0
while True:
    now += 10
    state = step(state, Sample(now, None, {"load": 1000.0}), Settings(ZoneInfo("UTC")))
    stored.save(path, state)
    print(state.totals.get("load", 0.0), flush=True)
"""


def test_a_kill_while_it_writes_takes_nothing_back(tmp_path: Path) -> None:
    path, told = tmp_path / "gridward.db", 0.0
    for delay in (0.02, 0.05, 0.11):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            first = float(writer.stdout.readline())
            assert first >= told
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
            lines = writer.stdout.read().split("\n")[:-1]
        told = float(lines[-1]) if lines else first
        assert stored.load(path).totals["load"] >= told
    assert told > 0


def test_a_store_that_was_taken_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "gridward.db"
    state = step(stored.load(path), Sample(0, 1_795_000_000.0, {"load": 3600.0}), HOUSE)
    state = step(state, Sample(10, 1_795_000_010.0, {"load": 3600.0}), HOUSE)
    stored.save(path, state)
    for file in tmp_path.iterdir():
        file.unlink()
    stored.save(path, state)
    assert stored.load(path).totals["load"] == pytest.approx(10)


class Overtaken(tuple[str, ...]):
    """Steps of the store's layout that another role makes at the moment when they are looked up."""

    path = Path()

    def __iter__(self) -> Iterator[str]:
        return iter(STEPS)

    def __getitem__(self, number: SupportsIndex | slice) -> str:  # type: ignore[override]  # asked by number
        open_store(self.path).close()
        return STEPS[number] if isinstance(number, int) else ""


def test_two_roles_may_make_the_store_at_once(tmp_path: Path) -> None:
    steps = Overtaken(STEPS)
    steps.path = tmp_path / "gridward.db"
    with closing(open_store(steps.path, steps)) as store:
        assert store.execute("PRAGMA user_version").fetchone()[0] == len(STEPS)
    with pytest.raises(sqlite3.OperationalError, match="syntax"):
        open_store(tmp_path / "other.db", ("CREATE NONSENSE;",))


SITE_FILE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
"""


def test_the_tariff_of_the_site_file(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE_FILE + "tariff: {currency: EUR, import: 0.18, export: 0.05}\n")
    assert load_site(path).tariff == Tariff("EUR", 0.18, 0.05)
    path.write_text(SITE_FILE)
    assert load_site(path).tariff is None
    path.write_text(SITE_FILE + "tariff: {currency: euro, import: -1, night: 2}\n")
    with pytest.raises(SiteFault) as raised:
        load_site(path)
    told = [f"{fault}" for fault in raised.value.faults]
    assert len(told) == 3
    assert "three letters" in " ".join(told)
