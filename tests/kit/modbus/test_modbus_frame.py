"""Frames on the wire: which bytes are the answer, and which never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.modbus import frame

ASK = bytes.fromhex("05040000000270 4F")
REPLY = bytes.fromhex("0504044367 6666B195")


def test_requests_are_the_documented_bytes() -> None:
    assert frame.read(5, 4, 0, 2) == ASK
    assert frame.read(2, 3, 0x2000, 16) == bytes.fromhex("0203200000104FF5")
    assert frame.write(1, 16, 0x14, (0x40E0, 0)) == bytes.fromhex("011000140002 0440E00000E766")
    assert frame.write(1, 6, 6, (10,)) == bytes.fromhex("01060006000AE9CC")


@pytest.mark.parametrize(
    ("function", "start", "count"), [(3, 0, 0), (3, 0, 126), (3, 0xFFFF, 2), (1, 0, 1), (4, -1, 1)]
)
def test_what_no_request_can_say(function: int, start: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        frame.read(1, function, start, count)


def test_an_answer_is_cut_as_soon_as_it_is_whole() -> None:
    for end in range(len(REPLY)):
        assert frame.cut(ASK, REPLY[:end], quiet=False) is None
    assert frame.cut(ASK, REPLY + b"\x07", quiet=False) == (REPLY, b"\x07")
    assert frame.payload(REPLY) == bytes.fromhex("43676666")


@pytest.mark.parametrize("before", [ASK, b"\0", b"\xff\xfe", bytes.fromhex("07040441C80000 1E5F")])
def test_what_comes_before_the_answer_is_passed_over(before: bytes) -> None:
    """An adapter's echo, a glitch of the driver's switch, another unit's late answer."""
    assert frame.cut(ASK, before + REPLY, quiet=False) == (REPLY, b"")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("070404 43676666", "unit 7"),
        ("050304 43676666", "function 3"),
        ("050402 4367", "broke off after 7 of 9"),
        ("050408 4367666643676666", "wrong checksum or length"),
        ("058302", "function 3"),
    ],
)
def test_another_answer_is_never_taken_though_its_checksum_is_right(content: str, why: str) -> None:
    answer = frame.sealed(bytes.fromhex(content))
    with pytest.raises(BadFrame, match=why):
        frame.cut(ASK, answer, quiet=True)


@given(st.integers(0, 8 * len(REPLY) - 1))
def test_a_flipped_bit_is_seen(bit: int) -> None:
    spoilt = bytearray(REPLY)
    spoilt[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadFrame):
        frame.cut(ASK, bytes(spoilt), quiet=True)


def test_a_babbling_line_is_given_up_without_silence() -> None:
    with pytest.raises(BadFrame):
        frame.cut(ASK, bytes(60), quiet=False)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (1, Refused, "function"),
        (2, Refused, "no such register"),
        (6, BadFrame, "busy"),
        (11, NoAnswer, "gateway"),
    ],
)
def test_exceptions_say_no_for_good_or_for_now(code: int, kind: type[Exception], words: str) -> None:
    answer = frame.refusal(5, 4, code)
    found = frame.cut(ASK, answer, quiet=False)
    assert found == (answer, b"")
    with pytest.raises(kind, match=words):
        frame.payload(answer)


def test_the_documented_exception() -> None:
    assert frame.refusal(5, 4, 2) == bytes.fromhex("0584028300")
