"""A story of inputs played to a policy: what it writes, and when. Pure, on a clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gridward.rules.alarms import standing
from gridward.rules.engine import Decision, Inputs, Memory, decide
from gridward.rules.inputs import Source
from gridward.rules.policy import Policy
from gridward.rules.view import Ref, View
from gridward_kit.command import same
from gridward_kit.point import Value

STEP = 5.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """What changes (None: no longer read), for how many seconds it stays so, and what has to be written
    in that time, the last value of each output; `by` is the rule that has to be behind it, `alarms` are the
    rules that set nothing and have to stand at its end (None: not looked at), `wins` those that have to
    have an output then, be there something to write or not."""

    has: Mapping[Ref, Value | None]
    lasts: float
    writes: Mapping[Ref, Value]
    by: str | None = None
    place: str = ""
    alarms: tuple[str, ...] | None = None
    wins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """Chapters one after the other; `begins` is local time without a zone, None for an unknown clock."""

    title: str
    given: Mapping[Ref, Value | None] = field(default_factory=dict)
    chapters: tuple[Chapter, ...] = ()
    begins: datetime | None = None


@dataclass(slots=True)
class House:
    """The inputs as they stand; what is written stands at the next step, as in a device that obeys."""

    policy: Policy
    zone: ZoneInfo
    begins: datetime | None = None
    state: dict[Ref, Value] = field(default_factory=dict)
    overrides: dict[Ref, Value] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    now: float = 0.0
    obeys: bool = True
    heard: dict[str, float] = field(default_factory=dict)

    def has(self, changes: Mapping[Ref, Value | None]) -> None:
        """Take up changed inputs; None for one that is not read any more."""
        for ref, value in changes.items():
            if value is None:
                self.state.pop(ref, None)
            else:
                self.state[ref] = value

    def step(self, seconds: float = STEP) -> tuple[Decision, ...]:
        """Let time pass and decide once; returns every decision."""
        self.now += seconds
        decisions, self.memory = decide(
            Inputs(self._view(), self.overrides), self.policy, self.now, self.memory
        )
        for one in decisions:
            if one.code == "write" and one.value is not None and self.obeys:
                self.state[one.output] = one.value
        return decisions

    def _view(self) -> View:
        values: dict[str, dict[str, Value]] = {}
        for ref, value in self.state.items():
            values.setdefault(ref.device, {})[ref.key] = value
        self.heard |= dict.fromkeys(values, self.now)
        sources = {
            device: Source(device, fresh=device in values, age=self.now - at, values=values.get(device, {}))
            for device, at in self.heard.items()
        }
        return View(sources, self._local())

    def _local(self) -> datetime | None:
        if self.begins is None:
            return None
        start = self.begins.replace(tzinfo=self.zone).astimezone(UTC)
        return (start + timedelta(seconds=self.now)).astimezone(self.zone)


def play(story: Story, policy: Policy, zone: ZoneInfo) -> list[str]:
    """Play one story; what went otherwise than it says, in words."""
    house = House(policy, zone, story.begins)
    house.has(story.given)
    wrong = []
    for chapter in story.chapters:
        house.has(chapter.has)
        written: dict[Ref, Decision] = {}
        decisions: tuple[Decision, ...] = ()
        end = house.now + chapter.lasts
        while house.now < end:
            decisions = house.step(min(STEP, end - house.now))
            written |= {one.output: one for one in decisions if one.code == "write"}
        told = [*_differences(chapter, written), *_standing(chapter, house, decisions)]
        wrong += [f"{chapter.place}: {words}" for words in told]
    return wrong


def _standing(chapter: Chapter, house: House, decisions: tuple[Decision, ...]) -> list[str]:
    """What is otherwise at the end of a chapter."""
    alarms = tuple(rule.id for rule in standing(house.policy, house.memory))
    found = []
    if chapter.alarms is not None and alarms != chapter.alarms:
        found.append(f"alarms {', '.join(alarms) or 'none'}; expected {', '.join(chapter.alarms) or 'none'}")
    winners = [one.rule for one in decisions if one.rule is not None]
    missing = [rule for rule in chapter.wins if rule not in winners]
    if missing:
        found.append(f"outputs are held by {', '.join(winners) or 'none'}; expected {', '.join(missing)}")
    return found


def _differences(chapter: Chapter, written: Mapping[Ref, Decision]) -> list[str]:
    found = []
    for ref, wanted in chapter.writes.items():
        one = written.get(ref)
        if one is None or one.value is None:
            found.append(f"{ref.said} was not written; expected {ref.shown(wanted)}")
        elif not same(one.value, wanted):
            found.append(f"wrote {ref.shown(one.value)}; expected {ref.shown(wanted)}")
        elif chapter.by is not None and one.rule != chapter.by:
            found.append(f"{ref.said} was written by {one.rule}; expected {chapter.by}")
    for ref, one in written.items():
        if ref not in chapter.writes and one.value is not None:
            found.append(f"wrote {ref.shown(one.value)} ({one.reason}); expected nothing there")
    return found
