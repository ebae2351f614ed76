"""Captured answers of the register protocols, spoilt in every way; and bytes that are none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_daly import D2_EXAMPLE, ESS_EXAMPLE, INTEGRATION
from gridward_daly.blocks import decode
from gridward_daly.d2 import D2
from gridward_daly.detect import dialect as spoken
from gridward_daly.ess import ESS
from gridward_kit.errors import BadFrame, DeviceError
from gridward_kit.frames import Frame, frames_of
from gridward_kit.modbus import frame

EXAMPLES = {"d2": D2_EXAMPLE, "ess": ESS_EXAMPLE}
CAPTURED = [one for one in frames_of("daly") if one.place.startswith("registers") and one.error is None]


@pytest.mark.parametrize("one", CAPTURED, ids=lambda one: one.place)
def test_every_flipped_bit_and_truncation_of_a_captured_frame_is_refused(one: Frame) -> None:
    request = bytes.fromhex(one.request)
    for bit in range(8 * len(one.reply)):
        spoilt = bytearray(one.reply)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DeviceError):
            decode(None, request, bytes(spoilt))
    for end in range(len(one.reply)):
        with pytest.raises(DeviceError):
            decode(None, request, one.reply[:end])


@pytest.mark.parametrize("one", CAPTURED, ids=lambda one: one.place)
def test_swapped_bytes_are_seen_by_the_checksum(one: Frame) -> None:
    request = bytes.fromhex(one.request)
    for place in range(len(one.reply) - 1):
        if one.reply[place] != one.reply[place + 1]:
            swapped = one.reply[:place] + one.reply[place : place + 2][::-1] + one.reply[place + 2 :]
            with pytest.raises(DeviceError):
                decode(None, request, swapped)


def test_what_reads_nothing_of_a_board_is_no_request() -> None:
    assert INTEGRATION.decode
    with pytest.raises(ValueError, match="no board's address"):
        INTEGRATION.decode(None, frame.read(7, 3, 0, 2).hex(), b"")
    with pytest.raises(BadFrame):
        INTEGRATION.decode(None, "d2030000003ed7b8", b"")


LANGUAGES = [spoken(EXAMPLES[family.name], {}) for family in (D2, ESS)]


@given(data=st.binary(max_size=300))
def test_random_bytes_never_are_a_value(data: bytes) -> None:
    for language in LANGUAGES:
        for query in language.queries:
            with suppress(BadFrame):
                assert language.cut(language.request(query.name), data, quiet=True) is None
            with pytest.raises(DeviceError):
                decode(None, language.request(query.name), data)
