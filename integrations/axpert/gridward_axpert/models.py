"""The protocols side by side: which model speaks which, a unit's dialect, its simulator, decoding.

Which protocol a unit speaks is found out by asking it and kept in its identity; the name of a model in the
site file never decides it.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from gridward_axpert import caret, entities, protocol
from gridward_axpert.caret import DATED, Caret, Protocol, shape_of
from gridward_axpert.caret_simulator import CaretSimulator, Model
from gridward_axpert.pi17 import PI17
from gridward_axpert.pi17 import templates as pi17
from gridward_axpert.pi18 import PI18
from gridward_axpert.pi18 import templates as pi18
from gridward_axpert.shapes import known
from gridward_axpert.simulated import SimulatedUnit
from gridward_axpert.simulator import AxpertSimulator
from gridward_axpert.unit import Unit, from_facts
from gridward_kit.entity import Entity, readings
from gridward_kit.errors import BadFrame
from gridward_kit.integration import Dialect, Identity, Options
from gridward_kit.point import Value

CARETS: Mapping[str, Protocol] = {item.name: item for item in (PI18, PI17)}
CARET_MODELS: Mapping[str, Model] = {
    "infini-v": Model(PI18, pi18.INFINI_V, pi18.SETTERS),
    "sv-iv": Model(PI18, pi18.SV_IV, pi18.SETTERS, pi18.SV_IV_BARE),
    "infini-10k": Model(PI17, pi17.INFINI_10K, pi17.SETTERS),
}
FAMILIES: Mapping[str, str] = {"pi18": "infini-v", "pi17": "infini-10k"}
MODELS = (*entities.MODELS, *FAMILIES, *CARET_MODELS)


def protocol_of(model: str) -> Protocol | None:
    """The `^` protocol that a model speaks; None for PI30 and PI41. Raises ValueError for no model."""
    name = FAMILIES.get(model.lower(), model.lower())
    if name in CARET_MODELS:
        return CARET_MODELS[name].protocol
    if name not in {**entities.ALIASES, **entities.MODELS}:
        raise ValueError(f"{model!r} is none of {', '.join(MODELS)}")
    return None


def simulated(options: Options) -> SimulatedUnit:
    """A unit of the model that the options name; a VM III where they name none."""
    model = str(options.get("model", "vm-iii")).lower()
    if protocol_of(model) is None:
        return AxpertSimulator(options)
    return CaretSimulator(CARET_MODELS[FAMILIES.get(model, model)], options)


def dialect(identity: Identity, options: Options) -> Dialect:
    """The language of the unit that was identified; nothing is guessed anew."""
    spoken = CARETS.get(identity.protocol)
    if spoken is None:
        model = options.get("model")
        fits = isinstance(model, str) and protocol_of(model) is None
        return entities.dialect(identity, options if fits else {})
    unit = from_facts(identity.facts)
    proof = ("ID", "serial_number") if "ID" in unit.queries and identity.serial else None
    return Caret(spoken, spoken.of_unit(unit), spoken.queries(unit), proof, unit.bare)


def decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """All values in a captured answer; without a model the protocol is told by request and answer.

    `request` is a command's name or the hex of its bytes. An accepted setter has no values. Raises
    BadFrame, Refused, and ValueError for a request or a model that is none.
    """
    spoken = protocol_of(model) if model else _told(request, reply)
    if spoken is None:
        return entities.decode(model, request, reply)
    command = caret.command_of(request)
    sent = spoken.request(command)
    cut_out = protocol.cut(sent, reply)
    if cut_out is None or cut_out[1]:
        raise BadFrame(f"not one whole answer: {reply[:32].hex(' ')}")
    if not spoken.known(command):
        Caret(spoken).acknowledge(sent, cut_out[0])
        return {}
    query = shape_of(command) if shape_of(command) in DATED else command
    text = spoken.payload(query, cut_out[0])
    return readings(spoken.fitted(query, spoken.learn({query: text})), query, text).values


def _told(request: str, reply: bytes) -> Protocol | None:
    """The `^` protocol of a captured answer: what the request's length counts, else the answer's shape."""
    if b"^" not in reply[:8] or known(request.strip().upper()):
        return None
    command = caret.command_of(request)
    for spoken in CARETS.values():
        whole = spoken.request(command)
        if request.strip().startswith(whole[:5].decode("ascii")) or _starts(request, whole):
            return spoken
    for spoken in (item for item in CARETS.values() if item.known(command)):
        try:
            spoken.payload(command, reply)
        except BadFrame:
            continue
        return spoken
    return PI18


def _starts(request: str, whole: bytes) -> bool:
    try:
        return bytes.fromhex(request).startswith(whole[:5])
    except ValueError:
        return False


@cache
def every() -> tuple[Entity, ...]:
    """Every row that any unit of any protocol can have; one that can be set goes before one that cannot."""
    found: dict[str, Entity] = {}
    for row in (*entities.every(), *_rows(PI18), *_rows(PI17)):
        if row.setting is not None and found.get(row.key, row).setting is None:
            found[row.key] = row
        found.setdefault(row.key, row)
    return tuple(found.values())


def _rows(spoken: Protocol) -> Iterator[Entity]:
    """A protocol's rows in all layouts; those of units in parallel number by number."""
    for unit in (Unit(), Unit(counts={"BATS": 21, "ACCT": 4, "ACLT": 4})):
        for query in spoken.shapes:
            if query not in ("PGS", "PRI"):
                yield from spoken.fitted(query, unit)
    for query in (name for name in ("PGS", "PRI") if name in spoken.shapes):
        for alike in zip(*(spoken.fitted(f"{query}{number}", Unit()) for number in range(10)), strict=True):
            yield from alike
    yield caret.SET_CLOCK
