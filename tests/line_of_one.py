"""One simulated meter, asked without a line between."""

from collections.abc import Mapping

from gridward_chint import INTEGRATION
from gridward_kit.entity import derive, readings
from gridward_kit.errors import NoAnswer, Refused
from gridward_kit.integration import Ask, Dialect, Identity, Integration, Options, Simulator
from gridward_kit.point import Value


def asking(meter: Simulator) -> Ask:
    """What identification puts its requests to."""
    now = 0.0

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        nonlocal now
        now += 1.0
        found = dialect.cut(request, b"".join(meter.receive(request, now)), quiet=True)
        if found is None:
            raise NoAnswer("nobody is there")
        return found[0]

    return ask


async def found(
    meter: Simulator, options: Options | None = None, integration: Integration = INTEGRATION
) -> Identity:
    """What identification makes of a meter."""
    assert integration.identify
    return await integration.identify(asking(meter), options or {})


def spoken(
    identity: Identity, options: Options | None = None, integration: Integration = INTEGRATION
) -> Dialect:
    """The dialect of a meter that was found."""
    assert integration.dialect
    return integration.dialect(identity, options or {})


def polled(
    dialect: Dialect, meter: Simulator, before: Mapping[str, Value] | None = None, now: float = 1000.0
) -> dict[str, Value]:
    """Everything that is believed of one poll of all queries; what is refused is asked in smaller parts."""
    values: dict[str, Value] = {}
    waiting = [query.name for query in dialect.queries]
    while waiting:
        name = waiting.pop(0)
        now += 1.0
        request = dialect.request(name)
        answer = dialect.cut(request, b"".join(meter.receive(request, now)), quiet=True)
        assert answer is not None, name
        try:
            payload = dialect.payload(name, answer[0])
        except Refused:
            known = {query.name for query in dialect.queries}
            if dialect.without(name):
                waiting += [query.name for query in dialect.queries if query.name not in known]
            continue
        got = readings(dialect.entities, name, payload).values
        doubted = dialect.doubt(got, before or {})
        values |= {key: value for key, value in got.items() if key not in doubted}
    return {**values, **derive(dialect.entities, values)}


def believed(dialect: Dialect, meter: Simulator) -> dict[str, Value]:
    """Values of two polls: counters are believed with their second answer."""
    polled(dialect, meter)
    return polled(dialect, meter, now=2000.0)
