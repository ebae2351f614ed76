"""One SRNE unit asked without a line between, and the ways in which units differ from the simulated one."""

from collections.abc import Callable, Mapping
from datetime import datetime

from gridward_kit.entity import derive, readings
from gridward_kit.errors import NoAnswer, Refused
from gridward_kit.integration import Ask, Dialect, Identity, Options, Simulator
from gridward_kit.modbus import Register, Unit, frame
from gridward_kit.modbus.frame import asked
from gridward_kit.point import Value
from gridward_srne import INTEGRATION
from gridward_srne.blocks import INVERTER
from gridward_srne.simulator import Controller, Inverter, simulator

Deaf = Callable[[int, int], bool]


def never(_start: int, _count: int) -> bool:
    return False


def asking(unit: Simulator, deaf: Deaf = never) -> Ask:
    """What identification puts its requests to; to some reads the unit says nothing."""

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        _, _, start, count = asked(request)
        answer = b"" if deaf(start, count) else b"".join(unit.receive(request, 0.0))
        found = dialect.cut(request, answer, quiet=True)
        if found is None:
            raise NoAnswer("no answer")
        return found[0]

    return ask


async def found(unit: Simulator, options: Options | None = None, deaf: Deaf = never) -> Identity:
    assert INTEGRATION.identify
    return await INTEGRATION.identify(asking(unit, deaf), options or {})


def inverter(model: str = "single_phase", lacking: tuple[str, ...] = ()) -> Inverter:
    """A hybrid without some blocks."""
    unit = simulator({"model": model})
    assert isinstance(unit, Inverter)
    gone = [block for block in INVERTER if block.name in lacking]
    unit.holes = frozenset(address for block in gone for address in range(block.first, block.last + 1))
    return unit


def controller() -> Controller:
    unit = simulator({"model": "mppt"})
    assert isinstance(unit, Controller)
    return unit


def registers(unit: Unit, start: int, *words: int) -> None:
    """Put these words there, whatever the rows say."""
    unit.fixed |= {(frame.HOLDING, start + place): word for place, word in enumerate(words)}
    for key, row in unit.rows.items():
        if isinstance(row.at, Register) and start <= row.at.address < start + len(words):
            unit.state.pop(key, None)


def read(language: Dialect, unit: Simulator, before: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """Everything believed of one poll of all queries, raising what the unit refuses."""
    values: dict[str, Value] = {}
    for query in language.queries:
        answer = language.cut(
            language.request(query.name),
            b"".join(unit.receive(language.request(query.name), 0.0)),
            quiet=True,
        )
        assert answer is not None, query.name
        got = readings(language.entities, query.name, language.payload(query.name, answer[0])).values
        doubted = language.doubt(got, before or {})
        values |= {key: value for key, value in got.items() if key not in doubted}
    return values | derive(language.entities, values)


def settled(language: Dialect, unit: Simulator) -> dict[str, Value]:
    """The second poll: counters are believed from then on."""
    return read(language, unit, read(language, unit))


def put(language: Dialect, unit: Simulator, key: str, value: Value) -> None:
    """Set a value as the bus does: unlocked, then each candidate until one is taken; raises Refused."""
    row = next(row for row in language.entities if row.key == key)
    now = datetime(2026, 11, 21, 14, 5, 30)
    requests = language.write(row, row.accept(value), now)
    for request in language.unlock(row):
        language.acknowledge(request, b"".join(unit.receive(request, 0.0)))
    refusal: Refused | None = None
    for request in requests:
        try:
            language.acknowledge(request, b"".join(unit.receive(request, 0.0)))
        except Refused as error:
            refusal = error
        else:
            return
    assert refusal is not None
    raise refusal


def example(model: str, **facts: Value) -> Identity:
    """The example's identity of a model, with other facts."""
    one = next(
        item.example
        for _, item in INTEGRATION.each()
        if item.example is not None and item.example.model == model
    )
    return Identity(
        one.model, one.protocol, one.serial, one.firmware, one.manufacturer, {**one.facts, **facts}
    )
