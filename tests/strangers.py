"""Other people's Modbus at both ends: pymodbus' server, filled from rows, and Debian's mbpoll."""

import asyncio
import contextlib
import re
import shutil
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gridward_kit.entity import Entity
from gridward_kit.modbus import INPUT, Profile, Register
from gridward_kit.point import Value

SIZE = 0x10000


def words(point: Register, value: Value, *, low_first: bool) -> list[int]:
    """The registers that hold a value, said anew with `struct` and without the code under test."""
    if point.form in ("text", "low_text"):
        letters = str(value).encode().ljust(2 * point.count, b"\0")
        if point.form == "low_text":
            return list(letters[: point.count])
        return list(struct.unpack(f">{point.count}H", letters[: 2 * point.count]))
    if point.codes is not None:
        number = float(next(raw for raw, name in point.codes.items() if name == value))
    else:
        number = float(value) / point.scale
    if point.form == "f32":
        packed = struct.pack(">f", number)
    else:
        packed = round(number).to_bytes(2 * point.count, "big", signed=point.form.startswith("s"))
    cells = list(struct.unpack(f">{point.count}H", packed))
    return cells[::-1] if low_first else cells


@contextlib.asynccontextmanager
async def served(
    rows: Sequence[Entity],
    profile: Profile,
    state: Mapping[str, Value],
    unit: int,
    framer: FramerType = FramerType.SOCKET,
) -> AsyncIterator[int]:
    """A pymodbus server on a free loopback port that holds these values; gives the port."""
    tables = {3: [0] * SIZE, 4: [0] * SIZE}
    for row in rows:
        if isinstance(row.at, Register) and row.key in state and row.at.place is None:
            function = row.at.function or profile.function
            low_first = profile.low_first if row.at.low_first is None else row.at.low_first
            cells = words(row.at, state[row.key], low_first=low_first)
            tables[function][row.at.address : row.at.address + len(cells)] = cells
    blocks = [
        [SimData(0, values=False, count=16, datatype=DataType.BITS)],
        [SimData(0, values=False, count=16, datatype=DataType.BITS)],
        [SimData(0, values=tables[3], datatype=DataType.REGISTERS)],
        [SimData(0, values=tables[INPUT], datatype=DataType.REGISTERS)],
    ]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    device = SimDevice(unit, simdata=(blocks[0], blocks[1], blocks[2], blocks[3]))
    server = ModbusTcpServer(device, framer=framer, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


async def mbpoll(url: str, *words: str) -> dict[int, str]:
    """What mbpoll reads from a serial line once, by its number of the register; fails where it fails."""
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")
    process = await asyncio.create_subprocess_exec(
        program, "-m", "rtu", "-1", "-0", "-q", *words, url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out
    return {int(place): value.strip() for place, value in re.findall(r"\[(\d+)\]:\s+(.*)", out)}
