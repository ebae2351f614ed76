"""The contract tests that every integration gets by being installed.

Run over all of them by `pytest --pyargs gridward_kit.contract`, over one with `--integration DOMAIN`.
Devices are simulated on real pseudo-terminals; lines run fast and the clock runs a hundred times.
"""

import json
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_kit.entity import Number, Select, Switch, readings
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.faults import Faults
from gridward_kit.frames import Frame, frames_of
from gridward_kit.integration import Integration, integrations
from gridward_kit.mqtt import PREFIX
from gridward_kit.trial import SPEED, asked, faults_of, house, made, resolution, taken, torn, wishes


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `framed` over every captured frame of every chosen integration."""
    if "framed" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("--integration")
    cases = [
        pytest.param((item, frame), id=f"{item.domain}-{frame.place}-{frame.request}")
        for item in integrations().values()
        if item.decode and (not wanted or item.domain in wanted)
        for frame in frames_of(item.domain)
    ]
    metafunc.parametrize("framed", cases)


def test_1_a_captured_frame_decodes_to_every_documented_field(framed: tuple[Integration, Frame]) -> None:
    integration, frame = framed
    assert integration.decode
    if frame.error is not None:
        with pytest.raises(DeviceError) as caught:
            integration.decode(frame.model, frame.request, frame.reply)
        assert type(caught.value).__name__ == frame.error
        return
    units = {row.key: row.quantity.unit for row in integration.entities({})}
    values = integration.decode(frame.model, frame.request, frame.reply)
    assert {key: (value, units[key]) for key, value in values.items()} == frame.values


def test_2_each_query_is_answered_by_the_simulator(lined: Integration) -> None:
    simulator, dialect, _ = made(lined)
    for query in dialect.queries:
        payload = taken(dialect, query.name, asked(simulator, dialect, query.name))
        assert payload is not None, query.name


def test_3_state_to_simulator_to_values_gives_the_state_back(lined: Integration) -> None:
    simulator, dialect, _ = made(lined)
    compared = 0
    for row in dialect.entities:
        if row.at is None or row.key not in simulator.state:
            continue
        payload = taken(dialect, row.at.query, asked(simulator, dialect, row.at.query))
        value = None if payload is None else row.at.decode(payload)
        wanted = simulator.state[row.key]
        if isinstance(wanted, bool | str) or isinstance(value, bool | str) or value is None:
            assert value == wanted, row.key
        else:
            assert abs(value - wanted) <= resolution(row), row.key
        compared += 1
    assert compared
    assert compared >= len(dialect.entities) / 3


def test_4_random_bytes_are_never_a_value(lined: Integration) -> None:
    _, dialect, _ = made(lined)

    @settings(deadline=None)
    @given(data=st.binary(max_size=300))
    def never(data: bytes) -> None:
        for query in dialect.queries:
            with suppress(BadFrame, Refused, NoAnswer):
                assert taken(dialect, query.name, data) is None

    never()


def test_4_every_flipped_bit_and_every_truncation_is_refused(lined: Integration) -> None:
    simulator, dialect, _ = made(lined)
    for query in dialect.queries:
        whole = asked(simulator, dialect, query.name)
        good = taken(dialect, query.name, whole)
        assert good is not None
        right = readings(dialect.entities, query.name, good).values
        spoiled = [whole[:end] for end in range(len(whole))]
        spoiled += [
            whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :]
            for bit in range(8 * len(whole))
        ]
        for data in spoiled:
            try:
                payload = taken(dialect, query.name, data)
            except (BadFrame, Refused, NoAnswer):
                continue
            if payload is None:
                continue
            found = readings(dialect.entities, query.name, payload).values
            wrong = {key: value for key, value in found.items() if right.get(key) != value}
            assert not [key for key in wrong if not key.endswith("difference")], (query.name, data.hex())


def test_4_another_querys_answer_is_not_taken(lined: Integration) -> None:
    simulator, dialect, _ = made(lined)
    answers = {query.name: asked(simulator, dialect, query.name) for query in dialect.queries}
    mistaken = []
    for query in dialect.queries:
        for other, answer in answers.items():
            if other == query.name or answer == answers[query.name]:
                continue
            try:
                payload = taken(dialect, query.name, answer)
            except (BadFrame, Refused, NoAnswer):
                continue
            if payload is not None and readings(dialect.entities, query.name, payload).values:
                mistaken.append((other, query.name))
    alike = set(lined.alike)
    assert [pair for pair in mistaken if frozenset(pair) not in alike] == []


async def test_4_silence_is_no_answer(lined: Integration, tmp_path: Path) -> None:
    async with house(lined, tmp_path, identity=lined.example, faults=Faults(silence=True)) as home:
        await home.until(lambda: home.wired.errors["no_answer"] >= 3)
        assert not home.device.available
        assert set(home.state()) <= {"v", "at"}


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(cut=0.2), Faults(noise=0.01), Faults(wrong_checksum=0.2)],
    ids=["byte by byte", "cut", "noise", "wrong checksum"],
)
async def test_5_a_bad_line_never_gives_a_wrong_value(
    lined: Integration, tmp_path: Path, faults: Faults
) -> None:
    async with house(lined, tmp_path, identity=lined.example, faults=faults, chunk=1) as home:
        await home.until(lambda: home.port.exchanges > 60)
        told = [json.loads(item) for item in home.broker.said(f"{home.device.root}/state")]
        assert any(len(state) > 2 for state in told)
        rows = home.device.entities
        for state in told:
            for key, value in state.items():
                wanted = home.simulator.state.get(key)
                if wanted is None or key not in rows or isinstance(wanted, str):
                    continue
                assert abs(value - wanted) <= resolution(rows[key]), key


async def test_6_a_refusal_marks_that_query_unsupported_once(
    lined: Integration, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, dialect, _ = made(lined)
    slow = [query.name for query in dialect.queries if 0 < query.every <= 60]
    assert slow
    caplog.set_level(logging.INFO)
    async with house(lined, tmp_path, identity=lined.example) as home:
        home.simulator.refused = frozenset(slow[:1])
        if home.simulator.silent_refusal:
            await home.until(lambda: home.wired.errors["no_answer"] >= 1)
        else:
            await home.until(lambda: home.wired.errors["refused"] >= 1)
        before = home.port.exchanges
        await home.until(lambda: home.port.exchanges > before + 60)
        assert home.device.available
        told = [record for record in caplog.records if f"does not know {slow[0]}" in record.message]
        assert home.wired.dialect
        halved = slow[0] not in {query.name for query in home.wired.dialect.queries}
        silent = home.simulator.silent_refusal
        assert len(told) == (0 if silent or halved else 1)
        assert home.wired.errors["refused"] == (0 if silent else 1)


async def test_7_settings_are_set_inside_their_bounds_and_read_back(
    settable: Integration, tmp_path: Path
) -> None:
    async with house(settable, tmp_path, identity=settable.example) as home:
        await home.until(home.settled)
        rows = [row for row in home.device.entities.values() if row.setting is not None]
        assert rows
        for row in rows:
            inside, outside = wishes(row)
            for value in outside:
                assert (await home.command(row.key, value))["status"] == "refused", row.key
            for value in inside:
                usual = ("refused",) if torn(home, row, value) else ("confirmed", "unchanged")
                result = await home.command(row.key, value)
                assert result["status"] in usual, (row.key, value, result)


async def test_7_what_stays_under_another_is_never_set_above_it(bounded: Integration, tmp_path: Path) -> None:
    async with house(bounded, tmp_path, identity=bounded.example) as home:
        await home.until(home.settled)
        for row in [row for row in home.device.entities.values() if isinstance(row, Number) and row.under]:
            over = home.device.entities[row.under]
            assert isinstance(over, Number)
            low, high = max(row.low, over.low), min(row.high, over.high)
            for key, value in ((over.key, high), (row.key, low), (over.key, low)):
                await home.command(key, value)
            assert home.state()[over.key] == home.state()[row.key] == low
            result = await home.command(row.key, high, 1)
            assert (result["status"], over.name in str(result["reason"])) == ("refused", True)
            await home.command(over.key, high, 2)
            assert (await home.command(row.key, high, 3))["status"] == "confirmed"
            result = await home.command(over.key, low, 4)
            assert (result["status"], row.name in str(result["reason"])) == ("refused", True)
            assert home.simulator.state[over.key] == home.simulator.state[row.key] == high


@pytest.mark.parametrize("obeys", ["ignores", "refuses", "slow"])
async def test_7_only_what_is_read_back_is_confirmed(
    settable: Integration, tmp_path: Path, obeys: str
) -> None:
    expected = {"ignores": "failed", "refuses": "refused", "slow": "confirmed"}
    async with house(settable, tmp_path, identity=settable.example) as home:
        await home.until(home.settled)
        rows = [
            row for row in home.device.entities.values() if row.setting and isinstance(row, Select | Switch)
        ]
        row = rows[0]
        other = next(value for value in wishes(row)[0] if value != home.simulator.state.get(row.key))
        home.simulator.obeys = obeys
        home.simulator.lag = 3.0 / SPEED
        result = await home.command(row.key, other)
        assert result["status"] == expected[obeys], result
        assert (home.simulator.state.get(row.key) == other) is (obeys == "slow")


async def test_8_discovery_is_what_home_assistant_allows(lined: Integration, tmp_path: Path) -> None:
    async with house(lined, tmp_path, identity=lined.example) as home:
        topics = [topic for topic in home.broker.retained if topic.startswith(PREFIX)]
        assert len(topics) == len(home.device.entities)
        faults = [
            f"{topic}: {fault}"
            for topic in topics
            for fault in faults_of(topic, json.loads(home.broker.retained[topic]))
        ]
        assert faults == []


async def test_9_unplugged_and_plugged_in_again(
    lined: Integration, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with house(lined, tmp_path, identity=lined.example) as home:
        await home.until(lambda: home.device.available)
        caplog.clear()
        home.served.unplug()
        await home.until(lambda: not home.device.available)
        assert home.wired.misses <= 3
        assert set(home.state()) <= {"v", "at"}
        home.served.plug()
        await home.until(lambda: home.device.available)
        lines = [record.message for record in caplog.records if record.message.startswith("unit:")]
        assert len([line for line in lines if "unavailable" in line]) == 1
        assert len([line for line in lines if line.endswith(" available")]) == 1
        assert len(lines) == 2


async def test_10_another_device_publishes_nothing(lined: Integration, tmp_path: Path) -> None:
    _, dialect, example = made(lined)
    assert dialect.proof is not None
    key = dialect.proof[1]
    facts = {**example.facts, key: 3}
    bound = (
        replace(example, serial="00000000000000") if key == "serial_number" else replace(example, facts=facts)
    )
    async with house(lined, tmp_path, identity=bound) as home:
        await home.until(lambda: home.port.exchanges >= 2)
        assert not home.device.available
        assert all(
            set(json.loads(item)) <= {"v", "at"} for item in home.broker.said(f"{home.device.root}/state")
        )
        home.device.kept.save({"identity": None})
        await home.until(lambda: home.device.available, 30)


def test_a_written_frame_carries_the_value_only(lined: Integration) -> None:
    simulator, dialect, _ = made(lined)
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    for query in dialect.queries:  # some frames carry a second value, as it was last read
        taken(dialect, query.name, asked(simulator, dialect, query.name))
    for row in dialect.entities:
        for value in wishes(row)[0] if row.setting else []:
            frames = dialect.write(row, row.accept(value), now)
            assert frames, row.key
            assert all(frames)
