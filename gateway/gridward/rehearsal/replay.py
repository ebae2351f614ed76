"""What was recorded, decided again: where other rules, or the same ones, would have decided otherwise."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from gridward.recorder.exchange import Span, readings
from gridward.recorder.history import Event, History
from gridward.rehearsal.hand import Answer, answered, answers_of, held, stopped
from gridward.rehearsal.past import Past
from gridward.rehearsal.rates import Rates
from gridward.rules import grid_switch
from gridward.rules.engine import Decision, Inputs, Memory, decide
from gridward.rules.inputs import Inputs as Looked
from gridward.rules.inputs import Position, Source
from gridward.rules.inputs import Wish as Wished
from gridward.rules.override import WISHES
from gridward.rules.pace import DAY, counted
from gridward.rules.policy import Policy
from gridward.rules.proposals import Proposals
from gridward.rules.recording import Recording
from gridward.rules.view import View
from gridward.rules.wiring import CALLED, parts
from gridward.site import Site
from gridward_kit.command import same
from gridward_kit.mqtt import Handler
from gridward_kit.point import Value

TURN = 1.0
LEAD = 3600.0  # s before the span, so that waits and limits are known when it begins
DOWN = 60.0  # s without any reading: the gateway was not there, and began anew
SLACK = 30.0  # s between a decision then and the same now: readings are recorded every few seconds
SWITCH = "grid_switch"
RECORDED = {"rules/decision": SWITCH, "rules/would": SWITCH}
CARRIED_OUT = ("decided", "observed")


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision at seconds since 1970: what (`device/key`, or `grid_switch`), the value, and why."""

    at: float
    what: str
    value: Value
    reason: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What is decided now, what was then, and which pairs are one and the same."""

    now: tuple[Choice, ...]
    then: tuple[Choice, ...]
    alike: int
    only_now: tuple[Choice, ...]
    only_then: tuple[Choice, ...]
    islanded: float
    bought: float
    spent: float
    currency: str | None


@dataclass(slots=True)
class Silent:
    """A connection that leads nowhere: what is decided again is not told to anybody."""

    site: str = ""
    root: str = ""
    role: str = "replay"
    connected: bool = False

    def publish(self, topic: str, payload: str, *, retain: bool = False, qos: int = 1) -> None:
        """Nothing."""

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Nothing."""

    def on_connect(self, act: Callable[[], None]) -> None:
        """Nothing."""


@dataclass(slots=True)
class Then:
    """The moment that is decided again, as the clock."""

    at: float = 0.0

    def monotonic(self) -> float:
        """Seconds; nothing steps a recorded time."""
        return self.at

    def time(self) -> float:
        """Seconds since 1970."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


class Again:
    """The rules of a site over its past, one decision a second as in the role."""

    def __init__(self, site: Site, past: Past, clock: Then) -> None:
        self.site, self.past, self.clock = site, past, clock
        self.choices: list[Choice] = []
        self.position: Position = "connected"
        self._switch_memory, self._memory = grid_switch.Memory(), Memory()
        numbers = count(1)
        self._proposals = Proposals(lambda: str(next(numbers)))
        self.answers: list[Answer] = []
        policy = self.site.rules.policy
        self._recording = None if policy is None else Recording(Silent(), self.clock, policy)
        settings = self.site.rules.grid_switch
        self._parts = {} if settings is None else parts(settings)

    def turn(self) -> None:
        """Decide everything at the clock's moment."""
        now = self.clock.at
        if self.past.last is None or now - self.past.last > DOWN:
            self._switch_memory = grid_switch.Memory(changes=self._switch_memory.changes)
            self._memory = Memory(values=self._memory.values)
            return
        sources = self.past.sources(now)
        self._switch(sources, now)
        policy, recording = self.site.rules.policy, self._recording
        if policy is None or recording is None:
            return
        view = View(sources, datetime.fromtimestamp(now, self.site.time_zone))
        decisions = self._decide(view, policy, now)
        for one in decisions:
            if recording.decided(one, view, acts=False) and one.code == "write" and one.value is not None:
                what = f"{one.output.device}/{one.output.key}"
                self.choices.append(Choice(now, what, one.value, one.reason, one.rule or ""))

    def _decide(self, view: View, policy: Policy, now: float) -> tuple[Decision, ...]:
        """As the role does, with what persons said then."""

        def read(device: str, key: str) -> Value | None:
            return self.past.value(device, key, now)

        proposals = self._proposals
        proposals.expire(now)
        answered(self.answers, proposals, now)
        by_hand = held(policy, read)
        inputs = Inputs(view, by_hand, stopped(read), proposals.approved, proposals.closed)
        decisions, self._memory = decide(inputs, policy, now, self._memory)
        truths = {rule: one.now for rule, one in self._memory.held.items()}
        proposals.turn(decisions, policy, truths, now, now, view.value)
        return decisions

    def switched(self, choices: Iterable[Choice]) -> None:
        """What the grid switch did before this begins: it counts for how often it may switch."""
        for one in choices:
            if one.what == SWITCH:
                changes = counted(self._switch_memory.changes, one.at)
                self._switch_memory = replace(self._switch_memory, changes=changes)

    def _switch(self, sources: dict[str, Source], now: float) -> None:
        settings = self.site.rules.grid_switch
        if settings is None:
            return
        said = self.past.value("rules", "grid_override", now)
        wish: Wished = next((one for one in WISHES if one == said), "auto")
        seen = {
            part: replace(sources[device], name=CALLED.get(part, sources[device].name))
            if device in sources
            else Source(CALLED.get(part, device))
            for part, device in self._parts.items()
        }
        local = datetime.fromtimestamp(now, self.site.time_zone)
        decision = grid_switch.decide(Looked(seen, wish, local), settings, now, self._switch_memory)
        self._switch_memory = decision.memory
        if decision.position != self.position:
            self.position = decision.position
            self.choices.append(Choice(now, SWITCH, decision.position, " ".join(decision.reasons)))


def replay(site: Site, start: float, end: float, told: Callable[[float], None] = lambda _: None) -> Replayed:
    """Decide again what was recorded from `start` up to before `end` (s since 1970); `told` is called every
    so often with the moment that is reached. Raises sqlite3.Error for a store that cannot be read."""
    past = Past(site, readings(site.record.store, Span(start - LEAD, end)))
    again = Again(site, past, Then(start - LEAD))
    history = History(site.record.store)
    again.switched(_recorded(history.events(start - LEAD - DAY, start - LEAD)))
    again.answers = answers_of(history.events(start - LEAD, end))
    rates, islanded, bought, spent = Rates(site), 0.0, 0.0, 0.0
    steps = round((end - start + LEAD) / TURN)
    for number in range(steps):
        moment = start - LEAD + number * TURN
        again.clock.at = moment
        past.until(moment)
        again.turn()
        if moment >= start and again.position == "islanded":
            islanded += TURN
            watts = past.value("site", "grid_power", moment)
            if isinstance(watts, int | float) and watts > 0:
                energy = watts * TURN / 3_600_000
                price = rates.at(moment, datetime.fromtimestamp(moment, site.time_zone))
                bought += energy
                spent += energy * (price or 0.0)
        if number % 600 == 0:
            told(moment)
    now = tuple(one for one in again.choices if one.at >= start)
    then = tuple(_recorded(history.events(start, end)))
    only_now, only_then = _apart(now, then)
    alike = len(now) - len(only_now)
    return Replayed(now, then, alike, only_now, only_then, islanded, bought, spent, rates.currency)


def _recorded(events: Iterable[Event]) -> Iterator[Choice]:
    """What the audit says that the rules decided, or would have."""
    for event in events:
        content = event.content
        what, after, by = str(content.get("what")), content.get("after"), str(content.get("by", ""))
        if content.get("status") not in CARRIED_OUT or not isinstance(after, bool | int | float | str):
            continue
        if by == "rules" or by.startswith("rules:"):
            reason = str(content.get("reason", ""))
            yield Choice(event.at, RECORDED.get(what, what), after, reason, by.partition(":")[2])


def _apart(
    now: tuple[Choice, ...], then: tuple[Choice, ...]
) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """What has no counterpart on the other side: the same value of the same output at the same time."""
    left = list(then)
    only_now = []
    for one in now:
        other = next((that for that in left if _alike(one, that)), None)
        if other is None:
            only_now.append(one)
        else:
            left.remove(other)
    return tuple(only_now), tuple(left)


def _alike(one: Choice, other: Choice) -> bool:
    return one.what == other.what and same(one.value, other.value) and abs(one.at - other.at) <= SLACK
