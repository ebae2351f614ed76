"""What the bits mean, and what is written to set a value."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gridward_daly import EXAMPLE, INTEGRATION
from gridward_daly.detect import dialect
from gridward_daly.protocol import A5, Layout, frame
from gridward_kit.entity import Entity, derive, readings
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.integration import Dialect
from gridward_kit.point import Value

FOURTEEN = Layout(cells=14, sensors=1, first=1)


def read(language: Dialect, query: str, data: bytes, *, quiet: bool = True) -> dict[str, Value]:
    found = language.cut(language.request(query), data, quiet=quiet)
    assert found is not None
    return readings(language.entities, query, language.payload(query, found[0])).values


def row(key: str) -> Entity:
    return next(item for item in INTEGRATION.entities({}) if item.key == key)


def test_writes_are_the_captured_ones() -> None:
    language = dialect(EXAMPLE, {})
    now = datetime(2022, 12, 13, 21, 29, 39, tzinfo=UTC)
    assert written(language, "discharge_mosfet", True, now) == ["a540d9080100000000000000c7"]
    assert written(language, "discharge_mosfet", False, now) == ["a540d9080000000000000000c6"]
    assert written(language, "charge_mosfet", True, now) == [frame(0x40, 0xDA, b"\x01").hex()]
    # the capture wrote 30.0 % at that moment
    assert written(language, "soc_setting", 30.0, now) == ["a5402108160c0d151d27012cc3"]


def written(language: Dialect, key: str, value: Value, now: datetime) -> list[str]:
    entity = row(key)
    return [item.hex() for item in language.write(entity, entity.accept(value), now)]


def test_a_write_is_acknowledged_by_its_first_byte_only() -> None:
    language = A5(FOURTEEN)
    on, off = bytes.fromhex("a540d9080100000000000000c7"), bytes.fromhex("a540d9080000000000000000c6")
    answered_on, answered_off = (
        bytes.fromhex("a501d908010d130d210d17c0ba"),
        bytes.fromhex("a501d908000d130d210d17c0b9"),
    )
    language.acknowledge(on, answered_on)
    language.acknowledge(off, answered_off)
    for request, answer in ((on, answered_off), (off, answered_on)):
        with pytest.raises(Refused):
            language.acknowledge(request, answer)
    soc = bytes.fromhex("a5402108160c0d151d27012cc3")
    language.acknowledge(soc, frame(1, 0x21, b"\x01\x0d"))
    with pytest.raises(Refused):
        language.acknowledge(soc, frame(1, 0x21))
    with pytest.raises(BadFrame):
        language.acknowledge(soc, answered_on)


def test_only_settings_can_be_written() -> None:
    with pytest.raises(ValueError, match="cannot be set"):
        A5(FOURTEEN).write(row("soc"), 50.0, datetime(2026, 1, 1, tzinfo=UTC))


def test_inverted_boards_measure_and_blame_the_other_way_round() -> None:
    normal, inverted = A5(FOURTEEN), dialect(EXAMPLE, {"invert": True})
    answer = bytes.fromhex("a5019008021400007545037889")
    assert read(normal, "0x90", answer)["current"] == -2.1
    assert read(inverted, "0x90", answer)["current"] == 2.1
    charging_too_much = frame(1, 0x98, bytes([0, 0, 0x03]))
    for language, blamed in ((normal, "charge"), (inverted, "discharge")):
        values = read(language, "0x98", charging_too_much)
        on = {key for key, value in values.items() if value is True and "overcurrent" in key}
        assert on == {f"{blamed}_overcurrent_warning", f"{blamed}_overcurrent_protection"}


def test_thresholds_of_an_inverted_board_belong_to_the_other_direction() -> None:
    answer = frame(1, 0x5B, bytes.fromhex("7490746876c07724"))
    for invert, one, other in ((False, "charge", "discharge"), (True, "discharge", "charge")):
        assert read(dialect(EXAMPLE, {"invert": invert}), "0x5b", answer) == {
            f"{one}_overcurrent_warning_threshold": 16.0,
            f"{one}_overcurrent_protection_threshold": 20.0,
            f"{other}_overcurrent_warning_threshold": 40.0,
            f"{other}_overcurrent_protection_threshold": 50.0,
        }


def test_a_byte_that_is_neither_on_nor_off_is_no_value() -> None:
    values = read(A5(FOURTEEN), "0x93", frame(1, 0x93, bytes.fromhex("0302011000004e20")))
    assert "charge_mosfet" not in values
    assert (values["discharge_mosfet"], values["state"]) == (True, "unknown")


def failure_bits() -> Iterator[tuple[int, int]]:
    return ((byte, bit) for byte in range(7) for bit in range(8))


def test_each_failure_bit_has_one_name_and_reserved_ones_none() -> None:
    names: dict[str, tuple[int, int]] = {}
    reserved = []
    for byte, bit in failure_bits():
        payload = bytearray(8)
        payload[byte] = 1 << bit
        values = read(A5(FOURTEEN), "0x98", frame(1, 0x98, bytes(payload)))
        on = [key for key, value in values.items() if value is True and key != "problem"]
        assert values["failures"] == (", ".join(row(key).name for key in on) or "none")
        if on:
            (name,) = on
            assert name not in names
            names[name] = (byte, bit)
        else:
            reserved.append((byte, bit))
            assert values["problem"] is False
    assert reserved == [(3, 4), (3, 5), (3, 6), (3, 7), (6, 6), (6, 7)]
    assert len(names) == 50
    assert names["cell_voltage_low_protection"] == (0, 3)
    assert names["soc_high_warning"] == (2, 4)
    assert names["eeprom_fault"] == (5, 3)


def test_a_problem_is_what_the_board_acts_on() -> None:
    def problem(payload: bytes) -> Value:
        return read(A5(FOURTEEN), "0x98", frame(1, 0x98, payload))["problem"]

    assert problem(bytes([0x55, 0x55, 0x55, 0x05, 0, 0, 0x30])) is False, (
        "warnings, and switched off remotely"
    )
    assert problem(bytes([0, 0, 0x20])) is False, "SoC high, both levels"
    for byte, bit in ((0, 1), (1, 7), (2, 7), (3, 3), (4, 0), (5, 7), (6, 3)):
        payload = bytearray(8)
        payload[byte] = 1 << bit
        assert problem(bytes(payload)) is True
    assert problem(bytes(7) + b"\x05") is True, "a fault code"


def test_contradiction_of_current_and_state() -> None:
    derived = row("current_direction").at
    assert derived is not None
    cases = {(5.0, "charging"): False, (-5.0, "charging"): True, (5.0, "discharging"): True}
    cases |= {(0.9, "discharging"): False, (-5.0, "idle"): False}
    table = (row("current"), row("state"), row("current_direction"))
    for (amperes, state), expected in cases.items():
        assert derive(table, {"current": amperes, "state": state}) == {"current_direction": expected}
