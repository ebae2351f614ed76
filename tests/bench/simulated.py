"""Simulated devices on one line, in a process of their own.

Arguments: `domain[:model[:address]]` each, `--silent ADDRESS`, `--wrong SHARE` of answers with a flipped bit.
Prints the port; on each line of input all stamps since the last as JSON: kind, time, bytes in hex.
"""

import argparse
import asyncio
import json
import sys

from gridward_kit.faults import Faults
from gridward_kit.integration import Fact, Simulator, integrations
from gridward_kit.simulate import serve_pty


def made(token: str) -> Simulator:
    """The simulated device that a token names."""
    domain, _, rest = token.partition(":")
    model, _, address = rest.partition(":")
    options: dict[str, Fact] = {}
    if model:
        options["model"] = model
    if address:
        options["address"] = int(address)
    simulator = integrations()[domain].simulator
    assert simulator
    return simulator(options)


async def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("devices", nargs="+")
    parser.add_argument("--silent", default="")
    parser.add_argument("--wrong", type=float, default=0.0)
    chosen = parser.parse_args()
    line = integrations()[chosen.devices[0].partition(":")[0]].line
    heard = [
        token for token in chosen.devices if not chosen.silent or not token.endswith(f":{chosen.silent}")
    ]
    served = serve_pty(
        [made(token) for token in heard],
        line,
        faults=Faults(wrong_checksum=chosen.wrong),
        chunk=1 if len(heard) == 1 else 16,
        strict=line.modbus,
    )
    assert served.wire
    served.wire.stamps = []
    sys.stdout.write(served.url + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        told = [(kind, at, data.hex()) for kind, at, data in served.wire.stamps]
        sys.stdout.write(json.dumps({"stamps": told, "hurried": served.wire.hurried}) + "\n")
        sys.stdout.flush()
        served.wire.stamps = []


asyncio.run(main())
