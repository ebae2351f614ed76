"""The peer: a careful reader of the same frames with nothing but the standard library.

Reads byte by byte as they come, ends each answer by its own rule, checks the checksum, decodes nothing.
Arguments: port, baud, number of polls, then `hex:length` pairs (length 0: until CR).
"""

import os
import select
import sys
import termios
import time
import tty


def opened(path: str, baud: int) -> int:
    """The line, raw."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    settings = termios.tcgetattr(line)
    settings[4] = settings[5] = getattr(termios, f"B{baud}")
    termios.tcsetattr(line, termios.TCSANOW, settings)
    return line


def answer(line: int, request: bytes, length: int) -> bytes:
    """One exchange; raises TimeoutError after two silent seconds."""
    os.write(line, request)
    data = b""
    while not (len(data) >= length if length else data.endswith(b"\r") and len(data) > 4):
        if not select.select([line], [], [], 2.0)[0]:
            raise TimeoutError
        data += os.read(line, 4096)
    return data


def crc(data: bytes) -> int:
    """CRC-16/XMODEM, a bit at a time with a table of 16."""
    table = [0]
    for number in range(1, 16):
        value = number << 12
        for _ in range(4):
            value = (value << 1 ^ 0x1021) & 0xFFFF if value & 0x8000 else value << 1 & 0xFFFF
        table.append(value)
    total = 0
    for byte in data:
        total = (total << 4 & 0xFFFF) ^ table[total >> 12 ^ byte >> 4]
        total = (total << 4 & 0xFFFF) ^ table[total >> 12 ^ byte & 15]
    return total


def main(path: str, baud: int, polls: int, queries: list[str]) -> None:
    """Poll, and print processor and wall seconds of each poll but the first."""
    line = opened(path, baud)
    pairs = [(bytes.fromhex(text.partition(":")[0]), int(text.partition(":")[2])) for text in queries]
    begun = began = 0.0
    for number in range(polls + 1):
        if number == 1:
            begun, began = time.process_time(), time.monotonic()
        for request, length in pairs:
            data = answer(line, request, length)
            if length:
                bad = any(sum(data[at : at + 12]) & 255 != data[at + 12] for at in range(0, length, 13))
            else:
                bad = crc(data[:-3]) >> 8 not in (data[-3], data[-3] - 1)
            if bad:
                sys.stderr.write("a bad checksum\n")
    spent, took = time.process_time() - begun, time.monotonic() - began
    sys.stdout.write(f"{spent / polls} {took / polls}\n")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
