"""A meter that stays on DL/T 645: the same entities as over Modbus, read in their own units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_chint import dlt645, dlt645_items
from gridward_chint.dlt645_dialect import Dlt645
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.entity import CURRENT, ENERGY, FREQUENCY, POWER, VOLTAGE, Entity, Sensor, readings
from gridward_kit.errors import BadFrame, Refused

SERIAL = "200322016690"
ROWS: tuple[Entity, ...] = (
    Sensor("voltage", "Voltage", None, VOLTAGE, limits=(0, 300)),
    Sensor("current", "Current", None, CURRENT),
    Sensor("power", "Power", None, POWER),
    Sensor("frequency", "Frequency", None, FREQUENCY, limits=(40, 70)),
    Sensor("import_energy", "Imported energy", None, ENERGY),
    Sensor("serial_number", "Serial number"),
    Sensor("something_else", "Only on Modbus"),
)


def test_the_frames_of_the_manual_in_the_units_of_the_entities() -> None:
    dialect = Dlt645(ROWS, SERIAL)
    assert [row.key for row in dialect.entities] == [row.key for row in ROWS[:6]]
    assert dialect.proof == ("04000401", "serial_number")
    reply = bytes.fromhex("68 90 66 01 22 03 20 68 91 07 33 33 36 35 A8 C7 B3 97 16")
    cut = dialect.cut(dialect.request("02030000"), reply, quiet=False)
    assert cut is not None
    assert readings(dialect.entities, "02030000", dialect.payload("02030000", cut[0])).values == {
        "power": -947.5
    }
    assert dialect.request("02010100").hex(" ") == (
        "fe fe fe fe 68 90 66 01 22 03 20 68 11 04 33 34 34 35 f1 16"
    )


@given(
    st.fixed_dictionaries(
        {
            "voltage": st.integers(800, 3000).map(lambda raw: raw / 10),
            "power": st.integers(-799999, 799999).map(lambda raw: raw / 10),
            "import_energy": st.integers(0, 99999999).map(lambda raw: raw / 100),
        }
    )
)
def test_what_a_meter_holds_is_what_is_read(state: dict[str, float]) -> None:
    meter, dialect = FreshMeter(SERIAL), Dlt645(ROWS, SERIAL)
    meter.state.update(state)
    values: dict[str, object] = {}
    for now, query in enumerate(("02010100", "02030000", "00010000")):
        request = dialect.request(query)
        cut = dialect.cut(request, b"".join(meter.receive(request, now)), quiet=True)
        assert cut is not None
        values |= readings(dialect.entities, query, dialect.payload(query, cut[0])).values
    assert values == pytest.approx(state)


def test_what_the_meter_does_not_have_is_refused_and_what_is_another_value_is_none() -> None:
    meter, dialect = FreshMeter(SERIAL), Dlt645(ROWS, SERIAL)
    request = dlt645.read(dlt645.wire_address(SERIAL), 0x00020000).sent()
    (answer,) = meter.receive(request, 0.0)
    with pytest.raises(Refused, match="no such value"):
        dialect.payload("00020000", dlt645.parse(answer).sent(0))
    (volts,) = meter.receive(dialect.request("02010100"), 1.0)
    with pytest.raises(BadFrame, match="not to 02030000"):
        dialect.payload("02030000", dlt645.parse(volts).sent(0))


def test_the_standard_of_1997_has_fewer() -> None:
    dialect = Dlt645(ROWS, SERIAL, old=True)
    assert [row.key for row in dialect.entities] == ["voltage", "current", "power", "import_energy"]
    assert dlt645.parse(dialect.request("00009010")).control == dlt645.READ_1997


@given(st.sampled_from(dlt645_items.ITEMS), st.floats(-1e9, 1e9))
def test_what_does_not_fit_is_not_sent(item: dlt645_items.Item, value: float) -> None:
    try:
        cell = item.encode(value)
    except ValueError:
        return
    told = item.decode(cell)
    assert told == pytest.approx(value, abs=0.51 * 10**-item.places)
