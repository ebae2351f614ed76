"""Modbus RTU frames for a relay board: pure functions (Modbus over Serial Line V1.02)."""

from gridward_kit.errors import BadFrame, Refused
from gridward_kit.integration import Line
from gridward_kit.modbus.frame import ERROR, intact, sealed

READ_COILS, READ_INPUTS, READ_REGISTERS, WRITE_COIL = 0x01, 0x02, 0x03, 0x05
ON, OFF = 0xFF00, 0x0000
FLASH_ON = 0x0200  # + coil: on for so many tenths of a second, then off by the board's own timer
VERSION = 0x8000  # holding register: firmware in hundredths
LINE = Line(baud=9600, first=0.25, gap=0.05, pause=0.01, modbus=True)
REASONS = {1: "illegal function", 2: "illegal address", 3: "illegal value", 4: "device failure", 6: "busy"}


def frame(address: int, function: int, body: bytes) -> bytes:
    """A whole frame with its checksum."""
    return sealed(bytes((address, function)) + body)


def request(address: int, function: int, start: int, value: int) -> bytes:
    """A request of two words: where, and how many or what."""
    return frame(address, function, start.to_bytes(2, "big") + value.to_bytes(2, "big"))


def cut(asked: bytes, buffer: bytes) -> tuple[bytes, bytes] | None:
    """The answer to `asked` at the front of the buffer, and the rest; None while it is incomplete.

    Raises BadFrame as soon as it cannot become the answer, Refused for a Modbus exception.
    """
    if len(buffer) < 3:
        return None
    if buffer[0] != asked[0] or buffer[1] & ~ERROR != asked[1]:
        raise BadFrame(f"answer of unit {buffer[0]} to function {buffer[1]}: {buffer[:16].hex(' ')}")
    if buffer[1] & ERROR:
        length = 5
    elif asked[1] == WRITE_COIL:
        length = 8
    else:
        length = 5 + buffer[2]
    if len(buffer) < length:
        return None
    answer = buffer[:length]
    if not intact(answer):
        raise BadFrame(f"wrong checksum: {answer.hex(' ')}")
    if answer[1] & ERROR:
        raise Refused(REASONS.get(answer[2], f"Modbus exception {answer[2]}"))
    return answer, buffer[length:]


def values(asked: bytes, answer: bytes) -> list[int]:
    """Bits or registers of a read, as many as were asked for; raises BadFrame for another count."""
    count = int.from_bytes(asked[4:6], "big")
    data = answer[3:-2]
    registers = asked[1] == READ_REGISTERS
    if len(data) != (2 * count if registers else (count + 7) // 8):
        raise BadFrame(f"{len(data)} bytes for {count} values: {answer.hex(' ')}")
    if registers:
        return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]
    return [data[place // 8] >> place % 8 & 1 for place in range(count)]


def echoed(asked: bytes, answer: bytes) -> None:
    """A write is acknowledged by its echo; raises BadFrame for anything else."""
    if answer != asked:
        raise BadFrame(f"{asked.hex(' ')} was acknowledged as {answer.hex(' ')}")
