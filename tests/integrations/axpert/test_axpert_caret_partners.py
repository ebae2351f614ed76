"""Commands of PI17 and PI18 that carry two values or the time: the other one stays as it was read."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from faults.line_house import Member, until, wired_up
from faults.turned_line import PassingClock, TurnedPort

from gridward_axpert import INTEGRATION
from gridward_axpert.caret import Caret
from gridward_axpert.models import CARET_MODELS, simulated
from gridward_axpert.pi17 import PI17
from gridward_axpert.pi18 import PI18
from gridward_kit.bus import Bus
from gridward_kit.entity import Entity
from gridward_kit.testing import MemoryBroker
from gridward_kit.trial import wishes

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)


def speaking(model: str, heard: bool = True) -> tuple[Caret, dict[str, Entity]]:
    """A dialect that has heard its unit say everything once, and its rows by key."""
    simulator = simulated({"model": model})
    protocol = CARET_MODELS[model].protocol
    unit = simulator.unit
    language = Caret(
        protocol, protocol.of_unit(unit), protocol.queries(unit), bare=tuple(CARET_MODELS[model].bare)
    )
    for query in language.queries if heard else ():
        language.payload(query.name, simulator.receive(language.request(query.name), 0.0)[0])
    return language, {row.key: row for row in language.entities}


def test_the_second_value_of_a_command_stays_as_it_was_read() -> None:
    language, rows = speaking("infini-v")
    assert language.write(rows["battery_bulk_voltage"], 56.4, NOW)[0] == PI18.setters("MCHGV564,570")[0]
    assert language.write(rows["battery_float_voltage"], 54.0, NOW)[0] == PI18.setters("MCHGV570,540")[0]
    assert language.write(rows["battery_recharge_voltage"], 46, NOW)[0] == PI18.setters("BUCD460,530")[0]
    assert language.write(rows["battery_redischarge_voltage"], 0, NOW)[0] == PI18.setters("BUCD480,000")[0]
    assert language.write(rows["grid_charging_start"], 22 * 60, NOW)[0] == PI18.setters("ACCT2200,0000")[0]
    language, rows = speaking("infini-10k")
    assert language.write(rows["battery_float_voltage"], 54.0, NOW) == (b"^S015MCHGV0584,0540\r",)
    assert language.write(rows["battery_recharge_voltage"], 46.5, NOW) == (
        b"^S025BATDV0460,0510,0465,0510\r",
    )
    assert language.write(rows["grid_keeps_battery"], False, NOW) == (b"^S011ACCB0,0540\r",)


def test_a_second_value_that_was_not_read_is_not_invented() -> None:
    language, rows = speaking("infini-v", heard=False)
    for key in ("battery_bulk_voltage", "battery_redischarge_voltage", "grid_supply_end"):
        with pytest.raises(ValueError, match="not been read"):
            language.write(rows[key], 54 if "battery" in key else 60, NOW)
    assert language.write(rows["output_source_priority"], "SUB", NOW)[0] == PI18.setters("POP0")[0]


def test_a_changed_partner_goes_out_as_it_is_now() -> None:
    language, rows = speaking("infini-v")
    simulator = simulated({"model": "infini-v"})
    simulator.state["battery_float_voltage"] = 53.2
    language.payload("PIRI", simulator.receive(language.request("PIRI"), 0.0)[0])
    assert language.write(rows["battery_bulk_voltage"], 56.4, NOW)[0] == PI18.setters("MCHGV564,532")[0]


async def test_two_that_go_out_in_one_command_and_are_set_at_once_both_stand(tmp_path: Path) -> None:
    unit, clock = simulated({"model": "infini-v"}), PassingClock()
    broker = MemoryBroker(clock)
    known = next(one.example for name, one in INTEGRATION.each() if name == "axpert-pi18")
    member = Member("unit", INTEGRATION, unit, {"model": "infini-v"}, known)
    wired = wired_up(tmp_path, member, broker.link("bus:line"), clock)
    wanted = {"battery_bulk_voltage": 57.6, "battery_float_voltage": 54.4}
    bus = asyncio.create_task(Bus(TurnedPort([unit], INTEGRATION.line, clock), [wired], clock, UTC).run())
    await until(lambda: wanted.keys() <= wired.device.values.keys())
    for key, value in wanted.items():
        assert wired.device.values[key] != value
        wish = {"v": 1, "value": value, "id": key, "by": "http", "ttl": 200}
        broker.publish(f"gridward/home/unit/{key}/command", json.dumps(wish))
    await until(lambda: len(broker.said("gridward/home/audit")) == len(wanted))
    bus.cancel()
    await asyncio.gather(bus, return_exceptions=True)
    assert {key: unit.state[key] for key in wanted} == wanted


@pytest.mark.parametrize("model", CARET_MODELS)
def test_what_goes_out_beside_a_value_lies_in_the_answer_that_is_asked_before(model: str) -> None:
    _, rows = speaking(model)
    for row in rows.values():
        values = wishes(row)[0] if row.setting is not None else []
        for command in (text for value in values if row.setting for text in row.setting.write(value)):
            for query in re.findall(r"{(\w+)", command):
                assert row.at is not None
                assert query == row.at.query, (row.key, command)


def test_a_day_is_asked_for_by_the_units_own_clock() -> None:
    language, _ = speaking("infini-10k", heard=False)
    simulator = simulated({"model": "infini-10k"})
    assert language.request("ED") == b"^P002T\r", "the clock comes first"
    assert language.payload("ED", simulator.receive(b"^P002T\r", 0.0)[0]) == b""
    assert language.request("ED") == PI17.request("ED20260902")
    assert language.request("EM") == PI17.request("EM202609")
    assert language.payload("ED", simulator.receive(language.request("ED"), 0.0)[0]) == b"003537"
    simulator.state["clock"] = "2026-09-03T00:00:10"
    language.payload("T", simulator.receive(language.request("T"), 0.0)[0])
    assert language.request("ED") == PI17.request("ED20260903")


def test_the_clock_button_sends_the_sites_time() -> None:
    language, rows = speaking("infini-v")
    assert language.write(rows["set_clock"], "PRESS", NOW)[0] == PI18.setters("DAT261121063005")[0]
