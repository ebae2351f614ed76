"""Today, this month and this year of a device that counts itself: as its counter, by local days."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from gateway.energies_house import House, no_thread, of
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.energies import stored
from gridward.energies.core import Sample, Settings, State, step
from gridward_kit.testing import TurnedClock

__all__ = ["no_thread"]

NIGHT = 1_795_046_400.0  # 2026-11-19 00:00 UTC
EVERY = 300.0
HOUSE = ZoneInfo("Europe/Bratislava")


class Meter:
    """A meter that says its counter (kWh) once in 5 minutes, begun an hour before midnight."""

    def __init__(self, folder: Path, clock: TurnedClock | None = None) -> None:
        self.house = House(folder, clock or TurnedClock(NIGHT - 3600.0))
        self.clock = self.house.clock
        self.house.announce("sdm", "meter", ("power", "import_energy", "export_energy", "total_energy"))

    async def live(self, *counted: float) -> dict[str, float]:
        """Say each of these; what is shown 5 minutes after the last."""
        for kwh in counted:
            self.house.powers["sdm"] = {"power": 500.0, "import_energy": kwh, "export_energy": 3.0}
            await self.house.live(2)  # the first of all only announces it
            await self.clock.turn(EVERY - 2)
        return self.house.shown("sdm")


async def test_a_meters_day_is_what_its_counter_counted(tmp_path: Path) -> None:
    meter = Meter(tmp_path)
    async with meter.house.running():
        found = await meter.live(1000.0, 1000.0, 1000.25, 1000.5)
        assert found == {**dict.fromkeys(of("import_energy"), 0.5), **dict.fromkeys(of("export_energy"), 0.0)}
        found = await meter.live(*[1000.5] * 10)
        assert meter.clock.time() > NIGHT
        assert (found["import_energy_today"], found["import_energy_month"]) == (0.0, 0.5)
        found = await meter.live(1000.75, 2.0, 2.0, 2.0, 2.25, 2.5)
        assert found["import_energy_today"] == 0.75, "a reset costs what it counted while it was doubted"
    configs = {key: _config(meter.house, key) for key in of("import_energy")}
    on = {key for key, row in configs.items() if row.get("enabled_by_default", True)}
    assert on == {"import_energy_today"}, "months and years are there for who wants them"
    for row in configs.values():
        told = (row["device_class"], row["state_class"], row["unit_of_measurement"])
        assert told == ("energy", "total_increasing", "kWh")
        assert row["device"] == {"identifiers": ["gridward_home_sdm"], "name": "SDM"}


def _config(house: House, key: str) -> Mapping[str, object]:
    said = json.loads(house.broker.retained[f"homeassistant/sensor/gridward_home_sdm_energies_{key}/config"])
    assert isinstance(said, dict)
    return said


async def test_who_counts_both_directions_together_has_them_by_the_day(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.announce("clamp", "meter", ("power", "total_energy"))
    house.announce("srne", "inverter", ("pv_energy", "pv_energy_today"))
    async with house.running():
        for kwh in (7.0, 7.0, 7.5):
            house.powers = {"clamp": {"total_energy": kwh}, "srne": {"pv_energy": kwh}}
            await house.live(2)
            await house.clock.turn(EVERY)
    assert house.shown("clamp") == dict.fromkeys(of("total_energy"), 0.5)
    assert house.shown("srne") == dict.fromkeys(of("pv_energy"), 0.5)
    config = "homeassistant/sensor/gridward_home_srne_energies_pv_energy_today/config"
    assert json.loads(house.broker.retained[config])["enabled_by_default"] is False, "it tells its own day"


async def test_a_silent_meters_day_begins_at_midnight_and_its_night_is_shared_out(tmp_path: Path) -> None:
    meter = Meter(tmp_path)
    async with meter.house.running():
        before = await meter.live(10.0, 10.0, 10.5)
        heard = meter.clock.time() - EVERY + 2
        assert before["import_energy_today"] == 0.5
        meter.house.powers.clear()
        await meter.clock.turn(NIGHT + 35 - meter.clock.time())
        assert meter.house.shown("sdm")["import_energy_today"] == 0.0, "nobody waits for the meter"
        await meter.clock.turn(5400.0)
        back = meter.clock.time()
        found = await meter.live(19.5)
        night = 9.0 * (back - NIGHT) / (back - heard)
        assert found["import_energy_today"] == pytest.approx(night, abs=0.01)
        assert found["import_energy_month"] == 9.5


async def test_a_power_cut_takes_nothing_from_a_meters_day(tmp_path: Path) -> None:
    meter = Meter(tmp_path)
    async with meter.house.running():
        shown = await meter.live(10.0, 10.0, 10.5, 11.0)
        kept = _files(meter.house.store)
        await meter.live(11.25)
    for path in meter.house.store.parent.glob(f"{meter.house.store.name}*"):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    again = Meter(tmp_path, meter.clock)
    async with again.house.running():
        found = await again.live(11.5, 11.5)
    assert shown["import_energy_today"] == 1.0
    assert found["import_energy_today"] == 1.5


def _files(store: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.parent.glob(f"{store.name}*")}


async def test_many_meters_are_written_once_in_five_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    save = stored.save_all

    def counted(path: Path, states: Mapping[str, State]) -> None:
        written.append(len(states))
        save(path, states)

    monkeypatch.setattr(stored, "save_all", counted)
    house = House(tmp_path, also=tuple(f"m{number}" for number in range(5)))
    for number in range(5):
        house.announce(f"m{number}", "meter", ("import_energy",))
    house.announce("bms", "battery", ("power",))
    async with house.running():
        for minute in range(12):
            house.powers = {f"m{number}": {"import_energy": float(minute)} for number in range(5)}
            house.powers["bms"] = {"power": 3600.0}
            await house.live(1)
            await house.clock.turn(59)
        assert written.count(6) == 3, "at the first reading, and twice in ten minutes"
        assert set(written) == {1, 6}, "what is integrated is written each half minute"
    said = house.broker.said("gridward/home/m1_energies/state")
    assert 20 <= len(said) <= 24, "but said each half minute, so that nobody takes it for stale"
    recorded = {json.loads(one)["seq"] for one in house.broker.said("gridward/home/m1_energies/telemetry")}
    assert recorded == {1, 2, 3}


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([datetime(2026, 3, 28), datetime(2026, 10, 24)]))
def test_a_steady_load_has_even_days_however_long_nobody_heard_the_meter(seed: int, first: datetime) -> None:
    rng, ours = Random(seed), Settings(HOUSE, flows=False)
    begin = first.replace(hour=12, tzinfo=HOUSE).timestamp()
    state = step(State(), Sample(0.0, begin, {}, {"grid_import": 5e6}), ours)
    passed = 0.0
    while passed < 6.5 * 86_400:
        silent = rng.choice([600.0, 3600.0, 40_000.0, 90_000.0])
        if rng.random() < 0.2:  # a restart
            state = replace(stored.read(stored.written(state)), monotonic=None)
        passed += silent
        now = datetime.fromtimestamp(begin + passed, HOUSE)
        state = step(state, Sample(passed, begin + passed, {}, {"grid_import": 5e6 + passed / 3.6}), ours)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = min(now.timestamp() - midnight.timestamp(), passed) / 3600
        assert state.of("today")["grid_import"] == pytest.approx(1000 * hours, abs=0.01)
    assert state.totals["grid_import"] == pytest.approx(passed / 3.6, abs=0.01)


def test_a_month_has_what_was_counted_in_it_while_nobody_heard_the_meter() -> None:
    ours = Settings(HOUSE, flows=False)
    last = datetime(2026, 11, 30, 12, tzinfo=HOUSE).timestamp()
    state = step(State(), Sample(0.0, last, {}, {"load": 0.0}), ours)
    state = step(state, Sample(172_800.0, last + 172_800.0, {}, {"load": 48_000.0}), ours)
    assert state.of("today")["load"] == pytest.approx(12_000)
    assert state.of("month")["load"] == pytest.approx(36_000)
    assert state.of("year")["load"] == pytest.approx(48_000)
