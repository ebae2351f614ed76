"""The relay board's frames: what was spoiled on the way is never taken for an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.errors import BadFrame, Refused
from gridward_kit.modbus.frame import intact
from gridward_relay import rtu


def test_the_flash_command_as_the_maker_prints_it() -> None:
    assert rtu.request(1, rtu.WRITE_COIL, rtu.FLASH_ON, 7).hex(" ") == "01 05 02 00 00 07 8d b0"


READS = [
    (rtu.request(1, rtu.READ_COILS, 0, 8), rtu.frame(1, rtu.READ_COILS, b"\1\x05")),
    (rtu.request(1, rtu.READ_REGISTERS, rtu.VERSION, 1), rtu.frame(1, rtu.READ_REGISTERS, b"\2\0\xc8")),
    (rtu.request(1, rtu.WRITE_COIL, 0, rtu.OFF), rtu.request(1, rtu.WRITE_COIL, 0, rtu.OFF)),
]


@pytest.mark.parametrize(("asked", "answer"), READS)
def test_every_flipped_bit_and_every_cut_is_found_out(asked: bytes, answer: bytes) -> None:
    assert rtu.cut(asked, answer + b"!") == (answer, b"!")
    for length in range(len(answer)):
        assert rtu.cut(asked, answer[:length]) is None
    for place in range(len(answer) * 8):
        flipped = bytearray(answer)
        flipped[place // 8] ^= 1 << place % 8
        try:
            found = rtu.cut(asked, bytes(flipped))
        except BadFrame:
            continue
        assert found is None, place


@given(st.binary(max_size=40), st.sampled_from(READS))
def test_random_bytes_are_no_answer(data: bytes, read: tuple[bytes, bytes]) -> None:
    asked, answer = read
    try:
        found = rtu.cut(asked, data)
    except (BadFrame, Refused):
        return
    assert found is None or found[0] == answer or intact(found[0])


def test_a_written_value_that_comes_back_different_is_no_acknowledgement() -> None:
    asked = rtu.request(1, rtu.WRITE_COIL, 0, rtu.ON)
    with pytest.raises(BadFrame):
        rtu.echoed(asked, rtu.request(1, rtu.WRITE_COIL, 0, rtu.OFF))


def test_a_read_of_another_length_is_no_answer() -> None:
    asked = rtu.request(1, rtu.READ_COILS, 0, 9)
    with pytest.raises(BadFrame):
        rtu.values(asked, rtu.frame(1, rtu.READ_COILS, b"\1\x05"))
