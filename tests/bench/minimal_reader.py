"""A peer on Modbus lines: minimalmodbus on the same blocks; prints processor and wall seconds of each poll.

Arguments: port, baud, unit, number of polls, then `function:start:count` of each block.
"""

import sys
import time

import minimalmodbus


def main(url: str, baud: int, unit: int, polls: int, blocks: list[str]) -> None:
    """Read the blocks again and again."""
    meter = minimalmodbus.Instrument(url, unit)
    meter.serial.baudrate = baud
    meter.serial.timeout = 1.0
    parts = [[int(part) for part in block.split(":")] for block in blocks]
    begun = began = 0.0
    for number in range(polls + 1):
        if number == 1:
            begun, began = time.process_time(), time.monotonic()
        for function, start, count in parts:
            meter.read_registers(start, count, functioncode=function)
    spent, took = time.process_time() - begun, time.monotonic() - began
    sys.stdout.write(f"{spent / polls} {took / polls}\n")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
