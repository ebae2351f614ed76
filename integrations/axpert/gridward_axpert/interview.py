"""Finds out what a unit is by questions that change nothing: its protocol first, then all that it answers."""

import re
from dataclasses import dataclass, field, replace

from gridward_axpert.caret import DATED, Caret, Protocol
from gridward_axpert.entities import variant_of
from gridward_axpert.models import CARETS, protocol_of
from gridward_axpert.pi17 import PI17
from gridward_axpert.pi18 import PI18
from gridward_axpert.points import Padded
from gridward_axpert.protocol import Pi30
from gridward_axpert.unit import Unit, learn
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.integration import Ask, Dialect, Identity, Options
from gridward_kit.point import fields

NEEDED = ("QPIGS", "QPIRI")
OPTIONAL = (
    *("QID", "QSID", "QVFW", "QVFW2", "QVFW3", "QMN", "QGMN", "QMOD", "QPIWS", "QFLAG", "QPIGS2"),
    *("QMCHGCR", "QMUCHGCR", "QBEQI", "Q1", "QET", "QLT", "QT", "QBMS", "QBATCD", "QPGS0"),
)
TEXT = ("PI30", "PI41")
TRIES = 3


async def identify(ask: Ask, options: Options) -> Identity:
    """Find out what the unit is by questions that change nothing.

    A query that the unit refuses twice, or leaves unanswered, is not asked again later. Raises
    DeviceError, in words, for a device that speaks none of the protocols, or another than the model
    that the site file names.
    """
    model = options.get("model")
    wanted = protocol_of(model) if isinstance(model, str) else None
    found = await spoken(ask)
    if found not in (*TEXT, *CARETS):
        raise DeviceError(f"it answers that it speaks {found}; known are {', '.join((*TEXT, *CARETS))}")
    if isinstance(model, str) and CARETS.get(found) is not wanted:
        raise DeviceError(f"it speaks {found}, the model {model} named for it does not")
    if found in CARETS:
        return await _caret(ask, CARETS[found])
    variant = variant_of(model) if isinstance(model, str) else None
    return await _text(ask, found, "pi41" if found == "PI41" else variant)


@dataclass
class Interview:
    """Questions to one unit, and what it answered. `says_no` and `silent`: how it refuses, once seen."""

    ask: Ask
    language: Dialect
    answers: dict[str, bytes] = field(default_factory=dict)
    says_no: bool = False
    silent: bool = False

    async def answer(self, query: str) -> bytes:
        """The payload of one answer; a spoilt one is asked for again."""
        for attempt in range(TRIES):
            try:
                return self.language.payload(
                    query, await self.ask(self.language.request(query), self.language)
                )
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

    async def others(self, name: str) -> None:
        """Ask for the other units of a parallel system until one is not there."""
        for number in range(10):
            query = f"{name}{number}"
            if query not in self.answers:
                await self.may_answer(query)
            if fields(self.answers.get(query, b"0"))[0] == "0":
                self.answers.pop(query, None)
                return


class CaretInterview(Interview):
    """Questions to a PI18 unit: some answer some queries only without a CRC, which is remembered."""

    def __init__(self, ask: Ask, language: Caret) -> None:
        super().__init__(ask, language)
        self.caret = language

    async def answer(self, query: str) -> bytes:
        try:
            return await super().answer(query)
        except DeviceError as error:
            if not self.caret.protocol.checked:
                raise
            before = self.caret.bare
            self.caret.bare = (*before, query)
            try:
                return await super().answer(query)
            except DeviceError:
                self.caret.bare = before
                raise error from None


async def spoken(ask: Ask) -> str:
    """The protocol that a unit says it speaks (`PI30`, ...); PI30, the commonest, costs one question.

    Units that speak PI17 or PI18 answer QPI with `^0`, NAK, garbage or not at all: they are asked in
    their own framing next. Raises DeviceError.
    """
    try:
        return await _text_spoken(ask)
    except DeviceError as error:
        for protocol, bare in ((PI18, ()), (PI18, ("PI",)), (PI17, ())):
            try:
                number = await Interview(ask, Caret(protocol, bare=bare)).answer("PI")
            except (Refused, BadFrame, NoAnswer):
                continue
            return f"PI{number.decode('ascii')}"
        raise error from None


async def _text_spoken(ask: Ask) -> str:
    """What the unit answers to QPI; some PI30 units refuse that and answer the rest."""
    language = Pi30()
    interview = Interview(ask, language)
    for attempt in range(TRIES):
        try:
            answer = await ask(language.request("QPI"), language)
            if answer.startswith(b"^"):
                raise DeviceError("it answers in the manner of PI17 or PI18, but not which of them it speaks")
            return language.payload("QPI", answer).decode("ascii")
        except Refused:
            break
        except BadFrame:
            if attempt == TRIES - 1:
                raise
    try:
        await interview.answer("QPIGS")
    except Refused:
        raise DeviceError(
            "it refuses QPI and QPIGS: no unit of the PI30 family; units of the SMG kind speak Modbus"
        ) from None
    return "PI30"


async def _text(ask: Ask, protocol: str, variant: str | None) -> Identity:
    """The identity of a PI30 or PI41 unit."""
    unit = Interview(ask, Pi30())
    for query in NEEDED:
        unit.answers[query] = await unit.answer(query)
    for query in OPTIONAL:
        await unit.may_answer(query)
    if "QMN" not in unit.answers and "." not in fields(unit.answers["QPIGS"])[12]:
        await unit.may_answer("QALL")
    if learn(unit.answers, variant).parallel:
        await unit.others("QPGS")
    second = learn(unit.answers, variant).variant
    asked = [query for query in unit.answers if query.startswith("QPGS")] if second in ("mst", "pi41") else []
    for query in asked:
        await unit.may_answer(query.replace("QPGS", "QP2GS"))
    return text_identity(learn(_one_serial(unit.answers), variant), unit.answers, protocol)


def _one_serial(answers: dict[str, bytes]) -> dict[str, bytes]:
    """Without QSID where the serial number is short enough for QID to send it whole."""
    short = int(answers.get("QSID", b"00")[:2]) <= 14 and "QID" in answers
    return {query: text for query, text in answers.items() if query != "QSID" or not short}


def text_identity(unit: Unit, answers: dict[str, bytes], protocol: str) -> Identity:
    """The identity behind a PI30 or PI41 unit's answers."""
    long = answers.get("QSID", b"").decode("ascii")
    serial = (
        long[2 : 2 + int(long[:2])] if "QSID" in unit.queries else answers.get("QID", b"").decode("ascii")
    )
    name = answers.get("QMN", b"").decode("ascii")
    return Identity(
        model=name or f"Axpert {unit.rated_power / 1000:g} kW ({unit.variant.upper()})",
        protocol=protocol,
        serial=serial if re.search("[1-9A-Z]", serial) else None,
        firmware=answers.get("QVFW", b"").decode("ascii").partition(":")[2] or None,
        manufacturer="Voltronic Power",
        facts=unit.facts(),
    )


async def _caret(ask: Ask, protocol: Protocol) -> Identity:
    """The identity of a PI17 or PI18 unit."""
    language = Caret(protocol)
    unit = CaretInterview(ask, language)
    for query in protocol.needed:
        unit.answers[query] = await unit.answer(query)
    lists = [query for query in ("MCHGCR", "MUCHGCR") if query in protocol.shapes]
    for query in (*lists, *protocol.intervals):
        asked = query not in unit.answers and query not in ("PGS", "PRI")
        if asked and (query not in DATED or "T" in unit.answers):
            await unit.may_answer(query)
    if protocol.learn(unit.answers).parallel:
        await unit.others("PGS")
        for query in [query for query in unit.answers if query.startswith("PGS")]:
            await unit.may_answer(query.replace("PGS", "PRI"))
    found = replace(protocol.learn(unit.answers), bare=language.bare)
    serial = Padded("ID").decode(unit.answers.get("ID", b""))
    firmware = fields(unit.answers.get("VFW", b""))[0]
    name = "InfiniSolar V" if protocol is PI18 else "InfiniSolar"
    return Identity(
        model=f"{name} {found.rated_power / 1000:g} kW",
        protocol=protocol.name,
        serial=str(serial) if serial and re.search("[1-9A-Z]", str(serial)) else None,
        firmware=firmware.rpartition(":")[2] or None,
        manufacturer="Voltronic Power",
        facts=found.facts(),
    )
