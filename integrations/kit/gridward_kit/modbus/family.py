"""An integration made of the tables of a maker's Modbus devices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import voluptuous as vol

from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Ask, Dialect, Example, Fact, Identity, Integration, Line, Options
from gridward_kit.modbus.dialect import LINE, Modbus, decode, ordered
from gridward_kit.modbus.plan import Profile
from gridward_kit.modbus.registers import Register
from gridward_kit.modbus.simulator import Unit
from gridward_kit.point import Value

PROTOCOL = "modbus"
TRIES = 2
ABOUT = ("serial_number", "firmware")


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: its rows, what it allows, and what its simulator shows at rest.

    `proof` is the key of the row that tells this very unit from others of its kind, or at least its kind
    (a version, a meter code). `step` is by how much a counter may move between two answers (kWh and the
    like; see `Counters`). `code` is a register that says the model and the values that mean this one.
    """

    rows: tuple[Entity, ...]
    profile: Profile = field(default_factory=Profile)
    state: Mapping[str, Value] = field(default_factory=dict)
    proof: str = "serial_number"
    step: float | None = None
    code: tuple[Register, tuple[Value, ...]] | None = None

    def row(self, key: str) -> Register | None:
        """Where a key lies, with this model's order of words."""
        found = next((ordered(row, self.profile).at for row in self.rows if row.key == key), None)
        return found if isinstance(found, Register) else None


@dataclass(frozen=True)
class Family:
    """A maker's models by name; the first is taken where none is said.

    `shaped` is a model as the site file's further options or the facts of an identity want it.
    """

    models: Mapping[str, Model]
    manufacturer: str
    shaped: Callable[[Model, Options], Model] = lambda model, _: model

    @property
    def first(self) -> str:
        """The model that is taken where none is said."""
        return next(iter(self.models))

    def chosen(self, options: Options, name: str | None = None) -> Model:
        """The model of a name, or the one that the options say."""
        return self.shaped(self.models[name or str(options.get("model", self.first))], options)

    def dialect(self, identity: Identity, options: Options) -> Dialect:
        """The language of an identified unit."""
        model = self.chosen({**identity.facts, **options}, identity.model)
        known = identity.serial if model.proof == "serial_number" else identity.facts.get(model.proof)
        proof = None if known is None else model.proof
        return Modbus(model.rows, model.profile, address(options), proof=proof, step=model.step)

    def simulator(self, options: Options) -> Unit:
        """A simulated unit."""
        model = self.chosen(options)
        return Unit(model.rows, model.profile, address(options), model.state)

    def entities(self, options: Options) -> tuple[Entity, ...]:
        """The rows of the model that the options say; of all without one."""
        wanted = [options.get("model")] if "model" in options else list(self.models)
        models = [self.chosen(options, str(one)) for one in wanted]
        return tuple({row.key: row for model in reversed(models) for row in model.rows}.values())

    def decode(self, model: str | None, request: str, reply: bytes) -> dict[str, Value]:
        """The values of any read of a model; raises ValueError for a model that there is not."""
        if model is not None and model not in self.models:
            raise ValueError(f"no model {model!r}; there are {', '.join(self.models)}")
        one = self.chosen({}, model)
        return decode(one.rows, one.profile, _hex(request), reply)

    async def identify(self, ask: Ask, options: Options) -> Identity:
        """Which of the models a unit is."""
        said = options.get("model")
        shapes = {one: self.chosen(options, one) for one in self.models}
        return await find(
            ask, shapes, address(options), self.manufacturer, None if said is None else str(said)
        )

    def examples(self) -> dict[str, Example]:
        """Each model's simulator for the contract tests."""
        return {
            one: Example(resting(one, model, self.manufacturer), {"model": one})
            for one, model in self.models.items()
        }


def family(
    domain: str,
    name: str,
    kind: str,
    models: Mapping[str, Model],
    *,
    manufacturer: str,
    line: Line = LINE,
    poll: float = 1.0,
    options: Mapping[vol.Marker, Callable[[Fact], Fact]] | None = None,
    shaped: Callable[[Model, Options], Model] = lambda model, _: model,
) -> Integration:
    """The integration of a maker's models; `options` are further ones of the site file."""
    made = Family(models, manufacturer, shaped)
    examples = made.examples()
    return Integration(
        domain=domain,
        name=name,
        kind=kind,
        models=tuple(models),
        line=line,
        poll=poll,
        options={vol.Optional("address", default=1): vol.All(int, vol.Range(1, 247)), **(options or {})},
        entities=made.entities,
        identify=made.identify,
        dialect=made.dialect,
        decode=made.decode,
        simulator=made.simulator,
        example=examples.pop(made.first).identity,
        examples=examples,
    )


def address(options: Options) -> int:
    """The unit's address, 1 to 247; raises TypeError for anything else than a number."""
    unit = options.get("address", 1)
    if not isinstance(unit, int):
        raise TypeError(f"`address` is {unit!r}, not a whole number")
    return unit


def resting(name: str, model: Model, manufacturer: str) -> Identity:
    """The identity of a model's simulator."""
    return _identity(name, manufacturer, {key: model.state[key] for key in _about(model)})


def _about(model: Model) -> list[str]:
    return [key for key in (*ABOUT, model.proof) if model.row(key) is not None and key in model.state]


async def find(
    ask: Ask, models: Mapping[str, Model], unit: int, manufacturer: str, said: str | None
) -> Identity:
    """Which of the models answers as a unit, by harmless reads; `said` is what a person says it is.

    Raises BadFrame when the unit says that it is another model than it was said to be, or none of them;
    NoAnswer when it is silent.
    """
    told: Value | None = None
    for name, model in models.items():
        if model.code is not None:
            told = await value(ask, model, unit, model.code[0])
            if told in model.code[1]:
                if said not in (None, name):
                    raise BadFrame(f"unit {unit} says that it is a {name} ({told}), not a {said}")
                return await _known(ask, name, model, unit, manufacturer)
    for name, model in models.items():
        if said == name or (said is None and model.code is None):
            return await _known(ask, name, model, unit, manufacturer)
    raise BadFrame(f"unit {unit} is none of {', '.join(models)}, it says {told}; give its `model`")


async def _known(ask: Ask, name: str, model: Model, unit: int, manufacturer: str) -> Identity:
    found: dict[str, Value] = {}
    for key in dict.fromkeys((*ABOUT, model.proof)):
        point = model.row(key)
        got = None if point is None else await value(ask, model, unit, point)
        if got is not None:
            found[key] = got
    if not found:
        raise BadFrame(f"unit {unit} has nothing of a {name}: no {model.proof}")
    return _identity(name, manufacturer, found)


def _identity(name: str, manufacturer: str, found: Mapping[str, Value]) -> Identity:
    serial, firmware = found.get("serial_number"), found.get("firmware")
    return Identity(
        model=name,
        protocol=PROTOCOL,
        serial=None if serial is None else str(serial),
        firmware=None if firmware is None else str(firmware),
        manufacturer=manufacturer,
        facts={key: item for key, item in found.items() if key not in ABOUT},
    )


async def value(ask: Ask, model: Model, unit: int, point: Register) -> Value | None:
    """One value of a unit; None where it refuses the register. Asked again where the answer is spoilt."""
    row = Entity("one", "One", replace(point, every=0.0))
    one = Modbus((row,), model.profile, unit)
    query = one.queries[0].name
    for left in reversed(range(TRIES)):
        try:
            payload = one.payload(query, await ask(one.request(query), one))
        except Refused:
            return None
        except (BadFrame, NoAnswer):
            if not left:
                raise
        else:
            at = one.entities[0].at
            return None if at is None else at.decode(payload)
    return None


def _hex(request: str) -> bytes:
    try:
        return bytes.fromhex(request)
    except ValueError:
        raise BadFrame(f"the request is not hex: {request[:40]!r}") from None
