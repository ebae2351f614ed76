"""Reads a device without a broker: identify once, then poll; what `read` and `scan` stand on."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from gridward_kit.clock import Clock
from gridward_kit.entity import Entity, by_query, derive, readings
from gridward_kit.errors import DeviceError, NoAnswer, Refused
from gridward_kit.integration import Dialect, Identity, Integration, Options, Query
from gridward_kit.point import Value
from gridward_kit.port import Port

RARELY = 600.0


@dataclass(slots=True)
class Poll:
    """One pass over a device's queries: when it ended (wall time), its values, what went wrong."""

    at: float
    values: dict[str, Value]
    errors: list[str] = field(default_factory=list)


class Reader:
    """One device on a port of its own."""

    def __init__(self, integration: Integration, port: Port, options: Options, clock: Clock) -> None:
        if integration.identify is None or integration.dialect is None:
            raise ValueError(f"{integration.domain} is not a device on a line")
        self._identify = integration.identify
        self._dialect = integration.dialect
        self._port = port
        self._options = options
        self._clock = clock
        self._rows: dict[str, tuple[Entity, ...]] = {}

    async def identify(self) -> Identity:
        """Find out what answers, by harmless queries; raises DeviceError in words."""
        return await self._identify(self._ask, self._options)

    async def polls(self, identity: Identity, only: Sequence[str] = ()) -> AsyncGenerator[Poll, None]:
        """Poll again and again without a pause; what hardly changes only every so often.

        Raises NoAnswer when a whole pass brings nothing.
        """
        dialect = self._dialect(identity, self._options)
        self._rows = by_query(dialect.entities)
        queries = [Query(name) for name in only] or list(dialect.queries)
        due = {query.name: 0.0 for query in queries}
        kept: dict[str, Value] = {}
        while True:
            poll = Poll(0.0, {})
            for query in queries:
                now = self._clock.monotonic()
                if now < due[query.name]:
                    continue
                rarely = query.every >= RARELY
                try:
                    await self._take(dialect, query, poll, kept if rarely else poll.values)
                except Refused:
                    due[query.name] = float("inf")
                else:
                    due[query.name] = now + query.every if rarely else 0.0
            if not poll.values and not kept:
                raise NoAnswer(poll.errors[0] if poll.errors else "the device refuses every query")
            values = {**kept, **poll.values}
            poll.values = {**values, **derive(self._rows.get("", ()), values)}
            poll.at = self._clock.time()
            yield poll

    async def _take(self, dialect: Dialect, query: Query, poll: Poll, into: dict[str, Value]) -> None:
        for trial in (1, 2):
            try:
                answer = await self._ask(dialect.request(query.name), dialect)
                payload = dialect.payload(query.name, answer)
            except Refused:
                raise
            except DeviceError as error:
                if trial == 2:
                    poll.errors.append(f"{query.name}: {error}")
                continue
            got = readings(self._rows.get(query.name, ()), query.name, payload)
            doubted = dialect.doubt(got.values, {})
            into |= {key: value for key, value in got.values.items() if key not in doubted}
            poll.errors += [f"{key}: an impossible value was dropped" for key in (*got.impossible, *doubted)]
            return

    async def _ask(self, request: bytes, dialect: Dialect) -> bytes:
        return await self._port.exchange(
            request, lambda buffer, quiet: dialect.cut(request, buffer, quiet=quiet)
        )
