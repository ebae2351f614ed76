"""Settings: the documented bytes, the password before them, what helps where a meter refuses."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gridward_eastron import INTEGRATION, Eastron
from gridward_eastron.models import MODELS
from gridward_eastron.simulator import Meter
from gridward_kit.check import faults
from gridward_kit.entity import Button, Entity, Number, Select
from gridward_kit.errors import Refused
from gridward_kit.integration import Fact, Options
from gridward_kit.modbus import frame
from gridward_kit.point import Value

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def speaks(name: str, **options: Fact) -> Eastron:
    """The dialect of a model."""
    example = dict(INTEGRATION.each()).get(f"eastron-{name}", INTEGRATION).example
    assert INTEGRATION.dialect
    assert example
    made = INTEGRATION.dialect(example, options)
    assert isinstance(made, Eastron)
    return made


def meter(name: str, **options: Fact) -> Meter:
    """A simulated meter of a model."""
    assert INTEGRATION.simulator
    made = INTEGRATION.simulator({"model": name, **options})
    assert isinstance(made, Meter)
    return made


def row(dialect: Eastron, key: str) -> Entity:
    """The row of a key."""
    return next(row for row in dialect.entities if row.key == key)


def written(dialect: Eastron, key: str, value: Value) -> bytes:
    """The one frame that sets an entity."""
    frames = dialect.write(row(dialect, key), row(dialect, key).accept(value), NOW)
    assert len(frames) == 1, "function 6 is not known to these meters"
    return frames[0]


@pytest.mark.parametrize(
    ("name", "unit", "key", "value", "request_"),
    [
        ("sdm630", 1, "address", 7, "011000140002 0440e00000 e766"),
        ("sdm630", 5, "baud_rate", "9600", "0510001c0002 0440000000 f206"),
        ("sdm630", 5, "parity", "8N1", "051000120002 0400000000 664a"),
    ],
)
def test_the_documented_requests(name: str, unit: int, key: str, value: Value, request_: str) -> None:
    assert written(speaks(name, address=unit), key, value) == bytes.fromhex(request_)


def test_reads_of_the_papers() -> None:
    assert frame.read(5, 4, 0, 80) == bytes.fromhex("050400000050f1b2")
    assert frame.read(5, 4, 0, 60) == bytes.fromhex("05040000003cf19f")
    assert frame.read(5, 3, 0xFC00, 2) == bytes.fromhex("0503fc000002f5df")


def test_the_maker_s_password_goes_out_first() -> None:
    dialect = speaks("sdm72v2", address=5)
    kppa = bytes.fromhex("0510000e00020 4447a0000523a".replace(" ", ""))
    assert dialect.unlock(row(dialect, "pulse_width")) == (kppa,)


@pytest.mark.parametrize(
    ("name", "options", "register"),
    [
        ("sdm630", {}, None),
        ("sdm630", {"password": 1000}, 0x0018),
        ("sdm630v1", {"password": 0}, 0x0018),
        ("sdm630mct", {"password": 4321}, 0x000E),
        ("sdm120", {"password": 1000}, None),
        ("sdm230", {}, None),
    ],
)
def test_who_gets_a_password(name: str, options: dict[str, Fact], register: int | None) -> None:
    dialect = speaks(name, **options)
    frames = dialect.unlock(row(dialect, "pulse_width"))
    assert [frame.asked(one)[2] for one in frames] == ([] if register is None else [register])


@pytest.mark.parametrize("name", ["sdm72v2", "sdm630mct"])
def test_a_locked_meter_takes_a_setting_after_its_password_only(name: str) -> None:
    unit, dialect = meter(name), speaks(name)
    request = written(dialect, "pulse_width", 200)
    with pytest.raises(Refused):
        dialect.acknowledge(request, unit.receive(request, 1.0)[0])
    wrong = speaks(name, password=1).unlock(row(dialect, "pulse_width"))[0]
    with pytest.raises(Refused):
        dialect.acknowledge(wrong, unit.receive(wrong, 2.0)[0])
    unlock = dialect.unlock(row(dialect, "pulse_width"))[0]
    dialect.acknowledge(unlock, unit.receive(unlock, 3.0)[0])
    dialect.acknowledge(request, unit.receive(request, 4.0)[0])
    assert unit.state["pulse_width"] == 200


def test_a_refusing_sdm120_says_what_to_do() -> None:
    dialect = speaks("sdm120")
    request = written(dialect, "demand_period", 15)
    with pytest.raises(Refused, match="-SET-"):
        dialect.acknowledge(request, frame.refusal(1, 16, 2))
    with pytest.raises(Refused, match="failed to store"):
        dialect.acknowledge(request, frame.refusal(1, 16, 5))


@pytest.mark.parametrize("name", MODELS)
def test_a_setting_reaches_the_meter_and_no_input_of_the_same_number(name: str) -> None:
    """Input 0x0014 is the apparent power of L2, the setting 0x0014 the address."""
    unit, dialect = meter(name), speaks(name)
    before = dict(unit.state)
    for one in dialect.unlock(row(dialect, "address")):
        unit.receive(one, 1.0)
    assert unit.receive(written(dialect, "address", 17), 2.0)
    changed = {key for key, value in unit.state.items() if value != before[key]}
    assert changed == {"address"}


@pytest.mark.parametrize("value", [0, 248, 1.5, "all"])
def test_no_such_address(value: Value) -> None:
    with pytest.raises(ValueError, match="not"):
        row(speaks("sdm230"), "address").accept(value)


def test_what_ends_the_connection_or_the_bookkeeping_is_expert() -> None:
    rows = [one for model in MODELS.values() for one in model.rows if one.setting is not None]
    expert = {one.key for one in rows if one.expert}
    assert expert == {
        "address", "baud_rate", "parity", "measurement_mode", "pulse_constant", "reset_all_energy",
        "reset_demand", "reset_energy", "reset_max_demand",
    }  # fmt: skip
    assert all(one.setting and one.setting.wear == "stored" for one in rows)


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("sdm72", "reset_energy", (3,)),
        ("sdm72", "reset_max_demand", (0,)),
        ("sdm630v1", "reset_max_demand", (0x4000, 0)),
        ("sdm630v1", "reset_all_energy", (0x3F80, 0)),
    ],
)
def test_what_a_button_writes(name: str, key: str, words: tuple[int, ...]) -> None:
    dialect, unit = speaks(name), meter(name)
    button = row(dialect, key)
    assert isinstance(button, Button)
    request = dialect.write(button, True, NOW)[0]
    assert request[7:-2] == b"".join(word.to_bytes(2, "big") for word in words)
    dialect.acknowledge(request, unit.receive(request, 1.0)[0])


def test_rates_differ_by_model() -> None:
    rates = {
        name: one.options
        for name in MODELS
        for one in MODELS[name].rows
        if one.key == "baud_rate" and isinstance(one, Select)
    }
    assert rates["sdm120"] == ("2400", "4800", "9600", "1200")
    assert rates["sdm72v2"] == ("2400", "4800", "9600", "19200", "1200")
    assert rates["sdm630"] == ("2400", "4800", "9600", "19200", "38400")
    assert "sdm54" not in rates, "no paper tells its codes"


def test_demand_periods() -> None:
    by_name = {name: one for name in MODELS for one in MODELS[name].rows if one.key == "demand_period"}
    assert set(by_name) == {"sdm120", "sdm630", "sdm630v1", "sdm630mct", "x96"}
    with pytest.raises(ValueError, match="not one of"):
        by_name["sdm630"].accept(25)
    assert isinstance(by_name["sdm630mct"], Number)
    assert by_name["sdm630mct"].accept(25) == 25


def test_each_model_alone_passes_the_self_checks() -> None:
    """The table of all models together hides what a key is in a later one."""

    def rows(options: Options) -> tuple[Entity, ...]:
        return MODELS[str(options.get("model", name))].rows

    for name in MODELS:
        alone = replace(INTEGRATION, entities=rows)
        assert [fault for fault in faults(alone) if "frame" not in fault] == [], name
