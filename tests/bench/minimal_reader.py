"""The peer on Modbus lines: minimalmodbus on the same blocks; prints the processor seconds of each poll.

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
    begun = 0.0
    for number in range(polls + 1):
        if number == 1:
            begun = time.process_time()
        for function, start, count in parts:
            meter.read_registers(start, count, functioncode=function)
    sys.stdout.write(f"{(time.process_time() - begun) / polls}\n")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
