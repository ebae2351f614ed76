"""PI30 and PI41 between bytes and values: CRC with the byte-bump rule, framing, each answer's shape.

Pure: nothing here waits, opens or sleeps. PI17 and PI18 share the CRC and the cutting of frames; the rest
of theirs is in `caret`.
"""

import re
from binascii import crc_hqx
from datetime import datetime

from gridward_axpert.shapes import SHAPES, known, shape_of
from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.integration import Dialect, Query
from gridward_kit.point import Value

STARTS = b"(^"
ENDS = b"\r\n"
START, END, TEXT = re.compile(rb"[(^]"), re.compile(rb"[\r\n]"), re.compile(rb"[ -~]*")
LONGEST = 512
RESERVED = b"(\r\n"
NAK, ACK = b"NAK", b"ACK"
SUMMED = ("QALL", "PQSE", "QLITH0")


def crc(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, start 0, nothing reflected."""
    return crc_hqx(data, 0)


def bumped(value: int, reserved: bytes = RESERVED) -> bytes:
    """The CRC as it is sent, high byte first: a byte equal to `(`, CR or LF is raised by one."""
    return bytes(byte + 1 if byte in reserved else byte for byte in value.to_bytes(2, "big"))


def frame(command: str) -> bytes:
    """A command or a reply (with its `(`) as it goes on the wire."""
    body = command.encode("ascii")
    if command in SUMMED:
        return body + bytes([checksum(body)]) + b"\r"
    return body + bumped(crc(body)) + b"\r"


def checksum(body: bytes) -> int:
    """The one-byte check of the Revo's private commands: the sum of all bytes plus one."""
    return (sum(body) + 1) & 0xFF


def cut(request: bytes, buffer: bytes) -> tuple[bytes, bytes] | None:
    """Cut the first whole answer out of the buffer: (answer, rest); None while it is incomplete.

    Bytes before `(` are skipped. Raises BadFrame for our own request coming back, for a frame with a
    wrong CRC, and for more bytes than any answer has.
    """
    if request and buffer.lstrip(b"\0\r\n").startswith(request):
        raise BadFrame("our own request came back: check the wiring, TX and RX seem to be connected")
    started = START.search(buffer)
    if started is None:
        return None
    ended = END.search(buffer, started.start())
    if ended is None:
        if len(buffer) - started.start() > LONGEST:
            raise BadFrame(f"{len(buffer) - started.start()} bytes and no end of an answer")
        return None
    answer, end = _completed(request, buffer, started.start(), ended.start())
    if answer is None:
        return None
    return answer, buffer[end:].lstrip(b"\0\r\n")


def _completed(request: bytes, buffer: bytes, start: int, end: int) -> tuple[bytes | None, int]:
    """The valid frame that ends at (or, its CRC holding a CR or LF, just after) the first CR or LF."""
    answer = buffer[start : end + 1]
    for found in START.finditer(answer):
        if valid(answer[found.start() :], request):
            return answer[found.start() :], end + 1
    waited_for = False
    for missing in (1, 2):
        body = answer[: missing - 3]
        sent, longer = crc(body).to_bytes(2, "big"), buffer[start : end + 1 + missing]
        if len(body) < 2 or not sent.startswith(answer[len(body) :]) or sent[2 - missing] not in ENDS:
            continue
        if valid(longer, request):
            return longer, end + 1 + missing
        waited_for |= len(longer) < len(answer) + missing
    if waited_for:
        return None, end
    raise BadFrame(f"wrong CRC or a broken frame: {answer[:32].hex(' ')}")


def valid(answer: bytes, request: bytes = b"") -> bool:
    """Whether start, CRC (bumped or not) and end are right; NAK and ACK may come without CRC."""
    body, sent = answer[:-3], answer[-3:-1]
    if answer[:1] == b"(" and answer[1:-1] in (NAK, ACK):
        return True
    if len(body) >= 2 and (sent == bumped(crc(body)) or int.from_bytes(sent, "big") == crc(body)):
        return True
    summed = any(request.startswith(name.encode("ascii")) for name in SUMMED)
    return summed and len(answer) > 3 and answer[-2] == checksum(answer[:-2])


def content(query: str, answer: bytes) -> bytes:
    """The text between `(` and the CRC; raises BadFrame, or Refused for NAK."""
    if not answer or answer[0] not in STARTS or answer[-1] not in ENDS:
        raise BadFrame(f"not a frame: {answer[:32].hex(' ')}")
    if not valid(answer, query.encode("ascii", "replace")):
        raise BadFrame(f"wrong CRC: {answer[:32].hex(' ')}")
    if answer[:1] == b"^":
        raise BadFrame(f"an answer of PI17 or PI18: {answer[:32].hex(' ')}")
    if answer[1:-1] in (NAK, ACK):
        text = answer[1:-1]
    elif query in SUMMED and answer[-2] == checksum(answer[:-2]):
        text = answer[1:-2]
    else:
        text = answer[1:-3]
    if text == NAK:
        raise Refused(f"the device answered NAK to {query}")
    if not TEXT.fullmatch(text):
        raise BadFrame(f"bytes that are no text in the answer to {query}: {text[:32].hex(' ')}")
    return text


def payload(query: str, answer: bytes) -> bytes:
    """The checked text of an answer, in the shape that this query's answers have."""
    text = content(query, answer)
    if text == ACK:
        if query == "QBMS":
            raise Refused("the device answered QBMS with ACK only: no battery data")
        raise BadFrame(f"ACK is no answer to {query}")
    if query == "Q1":
        text = b" ".join(text.split())
    pattern = SHAPES.get(shape_of(query))
    if pattern is not None and not pattern.fullmatch(text.decode("ascii").rstrip(" ")):
        raise BadFrame(f"not the shape of an answer to {query}: {text[:48].decode('ascii')!r}")
    return text


class Pi30(Dialect):
    """A unit that speaks PI30 or PI41, with the rows and queries that this unit answers."""

    def __init__(
        self,
        entities: tuple[Entity, ...] = (),
        queries: tuple[Query, ...] = (),
        proof: tuple[str, str] | None = None,
    ) -> None:
        self.entities = entities
        self.queries = queries
        self.proof = proof

    def request(self, query: str) -> bytes:
        return frame(query)

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return cut(request, buffer)

    def payload(self, query: str, answer: bytes) -> bytes:
        return payload(query, answer)

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        if entity.setting is None:
            raise ValueError(f"{entity.name} cannot be set")
        commands = tuple(now.strftime(command) for command in entity.setting.write(entity.accept(value)))
        frames = (*map(frame, commands), *map(_zero_bumped, commands))
        return tuple(dict.fromkeys(frames))

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        command = request[:-3].decode("ascii", "replace")
        text = content(command, answer)
        if text != ACK:
            raise BadFrame(f"neither ACK nor NAK to {command}: {text[:32].decode('ascii')!r}")


def _zero_bumped(command: str) -> bytes:
    """The command with a zero byte of its CRC raised too, as some units are said to ask."""
    body = command.encode("ascii")
    return body + bumped(crc(body), RESERVED + b"\0") + b"\r"


def command_of(request: str) -> str:
    """The command's name from itself or from the hex of its bytes (CRC and CR may be missing).

    Raises ValueError for what is neither.
    """
    name = request.strip()
    try:
        raw = bytes.fromhex(name)
    except ValueError:
        return name.upper() if known(name.upper()) else name
    raw = raw.removesuffix(b"\r")
    if raw[:-2] and raw[-2:] in (bumped(crc(raw[:-2])), crc(raw[:-2]).to_bytes(2, "big")):
        raw = raw[:-2]
    elif raw[:-1].decode("ascii", "replace") in SUMMED:
        raw = raw[:-1]
    if not raw or any(not 0x20 < byte <= 0x7E for byte in raw):
        raise ValueError(f"{request!r} is neither a command's name nor the bytes of one")
    return raw.decode("ascii")
