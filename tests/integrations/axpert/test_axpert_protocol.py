"""The bytes of PI30: requests as the makers' units take them, answers as they come over bad lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_axpert.protocol import Pi30, bumped, crc, frame, payload
from gridward_axpert.shapes import SHAPES
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.frames import Frame, frames_of

REQUESTS = (
    ("QPI", "515049beac0d"),
    ("QID", "514944d6ea0d"),
    ("QSID", "51534944bb050d"),
    ("QVFW", "5156465762990d"),
    ("QVFW2", "5156465732c3f50d"),
    ("QVFW3", "5156465733d3d40d"),
    ("VERFW:", "56455246573af8250d"),
    ("QPIRI", "5150495249f8540d"),
    ("QFLAG", "51464c414798740d"),
    ("QPIGS", "5150494753b7a90d"),
    ("QPIGS2", "515049475332682d0d"),
    ("QMOD", "514d4f4449c10d"),
    ("QPIWS", "5150495753b4da0d"),
    ("QDI", "514449711b0d"),
    ("QMCHGCR", "514d4348474352d8550d"),
    ("QMUCHGCR", "514d55434847435226340d"),
    ("QBOOT", "51424f4f540b880d"),
    ("QOPM", "514f504da5c50d"),
    ("QT", "515427ff0d"),
    ("QBEQI", "51424551492ea90d"),
    ("QMN", "514d4ebb640d"),
    ("QGMN", "51474d4e49290d"),
    ("QET", "51455481b60d"),
    ("QLT", "514c543b2e0d"),
    ("QBMS", "51424d5361440d"),
    ("Q1", "51311bfc0d"),
    ("QPGS0", "51504753303fda0d"),
    ("QPGS1", "51504753312ffb0d"),
    ("QPGS3", "51504753330fb90d"),
    ("QP2GS0", "51503247533014050d"),
    ("QOPPT", "514f5050544f110d"),
    ("QCHPT", "5143485054eae10d"),
    ("POP00", "504f503030c2480d"),
    ("POP01", "504f503031d2690d"),
    ("POP02", "504f503032e20b0d"),
    ("POP03", "504f503033f22b0d"),
    ("PCP00", "50435030308d7a0d"),
    ("PCP01", "50435030319d5b0d"),
    ("PCP02", "5043503032ad380d"),
    ("PCP03", "5043503033bd190d"),
    ("PBT00", "5042543030270e0d"),
    ("PBT02", "5042543032074c0d"),
    ("PGR00", "504752303029eb0d"),
    ("PGR01", "504752303139ca0d"),
    ("PEa", "504561d0700d"),
    ("PDa", "504461e3410d"),
    ("PSDV44.0", "5053445634342e30a1b00d"),
    ("PBCV46.0", "5042435634362e30888b0d"),
    ("PBDV52.0", "5042445635322e30eabe0d"),
    ("PBDV00.0", "5042445630302e30389b0d"),
    ("PCVV56.4", "5043565635362e345f5f0d"),
    ("PBFT54.0", "5042465435342e3097dd0d"),
    ("PCVV57.0", "5043565635372e3029eb0d"),
    ("MCHGC010", "4d4348474330313084260d"),
    ("MCHGC040", "4d434847433034307bd30d"),
    ("MCHGC090", "4d434847433039300e8f0d"),
    ("MUCHGC020", "4d5543484743303230f3f10d"),
    ("MNCHGC0040", "4d4e4348474330303430edce0d"),
    ("MNCHGC0000", "4d4e4348474330303030210b0d"),
    ("MUCHGC0002", "4d554348474330303032560e0d"),
    ("F50", "463530633e0d"),
    ("F60", "463630366d0d"),
    ("PBEQE1", "5042455145314a130d"),
    ("PBATCD111", "504241544344313131df7d0d"),
    ("PPVOKC0", "5050564f4b43307b560d"),
    ("PSPB1", "5053504231e8c70d"),
    ("QALL", "51414c4c2b0d"),
    ("PQSE", "505153453a0d"),
)

GOOD = [
    item
    for item in frames_of("axpert")
    if item.error is None and item.request != "QALL" and item.reply.startswith(b"(")
]


def bitwise(data: bytes) -> int:
    """CRC-16/XMODEM as a textbook has it, one bit after the other."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def take(query: str, buffer: bytes) -> bytes | None:
    """What a reader makes of a buffer: the payload, None while the answer is not complete."""
    dialect = Pi30()
    found = dialect.cut(dialect.request(query), buffer, quiet=False)
    return None if found is None else dialect.payload(query, found[0])


@pytest.mark.parametrize(("command", "sent"), REQUESTS)
def test_requests_are_the_bytes_that_units_take(command: str, sent: str) -> None:
    assert frame(command).hex() == sent


@given(st.binary(max_size=200))
def test_the_crc_is_xmodem(data: bytes) -> None:
    assert crc(data) == bitwise(data)


@given(st.integers(0, 0xFFFF))
def test_only_the_three_reserved_bytes_are_raised(value: int) -> None:
    sent, raw = bumped(value), value.to_bytes(2, "big")
    assert not set(sent) & set(b"(\r\n")
    for byte, was in zip(sent, raw, strict=True):
        assert byte == (was + 1 if was in b"(\r\n" else was)


def test_a_zero_byte_is_sent_as_it_is() -> None:
    body = b"PBCV25.2"
    assert 0 in crc(body).to_bytes(2, "big")
    assert frame("PBCV25.2")[-3:-1] == crc(body).to_bytes(2, "big")


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
def test_an_answer_is_cut_one_byte_at_a_time(item: Frame) -> None:
    for end in range(len(item.reply)):
        assert take(item.request, item.reply[:end]) is None
    assert take(item.request, item.reply) == payload(item.request, item.reply)


@given(st.binary(max_size=40).filter(lambda data: not set(data) & set(b"(^")), st.sampled_from(GOOD))
def test_bytes_before_the_answer_are_skipped(noise: bytes, item: Frame) -> None:
    assert take(item.request, noise + item.reply) == payload(item.request, item.reply)


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
def test_a_stray_bracket_before_the_answer_is_skipped(item: Frame) -> None:
    assert take(item.request, b"7(x" + item.reply) == payload(item.request, item.reply)


@pytest.mark.parametrize("tail", [b"\n", b"\0\0\0\0", b"\r\n", b"\0\0\r"])
def test_what_follows_the_answer_is_dropped(tail: bytes) -> None:
    dialect = Pi30()
    answer = bytes.fromhex("2842e7c90d")
    assert dialect.cut(b"", answer + tail, quiet=False) == (answer, b"")
    assert take("QMOD", tail + answer) == b"B"


def test_an_answer_may_end_in_a_line_feed() -> None:
    assert take("QMOD", bytes.fromhex("2842e7c90a")) == b"B"


@given(st.integers(0, 2**32 - 1))
def test_a_crc_that_was_not_raised_is_right_too(flags: int) -> None:
    body = b"(" + f"{flags:032b}".encode("ascii")
    answer = body + crc(body).to_bytes(2, "big") + b"\r"
    assert take("QPIWS", answer) == body[1:]


@pytest.mark.parametrize("reserved", [0x0D, 0x0A])
@pytest.mark.parametrize("shift", [8, 0])
def test_a_crc_that_holds_an_end_mark_is_waited_for(reserved: int, shift: int) -> None:
    body = next(
        text
        for number in range(1 << 20)
        if crc(text := b"(" + f"{number:032b}".encode("ascii")) >> shift & 0xFF == reserved
    )
    answer = body + crc(body).to_bytes(2, "big") + b"\r"
    for end in range(len(answer)):
        assert take("QPIWS", answer[:end]) is None
    assert take("QPIWS", answer) == body[1:]


def test_our_own_request_coming_back_is_said_to_be_wiring() -> None:
    with pytest.raises(BadFrame, match="wiring"):
        take("QPIGS", frame("QPIGS"))


def test_an_answer_without_an_end_is_given_up() -> None:
    assert take("QPIGS", b"(" + b"1" * 500) is None
    with pytest.raises(BadFrame, match="no end"):
        take("QPIGS", b"(" + b"1" * 600)


@pytest.mark.parametrize("answer", ["284e414b73730d", "284e414b0d", "284e414b0a"])
def test_nak_is_a_refusal_with_and_without_crc(answer: str) -> None:
    with pytest.raises(Refused):
        take("QPIGS", bytes.fromhex(answer))
    with pytest.raises(Refused):
        Pi30().acknowledge(frame("POP02"), bytes.fromhex(answer))


@pytest.mark.parametrize("answer", ["2841434b39200d", "2841434b0d"])
def test_ack_accepts_a_setter_and_answers_no_query(answer: str) -> None:
    Pi30().acknowledge(frame("POP02"), bytes.fromhex(answer))
    with pytest.raises(BadFrame):
        take("QPIGS", bytes.fromhex(answer))


def test_text_outside_ascii_is_no_answer_even_with_a_right_crc() -> None:
    body = b"(VERFW:00072\xb770"
    with pytest.raises(BadFrame, match="no text"):
        payload("QVFW", body + bumped(crc(body)) + b"\r")


ALIKE = (
    {"QID", "QT"},
    {"QVFW", "QVFW3"},
    {"QOPPT", "QCHPT"},
    {"QPGS0", "QPGS3"},
    {"QET", "QLT", "QED20210726", "QLM202107"},
    {"QMCHGCR", "QMUCHGCR", "QMSCHGCR", "QOPM", "QCST", "QCVT", "QGMN", "QBATCD"},
)


def test_another_querys_answer_is_not_taken_but_where_both_look_alike() -> None:
    taken = set()
    for item in GOOD:
        for query in {other.request for other in GOOD} - {item.request}:
            try:
                payload(query, item.reply)
            except BadFrame:
                continue
            taken.add((item.request, query))
    assert [pair for pair in taken if not any(set(pair) <= alike for alike in ALIKE)] == []


def test_flipped_bits_that_the_crc_does_not_see() -> None:
    """All single flips of all captured answers: only a raised CRC byte may turn into the raw one."""
    for item in GOOD:
        good = payload(item.request, item.reply)
        for bit in range(8 * len(item.reply)):
            spoilt = bytearray(item.reply)
            spoilt[bit // 8] ^= 1 << bit % 8
            try:
                text = take(item.request, bytes(spoilt))
            except (BadFrame, Refused):
                continue
            if text is not None:
                assert text == good
                assert bit // 8 in (len(item.reply) - 3, len(item.reply) - 2)
                assert spoilt[bit // 8] in b"(\n"


@given(st.binary(max_size=300), st.sampled_from([name for name in SHAPES if name not in ("QPGS", "QP2GS")]))
def test_random_bytes_are_never_an_answer(data: bytes, query: str) -> None:
    for buffer in (data, b"(" + data + b"\r"):
        try:
            text = take(query, buffer)
        except (BadFrame, Refused, NoAnswer):
            continue
        assert text is None
