"""Every dialect of every installed integration: no bytes, however close to right, make it stumble."""

import math
from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import cache

import pytest
from fuzz.budget import budget
from fuzz.mangle import mangled_bytes
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.command import same
from gridward_kit.entity import Entity, Number, Select, readings
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.frames import Frame, frames_of
from gridward_kit.integration import Dialect, Identity, Simulator, integrations
from gridward_kit.point import Value
from gridward_kit.trial import asked, made, taken

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EACH = {name: one for item in integrations().values() for name, one in item.each() if one.dialect}
every = pytest.mark.parametrize("name", sorted(EACH))
wishes: st.SearchStrategy[Value] = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["PRESS", "on", "1e999"])
)


@cache
def device(name: str) -> tuple[Simulator, Dialect, dict[str, bytes]]:
    """A simulated device, a dialect that speaks with it, and its whole answer to each query."""
    simulator, dialect, _ = made(EACH[name])
    answers = {}
    for query in dialect.queries:
        answers[query.name] = asked(simulator, dialect, query.name)
        taken(dialect, query.name, answers[query.name])  # some ask later for what they read here
    return simulator, dialect, answers


@cache
def captured(domain: str) -> list[Frame]:
    """All frames of an integration."""
    return frames_of(domain)


def at_once(waits_for_nothing: Awaitable[Identity]) -> Identity:
    """The result of an identification on a line without waiting."""
    try:
        waits_for_nothing.__await__().__next__()
    except StopIteration as done:
        found: Identity = done.value
        return found
    raise TypeError("it waits")


def sound(values: dict[str, Value]) -> bool:
    """Whether all of these can be shown, stored and sent as JSON."""
    return all(not isinstance(value, float) or math.isfinite(value) for value in values.values())


@every
@budget(10)
@given(data=st.data())
def test_an_answer_that_is_nearly_right_is_refused_or_sound(name: str, data: st.DataObject) -> None:
    _, dialect, answers = device(name)
    query = data.draw(st.sampled_from(dialect.queries)).name
    spoilt = data.draw(mangled_bytes(answers[query]))
    try:
        payload = taken(dialect, query, spoilt)
    except (BadFrame, Refused, NoAnswer):
        return
    if payload is not None:
        assert sound(readings(dialect.entities, query, payload).values)


@every
@budget(10)
@given(data=st.data())
def test_what_a_device_means_wrongly_is_absent_or_sound(name: str, data: st.DataObject) -> None:
    """The checksum is right, the content is not: the device itself, or another firmware, talks nonsense."""
    _, dialect, answers = device(name)
    query = data.draw(st.sampled_from(dialect.queries)).name
    good = taken(dialect, query, answers[query])
    assert good is not None
    payload = data.draw(mangled_bytes(good) | st.binary(max_size=len(good) + 8))
    found = readings(dialect.entities, query, payload).values
    assert sound(found)
    dialect.doubt(found, readings(dialect.entities, query, good).values)


@every
@budget(5)
@given(data=st.data())
def test_bytes_in_any_pieces_are_cut_or_refused(name: str, data: st.DataObject) -> None:
    _, dialect, answers = device(name)
    query = data.draw(st.sampled_from(dialect.queries)).name
    whole = answers[query]
    noise = data.draw(st.binary(max_size=12)) + data.draw(mangled_bytes(whole) | st.just(whole))
    buffer, request = b"", dialect.request(query)
    for byte in noise:
        buffer += bytes([byte])
        try:
            cut = dialect.cut(request, buffer, quiet=data.draw(st.booleans()))
        except BadFrame:
            return
        if cut is not None:
            assert len(cut[0]) + len(cut[1]) <= len(buffer)
            return


@every
@budget(5)
@given(data=st.data())
def test_a_simulated_device_survives_any_request(name: str, data: st.DataObject) -> None:
    simulator, dialect, _ = device(name)
    query = data.draw(st.sampled_from(dialect.queries)).name
    request = dialect.request(query)
    for at, heard in enumerate(
        data.draw(st.lists(mangled_bytes(request) | st.binary(max_size=40), max_size=4))
    ):
        simulator.receive(heard, float(at))
    whole = [simulator.receive(request, 1000.0 + again) for again in range(3)]
    assert any(whole), "it is deaf after noise"


def near(row: Entity) -> st.SearchStrategy[Value]:
    """Values at and about the bounds of a row that can be set."""
    match row:
        case Number():
            steps = st.integers(-1, round((row.high - row.low) / row.step) + 1)
            return st.sampled_from((row.low, row.high, *row.only)) | steps.map(
                lambda step: row.low + step * row.step
            )
        case Select():
            return st.sampled_from(row.options)
    return st.booleans()


@every
@budget(5)
@given(data=st.data())
def test_a_wish_is_written_inside_its_bounds_or_refused(name: str, data: st.DataObject) -> None:
    _, dialect, _ = device(name)
    rows = [row for row in dialect.entities if row.setting is not None]
    if not rows:
        return
    row, written = data.draw(st.sampled_from(rows)), dict[tuple[bytes, ...], Value]()
    for value in data.draw(st.lists(near(row) | wishes, min_size=2, max_size=4)):
        try:
            accepted = row.accept(value)
            frames = dialect.write(row, accepted, NOW)
        except (ValueError, Refused):
            continue
        assert frames
        assert all(isinstance(frame, bytes) and frame for frame in frames)
        if isinstance(row, Number):
            assert accepted in row.only or (not row.only and row.low <= float(accepted) <= row.high)
        assert same(written.setdefault(frames, accepted), accepted), "two values are one on the line"


@every
@budget(5)
@given(data=st.data())
def test_a_stranger_on_the_line_is_no_device(name: str, data: st.DataObject) -> None:
    """Identification ends with an identity or a device's error, whatever answers."""
    simulator, _, _ = device(name)
    identify = EACH[name].identify
    assert identify is not None

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        answer = b"".join(simulator.receive(request, 0.0))
        cut = dialect.cut(request, data.draw(mangled_bytes(answer) | st.just(answer)), quiet=True)
        if cut is None:
            raise NoAnswer("silence")
        return cut[0]

    try:
        found = at_once(identify(ask, {}))
    except (DeviceError, ValueError):
        return
    assert found.model
    assert found.protocol


@every
@budget(5)
@given(data=st.data())
def test_a_captured_frame_that_was_spoilt_is_decoded_or_refused(name: str, data: st.DataObject) -> None:
    decode = EACH[name].decode
    if decode is None or not (frames := captured(EACH[name].domain)):
        return
    frame = data.draw(st.sampled_from(frames))
    try:
        values = decode(frame.model, frame.request, data.draw(mangled_bytes(frame.reply)))
    except (DeviceError, ValueError):
        return
    assert sound(values)
