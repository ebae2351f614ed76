"""Which protocol a unit speaks is found out by asking it, and kept; the name of a model never decides it."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gridward_axpert import INTEGRATION, identify
from gridward_axpert.caret import Caret
from gridward_axpert.models import CARET_MODELS, MODELS, dialect, every, protocol_of, simulated
from gridward_axpert.protocol import Pi30, bumped, crc, frame
from gridward_axpert.unit import from_facts
from gridward_kit import check
from gridward_kit.entity import Button
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer
from gridward_kit.integration import Ask, Dialect, Integration, Simulator
from gridward_kit.point import Derived

REFUSED, NAK = bytes.fromhex("5e301be30d"), frame("(NAK")
PROTOCOLS = {
    **{model: "PI30" for model in MODELS if protocol_of(model) is None},
    "lv6048": "PI41",
    "pi41": "PI41",
    "infini-v": "PI18",
    "sv-iv": "PI18",
    "pi18": "PI18",
    "infini-10k": "PI17",
    "pi17": "PI17",
}


def asking(simulator: Simulator, asked: list[bytes], qpi: bytes | None = None) -> Ask:
    """Puts requests to a simulated unit; `qpi` is what it answers to QPI in place of its own."""

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        asked.append(request)
        arrived = b"".join(simulator.receive(request, 0.0))
        if qpi is not None and request.startswith(b"QPI" + bytes.fromhex("beac")):
            arrived = qpi
        if not arrived:
            raise NoAnswer("silence")
        found = dialect.cut(request, arrived, quiet=True)
        if found is None:
            raise BadFrame("no whole answer")
        return found[0]

    return ask


@pytest.mark.parametrize("model", MODELS)
async def test_each_unit_is_found_out_as_itself_and_as_nothing_else(model: str) -> None:
    asked: list[bytes] = []
    simulator = simulated({"model": model})
    before = dict(simulator.state)
    identity = await identify(asking(simulator, asked), {})
    assert identity.protocol == PROTOCOLS[model]
    language = dialect(identity, {})
    if isinstance(language, Caret):
        assert language.protocol.name == identity.protocol
    else:
        assert isinstance(language, Pi30)
        assert identity.protocol in ("PI30", "PI41")
    assert simulator.state == before
    assert all(request.startswith((b"Q", b"^P")) for request in asked), "questions only"
    kept = json.loads(json.dumps(dict(identity.facts)))
    assert from_facts(kept).facts() == identity.facts


@pytest.mark.parametrize("model", [model for model, protocol in PROTOCOLS.items() if protocol == "PI30"])
async def test_a_pi30_unit_is_asked_one_question_to_know_it(model: str) -> None:
    asked: list[bytes] = []
    await identify(asking(simulated({"model": model}), asked), {})
    assert asked[0] == frame("QPI")
    assert asked[1] == frame("QPIGS")
    assert not [request for request in asked if request.startswith(b"^")]


@pytest.mark.parametrize(
    "qpi",
    [REFUSED, NAK, b"(NAK\r", b"", b"\x00\x7f(garbage\r", b"(PI3", b"QPI\r"],
    ids=["^0", "NAK", "NAK without CRC", "silence", "garbage", "half a frame", "noise"],
)
@pytest.mark.parametrize("model", CARET_MODELS)
async def test_whatever_a_unit_answers_to_qpi_it_is_asked_in_its_own_framing(model: str, qpi: bytes) -> None:
    asked: list[bytes] = []
    found = await identify(asking(simulated({"model": model}), asked, qpi), {})
    assert found == await identify(asking(simulated({"model": model}), []), {})
    assert found.protocol == PROTOCOLS[model]


async def test_a_pi17_unit_costs_at_most_four_questions() -> None:
    asked: list[bytes] = []
    await identify(asking(simulated({"model": "infini-10k"}), asked), {})
    assert asked[:4] == [
        frame("QPI"),
        bytes.fromhex("5e5030303550 49718b0d"),
        b"^P005PI\r",
        b"^P003PI\r",
    ]


async def test_a_unit_that_answers_only_without_a_crc_is_remembered_so() -> None:
    identity = await identify(asking(simulated({"model": "sv-iv"}), []), {})
    unit = from_facts(identity.facts)
    assert set(unit.bare) == {"GS", "ID", "T", "ET", "EY", "EM"}
    language = dialect(identity, {})
    assert language.request("GS") == b"^P005GS\r"
    assert language.request("MOD") == bytes.fromhex("5e503030364d4f44ddbe0d")


async def test_a_unit_in_parallel_is_spoken_to_by_its_number() -> None:
    identity = await identify(asking(simulated({"model": "sv-iv"}), []), {})
    unit = from_facts(identity.facts)
    assert (unit.parallel, unit.number) == (True, 1)
    names = [query.name for query in dialect(identity, {}).queries if query.name.startswith("P")]
    assert names == ["PGS0", "PIRI", "PRI0"]


@pytest.mark.parametrize("name", ["pi41", "pi18", "pi17"])
async def test_an_example_is_what_a_cold_start_finds(name: str) -> None:
    stands = dict(INTEGRATION.each())[f"axpert-{name}"]
    assert stands.simulator
    assert await identify(asking(stands.simulator({}), []), {}) == stands.example
    assert stands.example
    assert stands.example.protocol == name.upper()


@pytest.mark.parametrize(
    ("model", "named"),
    [("infini-v", "vm-iii"), ("vm-iii", "infini-v"), ("infini-10k", "pi18"), ("lv6048", "pi17")],
)
async def test_a_model_that_the_answer_contradicts_is_said(model: str, named: str) -> None:
    with pytest.raises(DeviceError, match=f"speaks {PROTOCOLS[model]}.*{named}"):
        await identify(asking(simulated({"model": model}), []), {"model": named})
    with pytest.raises(ValueError, match="none of"):
        await identify(asking(simulated({"model": model}), []), {"model": "toaster"})


async def test_a_low_voltage_unit_that_says_pi30_is_told_by_its_second_leg() -> None:
    pi30 = b"(PI30" + bumped(crc(b"(PI30")) + b"\r"
    identity = await identify(asking(simulated({"model": "lv6048"}), [], pi30), {})
    assert identity.protocol == "PI30"
    assert from_facts(identity.facts).variant == "pi41"


async def test_a_kept_identity_outlives_a_changed_site_file() -> None:
    identity = await identify(asking(simulated({"model": "infini-v"}), []), {})
    assert isinstance(dialect(identity, {"model": "vm-iii"}), Caret)
    other = await identify(asking(simulated({}), []), {})
    assert isinstance(dialect(other, {"model": "infini-v"}), Pi30)


@pytest.mark.parametrize("named", tuple(INTEGRATION.each()), ids=lambda pair: pair[0])
def test_the_dialect_asks_only_what_the_unit_answers(named: tuple[str, Integration]) -> None:
    """Every row of every family has a value in an answer, or the unit leaves that field empty."""
    item = named[1]
    assert item.simulator
    assert item.dialect
    assert item.example
    simulator, language = item.simulator({}), item.dialect(item.example, {})
    keys = {row.key for row in every()}
    empty = {"max_parallel_units", "battery_power_sent", "output_current_l1", "output_current_l2"}
    empty |= {"output_current_l3", "bms_soc"}
    for query in language.queries:
        answer = b"".join(simulator.receive(language.request(query.name), 0.0))
        payload = language.payload(query.name, answer)
        rows = [row for row in language.entities if row.at and row.at.query == query.name]
        silent = {row.key for row in rows if row.at and row.at.decode(payload) is None}
        assert {key for key in silent if not key.startswith("bms_")} <= empty, query.name
    assert {row.key for row in language.entities} <= keys


@pytest.mark.parametrize("named", tuple(INTEGRATION.each()), ids=lambda pair: pair[0])
def test_rules_and_dashboards_find_the_same_keys_in_every_family(named: tuple[str, Integration]) -> None:
    item = named[1]
    assert item.dialect
    assert item.example
    rows = {row.key: row for row in item.dialect(item.example, {}).entities}
    common = {
        *("pv_power", "pv_voltage", "grid_voltage", "grid_frequency", "output_voltage", "output_frequency"),
        *("output_power", "output_apparent_power", "load_percentage", "battery_voltage", "battery_current"),
        *("battery_power", "battery_soc", "heat_sink_temperature", "mode", "max_charging_current"),
        *("max_utility_charging_current", "battery_recharge_voltage", "battery_redischarge_voltage"),
        *("battery_under_voltage", "battery_bulk_voltage", "battery_float_voltage", "problem", "load_on"),
        *("warnings", "charging", "settings_changed"),
    }
    assert common <= set(rows)
    needs = {key for row in rows.values() if isinstance(row.at, Derived) for key in row.at.needs}
    assert needs <= set(rows)
    assert all(row.at for row in rows.values() if not isinstance(row, Button))


def answering(answers: Callable[[bytes], bytes]) -> Ask:
    async def ask(request: bytes, dialect: Dialect) -> bytes:
        answer = answers(request)
        if not answer:
            raise NoAnswer("silence")
        found = dialect.cut(request, answer, quiet=True)
        if found is None:
            raise BadFrame("no whole answer")
        return found[0]

    return ask


async def test_a_dead_line_is_no_answer_and_noise_a_bad_frame() -> None:
    with pytest.raises(NoAnswer):
        await identify(answering(lambda _: b""), {})
    with pytest.raises(BadFrame):
        await identify(answering(lambda _: b"(noise\r"), {})
    with pytest.raises(DeviceError, match="PI17 or PI18"):
        await identify(answering(lambda _: REFUSED), {})


@pytest.mark.parametrize("model", CARET_MODELS)
async def test_one_spoilt_answer_is_asked_for_again(model: str) -> None:
    simulator = simulated({"model": model})
    spoilt: set[bytes] = set()

    def answers(request: bytes) -> bytes:
        answer = b"".join(simulator.receive(request, 0.0))
        if request in spoilt:
            return answer
        spoilt.add(request)
        return answer[:3] + bytes([answer[3] ^ 4]) + answer[4:]

    assert await identify(answering(answers), {}) == await identify(asking(simulator, []), {})


@pytest.mark.parametrize("model", ["infini-v", "infini-10k"])
async def test_one_refusal_may_be_a_spoilt_request(model: str) -> None:
    simulator = simulated({"model": model})
    needed = CARET_MODELS[model].protocol.needed
    refused: set[bytes] = set()

    def answers(request: bytes) -> bytes:
        asks = request[5:].startswith(tuple(name.encode() for name in ("PI", *needed)))
        if request.startswith(b"^") and not asks and request not in refused:
            refused.add(request)
            return REFUSED
        return b"".join(simulator.receive(request, 0.0))

    assert await identify(answering(answers), {}) == await identify(asking(simulator, []), {})


@pytest.mark.parametrize("how", ["refused", "muted"])
@pytest.mark.parametrize(("model", "without"), [("infini-v", "FWS"), ("infini-10k", "BATS")])
async def test_a_query_without_an_answer_is_left_out(model: str, without: str, how: str) -> None:
    simulator = simulated({"model": model})
    setattr(simulator, how, frozenset({without, "T"}))
    language = dialect(await identify(asking(simulator, []), {}), {})
    names = {query.name for query in language.queries}
    assert not {without, "T", "EY", "EM", "ED"} & names, "without a clock no day can be asked for"
    assert {"GS", "ET", "MOD"} <= names
    keys = {row.key for row in language.entities}
    assert "set_clock" not in keys
    assert ("warnings" if without == "FWS" else "battery_bulk_voltage") not in keys


@pytest.mark.parametrize("model", CARET_MODELS)
async def test_a_serial_number_proves_the_unit_and_zeros_prove_nothing(model: str) -> None:
    identity = await identify(asking(simulated({"model": model}), []), {})
    assert dialect(identity, {}).proof == ("ID", "serial_number")
    blank = simulated({"model": model, "serial": "00000000000000"})
    nobody = await identify(asking(blank, []), {})
    assert nobody.serial is None
    assert dialect(nobody, {}).proof is None


CHECKS = (
    *(check.check_keys, check.check_canonical, check.check_quantities, check.check_categories),
    *(check.check_settings, check.check_dangers, check.check_derived),
)


@pytest.mark.parametrize("model", MODELS)
async def test_each_familys_own_rows_pass_the_self_checks(model: str) -> None:
    """The integration's table has one row for each key; a family's own may be another."""
    identity = await identify(asking(simulated({"model": model}), []), {})
    rows = dialect(identity, {}).entities
    own = replace(INTEGRATION, entities=lambda _options: rows)
    assert [fault for one in CHECKS for fault in one(own)] == []
