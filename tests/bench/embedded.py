"""The broker of the demo in a process of its own, until its standard input ends."""

import asyncio
import sys

from gridward.broker import embedded_broker


async def main(port: int) -> None:
    """Serve."""
    async with embedded_broker(port):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(int(sys.argv[1])))
