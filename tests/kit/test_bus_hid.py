"""An Axpert on USB: the real dialect over reports of eight bytes, read and set."""

from pathlib import Path

import pytest
from faults.line_house import LineHouse, Member, line_house, lines, until

from gridward_axpert import INTEGRATION as AXPERT
from gridward_axpert.protocol import frame
from gridward_axpert.simulator import AxpertSimulator
from gridward_kit.integration import Line
from gridward_kit.testing import FastClock
from gridward_kit.trial import resolution

REPORTS = Line(baud=500_000, first=0.15, gap=0.05)


@pytest.mark.parametrize("model", ["vm-iii", "max"])
async def test_it_is_identified_read_and_set_over_reports(tmp_path: Path, model: str) -> None:
    simulator = AxpertSimulator({"model": model, "serial": "92932004102443"})
    member = Member("inverter", AXPERT, simulator, {"model": model})
    async with line_house(tmp_path, [member], FastClock(50), whole=lines, hid=True, line=REPORTS) as house:
        await until(lambda: "output_source_priority" in house.state("inverter"))
        _shows_what_is_so(house, simulator)
        identity = house.wired["inverter"].device.identity
        assert identity
        assert identity.serial == simulator.state["serial_number"]
        wanted = "SBU" if simulator.state["output_source_priority"] != "SBU" else "USB"
        house.ask("inverter", "output_source_priority", wanted, "1")
        result = await house.result("inverter", "output_source_priority", "1")
        assert (result["status"], result["value"]) == ("confirmed", wanted)
        assert simulator.state["output_source_priority"] == wanted
        assert {frame("POP02"), frame("POP00")} & set(house.tap.heard)
        errors = house.wired["inverter"].errors
        assert errors["bad_frame"] == errors["impossible"] == 0, errors


def _shows_what_is_so(house: LineHouse, simulator: AxpertSimulator) -> None:
    rows = house.wired["inverter"].device.entities
    state = house.state("inverter")
    compared = 0
    for key, value in state.items():
        wanted = simulator.state.get(key)
        if key not in rows or wanted is None:
            continue
        compared += 1
        if isinstance(wanted, str | bool):
            assert value == wanted, key
        else:
            assert isinstance(value, int | float)
            assert abs(value - wanted) <= resolution(rows[key]), key
    assert compared > 15
