"""Islanded implies a decision under 30 s old, dwell and limits, whatever happens between relay and rules.

The same machine with one check broken at a time must turn red.
"""

import logging

import pytest
from faults.lease_machine import LeaseMachine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from gridward.rules.renewal import Pair, Renewal
from gridward_kit.kept import Json
from gridward_relay.contactor import Contactor, Position
from gridward_relay.lease import Lease, Refusal


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of lives of one relay would fill the log."""
    caplog.set_level(logging.CRITICAL, "gridward_relay")


SETTINGS = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_lease_holds() -> None:
    LeaseMachine.counts = {}
    run_state_machine_as_test(LeaseMachine, settings=SETTINGS)
    print(f"\nlease machine: {LeaseMachine.counts}")
    assert LeaseMachine.counts["examples"] >= SETTINGS.max_examples
    assert LeaseMachine.counts.get("islanded", 0) > 20
    assert LeaseMachine.counts.get("relay killed", 0) > 20


class FromReceipt(Lease):
    """Broken: a renewal counts from its receipt, in place of the relay's own issue time."""

    def renew(self, epoch: str, n: int, now: float) -> Refusal | None:
        refusal = super().renew(epoch, n, now)
        if refusal in (None, Refusal.LATE, Refusal.REPEATED, Refusal.OLDER):
            self._until = now + self.length
        return refusal


class NoDwell(Contactor):
    """Broken: no dwell at all."""

    DWELL = 0.0


class NoDwellAfterStart(Contactor):
    """Broken: the dwell is kept after a connect, but not after a start."""

    def __init__(self, now: float, kept: dict[str, Json] | None = None) -> None:
        super().__init__(now, kept)
        self._blocked_until = now


class NoHourLimit(Contactor):
    """Broken: as many changes an hour as the dwell allows."""

    PER_HOUR = 1000


class NoDayLimit(Contactor):
    """Broken: as many changes a day as the hours allow."""

    PER_DAY = 1000


class ForgetsCount(Contactor):
    """Broken: a restart forgets the count."""

    def __init__(self, now: float, kept: dict[str, Json] | None = None) -> None:
        super().__init__(now)


class StaleDecision(Renewal):
    """Broken: any decision renews, however old."""

    def answer(self, position: str, decided_at: float, now: float) -> tuple[str, int] | None:
        return super().answer(position, now, now)


class DecisionBeforePair(Renewal):
    """Broken: a decision made up to 5 s before its pair came in renews, too."""

    def seen(self, epoch: str, n: int, now: float, *, retained: bool = False) -> None:
        super().seen(epoch, n, now, retained=retained)
        if self._pair is not None:
            self._pair = Pair(self._pair.epoch, self._pair.n, self._pair.at - 5)


class DwellBothWays(Contactor):
    """Broken: towards connected waits for the dwell, too."""

    def decide(self, *, lease_open: bool, now: float, hindrance: str | None = None) -> Position | None:
        order = super().decide(lease_open=lease_open, now=now, hindrance=hindrance)
        if order is Position.CONNECTED and self._changes and now - self._changes[-1] < 60:
            return None
        return order


BROKEN = [
    ("contactor", DwellBothWays),
    ("lease", FromReceipt),
    ("contactor", NoDwell),
    ("contactor", NoDwellAfterStart),
    ("contactor", NoHourLimit),
    ("contactor", ForgetsCount),
    ("contactor", NoDayLimit),
    ("renewal", StaleDecision),
    ("renewal", DecisionBeforePair),
]


@pytest.mark.parametrize(("part", "broken"), BROKEN, ids=[broken.__name__ for _, broken in BROKEN])
def test_a_broken_one_turns_the_machine_red(part: str, broken: type) -> None:
    counts: dict[str, int] = {}
    machine = type(f"{broken.__name__}Machine", (LeaseMachine,), {part: broken, "counts": counts})
    found = settings(SETTINGS, max_examples=1000, phases=[Phase.generate], database=None, print_blob=False)
    with pytest.raises(AssertionError, match=r"islanded|delayed|changes"):
        run_state_machine_as_test(machine, settings=found)
    print(f"\n{broken.__name__}: red after {counts}")
