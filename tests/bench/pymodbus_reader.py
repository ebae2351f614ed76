"""A peer on Modbus lines: a bare pymodbus loop, in turns or awaited; processor and wall seconds of a poll.

Arguments: `sync` or `async`, port, baud, unit, number of polls, then `function:start:count` of each block.
Polls that fail take their time and count as none; after `LONGEST` it ends with those that went well.
"""

import asyncio
import sys
import time

from pymodbus.client import AsyncModbusSerialClient, ModbusSerialClient
from pymodbus.exceptions import ModbusException

LONGEST = 6.0


def told(done: int, begun: float, began: float) -> None:
    """Print what it cost."""
    spent, took = time.process_time() - begun, time.monotonic() - began
    sys.stdout.write(f"{spent / max(1, done)} {took / max(1, done)}\n")


def in_turns(url: str, baud: int, unit: int, polls: int, blocks: list[list[int]]) -> None:
    """Read the blocks again and again."""
    client = ModbusSerialClient(url, baudrate=baud, timeout=1.0)
    client.connect()
    read = {3: client.read_holding_registers, 4: client.read_input_registers}
    begun, began, done = 0.0, time.monotonic(), -1
    while done < polls and time.monotonic() - began < LONGEST:
        if done == 0:
            begun, began = time.process_time(), time.monotonic()
        try:
            answers = [read[code](start, count=count, device_id=unit) for code, start, count in blocks]
        except ModbusException:
            continue
        done += not any(answer.isError() for answer in answers)
    told(done, begun, began)


async def awaited(url: str, baud: int, unit: int, polls: int, blocks: list[list[int]]) -> None:
    """The same with the client for asyncio."""
    client = AsyncModbusSerialClient(url, baudrate=baud, timeout=1.0)
    await client.connect()
    read = {3: client.read_holding_registers, 4: client.read_input_registers}
    begun, began, done = 0.0, time.monotonic(), -1
    while done < polls and time.monotonic() - began < LONGEST:
        if done == 0:
            begun, began = time.process_time(), time.monotonic()
        try:
            answers = [await read[code](start, count=count, device_id=unit) for code, start, count in blocks]
        except ModbusException:
            continue
        done += not any(answer.isError() for answer in answers)
    told(done, begun, began)


if __name__ == "__main__":
    kind, port, *numbers = sys.argv[1:]
    speed, address, many = (int(number) for number in numbers[:3])
    parts = [[int(part) for part in block.split(":")] for block in numbers[3:]]
    if kind == "sync":
        in_turns(port, speed, address, many, parts)
    else:
        asyncio.run(awaited(port, speed, address, many, parts))
