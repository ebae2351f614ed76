"""Simulated meters take what is written to them as the real ones do."""

import pytest

from gridward_chint.simulator import BUILDS, Meter
from gridward_kit.modbus import frame


def put(meter: Meter, unit: int, start: int, word: int, function: int = frame.WRITE_MANY) -> bytes:
    """What it says when a register is written."""
    return b"".join(meter.receive(frame.write(unit, function, start, (word,)), 500.0))


def word(meter: Meter, unit: int, start: int) -> int | None:
    """What it says of a register; None for a refusal or silence."""
    said = b"".join(meter.receive(frame.read(unit, frame.HOLDING, start, 1), 1000.0))
    return None if len(said) != 7 else int.from_bytes(said[3:5], "big")


@pytest.mark.parametrize(
    ("variant", "place"), [("ddsu666", 0x0006), ("dtsu666", 0x002E), ("dtsu666-2016", 0x002D)]
)
@pytest.mark.parametrize("function", [frame.WRITE_MANY, frame.WRITE_ONE])
def test_it_moves_to_its_new_address(variant: str, place: int, function: int) -> None:
    meter = Meter(variant, 1)
    assert put(meter, 1, place, 100, function)[:2] == bytes((1, function))
    assert word(meter, 1, place) is None
    assert word(meter, 100, place) == 100


def test_an_address_written_to_a_three_phase_meters_0x0006_is_its_ratio() -> None:
    meter = Meter("dtsu666", 1)
    put(meter, 1, 0x0006, 100)
    assert (meter.unit, meter.state["ct_ratio"], word(meter, 1, 0x002E)) == (1, 100, 1)


@pytest.mark.parametrize("wrong", [0, 248, 65535])
def test_it_takes_no_address_that_is_none(wrong: int) -> None:
    meter = Meter("dtsu666", 1)
    assert put(meter, 1, 0x002E, wrong)[1] == frame.WRITE_MANY | frame.ERROR
    assert meter.unit == 1


@pytest.mark.parametrize(("variant", "place"), [("ddsu666", 0x0005), ("dtsu666", 0x002C)])
def test_back_on_dlt645_it_is_deaf(variant: str, place: int) -> None:
    meter = Meter(variant, 1)
    assert put(meter, 1, place, 1)
    assert word(meter, 1, 0x0006) is None


def test_another_speed_is_another_line() -> None:
    meter = Meter("dtsu666", 1)
    put(meter, 1, 0x002D, 1)
    assert meter.hears is not None
    assert (meter.hears.baud, meter.hears.parity, meter.hears.stop) == (2400, "N", 2)
    put(meter, 1, 0x002C, 4)
    assert (meter.hears.baud, meter.hears.parity, meter.hears.stop) == (2400, "E", 1)


def test_cleared_counters_begin_anew() -> None:
    meter = Meter("ddsu666-d", 1)
    put(meter, 1, 0x0002, 1)
    assert (meter.state["import_energy"], meter.state["export_energy"]) == (0, 0)
    assert meter.state["power"] == 947.5


def test_both_sides_of_a_transformer_tell_one_story() -> None:
    meter = Meter("dtsu666-oem", 1, {"power": 20_000.0})
    before = meter.receive(frame.read(1, 3, 0x2012, 2), 0.0)
    behind = meter.receive(frame.read(1, 4, 0x151C, 2), 1.0)
    assert frame.payload(before[0]).hex() == "447a0000"  # 1000.0, that is 100 W, of 200
    assert frame.payload(behind[0]).hex() == "41a00000"  # 20.0 kW


def test_a_variant_that_is_none() -> None:
    with pytest.raises(ValueError, match="no variant 'dtsu777'"):
        Meter("dtsu777", 1)


@pytest.mark.parametrize("variant", BUILDS)
def test_it_refuses_what_it_does_not_have(variant: str) -> None:
    said = Meter(variant, 3).receive(frame.read(3, 3, 0x7000, 2), 0.0)
    assert said == [frame.refusal(3, 3, 2)]
