"""Gridward integration: CHINT meters that stay on DL/T 645, with the entities of their Modbus side."""

from collections.abc import Mapping
from types import MappingProxyType

import voluptuous as vol

from gridward_chint import dlt645
from gridward_chint.decode_645 import decode
from gridward_chint.dialect import STEP
from gridward_chint.dlt645_dialect import Dlt645
from gridward_chint.dlt645_items import ADDRESS, values
from gridward_chint.rows import DIRECTION
from gridward_chint.rows_645 import ONE, THREE, rows, turned
from gridward_chint.simulator_645 import SERIAL, simulator
from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, NoAnswer, Refused
from gridward_kit.integration import Ask, Dialect, Example, Fact, Identity, Integration, Line, Options
from gridward_kit.modbus.counters import Counters
from gridward_kit.point import Value

STANDARD, STANDARD_1997 = "DL/T 645-2007", "DL/T 645-1997"
TRIES = 2
PHASE_B, PHASE_B_1997, ENERGY_1997 = 0x02010200, 0xB612, 0x9010


class Meter(Dlt645):
    """One meter; `invert`: wired the other way round. Its sum has only 8 bits, so counters are believed when
    two answers go together."""

    def __init__(self, model: str, facts: Mapping[str, Fact], *, old: bool, invert: bool) -> None:
        named = facts.get("tells_address") is True
        super().__init__(rows(model, old=old, named=named), str(facts["address"]), old=old)
        self.entities = (*(turned(self.entities) if invert else self.entities), DIRECTION)
        self._counters = Counters(self.entities, STEP)

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        return self._counters.doubt(values)


def _dialect(identity: Identity, options: Options) -> Dialect:
    old = identity.protocol == STANDARD_1997
    return Meter(identity.model, identity.facts, old=old, invert=options.get("invert") is True)


class _Line:
    """Questions to one meter during identification."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._dialect = Dlt645((), SERIAL)

    async def put(self, request: dlt645.Frame) -> dlt645.Frame:
        """Its answer; raises Refused, NoAnswer, BadFrame."""
        for left in reversed(range(TRIES)):
            try:
                return dlt645.accepted(await self._ask(request.sent(), self._dialect))
            except (BadFrame, NoAnswer):
                if not left:
                    raise
        raise NoAnswer("nothing was asked")

    async def has(self, address: bytes, identifier: int, *, old: bool = False) -> bool:
        """Whether it has a value."""
        try:
            answer = await self.put(dlt645.read(address, identifier, old=old))
        except (Refused, NoAnswer):
            return False
        return bool(values(answer, dlt645.joined([answer])))


async def identify(ask: Ask, options: Options) -> Identity:
    """The meter of the site file's `serial`; without one the only meter on the line, which is asked.

    Raises BadFrame where it is another model than it was said to be, NoAnswer where there is none.
    """
    line = _Line(ask)
    said = options.get("serial")
    address = dlt645.ANY if said is None else dlt645.wire_address(str(said))
    try:
        answer = await line.put(dlt645.read_address(address))
    except (NoAnswer, Refused) as error:
        found = await _of_1997(line, address, error)
    else:
        address = answer.data if len(answer.data) == 6 else answer.address
        told = await line.has(address, ADDRESS)
        facts: dict[str, Fact] = {"address": dlt645.serial_of(address), "tells_address": told}
        found = _identity(STANDARD, three=await line.has(address, PHASE_B), facts=facts)
    if options.get("model", found.model) != found.model:
        raise BadFrame(f"meter {found.serial} is a {found.model}, not a {options['model']}")
    return found


async def _of_1997(line: _Line, address: bytes, error: Exception) -> Identity:
    """Who does not say its address may be of 1997: then it counts energy under that standard's name."""
    try:
        answer = await line.put(dlt645.read(address, ENERGY_1997, old=True))
    except (Refused, NoAnswer):
        raise error from None
    three = await line.has(answer.address, PHASE_B_1997, old=True)
    return _identity(STANDARD_1997, three=three, facts={"address": dlt645.serial_of(answer.address)})


def _identity(standard: str, *, three: bool, facts: Mapping[str, Fact]) -> Identity:
    return Identity(THREE if three else ONE, standard, str(facts["address"]), None, "CHINT", facts)


def _entities(options: Options) -> tuple[Entity, ...]:
    models = (str(options["model"]),) if "model" in options else (ONE, THREE)
    return tuple({row.key: row for one in reversed(models) for row in rows(one)}.values())


def _serial(text: Fact) -> Fact:
    try:
        dlt645.wire_address(str(text))
    except ValueError as error:
        raise vol.Invalid(str(error)) from None
    return str(text)


FACTS: Mapping[str, Fact] = MappingProxyType({"address": SERIAL, "tells_address": True})
INTEGRATION = Integration(
    domain="chint_645",
    name="CHINT meter on DL/T 645",
    kind="meter",
    models=(ONE, THREE),
    line=Line(baud=2400, parity="E", stop=1, first=1.5, gap=0.5),
    poll=10.0,
    options={
        vol.Optional("serial"): _serial,
        vol.Optional("invert", default=False): bool,
    },
    entities=_entities,
    identify=identify,
    dialect=_dialect,
    decode=decode,
    simulator=simulator,
    example=_identity(STANDARD, three=False, facts=FACTS),
    examples={THREE: Example(_identity(STANDARD, three=True, facts=FACTS), {"model": THREE})},
)
