"""A unit is found out by harmless questions, and spoken to as what it is."""

from collections.abc import Callable

import pytest

from gridward_axpert import INTEGRATION, identify
from gridward_axpert.entities import dialect as dialect_of
from gridward_axpert.entities import every, of_unit, queries
from gridward_axpert.protocol import bumped, crc, frame
from gridward_axpert.simulator import AxpertSimulator
from gridward_axpert.templates import MODELS
from gridward_axpert.unit import Unit, from_facts, learn
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer
from gridward_kit.integration import FAST, ONCE, Ask, Dialect

PRIVATE = {"QPI", "QOPPT", "QCHPT", "QDI", "QBOOT", "QOPM", "QCST", "QCVT", "QMSCHGCR", "QLITH0", "VERFW:"}


def asking(simulator: AxpertSimulator, asked: list[str] | None = None) -> Ask:
    """Puts requests to a simulated unit, one byte at a time, and cuts its answer."""

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        if asked is not None:
            asked.append(request[:-3].decode("ascii"))
        arrived = b""
        for byte in request:
            arrived += b"".join(simulator.receive(bytes([byte]), 0.0))
        if not arrived:
            raise NoAnswer("silence")
        found = dialect.cut(request, arrived, quiet=True)
        if found is None:
            raise BadFrame("no whole answer")
        return found[0]

    return ask


def answering(answers: Callable[[str], bytes]) -> Ask:
    """Puts requests to something that answers by a function of the command."""

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        answer = answers(request[:-3].decode("ascii", "replace"))
        if not answer:
            raise NoAnswer("silence")
        found = dialect.cut(request, answer, quiet=True)
        if found is None:
            raise BadFrame("no whole answer")
        return found[0]

    return ask


def said(text: str) -> bytes:
    body = b"(" + text.encode("ascii")
    return body + bumped(crc(body)) + b"\r"


VARIANT = {
    "vm-iii": "gk",
    "vm-iii-24v": "gk",
    "max-8k": "max",
    "ks-5k": "ks",
    "ks-3k": "ks",
    "hs-5k": "hs",
    "mst": "mst",
    "revo": "revo",
    "lv6048": "pi41",
}


@pytest.mark.parametrize("model", MODELS)
async def test_each_variant_is_found_out_without_being_told(model: str) -> None:
    simulator = AxpertSimulator({"model": model})
    identity = await identify(asking(simulator), {})
    unit = from_facts(identity.facts)
    assert unit.variant == VARIANT[model]
    assert identity.protocol == MODELS[model]["QPI"]
    assert identity.serial == MODELS[model].get("QID")
    assert set(unit.queries) == set(MODELS[model]) - PRIVATE - {"QSID"}
    assert from_facts(unit.facts()) == unit


@pytest.mark.parametrize("model", MODELS)
async def test_the_dialect_asks_only_what_the_unit_answers(model: str) -> None:
    simulator = AxpertSimulator({"model": model})
    language = dialect_of(await identify(asking(simulator), {}), {})
    assert language.queries
    for query in language.queries:
        answer = b"".join(simulator.receive(language.request(query.name), 0.0))
        payload = language.payload(query.name, answer)
        rows = [row for row in language.entities if row.at and row.at.query == query.name]
        unlinked = query.name == "QBMS" and payload.startswith(b"1")
        said = {row.key for row in rows if row.at and row.at.decode(payload) is not None}
        silent = {"max_parallel_units"} | ({row.key for row in rows[1:]} if unlinked else set())
        assert {row.key for row in rows} - said <= silent
        assert not unlinked or said == {"bms_connected"}
    known = {row.key for row in every()}
    assert {row.key for row in language.entities} <= known


async def test_only_harmless_questions_are_asked() -> None:
    asked: list[str] = []
    simulator = AxpertSimulator({})
    before = dict(simulator.state)
    await identify(asking(simulator, asked), {})
    assert simulator.state == before
    assert all(command.startswith("Q") for command in asked)


async def test_a_vm_iii_is_what_its_plate_says() -> None:
    identity = await identify(asking(AxpertSimulator({})), {})
    assert (identity.model, identity.serial, identity.firmware) == (
        "VMIII-5000",
        "92931909100001",
        "00074.40",
    )
    assert identity == INTEGRATION.example
    unit = from_facts(identity.facts)
    assert (unit.nominal, unit.rated_power, unit.pv_side, unit.flags) == (48.0, 5000, "pv", "abdjkuvxyz")
    assert unit.currents["QMCHGCR"] == (10, 20, 30, 40, 50, 60, 70, 80)


async def test_how_often_each_answer_is_asked_for() -> None:
    language = dialect_of(await identify(asking(AxpertSimulator({"model": "max-8k"})), {}), {})
    every_ = {query.name: query.every for query in language.queries}
    assert every_["QPIGS"] == FAST
    assert (every_["QMOD"], every_["QPIGS2"], every_["QPIWS"], every_["QPIRI"], every_["Q1"]) == (
        2,
        2,
        5,
        15,
        60,
    )
    assert every_["QID"] == every_["QVFW"] == ONCE
    assert "QPGS0" not in every_


async def test_the_site_file_may_name_the_variant() -> None:
    simulator = AxpertSimulator({"model": "revo"})
    simulator.refused = frozenset({"QALL"})
    assert from_facts((await identify(asking(simulator), {})).facts).variant == "ks"
    assert from_facts((await identify(asking(simulator), {"model": "revo"})).facts).variant == "revo"
    with pytest.raises(ValueError, match="none of"):
        await identify(asking(simulator), {"model": "toaster"})


@pytest.mark.parametrize("how", ["refused", "muted"])
async def test_a_query_without_an_answer_is_left_out(how: str) -> None:
    simulator = AxpertSimulator({})
    setattr(simulator, how, frozenset({"QPIWS", "QBEQI", "QET"}))
    language = dialect_of(await identify(asking(simulator), {}), {})
    assert not {"QPIWS", "QBEQI", "QET"} & {query.name for query in language.queries}
    keys = {row.key for row in language.entities}
    assert "problem" not in keys
    assert "pv_energy" not in keys
    assert "equalisation_voltage" in keys, "it lies in Q1 too"


async def test_a_unit_that_never_says_no_is_not_waited_for_twice() -> None:
    simulator = AxpertSimulator({"model": "ks-3k"})
    asked: list[str] = []

    def answers(command: str) -> bytes:
        asked.append(command)
        return b"" if command not in MODELS["ks-3k"] else b"".join(simulator.receive(frame(command), 0.0))

    identity = await identify(answering(answers), {})
    assert set(from_facts(identity.facts).queries) == set(MODELS["ks-3k"]) - {"QPI"}
    silences = [command for command in asked if command not in MODELS["ks-3k"]]
    assert len(silences) == len(set(silences)) + 1


async def test_one_spoilt_answer_is_asked_for_again() -> None:
    simulator = AxpertSimulator({})
    spoilt: set[str] = set()

    def answers(command: str) -> bytes:
        answer = b"".join(simulator.receive(frame(command), 0.0))
        if command not in spoilt:
            spoilt.add(command)
            return answer[:3] + bytes([answer[3] ^ 4]) + answer[4:]
        return answer

    assert await identify(answering(answers), {}) == INTEGRATION.example


async def test_one_refusal_may_be_a_spoilt_request() -> None:
    simulator = AxpertSimulator({})
    refused: set[str] = set()

    def answers(command: str) -> bytes:
        if command not in refused and command not in ("QPI", "QPIGS", "QPIRI"):
            refused.add(command)
            return frame("(NAK")
        return b"".join(simulator.receive(frame(command), 0.0))

    assert await identify(answering(answers), {}) == INTEGRATION.example


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said("PI34"), "speaks PI34"),
        (bytes.fromhex("5e301be30d"), "PI17 or PI18"),
        (frame("(NAK"), "Modbus"),
        (b"(NAK\r", "Modbus"),
    ],
)
async def test_another_protocol_is_named(answer: bytes, words: str) -> None:
    with pytest.raises(DeviceError, match=words):
        await identify(answering(lambda _: answer), {})


async def test_silence_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        await identify(answering(lambda _: b""), {})


async def test_a_unit_that_refuses_qpi_but_answers_qpigs_speaks_pi30() -> None:
    simulator = AxpertSimulator({})
    simulator.refused = frozenset({"QPI"})
    assert (await identify(asking(simulator), {})).protocol == "PI30"


@pytest.mark.parametrize("serial", ["92931909100001", "553555355535552123", "96132206100410123456"])
async def test_a_long_serial_number_comes_whole(serial: str) -> None:
    identity = await identify(asking(AxpertSimulator({"serial": serial})), {})
    assert identity.serial == serial
    language = dialect_of(identity, {})
    assert language.proof == ("QSID" if len(serial) > 14 else "QID", "serial_number")


async def test_a_serial_number_of_zeros_proves_nothing() -> None:
    identity = await identify(asking(AxpertSimulator({"serial": "00000000000000"})), {})
    assert identity.serial is None
    assert dialect_of(identity, {}).proof is None


async def test_units_in_parallel_are_counted_until_one_is_not_there() -> None:
    simulator = AxpertSimulator({"model": "ks-5k"})
    simulator.state["output_mode"] = "parallel"
    own = MODELS["ks-5k"]["QPGS0"]

    def answers(command: str) -> bytes:
        if command in ("QPGS0", "QPGS1"):
            return said(own)
        if command.startswith("QPGS"):
            return said("0 00000000000000 P" + own[18:])
        return b"".join(simulator.receive(frame(command), 0.0))

    language = dialect_of(await identify(answering(answers), {}), {})
    names = [query.name for query in language.queries if query.name.startswith("QPGS")]
    assert names == ["QPGS0", "QPGS1"]
    keys = [row.key for row in language.entities]
    assert {"unit_0_output_power", "unit_1_output_power"} <= set(keys)
    assert keys.count("parallel_output_power") == 1


async def test_the_second_tracker_is_read_elsewhere_where_qpigs2_is_refused() -> None:
    simulator = AxpertSimulator({"model": "max-8k"})
    simulator.refused = frozenset({"QPIGS2"})
    language = dialect_of(await identify(asking(simulator), {}), {})
    row = next(row for row in language.entities if row.key == "pv2_voltage")
    assert row.at is not None
    assert row.at.query == "QPGS0"
    assert "QPGS0" in {query.name for query in language.queries}


def test_a_small_old_unit_sends_a_count_in_place_of_degrees() -> None:
    small = learn({query: text.encode() for query, text in MODELS["ks-3k"].items()})
    assert small.heat_sink == "count"
    keys = {row.key for row in of_unit(small)}
    assert "heat_sink_count" in keys
    assert "heat_sink_temperature" not in keys


def test_facts_that_are_missing_are_unknown() -> None:
    assert from_facts({}) == Unit()
    assert queries(Unit()) == ()
