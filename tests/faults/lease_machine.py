"""Everything that can happen between relay and rules, as a state machine over the real code of both.

The real relay loop with its driver's bytes, a simulated board with its own timer, and the real renewal;
between them a broker that drops, repeats, reorders and delays, and processes that are suspended, killed
and started again on clocks of their own.
"""

import tempfile
from pathlib import Path
from typing import ClassVar

from faults.lease_house import House, RelayProcess, RulesProcess
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from gridward.rules.renewal import Renewal
from gridward_relay.contactor import Contactor, Position
from gridward_relay.lease import Lease

DECISION = 30.0
DWELL = 600.0
HOUR, DAY = 3600.0, 86400.0
WAITS = st.sampled_from((0.3, 1.0, 4.0, 5.0, 12.0, 26.0, 31.0, 590.0, 601.0, 30000.0))
OFFSETS = st.floats(0, 1e7)
CAPACITY = 30
Sent = tuple[str, int]


class LeaseMachine(RuleBasedStateMachine):
    """Everything that can happen to one house. `counts` adds up what did, over all examples."""

    lease: ClassVar[type[Lease]] = Lease
    contactor: ClassVar[type[Contactor]] = Contactor
    renewal: ClassVar[type[Renewal]] = Renewal
    counts: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.house = House(Path(self.folder.name))
        self.to_rules: list[Sent] = []
        self.to_relay: list[Sent] = []
        self.allowed_at = -1e9
        self.was_islanded = False
        self.changes: list[float] = []
        self.connected_at = -1e9
        self.count("examples")

    def teardown(self) -> None:
        self.folder.cleanup()

    @classmethod
    def count(cls, what: str) -> None:
        cls.counts[what] = cls.counts.get(what, 0) + 1

    @initialize(offset=OFFSETS, working=st.booleans())
    def start(self, offset: float, *, working: bool) -> None:
        self.relay = RelayProcess(self.house, offset, self.lease, self.contactor)
        self.deciding = RulesProcess(self.house, offset / 2, self.renewal)
        if working:
            self.pass_time(DWELL + 1)
            self.work(times=2, deciding="after")

    # What holds

    def watch(self) -> None:
        """Look at the board's own coil: age of the decision, dwell, limits."""
        now, islanded = self.house.now, self.house.islanded
        if islanded:
            assert now - self.allowed_at < DECISION, "islanded on a decision that is too old"
        if islanded == self.was_islanded:
            return
        self.was_islanded = islanded
        self.changes.append(now)
        self.count("islanded" if islanded else "connected")
        if islanded:
            assert now - self.connected_at >= DWELL, "islanded too soon after a connect"
            assert now - self.relay.started >= DWELL, "islanded too soon after the relay's start"
        else:
            self.connected_at = now
        assert sum(now - at < HOUR for at in self.changes) <= 4, "more than 4 changes an hour"
        assert sum(now - at < DAY for at in self.changes) <= 12, "more than 12 changes a day"

    def tick(self) -> None:
        self.watch()
        if self.relay.suspended:
            return
        relay = self.relay.relay
        self.relay.tick()
        if not relay.lease.open(self.relay.clock.monotonic()) or relay.contactor.locked is not None:
            assert not self.house.islanded, "the way to connected was delayed"
        self.watch()
        self.to_rules = (self.to_rules + self.relay.post.issued)[-CAPACITY:]
        self.relay.post.issued.clear()

    def pass_time(self, seconds: float) -> None:
        """Second by second while something is going on, else in one go."""
        end = self.house.now + seconds
        while self.house.now < end:
            busy = self.relay.relay.lease.open(self.relay.clock.monotonic()) and not self.relay.suspended
            step = 1.0 if self.house.islanded or busy else end - self.house.now
            self.house.now = min(end, self.house.now + step)
            self.tick()

    def bring_pairs(self) -> None:
        """The broker works: the rules see all that waits for them; copies may turn up again."""
        for pair in self.to_rules:
            self.deciding.renewal.seen(*pair, self.deciding.clock.monotonic())

    def renew(self) -> None:
        """The rules answer on their last decision, and the broker brings it at once."""
        position, decided_at = self.deciding.decision
        pair = self.deciding.renewal.answer(position, decided_at, self.deciding.clock.monotonic())
        if pair is not None:
            self.to_relay = [*self.to_relay, pair][-CAPACITY:]
            self.relay.renew(pair)
            self.tick()

    # What happens

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(rounds=st.sampled_from((1, 2, 3, 8)), gap=st.sampled_from((601.0, 1850.0)), asleep=st.booleans())
    def island_again_and_again(self, rounds: int, gap: float, *, asleep: bool) -> None:
        """The dwell passes, all works for a while, then the rules fall silent or the relay sleeps."""
        for _ in range(rounds):
            self.pass_time(gap)
            self.work(times=2, deciding="after")
            self.relay.suspended = asleep
            self.pass_time(31.0)
            self.relay.suspended = False
            self.tick()

    @rule(
        times=st.integers(1, 8), deciding=st.sampled_from(("after", "before", "never")), silent=st.booleans()
    )
    def work(self, times: int, deciding: str, *, silent: bool = False) -> None:
        """The broker works; the rules decide after the pairs came in, before that, or no more at all."""
        for _ in range(times):
            self.to_rules.clear()
            self.pass_time(2.5)
            if deciding == "before":
                self.decide(allowed=True)
            self.pass_time(2.5)
            self.bring_pairs()
            if deciding == "after":
                self.decide(allowed=True)
            self.renew()
        if silent:
            self.pass_time(31.0)

    @rule(allowed=st.booleans())
    def decide(self, *, allowed: bool) -> None:
        self.deciding.decide(Position.ISLANDED if allowed else Position.CONNECTED)
        if allowed:
            self.allowed_at = self.house.now

    @precondition(lambda self: self.to_rules)
    @rule(place=st.integers(0, CAPACITY), keep=st.booleans(), retained=st.booleans())
    def bring_one_to_the_rules(self, place: int, *, keep: bool, retained: bool) -> None:
        """In any order, late, and where it is kept once more later."""
        place %= len(self.to_rules)
        pair = self.to_rules[place] if keep else self.to_rules.pop(place)
        self.deciding.renewal.seen(*pair, self.deciding.clock.monotonic(), retained=retained)
        self.renew()

    @precondition(lambda self: self.to_relay)
    @rule(place=st.integers(0, CAPACITY), keep=st.booleans(), retained=st.booleans())
    def bring_one_to_the_relay(self, place: int, *, keep: bool, retained: bool) -> None:
        place %= len(self.to_relay)
        pair = self.to_relay[place] if keep else self.to_relay.pop(place)
        self.relay.renew(pair, retain=retained)
        self.tick()

    @rule(seconds=st.sampled_from((0.0, 1.0, 4.0)), times=st.integers(1, 12), suspended=st.booleans())
    def bring_all_again(self, seconds: float, times: int, *, suspended: bool) -> None:
        """Every copy that the broker still has comes again and again, also to a relay that slept."""
        for _ in range(times):
            self.relay.suspended = suspended
            self.pass_time(seconds)
            self.relay.suspended = False
            for pair in self.to_relay:
                self.relay.renew(pair)
            self.tick()

    @rule()
    def lose_all_messages(self) -> None:
        self.to_rules.clear()
        self.to_relay.clear()

    @rule(seconds=WAITS)
    def suspend_relay(self, seconds: float) -> None:
        self.relay.suspended = True
        self.pass_time(seconds)
        self.relay.suspended = False
        self.tick()

    @rule(seconds=WAITS)
    def suspend_rules(self, seconds: float) -> None:
        """What they decided before they slept is all they have when they wake."""
        self.pass_time(seconds)
        self.renew()

    @rule(offset=OFFSETS, seconds=WAITS)
    def kill_relay(self, offset: float, seconds: float) -> None:
        """Dead for a while, then started; another offset is a computer that was started anew."""
        self.relay.suspended = True
        self.pass_time(seconds)
        self.relay = RelayProcess(self.house, offset, self.lease, self.contactor)
        self.count("relay killed")
        self.tick()

    @rule(offset=OFFSETS)
    def kill_rules(self, offset: float) -> None:
        self.deciding = RulesProcess(self.house, offset, self.renewal)

    @precondition(lambda self: self.relay.relay.contactor.locked is not None)
    @rule()
    def release(self) -> None:
        self.relay.release()
        self.count("released")

    @rule(seconds=st.sampled_from((1.0, 10.0)))
    def weld(self, seconds: float) -> None:
        """The contactor's contacts stick for a while: feedback disagrees where the house is islanded."""
        self.house.board.state["welded"] = True
        self.pass_time(seconds)
        self.house.board.state["welded"] = False
