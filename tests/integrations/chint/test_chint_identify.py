"""Each variant is recognised and read as it means its numbers; what is no such meter is refused."""

from dataclasses import replace

import pytest
from brook import BROOK
from line_of_one import believed, found, spoken

from gridward_chint import INTEGRATION
from gridward_chint.examples import EXAMPLE, EXAMPLES
from gridward_chint.fresh_meter import FreshMeter
from gridward_chint.simulator import BUILDS, Meter
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Options
from gridward_kit.modbus import Register, frame


@pytest.mark.parametrize("variant", BUILDS)
async def test_a_variant_is_recognised_and_what_it_measures_is_read(variant: str) -> None:
    meter = Meter(variant, 100)
    options = {"address": 100}
    identity = await found(meter, options)
    assert identity.model == BUILDS[variant].model
    values = believed(spoken(identity, options), meter)
    compared = values.keys() & meter.state.keys()
    assert {"frequency", "power"} <= compared
    assert compared & {"import_energy", "total_energy"}
    for key in compared:
        wanted = meter.state[key]
        whole = 0.51 if variant == "dtsu666-20" and "power" in key else 0.0
        if isinstance(wanted, str):
            assert values[key] == wanted, key
        else:
            assert float(values[key]) == pytest.approx(wanted, abs=1e-2 + whole, rel=1e-5), key


async def test_the_examples_are_what_is_found() -> None:
    assert INTEGRATION.simulator
    for example in [(EXAMPLE, {}), *((one.identity, one.options) for one in EXAMPLES.values())]:
        identity, options = example
        assert await found(INTEGRATION.simulator(options), options) == identity


async def test_what_was_found_is_said_in_words() -> None:
    meter = Meter("dtsu666-ct", 100)
    options = {"address": 100}
    values = believed(spoken(await found(meter, options), options), meter)
    assert values["number_format"] == "0.1 V"
    assert values["power_unit"] == "0.1 W"
    assert values["transformer_side"] == (
        "values before them, multiplied here: current 40, voltage 1; compare once with the display"
    )
    assert values["energy_registers"] == "03:0x101e"
    assert values["direction"] == "exporting 17544 W"
    assert values["ct_ratio"] == 40


async def test_behind_the_transformer_is_preferred_where_it_goes_with_what_is_before_it() -> None:
    options = {"address": 100}
    meter = Meter("dtsu666-oem", 100)
    identity = await found(meter, options)
    assert (identity.facts["live"], identity.facts["energy"]) == ("04:0x150a", ["03:0x181e"])
    meter.rows = {
        key: replace(row, at=replace(row.at, scale=3 * row.at.scale))
        if isinstance(row.at, Register) and 0x150A <= row.at.address < 0x1600
        else row
        for key, row in meter.rows.items()
    }
    doubtful = await found(meter, options)
    assert doubtful.facts["live"] == "03:0x2000"
    assert doubtful.facts["transformer_side"] == "secondary"


@pytest.mark.parametrize("variant", ["dtsu666", "dssu666", "dtsu666-plain", "dtsu666-h"])
async def test_without_voltage_it_is_not_decided_and_asked_again(variant: str) -> None:
    meter = Meter(variant, 100)
    before = dict(meter.state)
    meter.state |= {key: 0.0 for key in before if key.startswith(("voltage", "frequency"))}
    with pytest.raises(BadFrame, match=r"voltage"):
        await found(meter, {"address": 100})
    meter.state |= before
    assert (await found(meter, {"address": 100})).model == BUILDS[variant].model


async def test_a_person_may_say_what_cannot_be_told() -> None:
    meter = Meter("dtsu666", 100)
    meter.state |= {key: 0.0 for key in meter.state if key.startswith(("voltage", "frequency"))}
    options: Options = {"address": 100, "number_format": "0.1 V"}
    identity = await found(meter, options)
    assert believed(spoken(identity, options), meter)["power"] == pytest.approx(-438.6)


async def test_the_unit_of_power_is_found_when_a_load_comes() -> None:
    meter = Meter("dtsu666-plain", 100)
    load = dict(meter.state)
    meter.state |= {key: 0.0 for key in load if key.startswith(("current", "power", "reactive", "apparent"))}
    options = {"address": 100}
    identity = await found(meter, options)
    assert "power_unit" not in identity.facts
    dialect = spoken(identity, options)
    idle = believed(dialect, meter)
    assert idle["power"] == 0.0
    assert idle["direction"] == "idle"
    assert idle["power_unit"] == "not known yet: it takes a load of 0.2 A"
    meter.state |= {"current_l1": 0.1, "power_l1": 20.0, "power": 20.0}
    assert "power" not in believed(dialect, meter)
    meter.state |= load
    assert believed(dialect, meter)["power"] == pytest.approx(load["power"])


async def test_a_new_meter_shows_the_block_that_begins_to_count() -> None:
    meter = Meter("dtsu666-oem", 100)
    meter.state |= {key: 0.0 for key in meter.state if "energy" in key} | {"ct_ratio": 1}
    options = {"address": 100}
    identity = await found(meter, options)
    assert identity.facts["energy"] == ["03:0x101e", "03:0x181e"]
    dialect = spoken(identity, options)
    assert believed(dialect, meter)["import_energy"] == 0.0
    meter.state["import_energy"] = 1.5
    assert believed(dialect, meter)["import_energy"] == pytest.approx(1.5)


async def test_a_block_is_read_with_the_function_that_it_answers() -> None:
    meter = Meter("dtsu666-plain", 100)
    assert (await found(meter, {"address": 100})).facts["live"] == "04:0x2000"
    meter.muted = frozenset(("03:0x2000+34",))
    assert (await found(meter, {"address": 100})).facts["live"] == "04:0x2000"


async def test_the_registers_of_another_make_are_recognised() -> None:
    assert BROOK.simulator
    with pytest.raises(BadFrame, match="unit 9 is none of the CHINT meters"):
        await found(BROOK.simulator({"address": 9}), {"address": 9})


@pytest.mark.parametrize(
    ("variant", "said"),
    [("dtsu666", "ddsu666"), ("ddsu666", "dtsu666"), ("dssu666", "dtsu666"), ("dtsu666-h", "ddsu666-h")],
)
async def test_another_model_than_was_said(variant: str, said: str) -> None:
    with pytest.raises(BadFrame, match=f"unit 100 is a {variant}, not a {said}"):
        await found(Meter(variant, 100), {"address": 100, "model": said})


async def test_a_two_way_meter_that_has_not_counted_back_is_what_a_person_says() -> None:
    meter = Meter("ddsu666-d", 7)
    meter.state |= {key: 0.0 for key in meter.state if key != "import_energy" and "energy" in key}
    assert (await found(meter, {"address": 7})).model == "ddsu666"
    said: Options = {"address": 7, "model": "ddsu666-d"}
    values = believed(spoken(await found(meter, said), said), meter)
    assert values["import_energy"] == pytest.approx(1834.27)
    assert values["export_energy"] == 0.0


async def test_a_meter_that_proves_to_count_both_ways_apart_is_read_so() -> None:
    said: Options = {"address": 7, "model": "ddsu666"}
    meter = Meter("ddsu666-d", 7)
    identity = await found(meter, said)
    assert identity.model == "ddsu666-d"
    assert "total_energy" not in believed(spoken(identity, said), meter)


async def test_a_meter_without_any_counter_is_read_without() -> None:
    meter = Meter("dtsu666", 100)
    meter.rows = {key: row for key, row in meter.rows.items() if "energy" not in key}
    meter.holes = frozenset(range(0x101E, 0x1060))
    options: Options = {"address": 100}
    values = believed(spoken(await found(meter, options), options), meter)
    assert values["energy_registers"] == "none"
    assert not [key for key in values if key.endswith("_energy")]


async def test_nobody_there_is_silence() -> None:
    with pytest.raises(NoAnswer):
        await found(Meter("ddsu666", 8), {"address": 9})


@pytest.mark.parametrize("address", [0, 248, "7"])
def test_addresses_that_are_none(address: object) -> None:
    options: Options = {"address": address}  # type: ignore[dict-item]
    with pytest.raises((ValueError, TypeError)):
        spoken(EXAMPLE, options)


@pytest.mark.parametrize(
    ("model", "layout"), [("ddsu666", ""), ("dtsu666", "0x002e"), ("dtsu666_2016", "0x002d")]
)
async def test_a_meter_that_was_just_switched_to_modbus(model: str, layout: str) -> None:
    meter = FreshMeter("200322016690", model, unit=90)
    meter.speak(modbus=True)
    options = {"address": 90}
    identity = await found(meter, options)
    assert identity.model == model.removesuffix("_2016")
    assert identity.facts.get("line_settings", "") == layout
    values = believed(spoken(identity, options), meter)
    assert values["address"] == 90
    assert values.get("voltage", values.get("voltage_l1")) == pytest.approx(231.4)


async def test_settings_that_are_only_given_one_by_one() -> None:
    meter = Meter("dtsu666", 100)
    meter.refused = frozenset(("03:0x0000+13", "03:0x002c+3"))
    identity = await found(meter, {"address": 100})
    assert (identity.model, identity.facts["line_settings"]) == ("dtsu666", "0x002e")
    dialect = spoken(identity, {"address": 100})
    assert dialect.proof == ("03:0x0000+1", "version")
    assert believed(dialect, meter)["wiring"] == "three phases, four wires"


@pytest.mark.parametrize("key", ["ct_ratio", "vt_ratio"])
async def test_a_ratio_that_was_changed_on_the_meter_hides_what_depends_on_it(key: str) -> None:
    meter = Meter("dtsu666-ct", 100)
    options = {"address": 100}
    dialect = spoken(await found(meter, options), options)
    assert believed(dialect, meter)["power"] == pytest.approx(-17544.0)
    meter.state[key] = 80
    values = believed(dialect, meter)
    assert not values.keys() & {"power", "voltage_l1", "current_l1", "import_energy", "direction"}
    assert values[key] == 80
    assert values["frequency"] == pytest.approx(50.01)
    meter.state[key] = {"ct_ratio": 40, "vt_ratio": 1.0}[key]
    assert believed(dialect, meter)["power"] == pytest.approx(-17544.0)


@pytest.mark.parametrize(
    ("bound", "exchanged"), [("ddsu666", "dtsu666"), ("dtsu666", "ddsu666"), ("dtsu666-h", "dtsu666")]
)
async def test_a_meter_of_another_kind_in_its_place_does_not_pass_for_it(bound: str, exchanged: str) -> None:
    options = {"address": 100}
    identity = await found(Meter(bound, 100), options)
    dialect = spoken(identity, options)
    assert dialect.proof is not None
    query, key = dialect.proof
    (said,) = Meter(exchanged, 100).receive(dialect.request(query), 0.0)
    row = next(one for one in dialect.entities if one.key == key)
    assert row.at is not None
    if said[1] < frame.ERROR:
        assert row.at.decode(dialect.payload(query, said)) != identity.facts[key]
    else:
        with pytest.raises(Refused):
            dialect.payload(query, said)
