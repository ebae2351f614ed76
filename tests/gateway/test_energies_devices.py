"""Energies of each device without counters: integrated over its polls, kept, shown on its own card."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridward.energies.core import Settings
from gridward.energies.devices import ENERGIES, DeviceEnergies
from gridward.live import Live
from gridward_kit.classes import SENSOR
from gridward_kit.kept import Json
from gridward_kit.testing import MemoryBroker, TurnedClock

INVERTER = ("pv_power", "output_power", "battery_power", "mode")


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is written at once: a turned clock does not wait for a thread."""

    async def at_once(work: Callable[..., object], *given: object) -> object:
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


class House:
    """Devices that say their powers every second, as a broker in memory hears them."""

    def __init__(self, folder: Path, clock: TurnedClock | None = None) -> None:
        self.clock = clock or TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.store = folder / "gridward.db"
        link = self.broker.link("rules")
        live, known = Live(link, self.clock), {"bms", "bank", "axpert", "srne", "sdm", "clamp"}
        zone = Settings(ZoneInfo("UTC"))
        self.each = DeviceEnergies(live, link, self.clock, self.store, folder, zone, known)
        self.powers: dict[str, dict[str, float]] = {}

    def announce(self, device: str, kind: str, keys: tuple[str, ...]) -> None:
        entities: dict[str, Json] = {key: {"name": key} for key in keys}
        content = {"v": 1, "kind": kind, "name": device.upper(), "entities": entities}
        self.broker.publish(f"gridward/home/{device}/info", json.dumps(content), retain=True)
        self.broker.publish(f"gridward/home/{device}/availability", "online", retain=True)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for device, powers in self.powers.items():
                said = json.dumps({"v": 1, "at": str(self.clock.time()), **powers})
                self.broker.publish(f"gridward/home/{device}/state", said, retain=True)
            await self.clock.turn(1.0)

    def shown(self, device: str) -> dict[str, float]:
        said = self.broker.retained.get(f"gridward/home/{device}_energies/state")
        content = json.loads(said) if said else {}
        return {key: value for key, value in content.items() if key not in ("v", "at")}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.each.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_battery_has_its_energies_on_its_own_card(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("bms", "battery", ("power", "soc"))
    house.powers["bms"] = {"power": 3600.0}
    async with house.running():
        await house.live(100)
        house.powers["bms"] = {"power": -1800.0}
        await house.live(100)
    found = house.shown("bms")
    assert found["charge_energy"] == pytest.approx(0.095, abs=0.003)
    assert found["discharge_energy"] == pytest.approx(0.043, abs=0.016)
    config = json.loads(
        house.broker.retained["homeassistant/sensor/gridward_home_bms_energies_charge_energy/config"]
    )
    assert config["device"] == {"identifiers": ["gridward_home_bms"], "name": "BMS"}
    told = (config["device_class"], config["state_class"], config["unit_of_measurement"])
    assert told == ("energy", "total_increasing", "kWh")


async def test_an_inverter_gets_what_it_does_not_count_itself(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("axpert", "inverter", (*INVERTER, "pv_energy"))
    house.announce("srne", "inverter", (*INVERTER, "pv_energy", "load_energy", "battery_charge_energy"))
    house.announce("sdm", "meter", ("power", "import_energy", "export_energy"))
    house.announce("clamp", "meter", ("power",))
    powers = {"pv_power": 3600.0, "output_power": 1800.0, "battery_power": 1800.0}
    house.powers = {"axpert": powers, "srne": powers, "sdm": {"power": 900.0}, "clamp": {"power": -900.0}}
    async with house.running():
        await house.live(130)
    axpert = house.shown("axpert")
    assert axpert.keys() == {
        "load_energy",
        "battery_charge_energy",
        "battery_discharge_energy",
        "estimated_energy",
    }
    assert axpert["load_energy"] == axpert["battery_charge_energy"] > 0.05
    assert axpert["battery_discharge_energy"] == 0
    assert house.shown("srne").keys() == {"battery_discharge_energy", "estimated_energy"}
    assert house.shown("sdm") == {}
    clamp = house.shown("clamp")
    assert clamp["export_energy"] > 0.02
    assert clamp["import_energy"] == 0


async def test_restarts_and_gaps_make_nothing_fall_or_jump(tmp_path: Path) -> None:
    clock, seen = TurnedClock(), [0.0]
    for away in (0, 300, 20_000):
        house = House(tmp_path, clock)
        house.announce("bms", "battery", ("power",))
        house.powers["bms"] = {"power": 3600.0}
        async with house.running():
            await house.live(75)
            seen.append(house.shown("bms")["charge_energy"])
            house.powers.clear()
            await house.live(away)
            house.powers["bms"] = {"power": 3600.0}
            await house.live(65)
            seen.append(house.shown("bms")["charge_energy"])
    assert seen == sorted(seen)
    found = house.shown("bms")
    lived = 6 * 70 + 300
    assert found["charge_energy"] == pytest.approx(lived / 1000, rel=0.15)  # the 20,000 s are not made up
    assert 0.29 < found["estimated_energy"] < 0.42


async def test_a_broken_row_costs_one_device_its_energies_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    with closing(sqlite3.connect(house.store)) as connection, connection:
        connection.execute("UPDATE energies SET content = '[]' WHERE device = 'bank'")
    house = House(tmp_path, house.clock)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    assert house.shown("bms")["charge_energy"] > 0.1
    assert house.shown("bank") == {}
    assert caplog.text.count("the row of bank") == 1


async def test_a_broken_file_of_a_device_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for device in ("bms", "gone"):
        (tmp_path / f"{device}_energies.json").write_text("{ half")
    house = House(tmp_path)
    for device in ("bms", "bank"):
        house.announce(device, "battery", ("power",))
        house.powers[device] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    assert house.shown("bank")["charge_energy"] > 0.03
    assert len(caplog.records) == 2
    assert house.shown("bms") == {}


async def test_a_device_that_goes_takes_its_energies_with_it_and_finds_them_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("bms", "battery", ("power",))
    house.powers["bms"] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
        before = house.shown("bms")["charge_energy"]
        house.broker.publish("gridward/home/bms/info", "", retain=True)
        house.powers.clear()
        await house.live(1)
        left = {topic for topic, said in house.broker.retained.items() if "bms_energies" in topic and said}
        assert left == set()
        house.announce("bms", "battery", ("power",))
        house.powers["bms"] = {"power": 3600.0}
        await house.live(70)
        assert house.shown("bms")["charge_energy"] > before > 0


async def test_of_a_device_that_left_the_site_file_everything_is_taken_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("guest", "battery", ("power",))
    house.powers["guest"] = {"power": 3600.0}
    async with house.running():
        await house.live(70)
    config = "homeassistant/sensor/gridward_home_guest_energies_charge_energy/config"
    assert config in house.broker.retained
    after = House(tmp_path, house.clock)
    assert (config, "", True) in after.broker.log
    assert ("gridward/home/guest_energies/info", "", True) in after.broker.log
    assert len(House(tmp_path, house.clock).broker.said(config)) == 0  # once is enough


def test_its_rows_are_such_as_home_assistant_takes() -> None:
    for row in ENERGIES.entities({}):
        allowed = SENSOR[row.quantity.device_class or ""]
        assert row.quantity.unit in allowed.units
        assert row.quantity.state_class == "total_increasing"
