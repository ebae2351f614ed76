"""Values in registers: every form there and back, what is not there, parts of words, orders of words."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.modbus import Register, bcd, f32, s16, s32, text, u16, u32, u64
from gridward_kit.modbus.registers import press

FORMS = {
    "u16": (u16, 0, 2**16 - 1),
    "s16": (s16, -(2**15), 2**15 - 1),
    "u32": (u32, 0, 2**32 - 1),
    "s32": (s32, -(2**31), 2**31 - 1),
    "u64": (u64, 0, 2**53),
}


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data(), low_first=st.booleans(), scale=st.sampled_from([1, 0.1, 0.01, 10]))
def test_a_number_comes_back(form: str, data: st.DataObject, low_first: bool, scale: float) -> None:
    make, low, high = FORMS[form]
    raw = data.draw(st.integers(low, high))
    point = make(0x10, scale, low_first=low_first).at("q", 0x0E)
    value = point.decode(point.encode(raw * scale, b""))
    assert value == pytest.approx(raw * scale)
    assert point.decode(point.encode(value or 0, b"")) == value


@given(st.floats(width=32), st.booleans())
def test_a_float_comes_back_in_seven_digits_or_is_absent(number: float, low_first: bool) -> None:
    payload = struct.pack(">f", number)
    payload = payload[2:] + payload[:2] if low_first else payload
    value = f32(0, low_first=low_first).decode(payload)
    if math.isfinite(number) and (number == 0 or abs(number) >= 2**-126):
        assert value == pytest.approx(number, rel=1e-6)
    else:
        assert value is None


def test_documented_words() -> None:
    assert f32(0).decode(bytes.fromhex("43676666")) == 231.4
    assert s32(0, low_first=True).decode(bytes.fromhex("fe0cffff")) == -500
    assert s16(0x0102, -0.1).at("q", 0x0102).decode(bytes.fromhex("fff7")) == 0.9
    assert text(0, 3).decode(b"SDM230") == "SDM230"
    assert text(0, 4, low=True).decode(b"\0S\0N\x000\0\0") == "SN0"
    assert bcd(0, 2).decode(bytes.fromhex("00123456")) == 123456
    assert bcd(0, 1).decode(b"\x1a\x00") is None


def test_a_code_that_is_sent_as_a_float() -> None:
    parity = f32(0, codes={0: "8N1", 1: "8E1"})
    assert parity.decode(bytes.fromhex("3f800000")) == "8E1"
    assert parity.decode(bytes.fromhex("40000000")) == "unknown"
    assert parity.decode(bytes.fromhex("3fc00000")) == "unknown"
    assert parity.decode(bytes.fromhex("7fc00000")) is None
    assert parity.words("8E1") == (0x3F80, 0)
    assert f32(0, codes={0: "8N1", 1: "8E1"}, low_first=True).words("8E1") == (0, 0x3F80)


def test_what_the_device_marks_is_absent() -> None:
    assert u16(0, 0.1, absent=(0xFFFF,)).decode(b"\xff\xff") is None
    assert s16(0, absent=(-32768,)).decode(b"\x80\x00") is None
    assert f32(0).decode(b"\x7f\xc0\0\0") is None
    assert u32(0).decode(b"\0\0") is None
    assert text(0, 2).decode(b"\0\0\0\0") is None
    assert text(0, 2).decode(b"\x8a\xff\x01\x02") is None
    assert u16(4).at("q", 5).decode(b"\0\1\0\2") is None


def test_a_code_that_no_manual_names_is_unknown() -> None:
    point = u16(0, codes={0: "off", 1: "on"})
    assert [point.decode(bytes((0, raw))) for raw in (0, 1, 7)] == ["off", "on", "unknown"]
    assert point.words("on") == (1,)


def test_parts_of_a_word_leave_the_rest_alone() -> None:
    word = u16(0)
    assert word.bit(3).decode(b"\0\x08") is True
    assert word.high().decode(b"\x12\x34") == 0x12
    assert word.low().words(0x99, b"\x12\x34") == (0x1299,)
    assert word.bit(15).words(True, b"\x12\x34") == (0x9234,)
    with pytest.raises(ValueError, match="has not been read"):
        word.bit(3).words(True)


def test_a_power_of_ten_in_a_register_of_its_own() -> None:
    point = s16(0x10, exponent=0x12)
    assert (point.first, point.end) == (0x10, 0x13)
    assert point.decode(b"") is None
    at = point.at("q", 0x10)
    assert at.decode(bytes.fromhex("04d2 0000 ffff")) == 123.4
    assert at.decode(bytes.fromhex("04d2 0000 8000")) is None, "no such power: the device says not there"
    assert at.decode(at.encode(56.7, bytes.fromhex("0000 0000 ffff"))) == 56.7


def test_a_button_writes_its_own_number() -> None:
    assert press(0xF010, 3).words(True) == (3,)


def test_two_functions_may_stand_between() -> None:
    def clock(raw: int) -> str | None:
        return f"{raw >> 8:02d}:{raw & 0xFF:02d}" if raw >> 8 < 24 else None

    def packed(value: float | str | bool) -> int:
        hour, minute = str(value).split(":")
        return int(hour) << 8 | int(minute)

    point: Register = u16(0).by(clock, packed)
    assert point.decode(point.encode("23:47", b"")) == "23:47"
    assert point.decode(b"\xff\xff") is None
