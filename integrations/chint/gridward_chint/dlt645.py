"""DL/T 645-2007, and the reads of 1997: frames, addresses, identifiers, values. Pure.

A frame is `FE...` (wake-up, optional), 68, six bytes of address, 68, control, length, data, sum, 16. Digits
are BCD, the low byte first; each byte of data is sent plus 0x33. Sources: the standard; CHINT ZTY0.464.922
for the switch to Modbus; the error bits from a public implementation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gridward_kit.errors import BadFrame, Refused
from gridward_kit.point import Value

HEAD, END, WAKE, OFFSET = 0x68, 0x16, 0xFE, 0x33
SHORTEST = 12
LONGEST = SHORTEST + 255
DIGITS = 12

READ, READ_NEXT, READ_ADDRESS, WRITE = 0x11, 0x12, 0x13, 0x14
READ_1997, READ_NEXT_1997, WRITE_1997 = 0x01, 0x02, 0x04
FUNCTION, MORE, ERROR, ANSWER = 0x1F, 0x20, 0x40, 0x80

ANY = b"\xaa" * 6
WILD = 0xAA

TO_MODBUS = 0x0A020000
"""The identifier that CHINT's switch to Modbus-RTU writes 00 00 to (ZTY0.464.922)."""

REASONS_2007: Mapping[int, str] = {
    0: "another fault",
    1: "it has no such value",
    2: "wrong password, or not authorised",
    3: "the line's speed cannot be changed",
    4: "more zones than a year may have",
    5: "more segments than a day may have",
    6: "more tariffs than it has",
}
REASONS_1997: Mapping[int, str] = {
    0: "an illegal value",
    1: "it has no such value",
    2: "wrong password, or not authorised",
    4: "more zones than a year may have",
    5: "more segments than a day may have",
    6: "more tariffs than it has",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: the address as it goes over the wire, the data without 0x33."""

    address: bytes
    control: int
    data: bytes = b""

    def sent(self, wake: int = 4) -> bytes:
        """The bytes on the wire, with so many wake-up bytes in front."""
        if len(self.address) != 6 or len(self.data) > 255:
            raise ValueError("an address has 6 bytes, data at most 255")
        covered = bytes(byte + OFFSET & 0xFF for byte in self.data)
        body = bytes((HEAD, *self.address, HEAD, self.control, len(covered))) + covered
        return bytes((WAKE,) * wake) + body + bytes((sum(body) & 0xFF, END))

    @property
    def width(self) -> int:
        """How many bytes of data name the value: 4 in 2007's functions, 2 in those of 1997."""
        return 2 if self.control & FUNCTION in (READ_1997, READ_NEXT_1997, WRITE_1997) else 4

    @property
    def reads(self) -> bool:
        """Whether it asks for a value, or answers with one."""
        return self.control & FUNCTION in (READ, READ_NEXT, READ_1997, READ_NEXT_1997)


def wire_address(serial: str, *, reverse: bool = True) -> bytes:
    """Twelve digits as they go over the wire, reversed as the standard has it; raises ValueError."""
    if len(serial) != DIGITS or not (serial.isascii() and serial.isdigit()):
        raise ValueError(f"{serial!r} is no serial number of {DIGITS} digits")
    printed = bytes.fromhex(serial)
    return printed[::-1] if reverse else printed


def serial_of(address: bytes) -> str:
    """The twelve digits of an address on the wire; raises BadFrame where it is no BCD."""
    digits = address[::-1].hex()
    if len(digits) != DIGITS or not digits.isdigit():
        raise BadFrame(f"an address that is no decimal number: {address.hex(' ')}")
    return digits


def meant(asked: bytes, told: bytes) -> bool:
    """Whether an answer's address is one that was asked, wildcards included."""
    return all(one in (WILD, other) for one, other in zip(asked, told, strict=True))


def found(buffer: bytes) -> Iterable[tuple[Frame, int]]:
    """Every whole frame in what has arrived, with the place behind it; noise between them is passed over."""
    begin = 0
    while (begin := buffer.find(HEAD, begin)) >= 0:
        end = _end(buffer, begin)
        if end:
            data = bytes(byte - OFFSET & 0xFF for byte in buffer[begin + 10 : end - 2])
            yield Frame(buffer[begin + 1 : begin + 7], buffer[begin + 8], data), end
        begin = end or begin + 1


def _end(buffer: bytes, begin: int) -> int:
    """Where the frame that begins here ends; 0 where none does, or not all of it is there."""
    if len(buffer) - begin < SHORTEST or buffer[begin + 7] != HEAD:
        return 0
    end = begin + SHORTEST + buffer[begin + 9]
    if end > len(buffer) or buffer[end - 1] != END or buffer[end - 2] != sum(buffer[begin : end - 2]) & 0xFF:
        return 0
    return end


def parse(data: bytes) -> Frame:
    """The one frame in these bytes; raises BadFrame for none or several."""
    frames = [frame for frame, _ in found(data)]
    if len(frames) != 1:
        raise BadFrame(f"{len(frames)} frames where one is due: {data[:24].hex(' ')}")
    return frames[0]


def answers(request: Frame, frame: Frame) -> bool:
    """Whether a frame is the answer to a request: station, function, and the value that was asked for."""
    if not frame.control & ANSWER or frame.control & FUNCTION != request.control:
        return False
    if not meant(request.address, frame.address):
        return False
    if frame.control & ERROR:
        return len(frame.data) >= 1
    width = request.width
    return not request.reads or frame.data[:width] == request.data[:width]


def cut(request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
    """The answer to `request` in what has arrived, and the rest; None while it may still come.

    An echo of the request, wake-up bytes and noise around it are passed over; a 16 inside is no end. Raises
    BadFrame when the line is quiet and no answer is there.
    """
    asked, echoed = parse(request), b""
    for frame, end in found(buffer):
        if answers(asked, frame):
            return frame.sent(0), buffer[end:].lstrip(bytes((WAKE,)))
        echoed = frame.sent(0)
    if quiet and buffer:
        raise BadFrame(_why(asked, buffer, echoed))
    if len(buffer) > len(request) + 2 * LONGEST:
        raise BadFrame(f"{len(buffer)} bytes and no answer among them")
    return None


def _why(asked: Frame, buffer: bytes, other: bytes) -> str:
    if not other:
        return f"no whole frame, or a wrong sum: {buffer[:24].hex(' ')}"
    frame = parse(other)
    if not frame.control & ANSWER:
        return "only the adapter's echo of the request came back"
    if not meant(asked.address, frame.address):
        return f"an answer of meter {frame.address[::-1].hex()}, not of the one that was asked"
    return f"the answer to another request: {other[:24].hex(' ')}"


def accepted(answer: bytes) -> Frame:
    """A cut answer as a frame; raises Refused in words where the meter says no."""
    frame = parse(answer)
    if frame.control & ERROR:
        old = frame.control & FUNCTION in (READ_1997, READ_NEXT_1997, WRITE_1997)
        known = REASONS_1997 if old else REASONS_2007
        bits = [bit for bit in range(8) if frame.data[-1] >> bit & 1]
        said = ", ".join(known.get(bit, f"reason {bit}") for bit in bits)
        raise Refused(f"the meter said no: {said or 'without a reason'}")
    return frame


def read(address: bytes, identifier: int, *, old: bool = False) -> Frame:
    """Ask for a value by its identifier; `old` is the standard of 1997 with two bytes."""
    width = 2 if old else 4
    return Frame(address, READ_1997 if old else READ, identifier.to_bytes(width, "little"))


def read_address(address: bytes = ANY) -> Frame:
    """Ask the only meter on the line who it is (2007)."""
    return Frame(address, READ_ADDRESS)


def following(answer: Frame, part: int) -> Frame | None:
    """Ask for the next part, counted from 1, of an answer that is not all; None where it is all.

    2007 says the number of the part at the end of request and answer, 1997 does not.
    """
    if not answer.control & MORE:
        return None
    name = answer.data[: answer.width]
    if answer.width == 2:
        return Frame(answer.address, READ_NEXT_1997, name)
    return Frame(answer.address, READ_NEXT, name + bytes((part,)))


def joined(frames: Iterable[Frame]) -> bytes:
    """The value's bytes of an answer and of what followed it, in order; raises BadFrame for a gap."""
    value = b""
    for part, frame in enumerate(frames):
        inside = frame.data[frame.width :]
        if part and frame.width == 4:
            if not inside or inside[-1] != part:
                raise BadFrame(f"part {inside[-1] if inside else 'none'} of an answer where {part} is due")
            inside = inside[:-1]
        value += inside
    return value


def write(address: bytes, identifier: int, value: bytes, *, level: int = 2, password: int = 0) -> Frame:
    """Write a value with a password of six digits at a level; the operator's code is 0 (2007)."""
    secret = bytes((level,)) + bytes.fromhex(f"{password:06d}")[::-1]
    return Frame(address, WRITE, identifier.to_bytes(4, "little") + secret + bytes(4) + value)


def to_modbus(address: bytes) -> Frame:
    """CHINT's switch from DL/T 645 to Modbus-RTU."""
    return write(address, TO_MODBUS, bytes(2))


def number(cell: bytes, places: int, *, signed: bool = False) -> Value | None:
    """A BCD number of low byte first; None where it is no decimal number, as FF for "not there".

    `signed`: the top bit of the highest byte is the sign.
    """
    if not cell:
        return None
    top = cell[-1]
    negative = signed and bool(top & 0x80)
    digits = (cell[:-1] + bytes((top & 0x7F if signed else top,)))[::-1].hex()
    if not digits.isdigit():
        return None
    return round((-1 if negative else 1) * int(digits) * 10.0**-places, places) + 0.0
