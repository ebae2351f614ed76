"""DL/T 645 against the frames of standard, manual and captures; every bit of them, and what is no frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward_chint import dlt645, dlt645_items
from gridward_chint.dlt645 import Frame, cut, parse
from gridward_kit.errors import BadFrame, Refused

SERIAL = "200322016690"
WIRE = bytes.fromhex("906601220320")
HEAD = "68 90 66 01 22 03 20 68"

READS = [
    (
        "FE FE FE FE {} 11 04 33 33 34 33 EE 16",
        "{} 91 08 33 33 34 33 78 56 34 33 A7 16",
        "import_energy",
        123.45,
    ),
    (
        "FE FE FE FE {} 11 04 33 33 35 33 EF 16",
        "{} 91 08 33 33 35 33 AB 39 33 33 BD 16",
        "export_energy",
        6.78,
    ),
    ("FE FE FE FE {} 11 04 33 34 34 35 F1 16", "{} 91 06 33 34 34 35 6A 56 33 16", "voltage_l1", 233.7),
    ("FE FE FE FE {} 11 04 33 34 35 35 F2 16", "{} 91 07 33 34 35 35 53 74 33 6F 16", "current_l1", 4.12),
    ("FE FE FE FE {} 11 04 33 33 36 35 F2 16", "{} 91 07 33 33 36 35 A8 C7 33 17 16", "power", 0.9475),
    ("FE FE FE FE {} 11 04 33 33 36 35 F2 16", "{} 91 07 33 33 36 35 A8 C7 B3 97 16", "power", -0.9475),
    ("FE FE FE FE {} 11 04 33 33 39 35 F5 16", "{} 91 06 33 33 39 35 C9 3C 7C 16", "power_factor", 0.996),
    ("FE FE FE FE {} 11 04 35 33 B3 35 71 16", "{} 91 06 35 33 B3 35 CB 7C 3A 16", "frequency", 49.98),
]
UNITS = {"import_energy": "kWh", "export_energy": "kWh", "voltage_l1": "V", "current_l1": "A", "power": "kW",
         "power_factor": None, "frequency": "Hz"}  # fmt: skip
SWITCH = "FE FE FE FE {} 14 0E 33 33 35 3D 35 33 33 33 33 33 33 33 33 33 06 16"


def raw(text: str) -> bytes:
    return bytes.fromhex(text.format(HEAD))


addresses = st.binary(min_size=6, max_size=6)
datas = st.binary(max_size=200)


@pytest.mark.parametrize(("request_", "reply", "key", "value"), READS)
def test_every_printed_read(request_: str, reply: str, key: str, value: float) -> None:
    asked = next(item for item in dlt645_items.ITEMS if item.key == key)
    assert dlt645.read(dlt645.wire_address(SERIAL), asked.identifier).sent() == raw(request_)
    assert asked.unit == UNITS[key]
    got = cut(raw(request_), raw(reply), quiet=False)
    assert got == (raw(reply), b"")
    frame = dlt645.accepted(got[0])
    assert dlt645_items.values(frame, dlt645.joined([frame])) == {key: value}


def test_the_read_of_1997() -> None:
    request = bytes.fromhex("FEFEFEFE 68 56 34 12 00 00 00 68 01 02 43 C3 75 16")
    reply = bytes.fromhex("68 56 34 12 00 00 00 68 81 06 43 C3 78 56 34 33 2E 16")
    assert dlt645.read(dlt645.wire_address("000000123456"), 0x9010, old=True).sent() == request
    got = cut(request, reply, quiet=False)
    assert got is not None
    frame = dlt645.accepted(got[0])
    assert dlt645_items.values(frame, dlt645.joined([frame])) == {"import_energy": 123.45}


def test_who_is_there() -> None:
    request = bytes.fromhex("FEFEFEFE 68 AA AA AA AA AA AA 68 13 00 DF 16")
    reply = raw("FE FE FE FE {} 93 06 C3 99 34 55 36 53 13 16")
    assert dlt645.read_address().sent() == request
    got = cut(request, reply, quiet=False)
    assert got is not None
    frame = dlt645.accepted(got[0])
    assert dlt645.serial_of(frame.address) == SERIAL
    assert dlt645.serial_of(frame.data) == SERIAL


def test_the_switch_to_modbus_in_both_orders() -> None:
    assert dlt645.to_modbus(WIRE).sent() == raw(SWITCH)
    printed = SWITCH.format("68 20 03 22 01 66 90 68")
    assert dlt645.to_modbus(dlt645.wire_address(SERIAL, reverse=False)).sent() == bytes.fromhex(printed)
    said = dlt645.accepted(raw("{} 94 00 A0 16"))
    assert (said.control, said.data) == (0x94, b"")
    with pytest.raises(Refused, match="wrong password"):
        dlt645.accepted(raw("{} D4 01 37 18 16"))
    assert cut(raw(SWITCH), raw("{} D4 01 37 18 16"), quiet=False) is not None


def test_the_sum_cannot_see_the_order_of_an_address() -> None:
    assert dlt645.to_modbus(WIRE).sent()[-2] == dlt645.to_modbus(WIRE[::-1]).sent()[-2] == 0x06


@given(addresses, st.integers(0, 255), datas, st.integers(0, 4))
def test_a_frame_comes_back_as_it_was(address: bytes, control: int, data: bytes, wake: int) -> None:
    frame = Frame(address, control, data)
    sent = frame.sent(wake)
    assert next(found for found, end in dlt645.found(sent) if end == len(sent)) == frame


@given(st.data())
def test_an_end_mark_inside_the_data_is_data(data: st.DataObject) -> None:
    """A byte that goes over the wire as 16 is 16 - 33 = E3 before."""
    place = data.draw(st.integers(4, 11))
    inside = bytearray(12)
    inside[:4] = (0x02010100).to_bytes(4, "little")
    inside[place] = 0xE3
    answer = Frame(WIRE, 0x91, bytes(inside)).sent(0)
    assert answer.find(0x16) < len(answer) - 1
    request = dlt645.read(WIRE, 0x02010100).sent()
    for length in range(len(answer)):
        assert cut(request, answer[:length], quiet=False) is None
    assert cut(request, answer, quiet=False) == (answer, b"")


@pytest.mark.parametrize(("request_", "reply"), [read[:2] for read in READS])
def test_no_flipped_bit_and_no_cut_passes(request_: str, reply: str) -> None:
    whole = raw(reply)
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadFrame):
            cut(raw(request_), bytes(broken), quiet=True)
    for length in range(1, len(whole)):
        with pytest.raises(BadFrame):
            cut(raw(request_), whole[:length], quiet=True)


@given(st.binary(max_size=80))
def test_noise_is_no_answer(noise: bytes) -> None:
    request = dlt645.read(WIRE, 0x02010100).sent()
    answer = raw(READS[2][1])
    try:
        assert cut(request, noise, quiet=False) is None
    except BadFrame:
        return
    if 0x68 not in noise:
        assert cut(request, noise + answer, quiet=False) == (answer, b"")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("68 91 66 01 22 03 20 68 91 06 33 34 34 35 6A 56 34 16", "not of the one"),
        ("{} 91 08 33 33 34 33 78 56 34 33 A7 16", "another request"),
        ("{} 11 04 33 34 34 35 F1 16", "echo"),
    ],
)
def test_what_is_the_answer_to_something_else(reply: str, words: str) -> None:
    with pytest.raises(BadFrame, match=words):
        cut(raw(READS[2][0]), raw(reply), quiet=True)


def test_an_echo_before_the_answer_is_passed_over() -> None:
    request, answer = raw(READS[2][0]), raw(READS[2][1])
    assert cut(request, request + b"\xfe" + answer + b"\xfe\xfe", quiet=False) == (answer, b"")


@given(st.integers(0, 10**12 - 1), addresses)
def test_addresses(number: int, other: bytes) -> None:
    serial = f"{number:012d}"
    wire = dlt645.wire_address(serial)
    assert dlt645.serial_of(wire) == serial
    assert dlt645.wire_address(serial, reverse=False) == wire[::-1]
    assert dlt645.meant(dlt645.ANY, other)
    assert dlt645.meant(wire[:2].ljust(6, bytes((dlt645.WILD,))), wire)
    assert dlt645.meant(wire, other) == (wire == other) or 0xAA in wire


@pytest.mark.parametrize("serial", ["20032201669", "2003220166900", "20032201669A", "", "\uff1200322016690"])
def test_a_serial_number_has_twelve_digits(serial: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        dlt645.wire_address(serial)


@given(st.integers(-799999, 799999))
def test_signed_numbers(raw_number: int) -> None:
    cell = bytearray(bytes.fromhex(f"{abs(raw_number):06d}")[::-1])
    if raw_number < 0:
        cell[-1] |= 0x80
    assert dlt645.number(bytes(cell), 4, signed=True) == pytest.approx(raw_number / 10_000)


@pytest.mark.parametrize("cell", ["FFFF", "3A12", "12A3", ""])
def test_what_is_no_decimal_number_is_absent(cell: str) -> None:
    assert dlt645.number(bytes.fromhex(cell), 1) is None


def test_three_phases_in_one_answer() -> None:
    data = (0x0201FF00).to_bytes(4, "little") + bytes.fromhex("3723 0523 FFFF")
    frame = Frame(WIRE, 0x91, data)
    assert dlt645_items.values(frame, dlt645.joined([frame])) == {"voltage_l1": 233.7, "voltage_l2": 230.5}
    power = Frame(
        WIRE, 0x91, (0x0203FF00).to_bytes(4, "little") + bytes.fromhex("759480 000000 000001 759482")
    )
    assert dlt645_items.values(power, dlt645.joined([power])) == {
        "power": -0.9475, "power_l1": 0.0, "power_l2": 1.0, "power_l3": -2.9475,
    }  # fmt: skip


def test_an_answer_of_several_frames() -> None:
    name = (0x00010000).to_bytes(4, "little")
    first = Frame(WIRE, 0x91 | dlt645.MORE, name + b"\x45\x23")
    ask = dlt645.following(first, 1)
    assert ask is not None
    assert ask == Frame(WIRE, 0x12, name + b"\x01")
    second = Frame(WIRE, 0x92, name + b"\x01\x00\x01")
    assert dlt645.following(second, 2) is None
    assert cut(ask.sent(), second.sent(), quiet=False) == (second.sent(0), b"")
    assert dlt645_items.values(first, dlt645.joined([first, second])) == {"import_energy": 123.45}
    with pytest.raises(BadFrame, match="part 2"):
        dlt645.joined([first, Frame(WIRE, 0x92, name + b"\x00\x01\x02")])


def test_clock_and_address_as_values() -> None:
    def told(identifier: int, value: str) -> dict[str, object]:
        frame = Frame(WIRE, 0x91, identifier.to_bytes(4, "little") + bytes.fromhex(value))
        return dict(dlt645_items.values(frame, dlt645.joined([frame])))

    assert told(0x04000101, "06 21 11 26") == {"date": "2026-11-21"}
    assert told(0x04000102, "59 05 14") == {"time": "14:05:59"}
    assert told(0x04000401, "90 66 01 22 03 20") == {"serial_number": SERIAL}
    assert told(0x0BADBAD0, "00") == {}


@given(st.sampled_from(dlt645_items.ITEMS), st.data())
def test_every_identifier_of_the_table(item: dlt645_items.Item, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 7 * 10 ** (2 * item.size - 1)))
    cell = bytes.fromhex(f"{number:0{2 * item.size}d}")[::-1]
    frame = Frame(WIRE, 0x91, item.identifier.to_bytes(4, "little") + cell)
    got = cut(dlt645.read(WIRE, item.identifier).sent(), frame.sent(), quiet=False)
    assert got is not None
    value = dlt645_items.values(parse(got[0]), cell)[item.key]
    assert value == pytest.approx(number / 10**item.places)
