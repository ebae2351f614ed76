"""A5 frames as boards send them: whole, cut, spoilt, in pieces, with remains and surplus."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_daly import INTEGRATION
from gridward_daly.decode import decode
from gridward_daly.protocol import A5, LIVE, SETTINGS, Layout, frame
from gridward_kit.entity import readings
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer
from gridward_kit.frames import Frame, frames_of
from gridward_kit.integration import Dialect
from gridward_kit.point import Value

FORUM_CELLS = [
    bytes.fromhex(text)
    for text in (
        "a5019508010ec00ec20ec720d7",
        "a5019508020ec80ec80ec620e5",
        "a5019508030ec20ec20e9c20b0",
        "a5019508040ec40ec40ec420dd",
        "a5019508050ec30ec00ec420d9",
    )
]
FORUM_VOLTS = dict(
    enumerate(
        (3.776, 3.778, 3.783, 3.784, 3.784, 3.782, 3.778, 3.778, 3.740, 3.780, 3.780, 3.780, 3.779, 3.776), 1
    )
)
FOURTEEN = Layout(cells=14, sensors=1, first=1)
UNITS = {row.key: row.quantity.unit for row in INTEGRATION.entities({})}
FRAMES = [item for item in frames_of("daly") if not item.place.startswith("registers")]
CAPTURED = [item for item in FRAMES if item.error is None]


def cells_of(values: dict[str, Value]) -> dict[int, Value]:
    return {
        int(key.split("_")[1]): value
        for key, value in values.items()
        if key.startswith("cell_") and key.endswith("_voltage") and key.split("_")[1].isdigit()
    }


def read(language: Dialect, query: str, data: bytes, *, quiet: bool = True) -> dict[str, Value]:
    found = language.cut(language.request(query), data, quiet=quiet)
    assert found is not None
    return readings(language.entities, query, language.payload(query, found[0])).values


@pytest.mark.parametrize(
    ("host", "sums"),
    [(0x40, "7d 7e 7f 80 81 82 83 84 85"), (0x80, "bd be bf c0 c1 c2 c3 c4 c5")],
    ids=["host 0x40", "host 0x80"],
)
def test_requests_have_the_sheets_checksums(host: int, sums: str) -> None:
    language = A5(FOURTEEN, host=host)
    for command, checksum in zip(range(0x90, 0x99), bytes.fromhex(sums), strict=True):
        request = language.request(f"0x{command:02x}")
        assert request == bytes([0xA5, host, command, 8, *bytes(8), checksum])


def test_request_of_the_other_boards() -> None:
    assert A5(FOURTEEN, board=2).request("0x90")[1] == 0x41
    assert A5(FOURTEEN, board=16).request("0x90")[1] == 0x4F
    with pytest.raises(ValueError, match="no board 17"):
        A5(FOURTEEN, board=17)


@pytest.mark.parametrize("item", FRAMES, ids=lambda item: item.place)
def test_a_captured_frame_decodes_to_all_that_is_documented(item: Frame) -> None:
    if item.error is not None:
        with pytest.raises(DeviceError) as caught:
            decode(item.model, item.request, item.reply)
        assert type(caught.value).__name__ == item.error
        return
    values = decode(item.model, item.request, item.reply)
    assert {key: (value, UNITS[key]) for key, value in values.items()} == item.values


@pytest.mark.parametrize("item", CAPTURED, ids=lambda item: item.place)
def test_every_flipped_bit_of_a_captured_frame_is_refused(item: Frame) -> None:
    for bit in range(8 * len(item.reply)):
        spoilt = bytearray(item.reply)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadFrame):
            decode(item.model, item.request, bytes(spoilt))


@pytest.mark.parametrize("item", CAPTURED, ids=lambda item: item.place)
def test_a_captured_frame_that_breaks_off_is_refused_or_gives_fewer_values(item: Frame) -> None:
    for end in range(len(item.reply)):
        try:
            values = decode(item.model, item.request, item.reply[:end])
        except BadFrame:
            continue
        assert end % 13 == 0, "only at the end of one of several frames"
        assert len(values) <= len(item.values)


@pytest.mark.parametrize("item", CAPTURED, ids=lambda item: item.place)
def test_an_answer_is_found_byte_by_byte_and_between_noise(item: Frame) -> None:
    language = A5(FOURTEEN, full=len(item.reply) > 13)
    command = item.reply[2]
    request = frame(0x40, command)
    whole = b"\xa5\x01\x00" + item.reply[:5] + item.reply
    for end in range(len(whole)):
        found = language.cut(request, whole[:end], quiet=False)
        assert found is None, end
    answer, rest = language.cut(request, whole + b"\xa5", quiet=True) or (b"", b"")
    assert (answer, rest) == (item.reply, b"\xa5")


def test_other_commands_and_boards_are_not_taken_for_the_answer() -> None:
    language = A5(FOURTEEN)
    extremes = bytes.fromhex("a50191080ec8050e9c0901f4c2")
    second = frame(2, 0x90, bytes.fromhex("02100000753001f4"))
    echo = language.request("0x90")
    right = bytes.fromhex("a501900802100000753001f4ea")
    found = language.cut(language.request("0x90"), extremes + second + echo + right, quiet=False)
    assert found == (right, b"")
    for stranger in (extremes, second, echo):
        assert language.cut(language.request("0x90"), stranger, quiet=False) is None
        with pytest.raises(BadFrame):
            language.cut(language.request("0x90"), stranger, quiet=True)


def test_silence_is_nothing_and_half_a_frame_is_bad() -> None:
    language = A5(FOURTEEN)
    request = language.request("0x90")
    assert language.cut(request, b"", quiet=True) is None
    with pytest.raises(BadFrame, match="without a frame"):
        language.cut(request, bytes.fromhex("a50190080210"), quiet=True)


def test_a_captured_pack_of_fourteen_cells() -> None:
    values = read(A5(FOURTEEN), "0x95", b"".join(FORUM_CELLS), quiet=False)
    assert cells_of(values) == FORUM_VOLTS
    assert values["cell_spread"] == 0.044
    assert values["cell_8_9_difference"] == 0.038
    assert "cell_15_voltage" not in values


def test_the_answer_ends_with_the_last_frame_that_is_due() -> None:
    language = A5(FOURTEEN)
    request = language.request("0x95")
    assert language.cut(request, b"".join(FORUM_CELLS[:4]), quiet=False) is None
    surplus = frame(1, 0x95, b"\x06")
    assert language.cut(request, b"".join(FORUM_CELLS) + surplus, quiet=False) == (
        b"".join(FORUM_CELLS),
        surplus,
    )


@pytest.mark.parametrize("missing", range(5))
def test_a_missing_frame_leaves_its_cells_out_and_shifts_none(missing: int) -> None:
    there = [piece for place, piece in enumerate(FORUM_CELLS) if place != missing]
    language = A5(FOURTEEN)
    assert language.cut(language.request("0x95"), b"".join(there), quiet=False) is None
    values = read(language, "0x95", b"".join(there))
    gone = range(3 * missing + 1, 3 * missing + 4)
    assert cells_of(values) == {cell: volts for cell, volts in FORUM_VOLTS.items() if cell not in gone}
    assert "cell_spread" not in values


def test_frames_out_of_order_or_twice() -> None:
    shuffled = [*reversed(FORUM_CELLS), FORUM_CELLS[0]]
    assert cells_of(read(A5(FOURTEEN), "0x95", b"".join(shuffled))) == FORUM_VOLTS


def test_two_frames_with_one_counter_that_differ_are_both_left_out() -> None:
    other = frame(1, 0x95, bytes.fromhex("020ec00ec20ec720"))
    values = read(A5(FOURTEEN), "0x95", b"".join((other, *FORUM_CELLS[1:])))
    assert sorted(cells_of(values)) == list(range(7, 15))


@pytest.mark.parametrize("first", [0, 1])
def test_frames_are_placed_by_the_number_that_the_board_begins_with(first: int) -> None:
    pieces = [frame(1, 0x95, bytes([place + first]) + piece[5:12]) for place, piece in enumerate(FORUM_CELLS)]
    known = A5(Layout(cells=14, sensors=1, first=first))
    for language in (known, A5(Layout(cells=14, sensors=1))):
        assert cells_of(read(language, "0x95", b"".join(pieces))) == FORUM_VOLTS
    lost = cells_of(read(known, "0x95", b"".join(pieces[1:])))
    assert lost == {cell: volts for cell, volts in FORUM_VOLTS.items() if cell > 3}


def test_forty_eight_cells_and_the_invalid_counter() -> None:
    pieces = [
        frame(1, 0x95, bytes([place]) + b"".join((3300 + 3 * place + n).to_bytes(2, "big") for n in range(3)))
        for place in range(1, 17)
    ]
    invalid = frame(1, 0x95, b"\xff" + b"\x0e\xc0" * 3)
    values = read(A5(Layout(first=1)), "0x95", invalid + b"".join(pieces), quiet=False)
    assert cells_of(values) == {cell: round(3.302 + cell / 1000, 3) for cell in range(1, 49)}
    assert cells_of(decode(None, "0x95", b"".join(pieces))) == cells_of(values)


def test_host_0x80_is_sent_sixteen_frames_which_are_all_taken_off_the_line() -> None:
    surplus = [frame(1, 0x95, bytes([place])) for place in range(6, 17)]
    language = A5(FOURTEEN, host=0x80)
    request = language.request("0x95")
    whole = b"".join((*FORUM_CELLS, *surplus))
    assert language.cut(request, whole[:-13], quiet=False) is None
    assert language.cut(request, whole, quiet=False) == (whole, b"")
    assert cells_of(read(language, "0x95", whole)) == FORUM_VOLTS


def test_impossible_cells_are_absent() -> None:
    layout = Layout(cells=6, sensors=1, first=1)
    answer = frame(1, 0x95, bytes.fromhex("010ec000000ec7")) + frame(1, 0x95, bytes.fromhex("020ec813890032"))
    assert cells_of(read(A5(layout), "0x95", answer)) == {1: 3.776, 3: 3.783, 4: 3.784}


@pytest.mark.parametrize("query", ["0x90", "0x91", "0x92", "0x93", "0x94", "0x95"])
def test_zeros_are_a_board_that_sleeps(query: str) -> None:
    answer = frame(1, int(query, 16))
    with pytest.raises(NoAnswer, match="sleeps"):
        A5(FOURTEEN).payload(query, answer)
    with pytest.raises(NoAnswer, match="sleeps"):
        decode(None, query, answer)


def test_no_voltage_or_raw_current_zero_is_sleep_too() -> None:
    for payload in ("000000007530 01f4", "02100000000001f4"):
        with pytest.raises(NoAnswer, match="sleeps"):
            A5(FOURTEEN).payload("0x90", frame(1, 0x90, bytes.fromhex(payload)))


def test_what_may_be_zero_is_believed_only_of_a_board_that_is_awake() -> None:
    language = A5(FOURTEEN)
    quiet = frame(1, 0x98)
    assert read(language, "0x98", quiet)["problem"] is False
    with pytest.raises(NoAnswer):
        language.payload("0x90", frame(1, 0x90))
    with pytest.raises(NoAnswer):
        language.payload("0x98", quiet)
    language.payload("0x90", bytes.fromhex("a501900802100000753001f4ea"))
    assert read(language, "0x98", quiet)["problem"] is False


def test_half_a_text_is_no_text() -> None:
    pieces = [frame(1, 0x62, b"\x01AB1.0 f"), frame(1, 0x62, b"\x02or 16S ")]
    assert read(A5(FOURTEEN), "0x62", b"".join(pieces)) == {"software_version": "AB1.0 for 16S"}
    for piece in pieces:
        with pytest.raises(BadFrame, match="1 of 2 frames"):
            read(A5(FOURTEEN), "0x62", piece)


def test_a_command_without_a_source_has_no_values() -> None:
    assert decode(None, "a540d8080000000000000000c5", bytes.fromhex("a501d808000000000000000086")) == {}


@pytest.mark.parametrize("request_", ["0x9", "volts", "a540900800000000000000007e", "zz" * 13])
def test_decode_says_what_is_no_request(request_: str) -> None:
    with pytest.raises(ValueError, match=r"not a query|not a frame|hexadecimal"):
        decode(None, request_, bytes.fromhex("a501900802100000753001f4ea"))


@given(data=st.binary(max_size=300))
def test_random_bytes_never_are_a_value(data: bytes) -> None:
    language = A5(Layout(first=1))
    for query in (*(item.name for item in LIVE), *SETTINGS):
        try:
            found = language.cut(language.request(query), data, quiet=True)
            assert found is None
        except BadFrame:
            pass
        with pytest.raises(DeviceError):
            decode(None, query, data)


@given(noise=st.lists(st.binary(max_size=30), min_size=6, max_size=6))
def test_noise_around_frames_costs_no_frame(noise: list[bytes]) -> None:
    data = noise[0] + b"".join(piece + around for piece, around in zip(FORUM_CELLS, noise[1:], strict=True))
    assert cells_of(read(A5(FOURTEEN), "0x95", data)) == FORUM_VOLTS
