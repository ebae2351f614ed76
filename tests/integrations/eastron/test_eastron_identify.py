"""Which meter answers: by its code, by its registers, in either order of words; others are recognised."""

import struct
from collections.abc import Mapping

import pytest

from gridward_eastron import INTEGRATION
from gridward_eastron.identify import MAPS, identify
from gridward_eastron.models import MODELS
from gridward_eastron.simulator import Meter
from gridward_kit.entity import TEXT, Sensor
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Dialect, Identity, Options, Simulator
from gridward_kit.modbus import Profile, Unit, f32, u16
from gridward_kit.point import Value

EACH = pytest.mark.parametrize("name", MODELS)
BY_REGISTERS: Mapping[str, str] = {
    "sdm120": "sdm120", "sdm220": "sdm220", "sdm230": "sdm230", "sdm230_2t": "sdm230_2t", "sdm630": "sdm630",
    "sdm630v1": "sdm630", "sdm630mct": "sdm630", "sdm72": "sdm72", "sdm72v2": "sdm72v2", "sdm54": "sdm54",
    "sdm530": "sdm630", "x96": "sdm630",
}  # fmt: skip


class Pair:
    """A line with these units on it; what nobody answers is silence."""

    def __init__(self, *units: Simulator) -> None:
        self.units = units
        self.requests: list[bytes] = []

    async def ask(self, request: bytes, dialect: Dialect) -> bytes:
        """One exchange; raises NoAnswer."""
        self.requests.append(request)
        now = float(len(self.requests))
        said = b"".join(answer for unit in self.units for answer in unit.receive(request, now))
        cut = dialect.cut(request, said, quiet=True)
        if cut is None:
            raise NoAnswer("silence")
        return cut[0]


def meter(name: str, **options: str | float | bool) -> Meter:
    """A simulated meter of a model."""
    assert INTEGRATION.simulator
    made = INTEGRATION.simulator({"model": name, **options})
    assert isinstance(made, Meter)
    return made


async def found(unit: Simulator, options: Options | None = None) -> Identity:
    """What is found out about a unit at address 1."""
    return await identify(Pair(unit).ask, options or {})


def without_code(name: str) -> Meter:
    """An older meter, which knows nothing of its own registers from 0xF000 on."""
    unit = meter(name)
    unit.holes = frozenset(range(0xFC00, 0xFC10))
    unit._typed = False
    return unit


@EACH
async def test_what_was_said_is_found(name: str) -> None:
    identity = await found(meter(name), {"model": name})
    assert identity == dict(INTEGRATION.each()).get(f"eastron-{name}", INTEGRATION).example


@EACH
async def test_an_old_meter_is_known_by_its_registers(name: str) -> None:
    identity = await found(without_code(name))
    assert identity.model == BY_REGISTERS[name]
    assert identity.serial is None
    assert "meter_code" not in identity.facts


@pytest.mark.parametrize("name", ["sdm120", "sdm630", "sdm630mct", "sdm72", "sdm72v2"])
async def test_a_public_code_says_the_model(name: str) -> None:
    assert (await found(meter(name))).model == name


async def test_a_code_that_two_registers_are_needed_for() -> None:
    unit = meter("sdm120")
    unit.refused = frozenset(("03:0xfc02+1",))
    assert (await found(unit)).model == "sdm120"


@EACH
@pytest.mark.parametrize("said", ["sdm230", "sdm630", "sdm72"])
async def test_another_model_is_told_and_not_read(name: str, said: str) -> None:
    options = {"model": said}
    if MAPS[name] == MAPS[said]:
        assert (await found(without_code(name), options)).model == said
    else:
        with pytest.raises(BadFrame, match=f"not as {said}"):
            await found(without_code(name), options)


async def test_a_code_outweighs_what_was_said() -> None:
    with pytest.raises(BadFrame, match="answers as sdm120"):
        await found(meter("sdm120"), {"model": "sdm230"})
    assert (await found(meter("sdm630"), {"model": "x96"})).model == "x96", "one map, one code"


@EACH
async def test_the_low_word_first_is_seen(name: str) -> None:
    unit = meter(name, low_first=True)
    identity = await found(unit)
    assert identity.facts["low_first"] is True
    assert INTEGRATION.dialect
    dialect = INTEGRATION.dialect(identity, {})
    query = dialect.queries[0].name
    payload = dialect.payload(query, unit.receive(dialect.request(query), 99.0)[0])
    values = {row.key: row.at.decode(payload) for row in dialect.entities if row.at and row.at.query == query}
    assert values
    assert all(value == unit.state[key] for key, value in values.items())


@pytest.mark.parametrize("name", ["sdm230", "sdm630", "sdm54"])
async def test_a_dead_grid_hides_the_voltage_but_not_the_meter(name: str) -> None:
    unit = without_code(name)
    dead: dict[str, Value] = {
        key: 0.0 for key in unit.state if key.startswith(("voltage", "current", "power", "frequency"))
    }
    unit.state |= dead
    assert MAPS[(await found(unit)).model] == MAPS[name] or name == "sdm54"


async def test_a_meter_that_shows_nothing_at_all_has_to_be_said() -> None:
    unit = without_code("sdm72")
    unit.state |= {key: 0.0 for key, value in unit.state.items() if not isinstance(value, str)}
    unit.state["address"] = 1.0
    with pytest.raises(BadFrame, match="say its `model`"):
        await found(unit)
    assert (await found(unit, {"model": "sdm72"})).model == "sdm72"


async def test_silence_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        await identify(Pair().ask, {})
    with pytest.raises(NoAnswer):
        await identify(Pair(meter("sdm230", address=2)).ask, {"address": 1})


@pytest.mark.parametrize("unit", [0, 248, -1])
async def test_no_such_address(unit: int) -> None:
    with pytest.raises(ValueError, match="1 to 247"):
        await identify(Pair(meter("sdm230")).ask, {"address": unit})


async def test_an_unknown_model() -> None:
    with pytest.raises(ValueError, match="no model 'sdm1'"):
        await found(meter("sdm230"), {"model": "sdm1"})


def stranger(function: int) -> Unit:
    """A meter of another maker: small whole numbers where an Eastron has its voltage."""
    rows = tuple(
        Sensor(f"r{at}", f"R{at}", u16(at, function=function), TEXT)
        for at in (*range(0x60), *range(0x150, 0x160))
    )
    return Unit(
        rows, Profile(function=function), 1, {row.key: 200 + number for number, row in enumerate(rows)}
    )


@pytest.mark.parametrize("function", [3, 4])
async def test_another_maker_is_no_eastron(function: int) -> None:
    with pytest.raises(BadFrame, match=r"no Eastron meter|nothing that makes sense"):
        await found(stranger(function))


async def test_a_meter_of_one_phase_that_answers_zero_for_what_it_lacks() -> None:
    """Seen from outside it has every register of the bigger ones."""
    rows = tuple(
        Sensor(f"r{function}_{at}", f"R{function} {at}", f32(at, function=function), TEXT)
        for function in (3, 4)
        for at in range(0, 0x200, 2)
    )
    state: dict[str, Value] = dict.fromkeys((row.key for row in rows), 0.0)
    state |= {"r4_0": 231.0, "r4_70": 50.0}
    unit = Unit(rows, Profile(function=4), 1, state)
    assert MAPS[(await found(unit)).model] == "one phase"


@pytest.mark.parametrize(("prefix", "factor"), [("kWh", 1.0), ("MWh", 1000.0)])
async def test_an_old_meter_that_counts_in_megawatt_hours(prefix: str, factor: float) -> None:
    unit = meter("sdm630v1")
    unit.state["energy_prefix"] = prefix
    identity = await found(unit, {"model": "sdm630v1"})
    assert INTEGRATION.dialect
    row = next(row for row in INTEGRATION.dialect(identity, {}).entities if row.key == "import_energy")
    assert row.at
    assert row.at.decode(struct.pack(">80f", *[2.0] * 80)) == 2.0 * factor


@pytest.mark.parametrize(
    ("system", "gone", "there"),
    [
        (
            "1P2W",
            {"voltage_l2", "power_l3", "current_l2", "voltage_l1_l2"},
            {"voltage_l1", "power", "power_l1"},
        ),
        ("3P3W", {"voltage_l1", "power_l2", "power_factor_l3"}, {"voltage_l1_l2", "current_l2", "power"}),
        ("3P4W", set(), {"voltage_l1", "voltage_l2", "voltage_l1_l2", "power_l3"}),
    ],
)
async def test_what_is_not_wired_is_absent_and_not_zero(system: str, gone: set[str], there: set[str]) -> None:
    unit = meter("sdm630")
    unit.state["system_type"] = system
    identity = await found(unit)
    assert INTEGRATION.dialect
    keys = {row.key for row in INTEGRATION.dialect(identity, {}).entities}
    assert there <= keys
    assert not gone & keys
