"""Our reader on a fixed list of queries: prints processor and wall seconds of each poll but the first.

Arguments: `domain[:model[:address]]`, port, number of polls, queries.
"""

import asyncio
import contextlib
import sys
import time

from gridward_kit.clock import SystemClock
from gridward_kit.integration import Fact, integrations
from gridward_kit.port import Port
from gridward_kit.reader import Reader


async def main(token: str, url: str, polls: int, queries: list[str]) -> None:
    """Identify outside the measure, then poll and decode every value."""
    domain, model, address, *_ = f"{token}::".split(":")
    options: dict[str, Fact] = {"model": model} if model else {}
    if address:
        options["address"] = int(address)
    integration = integrations()[domain]
    clock = SystemClock()
    port = Port(url, integration.line, clock)
    reader = Reader(integration, port, options, clock)
    identity = await reader.identify()
    begun, began, number = 0.0, 0.0, 0
    async with contextlib.aclosing(reader.polls(identity, queries)) as passes:
        async for poll in passes:
            assert not poll.errors, poll.errors
            if number == 0:
                begun, began = time.process_time(), time.monotonic()
            if number == polls:
                break
            number += 1
    spent, took = time.process_time() - begun, time.monotonic() - began
    sys.stdout.write(f"{spent / polls} {took / polls}\n")
    port.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
