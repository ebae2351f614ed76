"""Alarms, once each: raised when something has been so for its time, cleared when it is over for its time.

Pure: `step(state, scene, rows, moment, spec)` gives the next state and the messages. What is not known
neither raises nor clears anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gridward.notify.scene import Scene
from gridward.notify.spec import SEVERITIES, NotifySpec, Severity, Weekly
from gridward_kit.clock import iso
from gridward_kit.kept import Json

MINUTES = 24 * 60
LATE = timedelta(hours=24)
NEVER = timedelta(days=8)
HELD = 200
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """How one place stands: `bad` raises, `good` clears; neither is in between. `value` in words."""

    place: str
    name: str
    value: str
    bad: bool
    good: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One alarm: what it looks at, for how many seconds it must be so (`hold`) and over (`settle`), and its
    sentences, with {name} and {value}."""

    key: str
    name: str
    severity: Severity
    hold: float
    settle: float
    look: Callable[[Scene], Iterable[Found]]
    raised: str
    cleared: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that stands: since when (s since 1970, None while that is not known), and its words."""

    since: float | None
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is told."""

    title: str
    text: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Moment:
    """Monotonic seconds; wall time (s since 1970) and the site's local time where they are known."""

    mono: float
    wall: float | None = None
    local: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What stands, what is about to turn (since, monotonic s), what waits for the end of the quiet hours,
    and the day of the last weekly message."""

    raised: Mapping[Name, Standing] = field(default_factory=dict)
    turning: Mapping[Name, float] = field(default_factory=dict)
    held: tuple[Message, ...] = ()
    weekly: str = ""


def step(
    state: State, scene: Scene, rows: Sequence[Row], moment: Moment, spec: NotifySpec
) -> tuple[State, tuple[Message, ...]]:
    """Look once. The messages are those to be sent now."""
    raised, turning = dict(state.raised), dict[Name, float]()
    told: list[Message] = []
    for row in rows:
        for found in row.look(scene):
            name = (row.key, found.place)
            turns = found.good if name in raised else found.bad
            if not turns:
                continue
            since = state.turning.get(name, moment.mono)
            if moment.mono - since < (row.settle if name in raised else row.hold):
                turning[name] = since
            elif name in raised:
                del raised[name]
                told.append(_said(row, row.cleared, found, f"All clear: {row.name}"))
            else:
                told.append(_said(row, row.raised, found, row.name))
                raised[name] = Standing(moment.wall, row.severity, told[-1].text)
    return tell(replace(state, raised=raised, turning=turning), told, moment, spec)


def tell(
    state: State, told: Sequence[Message], moment: Moment, spec: NotifySpec
) -> tuple[State, tuple[Message, ...]]:
    """Hold back in the quiet hours what is not about safety; afterwards all of it in one message."""
    if quiet(moment.local, spec.quiet):
        later = tuple(one for one in told if one.severity != "safety")
        now = tuple(one for one in told if one.severity == "safety")
        return replace(state, held=(*state.held, *later)[-HELD:]), now
    if not state.held:
        return state, tuple(told)
    return replace(state, held=()), (gathered(state.held, "While it was quiet"), *told)


def gathered(messages: Sequence[Message], title: str) -> Message:
    """Several messages as one, of the greatest severity among them."""
    lines = (one.text if one.text.startswith(one.title) else f"{one.title}: {one.text}" for one in messages)
    text = "\n".join(lines)
    return Message(title, text, max((one.severity for one in messages), key=SEVERITIES.index))


def quiet(local: datetime | None, hours: tuple[int, int] | None) -> bool:
    """Whether it is a quiet hour; never while the time is not known."""
    if local is None or hours is None:
        return False
    begin, end = hours
    minute = local.hour * 60 + local.minute
    return (minute - begin) % MINUTES < (end - begin) % MINUTES


def due(state: State, local: datetime | None, weekly: Weekly | None) -> tuple[State, bool]:
    """Whether the weekly message is due: once a week, up to a day late, and not at the first start. One of
    weeks to come, by a clock that was once ahead, counts for nothing."""
    if local is None or weekly is None:
        return state, False
    day = local.date() - timedelta(days=(local.weekday() - weekly.day) % 7)
    at = datetime.combine(day, datetime.min.time(), local.tzinfo) + timedelta(minutes=weekly.minute)
    if local < at:
        at -= timedelta(days=7)
    day_of = at.date().isoformat()
    if state.weekly > (local.date() + NEVER).isoformat():
        return replace(state, weekly=day_of), False
    if day_of <= state.weekly:
        return state, False
    return replace(state, weekly=day_of), bool(state.weekly) and local - at < LATE


def _said(row: Row, words: str, found: Found, title: str) -> Message:
    return Message(title, words.format(name=found.name, value=found.value), row.severity)


def to_json(state: State) -> dict[str, Json]:
    """What outlives a restart."""
    return {
        "raised": [[*name, one.since, one.severity, one.text] for name, one in state.raised.items()],
        "held": messages_to(state.held),
        "weekly": state.weekly,
    }


def from_json(content: Mapping[str, Json]) -> State:
    """The state before a restart; what cannot be read is left out."""
    raised: dict[Name, Standing] = {}
    for row in _rows(content.get("raised")):
        match row:
            case [str(key), str(place), (float() | int() | None) as since, str(severity), str(text)]:
                raised[key, place] = Standing(since, _severity(severity), text)
    held = tuple(messages_from(content.get("held")))
    weekly = content.get("weekly")
    return State(raised, {}, held, weekly if isinstance(weekly, str) else "")


def messages_to(messages: Iterable[Message]) -> list[Json]:
    """Messages that wait, for the next start."""
    return [[one.title, one.text, one.severity] for one in messages]


def messages_from(content: Json) -> Iterator[Message]:
    """Messages that waited before a restart; what cannot be read is left out."""
    for row in _rows(content):
        match row:
            case [str(title), str(text), str(severity)]:
                yield Message(title, text, _severity(severity))


def _rows(content: Json) -> Iterator[list[Json]]:
    return (row for row in content if isinstance(row, list)) if isinstance(content, list) else iter(())


def _severity(word: str) -> Severity:
    return next((one for one in SEVERITIES if one == word), "warning")


def shown(state: State) -> list[Json]:
    """What stands, as it is published."""
    return [
        {
            "key": key,
            "place": place,
            "severity": one.severity,
            "since": None if one.since is None else iso(one.since),
            "text": one.text,
        }
        for (key, place), one in state.raised.items()
    ]
