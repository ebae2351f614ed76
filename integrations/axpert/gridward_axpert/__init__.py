"""Axpert and other Voltronic inverters on RS232 or USB: PI30 and its variants."""

import re
from dataclasses import dataclass, field
from itertools import combinations

import voluptuous as vol

from gridward_axpert.entities import MODELS, decode, dialect, every, variant_of
from gridward_axpert.protocol import Pi30, frame
from gridward_axpert.simulator import LINE, AxpertSimulator
from gridward_axpert.unit import Unit, learn
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.integration import Ask, Identity, Integration, Options
from gridward_kit.point import fields

NEEDED = ("QPIGS", "QPIRI")
OPTIONAL = (
    *("QID", "QSID", "QVFW", "QVFW2", "QVFW3", "QMN", "QGMN", "QMOD", "QPIWS", "QFLAG", "QPIGS2"),
    *("QMCHGCR", "QMUCHGCR", "QBEQI", "Q1", "QET", "QLT", "QT", "QBMS", "QBATCD", "QPGS0"),
)
TRIES = 3


async def identify(ask: Ask, options: Options) -> Identity:
    """Find out what the unit is by questions that change nothing.

    A query that the unit refuses twice, or leaves unanswered, is not asked again later. Raises
    DeviceError, in words, for a device that does not speak PI30.
    """
    unit = Interview(ask)
    model = options.get("model")
    variant = variant_of(model) if isinstance(model, str) else None
    await unit.greet()
    for query in NEEDED:
        unit.answers[query] = await unit.answer(query)
    for query in OPTIONAL:
        await unit.may_answer(query)
    if "QMN" not in unit.answers and "." not in fields(unit.answers["QPIGS"])[12]:
        await unit.may_answer("QALL")
    if learn(unit.answers, variant).parallel:
        await unit.others()
    if learn(unit.answers, variant).variant == "mst":
        for query in [query for query in unit.answers if query.startswith("QPGS")]:
            await unit.may_answer(query.replace("QPGS", "QP2GS"))
    return _identity(learn(_one_serial(unit.answers), variant), unit.answers)


@dataclass
class Interview:
    """Questions to one unit, and what it answered. `says_no` and `silent`: how it refuses, once seen."""

    ask: Ask
    answers: dict[str, bytes] = field(default_factory=dict)
    says_no: bool = False
    silent: bool = False

    async def greet(self) -> None:
        """Make sure that it speaks PI30; raises DeviceError that says what it speaks."""
        try:
            protocol = (await self.answer("QPI")).decode("ascii")
        except Refused:
            protocol = await self._without_name()
        if protocol != "PI30":
            raise DeviceError(f"it answers that it speaks {protocol}; only PI30 is known so far")

    async def _without_name(self) -> str:
        """Some units refuse QPI and answer the rest."""
        try:
            await self.answer("QPIGS")
        except Refused:
            raise DeviceError(
                "it refuses QPI and QPIGS: no unit of the PI30 family; units of the SMG kind speak Modbus"
            ) from None
        return "PI30"

    async def answer(self, query: str) -> bytes:
        """The payload of one answer; a spoilt one is asked for again."""
        language = Pi30()
        for attempt in range(TRIES):
            try:
                answer = await self.ask(language.request(query), language)
                if answer.startswith((b"^0", b"^1", b"^D")):
                    raise DeviceError("it answers in the manner of PI17 or PI18; only PI30 is known so far")
                return language.payload(query, answer)
            except BadFrame:
                if attempt == TRIES - 1:
                    raise
        raise NoAnswer(f"no answer to {query}")

    async def may_answer(self, query: str) -> None:
        """Keep the answer to a query that the unit may not know: a second try tells a no from a mishap.

        A unit that never says no but stays silent is asked once, so that it is not waited for twice.
        """
        for _ in range(1 if self.silent and not self.says_no else 2):
            try:
                self.answers[query] = await self.answer(query)
            except NoAnswer:
                continue
            except Refused:
                self.says_no = True
            except BadFrame:
                pass
            else:
                return
        self.silent = True

    async def others(self) -> None:
        """Ask for the other units of a parallel system until one is not there."""
        for number in range(10):
            query = f"QPGS{number}"
            if number:
                await self.may_answer(query)
            if fields(self.answers.get(query, b"0"))[0] == "0":
                self.answers.pop(query, None)
                return


def _one_serial(answers: dict[str, bytes]) -> dict[str, bytes]:
    """Without QSID where the serial number is short enough for QID to send it whole."""
    short = int(answers.get("QSID", b"00")[:2]) <= 14 and "QID" in answers
    return {query: text for query, text in answers.items() if query != "QSID" or not short}


def _identity(unit: Unit, answers: dict[str, bytes]) -> Identity:
    long = answers.get("QSID", b"").decode("ascii")
    serial = (
        long[2 : 2 + int(long[:2])] if "QSID" in unit.queries else answers.get("QID", b"").decode("ascii")
    )
    name = answers.get("QMN", b"").decode("ascii")
    return Identity(
        model=name or f"Axpert {unit.rated_power / 1000:g} kW ({unit.variant.upper()})",
        protocol="PI30",
        serial=serial if re.search("[1-9A-Z]", serial) else None,
        firmware=answers.get("QVFW", b"").decode("ascii").partition(":")[2] or None,
        manufacturer="Voltronic Power",
        facts=unit.facts(),
    )


def _example() -> Identity:
    """What `identify` finds in the simulator's own unit."""
    simulated = AxpertSimulator({})
    answers = {
        query: Pi30().payload(query, simulated.receive(frame(query), 0.0)[0])
        for query in (*NEEDED, *OPTIONAL)
        if query in simulated.unit.queries
    }
    return _identity(learn(_one_serial(answers)), answers)


ALIKE = frozenset(
    frozenset(pair)
    for pair in (
        ("QET", "QLT"),
        ("QID", "QT"),
        ("QVFW", "QVFW3"),
        ("QGMN", "QBATCD"),
        *combinations([f"QPGS{number}" for number in range(10)], 2),
        *combinations([f"QP2GS{number}" for number in range(10)], 2),
    )
)

INTEGRATION = Integration(
    domain="axpert",
    name="Axpert and other Voltronic inverters (PI30)",
    kind="inverter",
    poll=0.5,
    models=tuple(MODELS),
    line=LINE,
    alike=ALIKE,
    options={vol.Optional("model"): vol.In(list(MODELS))},
    entities=lambda options: every(),  # noqa: ARG005
    identify=identify,
    dialect=dialect,
    decode=decode,
    simulator=AxpertSimulator,
    example=_example(),
)
