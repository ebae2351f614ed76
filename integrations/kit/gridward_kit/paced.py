"""One request to one device at its pace: what a bus and a reader share."""

from collections.abc import Callable

from gridward_kit.clock import Clock
from gridward_kit.errors import BadFrame, NoAnswer
from gridward_kit.integration import Dialect
from gridward_kit.pace import Pace
from gridward_kit.port import Port


async def paced(
    port: Port,
    pace: Pace,
    clock: Clock,
    dialect: Dialect,
    request: bytes,
    meanwhile: Callable[[], None] | None = None,
) -> bytes:
    """Its answer, asked for when it may be asked again; `meanwhile` is called once the request is sent.

    Raises DeviceError as `Port.exchange` does.
    """
    rest = pace.until - clock.monotonic()
    if rest > 0:
        await clock.sleep(rest)
    started = clock.monotonic()
    try:
        answer = await port.exchange(
            request, lambda buffer, quiet: dialect.cut(request, buffer, quiet=quiet), meanwhile=meanwhile
        )
    except NoAnswer:
        pace.silent(started, dialect.late)
        raise
    except BadFrame:
        pace.answered(clock.monotonic(), dialect.pause)
        raise
    pace.answered(clock.monotonic(), dialect.pause)
    return answer
