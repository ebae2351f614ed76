"""Writing: what units refuse, in words, and what takes more than one register."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from faults.line_house import Member, until, wired_up
from faults.turned_line import PassingClock, TurnedPort
from hypothesis import given
from hypothesis import strategies as st
from integrations.srne.srne_bench import controller, example, inverter, put, read

from gridward_kit.bus import Bus
from gridward_kit.errors import Refused
from gridward_kit.modbus import frame
from gridward_kit.testing import MemoryBroker
from gridward_srne import INTEGRATION
from gridward_srne.dialect import LINE, dialect
from gridward_srne.entities import REASONS

SINGLE = example("single_phase")


@pytest.mark.parametrize("key", ["battery_equalise_voltage", "battery_bulk_voltage", "battery_float_voltage"])
def test_with_the_bms_link_on_its_voltages_are_refused_in_words(key: str) -> None:
    unit, language = inverter(), dialect(SINGLE, {})
    put(language, unit, key, 56.8)
    assert unit.state[key] == 56.8
    unit.state["bms_link"] = "CAN"
    with pytest.raises(Refused, match=r"ruled out now by the BMS link.*\(exception 3\)"):
        put(language, unit, key, 57.6)
    assert unit.state[key] == 56.8


def test_a_running_unit_keeps_its_parallel_mode() -> None:
    unit, language = inverter(), dialect(SINGLE, {})
    unit.running = True
    with pytest.raises(Refused, match="does not change this while it runs"):
        put(language, unit, "parallel_mode", "parallel")


LANGUAGE = dialect(SINGLE, {})


@given(cut_off=st.integers(0, 100), alarm=st.integers(0, 100))
def test_states_of_charge_too_close_to_each_other_are_refused(cut_off: int, alarm: int) -> None:
    unit, language = inverter(), LANGUAGE
    unit.strict = True
    unit.state |= {"cut_off_soc": cut_off, "low_soc_alarm": 50, "battery_soc_return": 90}
    if cut_off + 5 <= alarm <= 85:
        put(language, unit, "low_soc_alarm", alarm)
        assert unit.state["low_soc_alarm"] == alarm
        return
    with pytest.raises(Refused):
        put(language, unit, "low_soc_alarm", alarm)
    assert unit.state["low_soc_alarm"] == 50


def test_a_locked_unit_is_unlocked_by_the_password_of_the_site_file() -> None:
    unit = inverter()
    unit.password = 4321
    with pytest.raises(Refused, match="locked by a password; give it as `password`"):
        put(dialect(SINGLE, {}), unit, "buzzer", True)
    with pytest.raises(Refused, match="the password is wrong"):
        put(dialect(SINGLE, {"password": 1}), unit, "buzzer", True)
    put(dialect(SINGLE, {"password": 4321}), unit, "buzzer", True)
    assert unit.state["buzzer"] is True


def test_a_refusal_says_no_password() -> None:
    assert not any("4321" in words for _, words in REASONS.values())


@pytest.mark.parametrize("code", range(1, 12))
def test_every_exception_code_has_words_of_the_makers(code: int) -> None:
    language = dialect(SINGLE, {})
    request = frame.write(1, frame.WRITE_ONE, 0xE204, (2,))
    kind, words = REASONS[code]
    with pytest.raises(kind, match=words.partition(",")[0].partition(";")[0]):
        language.acknowledge(request, frame.refusal(1, frame.WRITE_ONE, code))


def test_the_clock_is_set_as_in_the_document() -> None:
    unit, language = inverter(), dialect(SINGLE, {})
    row = next(row for row in language.entities if row.key == "set_clock")
    requests = language.write(row, True, datetime(2026, 11, 21, 14, 5, 30))
    assert [request.hex() for request in requests] == ["0110020c0003061a0b150e051e6c6b"]
    put(language, unit, "set_clock", True)
    assert unit.state["device_clock"] == "2026-11-21 14:05:30"
    assert read(language, unit)["device_clock"] == "2026-11-21 14:05:30"


@pytest.mark.parametrize(
    ("key", "register", "value"),
    [
        ("turn_off", 0xDF00, 0),
        ("turn_on", 0xDF00, 1),
        ("restart", 0xDF01, 1),
        ("equalise_now", 0xDF0D, 1),
        ("equalise_stop", 0xDF0D, 0),
    ],
)
def test_buttons_write_what_the_document_says(key: str, register: int, value: int) -> None:
    unit, language = inverter(), dialect(SINGLE, {})
    row = next(row for row in language.entities if row.key == key)
    assert row.expert
    put(language, unit, key, True)
    assert unit.pressed == ((register, value),)


def test_settings_are_written_by_function_6_first() -> None:
    language = dialect(SINGLE, {})
    row = next(row for row in language.entities if row.key == "output_source_priority")
    requests = [request.hex() for request in language.write(row, "SBU", datetime(2026, 1, 1))]
    assert requests == ["0106e20400027fb2", requests[1]]
    assert requests[1].startswith("0110e2040001020002")


def test_a_controllers_thresholds_are_written_together_with_their_neighbours() -> None:
    unit, language = controller(), dialect(example("mppt"), {})
    unit.state |= {"battery_bulk_voltage": 56.0, "battery_float_voltage": 54.0, "equalise_time": 120}
    before = read(language, unit)
    put(language, unit, "battery_float_voltage", 54.4)
    after = read(language, unit)
    assert after["battery_float_voltage"] == 54.4
    changed = {key for key, value in after.items() if before.get(key) != value}
    assert changed <= {"battery_float_voltage", *(key for key in after if key not in before)}
    row = next(row for row in language.entities if row.key == "battery_float_voltage")
    (request,) = language.write(row, 54.4, datetime(2026, 1, 1))
    assert request[:7] == bytes.fromhex("0110e005001020")


async def test_two_thresholds_of_a_controller_that_are_set_at_once_both_stand(tmp_path: Path) -> None:
    unit, clock = controller(), PassingClock()
    unit.state |= {"battery_bulk_voltage": 56.0, "battery_float_voltage": 54.0}
    broker = MemoryBroker(clock)
    member = Member("mppt", INTEGRATION, unit, {"model": "mppt"}, example("mppt"))
    wired = wired_up(tmp_path, member, broker.link("bus:line"), clock)
    wishes = {"battery_bulk_voltage": 56.8, "battery_float_voltage": 54.4}
    bus = asyncio.create_task(Bus(TurnedPort([unit], LINE, clock), [wired], clock, UTC).run())
    await until(lambda: wishes.keys() <= wired.device.values.keys())
    for key, value in wishes.items():
        assert wired.device.values[key] != value
        wish = {"v": 1, "value": value, "id": key, "by": "http", "ttl": 200}
        broker.publish(f"gridward/home/mppt/{key}/command", json.dumps(wish))
    await until(lambda: len(broker.said("gridward/home/audit")) == len(wishes))
    bus.cancel()
    await asyncio.gather(bus, return_exceptions=True)
    assert [json.loads(item)["status"] for item in broker.said("gridward/home/audit")] == ["confirmed"] * 2
    assert {key: unit.state[key] for key in wishes} == wishes


def test_a_controllers_thresholds_are_not_written_before_they_were_read() -> None:
    language = dialect(example("mppt"), {})
    row = next(row for row in language.entities if row.key == "battery_float_voltage")
    with pytest.raises(ValueError, match="have not been read"):
        language.write(row, 54.4, datetime(2026, 1, 1))


def test_a_controller_with_a_fixed_battery_type_says_yes_and_keeps_its_thresholds() -> None:
    unit, language = controller(), dialect(example("mppt"), {})
    read(language, unit)
    unit.state["battery_type"] = "sealed"
    standing = unit.state["battery_float_voltage"]
    put(language, unit, "battery_float_voltage", 54.4)
    assert unit.state["battery_float_voltage"] == standing


def test_a_controllers_limit_is_its_rated_current() -> None:
    language = dialect(example("mppt", rated_charging_current=40), {})
    row = next(row for row in language.entities if row.key == "max_charging_current")
    assert row.accept(20.0) == 20.0
    assert language.write(row, 20.0, datetime(2026, 1, 1))[0].hex() == "0106e00107d0ec66"
    with pytest.raises(ValueError, match="between 0 and 40"):
        row.accept(40.01)
