"""The bytes of PI17 and PI18: requests as units take them, answers as they come over bad lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_axpert.caret import Caret, content, shape_of
from gridward_axpert.models import CARETS, decode
from gridward_axpert.pi17 import PI17
from gridward_axpert.pi18 import PI18
from gridward_axpert.protocol import bumped, crc, frame
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.frames import Frame, frames_of

QUERIES_18 = (
    ("PI", "5e503030355049718b0d"),
    ("GS", "5e50303035475358140d"),
    ("PIRI", "5e50303037504952 49ee380d"),
    ("MOD", "5e503030364d4f44ddbe0d"),
    ("FLAG", "5e50303037464c41478e180d"),
    ("ET", "5e5030303545544e910d"),
    ("MCHGCR", "5e503030394d4348474352ee220d"),
    ("PGS0", "5e503030375047533029b60d"),
    ("PRI0", "5e50303037505249306d9d0d"),
    ("FWS", "5e503030354657535e9f0d"),
    ("ACCT", "5e5030303541434354f3b70d"),
)
QUERIES_17 = (
    ("PI", b"^P003PI\r"),
    ("GS", b"^P003GS\r"),
    ("WS", b"^P003WS\r"),
    ("HECS", b"^P005HECS\r"),
    ("T", b"^P002T\r"),
    ("ED20140214", b"^P014ED20140214090\r"),
    ("EY2014", b"^P010EY2014164\r"),
    ("EM201402", b"^P012EM201402252\r"),
)
SETTERS_17 = (
    ("MCHGV0580,0580", b"^S015MCHGV0580,0580\r"),
    ("MUCHGC0100", b"^S011MUCHGC0100\r"),
    ("MCHGC3000", b"^S010MCHGC3000\r"),
    ("EDA1", b"^S005EDA1\r"),
    ("LON1", b"^S005LON1\r"),
    ("PEA", b"^S004PEA\r"),
)
HEADS_18 = (
    ("LON1", b"^S007LON1"),
    ("PEA", b"^S006PEA"),
    ("MCHGC0,030", b"^S013MCHGC0,030"),
    ("MUCHGC0,030", b"^S014MUCHGC0,030"),
    ("MCHGV552,540", b"^S015MCHGV552,540"),
    ("BUCD480,530", b"^S014BUCD480,530"),
    ("F50", b"^S006F50"),
    ("V2300", b"^S008V2300"),
    ("POP1", b"^S007POP1"),
    ("PCP0,1", b"^S009PCP0,1"),
    ("PSDV450", b"^S010PSDV450"),
    ("POPM0,1", b"^S010POPM0,1"),
    ("DAT261121063005", b"^S018DAT261121063005"),
    ("ACCT2200,0259", b"^S016ACCT2200,0259"),
)
GOOD = [
    item
    for item in frames_of("axpert")
    if item.error is None and item.reply.startswith(b"^") and not item.request.startswith("5e")
]


def query_of(item: Frame) -> str:
    return item.request[5:] if item.request.startswith("^") else item.request


def reply(text: str, length: int | None = None) -> bytes:
    body = f"^D{len(text) + 3 if length is None else length:03d}{text}".encode("ascii")
    return body + bumped(crc(body)) + b"\r"


def take(query: str, buffer: bytes) -> str | None:
    """What a reader makes of a buffer: the text, None while the answer is not complete."""
    found = Caret(PI18).cut(PI18.request("MOD"), buffer, quiet=False)
    return None if found is None else content(query, found[0])


@pytest.mark.parametrize(("query", "sent"), QUERIES_18)
def test_pi18_requests_carry_length_and_crc(query: str, sent: str) -> None:
    assert PI18.request(query) == bytes.fromhex(sent)


@pytest.mark.parametrize(("query", "sent"), QUERIES_17)
def test_pi17_requests_carry_length_and_a_date_its_sum(query: str, sent: bytes) -> None:
    assert PI17.request(query) == sent


@pytest.mark.parametrize(("command", "sent"), SETTERS_17)
def test_pi17_setters_are_the_bytes_that_units_take(command: str, sent: bytes) -> None:
    assert PI17.setters(command) == (sent,)


@pytest.mark.parametrize(("command", "head"), HEADS_18)
def test_pi18_setters_count_command_crc_and_end(command: str, head: bytes) -> None:
    frames = PI18.setters(command)
    assert frames[0] == head + bumped(crc(head)) + b"\r"
    assert frames[-1] == head + b"\r"
    printed = b"^S014" + head[5:]
    between = (printed + bumped(crc(printed)) + b"\r",) if command.startswith("ACCT") else ()
    assert frames[1:-1] == between


@given(st.text("BCDEFGHIJKLMNOPQRSTUVXYZ0123456789,", min_size=1, max_size=30), st.booleans())
def test_a_request_says_its_own_length_and_never_holds_an_end(command: str, setter: bool) -> None:
    sent = PI18.setters(command)[0] if setter else PI18.request(command)
    assert int(sent[2:5]) == len(sent) - 5
    assert sent.index(b"\r") == len(sent) - 1
    plain = PI17.setters(command)[0]
    assert int(plain[2:5]) == len(plain) - 5


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
def test_an_answer_is_cut_one_byte_at_a_time(item: Frame) -> None:
    for end in range(len(item.reply)):
        assert take("", item.reply[:end]) is None
    assert take("", item.reply) == content("", item.reply)


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
def test_every_single_bit_flip_is_refused_or_harmless(item: Frame) -> None:
    right = content("", item.reply)
    for bit in range(8 * len(item.reply)):
        spoilt = bytearray(item.reply)
        spoilt[bit // 8] ^= 1 << bit % 8
        try:
            found = take("", bytes(spoilt))
        except (BadFrame, Refused):
            continue
        assert found in (None, right)


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
@pytest.mark.parametrize("noise", [b"\x00\x00\x00", b"7(x", b"^D0", b"\xff^", b"\r\n"])
def test_bytes_before_the_answer_are_skipped(noise: bytes, item: Frame) -> None:
    found = Caret(PI18).cut(b"", noise + item.reply, quiet=False) if noise != b"\r\n" else None
    if found is None:
        found = Caret(PI18).cut(b"", noise.lstrip(b"\r\n") + item.reply, quiet=False)
    assert found is not None
    assert found[0] == item.reply


@given(st.binary(max_size=200))
def test_random_bytes_are_never_data(data: bytes) -> None:
    try:
        found = take("GS", data)
    except (BadFrame, Refused):
        return
    assert found is None or data.rstrip(b"\r\n\0").endswith(reply(found)[-3:-1])


@given(st.integers(0, 999), st.lists(st.integers(0, 9999), min_size=1, max_size=30))
def test_the_crc_counts_and_not_the_length(length: int, numbers: list[int]) -> None:
    text = ",".join(f"{number:04d}" for number in numbers)
    assert content("GS", reply(text, length)) == text


def test_a_raw_crc_is_taken_as_well_as_a_raised_one() -> None:
    raised = bytes.fromhex("5e4430313732303231303532313233343734330e520d")
    raw = bytes.fromhex("5e4430313732303231303532313233343734330d520d")
    for answer in (raised, raw):
        assert decode("pi18", "T", answer) == {"clock": "2021-05-21T23:47:43"}


def test_our_own_request_coming_back_is_said() -> None:
    for protocol in CARETS.values():
        request = protocol.request("GS")
        with pytest.raises(BadFrame, match="wiring"):
            Caret(protocol).cut(request, request, quiet=False)


@pytest.mark.parametrize("answer", [bytes.fromhex("5e301be30d"), frame("(NAK"), b"(NAK\r"])
def test_a_no_is_refused(answer: bytes) -> None:
    for protocol in CARETS.values():
        with pytest.raises(Refused):
            protocol.payload("GS", answer)
        with pytest.raises(Refused):
            Caret(protocol).acknowledge(protocol.setters("LON1")[0], answer)


@pytest.mark.parametrize("answer", [bytes.fromhex("5e310bc20d"), frame("(ACK")])
def test_a_yes_is_an_acknowledgement_and_no_data(answer: bytes) -> None:
    Caret(PI18).acknowledge(PI18.setters("POP1")[0], answer)
    with pytest.raises(BadFrame):
        PI18.payload("GS", answer)


@pytest.mark.parametrize("answer", [reply("05"), frame("(ABC"), b"^1\r", b"^1\x0b\xc3\r", b""])
def test_what_is_neither_yes_nor_no_is_a_bad_frame(answer: bytes) -> None:
    with pytest.raises(BadFrame):
        Caret(PI18).acknowledge(PI18.setters("POP1")[0], answer)


@pytest.mark.parametrize("item", GOOD, ids=lambda item: f"{item.place} {item.request}")
def test_an_answer_is_not_taken_for_another_query(item: Frame) -> None:
    protocol = PI17 if item.place.startswith("pi17") else PI18
    mine = shape_of(query_of(item))
    counters = {"ET", "EY", "EM", "ED"}
    alike = {mine} | (counters | {"GPMP", "OPMP"} if mine in counters | {"GPMP"} else set())
    alike |= {"ACCT", "ACLT", "MPPTV", "SV"} if mine == "ACCT" else {"MCHGCR", "MUCHGCR"} & {f"M{mine[1:]}"}
    alike |= {"MCHGCR", "MUCHGCR"} if mine in ("MCHGCR", "MUCHGCR") else set()
    alike |= {"PI", "MOD"} if mine == "MOD" else set()
    for query in protocol.shapes:
        if query in alike:
            continue
        with pytest.raises(BadFrame):
            protocol.payload(query, item.reply)


@pytest.mark.parametrize(
    "request_", ["GS", "gs", "^P005GS", "5e50303035475358140d", "5e 50 30 30 35 47 53", "4753"]
)
def test_a_request_is_named_or_given_in_bytes(request_: str) -> None:
    answer = next(item for item in GOOD if item.place == "pi18.json:2").reply
    assert decode(None, request_, answer)["output_power"] == 1376
    assert decode("infini-v", request_, answer)["output_power"] == 1376


def test_the_request_tells_which_unit_the_counter_is_in() -> None:
    answer = reply("00006591")
    assert decode(None, "^P005ET", answer) == {"pv_energy": 6.591}
    assert decode(None, "^P003ET", answer) == {"pv_energy": 6591.0}
    assert decode("pi17", "ET", answer) == {"pv_energy": 6591.0}
    assert decode(None, b"^P003ET\r".hex(), answer) == {"pv_energy": 6591.0}


@pytest.mark.parametrize("command", ["^S007POP1", "^S005EDA1", "LON1", PI18.setters("POP1")[0].hex()])
def test_an_accepted_setter_has_no_values_and_a_refused_one_is_refused(command: str) -> None:
    assert decode(None, command, bytes.fromhex("5e310bc20d")) == {}
    with pytest.raises(Refused):
        decode(None, command, bytes.fromhex("5e301be30d"))


def test_what_is_no_request_is_said() -> None:
    with pytest.raises(ValueError, match="neither"):
        decode("pi18", "00ff", reply("05"))
    with pytest.raises(ValueError, match="none of"):
        decode("toaster", "MOD", reply("05"))
    with pytest.raises(BadFrame):
        decode("pi18", "MOD", reply("05") + reply("03"))
    with pytest.raises((BadFrame, NoAnswer)):
        decode("pi18", "MOD", b"")
