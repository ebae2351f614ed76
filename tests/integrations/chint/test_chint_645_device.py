"""A meter that stays on DL/T 645 is a device as the others are."""

import pytest
import voluptuous as vol
from line_of_one import believed, found, polled, spoken

from gridward_chint import dlt645
from gridward_chint.fresh_meter import FreshMeter
from gridward_chint.meter_645 import INTEGRATION
from gridward_chint.simulator_645 import SERIAL, Meter645
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Simulator


class Of1997(Simulator):
    """A meter that knows the standard of 1997 only: energy, and one voltage in whole volts."""

    def __init__(self) -> None:
        self.state = {}
        self.cells = {0x9010: bytes.fromhex("45230100"), 0xB611: bytes.fromhex("3102")}
        self.address = dlt645.wire_address("000000123456")

    def receive(self, data: bytes, now: float) -> list[bytes]:
        for request, _ in dlt645.found(data):
            if not dlt645.meant(request.address, self.address):
                return []
            name = int.from_bytes(request.data, "little")
            if request.control != dlt645.READ_1997:
                return []
            if name not in self.cells:
                return [dlt645.Frame(self.address, 0xC1, b"\x02").sent()]
            return [dlt645.Frame(self.address, 0x81, request.data + self.cells[name]).sent()]
        return []


@pytest.mark.parametrize(("model", "voltage"), [("ddsu666", "voltage"), ("dtsu666", "voltage_l1")])
async def test_it_says_who_it_is_and_gives_the_same_entities(model: str, voltage: str) -> None:
    meter = Meter645(model)
    identity = await found(meter, {}, INTEGRATION)
    assert (identity.model, identity.serial, identity.protocol) == (model, SERIAL, "DL/T 645-2007")
    values = believed(spoken(identity, {}, INTEGRATION), meter)
    assert {key: values[key] for key in meter.state} == pytest.approx(meter.state)
    assert voltage in values
    assert str(values["direction"]).endswith("W")


async def test_the_examples_are_what_is_found() -> None:
    for name, each in INTEGRATION.each():
        assert each.simulator, name
        assert await found(each.simulator({}), {}, each) == each.example


async def test_one_of_several_on_a_line_is_asked_by_its_number() -> None:
    meter = Meter645("ddsu666", "200322016691")
    said = {"serial": "200322016691"}
    assert (await found(meter, said, INTEGRATION)).serial == "200322016691"
    with pytest.raises(NoAnswer):
        await found(meter, {"serial": SERIAL}, INTEGRATION)


async def test_the_standard_of_1997() -> None:
    identity = await found(Of1997(), {}, INTEGRATION)
    assert (identity.protocol, identity.serial, identity.model) == (
        "DL/T 645-1997",
        "000000123456",
        "ddsu666",
    )
    values = believed(spoken(identity, {}, INTEGRATION), Of1997())
    assert values == {"import_energy": 123.45, "voltage": 231.0}


async def test_the_other_way_round() -> None:
    meter = Meter645("ddsu666")
    options = {"invert": True}
    values = believed(spoken(await found(meter, options, INTEGRATION), options, INTEGRATION), meter)
    assert values["power"] == pytest.approx(-947.5)
    assert (values["import_energy"], values["export_energy"]) == (12.5, 1834.27)
    assert "combined_energy" not in values


async def test_another_model_than_was_said() -> None:
    with pytest.raises(BadFrame, match=f"meter {SERIAL} is a dtsu666, not a ddsu666"):
        await found(Meter645("dtsu666"), {"model": "ddsu666"}, INTEGRATION)


async def test_a_meter_from_the_factory() -> None:
    meter = FreshMeter(SERIAL)
    identity = await found(meter, {}, INTEGRATION)
    assert (identity.serial, identity.facts["tells_address"]) == (SERIAL, False)
    dialect = spoken(identity, {}, INTEGRATION)
    assert dialect.proof is None
    assert believed(dialect, meter)["voltage"] == pytest.approx(231.4)


async def test_a_counter_that_jumps_is_believed_with_its_second_answer() -> None:
    meter = Meter645("ddsu666")
    dialect = spoken(await found(meter, {}, INTEGRATION), {}, INTEGRATION)
    believed(dialect, meter)
    meter.state["import_energy"] = 9999.0
    assert "import_energy" not in polled(dialect, meter)
    assert polled(dialect, meter)["import_energy"] == 9999.0


@pytest.mark.parametrize("wrong", ["20032201669", "2003220166901", "20032201669a", 5])
def test_a_number_that_is_none(wrong: str | int) -> None:
    with pytest.raises(vol.Invalid, match="12 digits"):
        vol.Schema(dict(INTEGRATION.options))({"serial": wrong})
