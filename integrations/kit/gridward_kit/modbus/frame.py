"""Modbus RTU frames: requests, answers, exceptions. Pure. PDUs and the checksum are pymodbus'."""

from collections.abc import Mapping
from functools import lru_cache

from pymodbus.framer import FramerRTU
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused

HOLDING, INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
ERROR = 0x80
SHORTEST = 5
MOST_READ, MOST_WRITTEN = 125, 123

Reasons = Mapping[int, tuple[type[DeviceError], str]]
REASONS: Reasons = {
    1: (Refused, "it does not know this function"),
    2: (Refused, "it has no such register"),
    3: (Refused, "it does not take this value or length"),
    4: (BadFrame, "it failed while doing it"),
    5: (BadFrame, "it is still at it"),
    6: (BadFrame, "it is busy"),
    10: (NoAnswer, "the gateway has no path to it"),
    11: (NoAnswer, "the gateway got no answer from it"),
}
"""What an exception code of the Modbus standard (V1.1b3, 7) means: a no for good, or only for now."""


def sealed(content: bytes) -> bytes:
    """A frame with its checksum, CRC-16/MODBUS, low byte first."""
    return content + FramerRTU.compute_CRC(content).to_bytes(2, "big")


def words(data: bytes) -> tuple[int, ...]:
    """Bytes as registers."""
    return tuple(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))


def intact(frame: bytes) -> bool:
    """Whether a frame's checksum is right."""
    return len(frame) > 2 and FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big") == frame[-2:]


def framed(unit: int, pdu: ModbusPDU) -> bytes:
    """A PDU as a frame to or from a unit."""
    return sealed(bytes((unit, pdu.function_code)) + pdu.encode())


@lru_cache(maxsize=4096)
def read(unit: int, function: int, start: int, count: int) -> bytes:
    """Ask for registers; raises ValueError for what no request can say."""
    if function not in (HOLDING, INPUT) or not 1 <= count <= MOST_READ or not 0 <= start <= 0x10000 - count:
        raise ValueError(f"function {function} cannot read {count} registers from 0x{start:04x} on")
    kind = ReadHoldingRegistersRequest if function == HOLDING else ReadInputRegistersRequest
    return framed(unit, kind(address=start, count=count))


def write(unit: int, function: int, start: int, words: tuple[int, ...]) -> bytes:
    """Set registers with function 16, or one with 6; raises ValueError for what no request can say."""
    if function == WRITE_ONE and len(words) == 1:
        return framed(unit, WriteSingleRegisterRequest(address=start, registers=list(words)))
    if function != WRITE_MANY or not 1 <= len(words) <= MOST_WRITTEN:
        raise ValueError(f"function {function} cannot write {len(words)} registers")
    return framed(unit, WriteMultipleRegistersRequest(address=start, count=len(words), registers=list(words)))


def refusal(unit: int, function: int, code: int) -> bytes:
    """An exception, as a unit sends it."""
    return framed(unit, ExceptionResponse(function, code))


def asked(request: bytes) -> tuple[int, int, int, int]:
    """Unit, function, first register and count (the word, for function 6) of a whole request.

    Raises BadFrame for bytes that are none.
    """
    if len(request) < 8 or not intact(request):
        raise BadFrame(f"not a Modbus request: {request[:16].hex(' ')}")
    return (
        request[0],
        request[1],
        int.from_bytes(request[2:4], "big"),
        int.from_bytes(request[4:6], "big"),
    )


def cut(request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
    """The answer to `request` in what has arrived, and the rest; None while it may still come.

    Bytes in front of it are passed over (an adapter's echo, noise). Raises BadFrame when none is there and
    the line is quiet, or has brought more than any answer, or one that begins rightly and is spoilt.
    """
    for begin in range(len(buffer) - SHORTEST + 1):
        end = begin + _length(request, buffer, begin)
        if begin < end <= len(buffer) and intact(buffer[begin:end]):
            return buffer[begin:end], buffer[end:]
    whole = len(buffer) >= 3 and len(buffer) >= _length(request, buffer, 0) > 0
    if (quiet and buffer) or whole or len(buffer) > len(request) + 2 * SHORTEST + _expected(request):
        raise BadFrame(_why(request, buffer))
    return None


def _length(request: bytes, buffer: bytes, begin: int) -> int:
    """How long the answer that begins here is; 0 where none does."""
    if buffer[begin] != request[0]:
        return 0
    if buffer[begin + 1] == request[1] | ERROR:
        return SHORTEST
    if buffer[begin + 1] != request[1]:
        return 0
    if request[1] in (HOLDING, INPUT):
        return _expected(request) if buffer[begin + 2] == _expected(request) - SHORTEST else 0
    return _expected(request) if buffer[begin + 2 : begin + 4] == request[2:4] else 0


def _expected(request: bytes) -> int:
    """The length of the full answer."""
    reads = request[1] in (HOLDING, INPUT)
    return SHORTEST + 2 * int.from_bytes(request[4:6], "big") if reads else 8


def _why(request: bytes, buffer: bytes) -> str:
    head = buffer[:12].hex(" ")
    if buffer[0] != request[0]:
        return f"an answer of unit {buffer[0]} where unit {request[0]} was asked: {head}"
    if len(buffer) > 1 and buffer[1] & ~ERROR != request[1]:
        return f"an answer to function {buffer[1] & ~ERROR} where {request[1]} was asked: {head}"
    if len(buffer) < _expected(request):
        return f"the answer broke off after {len(buffer)} of {_expected(request)} bytes: {head}"
    return f"wrong checksum or length, {len(buffer)} bytes where {_expected(request)} are due: {head}"


def payload(answer: bytes, reasons: Reasons = REASONS) -> bytes:
    """The registers' bytes of a cut answer to a read; raises what an exception means."""
    denied(answer, reasons)
    return answer[3:-2]


def denied(answer: bytes, reasons: Reasons = REASONS) -> None:
    """Raise what an exception means, in words; nothing for another answer."""
    if answer[1] & ERROR:
        kind, words = {**REASONS, **reasons}.get(answer[2], (Refused, "a reason of the maker's own"))
        raise kind(f"unit {answer[0]}: {words} (exception {answer[2]})")
