"""Our reader on a fixed list of queries: prints the processor seconds of each poll but the first."""

import asyncio
import contextlib
import sys
import time

from gridward_kit.clock import SystemClock
from gridward_kit.integration import integrations
from gridward_kit.port import Port
from gridward_kit.reader import Reader


async def main(domain: str, url: str, polls: int, queries: list[str]) -> None:
    """Identify outside the measure, then poll and decode every value."""
    integration = integrations()[domain]
    clock = SystemClock()
    port = Port(url, integration.line, clock)
    reader = Reader(integration, port, {}, clock)
    identity = await reader.identify()
    begun, number = 0.0, 0
    async with contextlib.aclosing(reader.polls(identity, queries)) as passes:
        async for poll in passes:
            assert not poll.errors, poll.errors
            if number == 0:
                begun = time.process_time()
            if number == polls:
                break
            number += 1
    sys.stdout.write(f"{(time.process_time() - begun) / polls}\n")
    port.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
