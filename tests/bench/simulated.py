"""A simulated device in a process of its own: prints its port, and on a line of input its stamps as JSON."""

import asyncio
import json
import sys

from gridward_kit.integration import integrations
from gridward_kit.simulate import serve_pty


async def main(domain: str) -> None:
    """Serve until the input ends."""
    integration = integrations()[domain]
    assert integration.simulator
    served = serve_pty([integration.simulator({})], integration.line)
    assert served.wire
    served.wire.stamps = []
    sys.stdout.write(served.url + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        sys.stdout.write(json.dumps(served.wire.stamps) + "\n")
        sys.stdout.flush()
        served.wire.stamps = []


asyncio.run(main(sys.argv[1]))
