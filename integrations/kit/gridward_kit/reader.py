"""Reads a device without a broker: identify once, then poll; what `read` and `scan` stand on."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from gridward_kit.clock import Clock
from gridward_kit.entity import Entity, by_query, derive, readings
from gridward_kit.errors import DeviceError, NoAnswer, Refused
from gridward_kit.integration import Dialect, Identity, Integration, Options, Query
from gridward_kit.pace import Pace
from gridward_kit.paced import paced
from gridward_kit.point import Value
from gridward_kit.port import Port

RARELY = 600.0
SPOILT_MOST = 2
DOUBTED_MOST = 3


@dataclass(slots=True)
class Poll:
    """One pass over a device's queries: when it ended (wall time), its values, what went wrong."""

    at: float
    values: dict[str, Value]
    errors: list[str] = field(default_factory=list)


class Reader:
    """One device on a port of its own, asked at its pace, which goes on from another reader's where given."""

    def __init__(
        self,
        integration: Integration,
        port: Port,
        options: Options,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        if integration.identify is None or integration.dialect is None:
            raise ValueError(f"{integration.domain} is not a device on a line")
        self._identify = integration.identify
        self._dialect = integration.dialect
        self._port = port
        self._options = options
        self._clock = clock
        self._pace = pace or Pace()
        self._rows: dict[str, tuple[Entity, ...]] = {}

    async def identify(self) -> Identity:
        """Find out what answers, by harmless queries; raises DeviceError in words."""
        return await self._identify(self._ask, self._options)

    async def polls(self, identity: Identity, only: Sequence[str] = ()) -> AsyncGenerator[Poll, None]:
        """Poll again and again without a pause; what hardly changes only every so often.

        Raises NoAnswer when a whole pass brings nothing.
        """
        dialect = self._dialect(identity, self._options)
        dialect.on(self._port.line)
        self._rows = by_query(dialect.entities)
        twice = {query.name for query in dialect.queries if query.twice}
        queries = [Query(name, twice=name in twice) for name in only] or list(dialect.queries)
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
        """Values of one query; what is not believed alone is asked for again."""
        said: dict[str, Value] | None = None
        for asked in range(1, DOUBTED_MOST + 1):
            payload = await self._payload(dialect, query, poll)
            if payload is None:
                return
            got = readings(self._rows.get(query.name, ()), query.name, payload)
            doubted = dialect.doubt(got.values, {})
            values = {key: value for key, value in got.values.items() if key not in doubted}
            alone = query.twice and values != said
            said = values
            if (doubted or alone) and asked < DOUBTED_MOST:
                continue
            if alone:
                poll.errors.append(f"{query.name}: no two answers are alike")
                return
            into |= values
            poll.errors += [f"{key}: an impossible value was dropped" for key in (*got.impossible, *doubted)]
            return

    async def _payload(self, dialect: Dialect, query: Query, poll: Poll) -> bytes | None:
        """One good answer, asked for again where it is spoilt; None, and told, where there is none."""
        for trial in range(1, SPOILT_MOST + 1):
            try:
                answer = await self._ask(dialect.request(query.name), dialect)
                return dialect.payload(query.name, answer)
            except Refused:
                raise
            except DeviceError as error:
                if trial == SPOILT_MOST:
                    poll.errors.append(f"{query.name}: {error}")
        return None

    async def _ask(self, request: bytes, dialect: Dialect) -> bytes:
        return await paced(self._port, self._pace, self._clock, dialect, request)
