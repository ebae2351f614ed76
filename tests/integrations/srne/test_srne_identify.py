"""A unit is recognised by what it answers; what it lacks is left out; what is none is refused."""

import pytest
import voluptuous as vol
from hypothesis import given, settings
from hypothesis import strategies as st
from integrations.srne.srne_bench import asking, controller, example, found, inverter, read, registers

from gridward_kit.entity import VOLTAGE, Sensor
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.modbus import Profile, Unit, f32
from gridward_srne import INTEGRATION
from gridward_srne.blocks import INVERTER
from gridward_srne.dialect import Srne, dialect
from gridward_srne.identify import identify
from gridward_srne.series import PHASES, Shape, nominal

REQUIRED = {"versions", "battery", "state", "inverter"}
OPTIONAL = [block.name for block in INVERTER if block.name not in REQUIRED]


@pytest.mark.parametrize("model", [*PHASES, "mppt"])
async def test_each_series_is_recognised_without_being_told(model: str) -> None:
    unit = inverter(model) if model in PHASES else controller()
    identity = await found(unit)
    longest = {"longest_read": 20} if model in PHASES else {}
    assert identity == example(model, **longest)


async def test_a_unit_that_gives_32_registers_is_asked_for_them() -> None:
    unit = inverter()
    unit.profile = Profile(most=32, spans=unit.profile.spans, low_first=True)
    identity = await found(unit)
    assert identity.facts["longest_read"] == 32
    longest = max(int(query.name.partition("+")[2]) for query in dialect(identity, {}).queries)
    assert 20 < longest <= 32
    assert (
        max(int(one.name.partition("+")[2]) for one in dialect(identity, {"longest_read": 20}).queries) <= 20
    )


async def test_an_older_unit_is_asked_only_for_what_it_has() -> None:
    old = (
        "bms",
        "battery2",
        "pv3",
        "pv4",
        "pv5",
        "pv6",
        "packs",
        "slot_soc",
        "history_2",
        "energies",
        "modes",
    )
    unit = inverter("split_phase", old)
    identity = await found(unit)
    assert isinstance(identity.facts["absent"], list)
    assert set(old) <= set(identity.facts["absent"])
    language = dialect(identity, {})
    keys = {row.key for row in language.entities}
    assert not keys & {
        "bms_voltage",
        "battery2_voltage",
        "pv3_power",
        "charge_slot_1_stop_soc",
        "grid_work_mode",
    }
    assert {"pv2_power", "pv_total_power", "battery_power", "fault_record_16"} <= keys
    assert "fault_record_17" not in keys
    assert read(language, unit)["battery_soc"] == 55


@settings(deadline=None, max_examples=40)
@given(lacking=st.sets(st.sampled_from(OPTIONAL), max_size=30), model=st.sampled_from(list(PHASES)))
async def test_after_identification_nothing_is_asked_that_is_refused(lacking: set[str], model: str) -> None:
    unit = inverter(model, tuple(lacking))
    said = {"model": model} if "legs" in lacking else {}
    language = dialect(await found(unit, said), {})
    values = read(language, unit)  # raises Refused for any query that touches a hole
    assert values["battery_voltage"] == 53.1
    assert all(row.key not in values or row.key in unit.state for row in language.entities if row.setting)


async def test_a_unit_that_is_silent_to_long_reads_and_to_one_register() -> None:
    unit = inverter("split_phase")

    def deaf(start: int, count: int) -> bool:
        return count > 20 or start <= 0x0211 < start + count

    identity = await found(unit, deaf=deaf)
    assert identity.facts["absent"] == ["password_state"]
    assert identity.facts["longest_read"] == 20
    for query in dialect(identity, {}).queries:
        _, _, rest = query.name.partition(":")
        start, count = int(rest.partition("+")[0], 16), int(rest.partition("+")[2])
        assert not deaf(start, count), query.name


async def test_a_unit_that_falls_silent_in_the_middle_is_not_bound() -> None:
    unit = inverter()
    count = 0

    def deaf(_start: int, _count: int) -> bool:
        nonlocal count
        count += 1
        return count > 12

    with pytest.raises(NoAnswer):
        await found(unit, deaf=deaf)


async def test_without_a_serial_number_the_firmware_is_the_proof() -> None:
    unit = inverter("three_phase")
    registers(unit, 0x0035, *[0] * 20)
    identity = await found(unit)
    assert identity.serial is None
    language = dialect(identity, {})
    assert language.proof is not None
    assert language.proof[1] == "firmware"
    assert identity.facts["firmware"] == "8.18"


async def test_dead_legs_do_not_tell_the_series() -> None:
    unit = inverter("split_phase")
    for key in ("grid_voltage_l1", "grid_voltage_l2", "output_voltage_l1", "output_voltage_l2"):
        unit.state[key] = 0.0
    with pytest.raises(BadFrame, match=r"say its `model`: single_phase, split_phase, three_phase"):
        await found(unit)
    assert (await found(unit, {"model": "split_phase"})).model == "split_phase"


async def test_a_single_phase_unit_that_has_the_other_legs_registers() -> None:
    unit = inverter("three_phase")
    for leg in ("l2", "l3"):
        unit.state[f"grid_voltage_{leg}"] = unit.state[f"output_voltage_{leg}"] = 0.0
    assert (await found(unit)).model == "single_phase"


@pytest.mark.parametrize(
    ("state", "volts", "states"), [(2, 1235, "four"), (5, 2300, "eleven"), (1, 0, "eleven")]
)
async def test_the_states_enumeration_is_told_by_what_it_shows(state: int, volts: int, states: str) -> None:
    unit = inverter(lacking=("half_bus",))
    registers(unit, 0x0210, state)
    registers(unit, 0x0216, volts)
    identity = await found(unit)
    assert identity.facts["machine_states"] == states


async def test_registers_of_a_meter_are_no_inverters() -> None:
    rows = tuple(Sensor(f"v{at:x}", f"V{at:x}", f32(at), VOLTAGE) for at in (0x0A, 0x14, 0x16, 0x100, 0x102))
    meter = Unit(rows, Profile(spans=((0, 0x3FF),)), 1, {row.key: 231.4 for row in rows})
    with pytest.raises(BadFrame, match="no SRNE unit: its state of charge would be 17255 %"):
        await identify(asking(meter), {})


async def test_a_unit_that_answers_every_register_with_zero_is_no_inverter() -> None:
    nothing = Unit((), Profile(spans=((0, 0xFFFF),), most=125), 1, {})
    with pytest.raises(BadFrame):
        await identify(asking(nothing), {})


async def test_a_unit_is_not_taken_for_what_it_is_not() -> None:
    with pytest.raises(BadFrame, match="is an inverter, not a charge controller"):
        await found(inverter(), {"model": "mppt"})
    with pytest.raises(BadFrame, match="no SRNE three_phase"):
        await found(controller(), {"model": "three_phase"})


@given(volts=st.floats(40, 58.4), nominal_volts=st.sampled_from([12, 24, 48]))
def test_an_automatic_nominal_voltage_is_told_by_the_battery(volts: float, nominal_volts: int) -> None:
    raw = round(volts * nominal_volts / 48 * 10)
    assert nominal({0xE003: 255, 0x0101: raw}) == nominal_volts


async def test_without_a_nominal_voltage_no_threshold_is_shown_or_set() -> None:
    unit = inverter()
    registers(unit, 0xE003, 255)
    registers(unit, 0x0101, 0)
    identity = await found(unit)
    assert identity.facts["nominal_voltage"] == 0
    keys = {row.key for row in dialect(identity, {}).entities}
    assert "battery_float_voltage" not in keys
    assert "max_charging_current" in keys
    assert "battery_float_voltage" in {row.key for row in dialect(identity, {"nominal_voltage": 24}).entities}


async def test_states_of_charge_are_settings_only_where_they_are_proven() -> None:
    unit = inverter()
    registers(unit, 0xE01D, 15, 10, 5, 16, 0)  # load mode, light control, cells in series
    identity = await found(unit)
    keys = {row.key for row in dialect(identity, {}).entities}
    assert not keys & {"stop_charge_soc", "grid_soc", "battery_soc_return"}


@pytest.mark.parametrize("address", [0, 248])
def test_addresses_that_no_unit_has(address: int) -> None:
    with pytest.raises(ValueError, match="1 to 247"):
        Srne(Shape(), address, proof=None, password=None)


def test_the_options_say_what_is_possible() -> None:
    schema = {str(marker): check for marker, check in INTEGRATION.options.items()}
    for key, wrong in (
        ("address", 248),
        ("nominal_voltage", 50),
        ("longest_read", 64),
        ("grid_positive", "up"),
    ):
        with pytest.raises(vol.Invalid):
            schema[key](wrong)
