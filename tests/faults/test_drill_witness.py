"""What the drill may claim: the hardware's own timer only where nobody else can have connected the house."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import typer

from gridward.drill import cli
from gridward.drill import run as drill_run
from gridward.drill.house import House
from gridward.drill.processes import Running, began
from gridward.drill.run import Person, Skipped
from gridward.drill.steps import STARTED, STEPS, Result, Step, bound
from gridward_kit.testing import TurnedClock

LEASE = 10.0


class Quick(TurnedClock):
    """A clock that everybody who sleeps turns."""

    now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Cellar:
    """A relay's process that really runs, and a contact that closes `falls` seconds after it was hit; a new
    process is there after `anew` seconds."""

    pid: int
    falls: float
    anew: float = 1e9
    driver: str = "modbus"
    clock: Quick = field(default_factory=Quick)
    relay: str = "contactor"
    lease: float = LEASE
    settle: float = 60.0
    runs: str = "contactor"
    live: object = None

    @property
    def site(self) -> "Cellar":
        return self

    def device(self, _: str) -> "Cellar":
        return self

    @property
    def options(self) -> dict[str, str]:
        return {"driver": self.driver}

    def process(self, _: str) -> Running | None:
        if self.clock.now >= self.anew:
            return Running(self.pid + 1, (self.runs,))
        return Running(self.pid, (self.runs,)) if began(self.pid) else None

    def feedback(self) -> str | None:
        return "connected" if self.clock.now >= self.anew else "islanded"

    def unsafe(self) -> tuple[str, ...]:
        return ()

    async def until(self, holds: object, within: float) -> float | None:
        return 0.0

    async def looked(self, dead: int | None, within: float) -> tuple[float | None, bool]:
        start = self.clock.now
        while self.clock.now - start <= within:
            again = self.clock.now >= self.anew
            if again or self.clock.now >= self.falls:
                return self.clock.now - start, again
            await self.clock.sleep(0.2)
        return None, False


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def step(name: str) -> Step:
    return next(one for one in STEPS if one.name == name)


async def carried_out(cellar: Cellar, name: str, said: list[str]) -> tuple[float | None, str]:
    person = Person(said.append, lambda _: True, alone=True)
    one = step(name)
    empty = Result(one.name, one.says, "", bound(one, LEASE), None)
    found = await drill_run._step(cast("House", cellar), person, one, empty, 60.0)
    return found.after, found.remark


async def test_a_board_that_lets_go_while_the_relay_is_dead_proves_its_timer(
    victim: subprocess.Popen[bytes],
) -> None:
    after, remark = await carried_out(Cellar(victim.pid, falls=8.0), "relay_killed", [])
    assert remark == ""
    assert after == pytest.approx(8.0, abs=0.3)


async def test_a_relay_that_is_started_anew_first_proves_no_timer(victim: subprocess.Popen[bytes]) -> None:
    after, remark = await carried_out(Cellar(victim.pid, falls=8.0, anew=2.0), "relay_killed", [])
    assert remark == STARTED
    assert after == pytest.approx(2.0, abs=0.3)


async def test_a_relay_that_hangs_proves_the_timer_and_is_killed_in_the_end(
    victim: subprocess.Popen[bytes],
) -> None:
    after, remark = await carried_out(Cellar(victim.pid, falls=8.0), "relay_hung", [])
    assert after is not None
    assert 8.0 <= after <= bound(step("relay_hung"), LEASE)
    assert "by its own timer" in remark
    assert victim.wait(10) == -signal.SIGKILL, "a process that was stopped is never left so"


def wait_until(pid: int, *, stopped: bool) -> None:
    """Wait until the kernel has stopped a process, or has it go on."""
    end = time.monotonic() + 30
    while (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T") is not stopped:
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass
class HungUp(Cellar):
    """The terminal goes away while a process is stopped: twice the drill waits before that."""

    waits: int = 0

    async def until(self, holds: object, within: float) -> float | None:
        self.waits += 1
        if self.waits == 3:
            wait_until(self.pid, stopped=True)
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(60)
        return 0.0


def test_a_terminal_that_goes_away_leaves_no_process_stopped(victim: subprocess.Popen[bytes]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    cellar = HungUp(victim.pid, falls=8.0, runs="rules")
    try:
        with pytest.raises(typer.Exit):
            cli.carried_out(carried_out(cellar, "rules_hang", []))
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_until(victim.pid, stopped=False)


async def test_a_board_that_never_lets_go_fails_although_the_relay_hangs(
    victim: subprocess.Popen[bytes],
) -> None:
    assert (await carried_out(Cellar(victim.pid, falls=1e9), "relay_hung", []))[0] is None


async def test_a_watchdog_that_ends_the_hung_relay_first_is_told(victim: subprocess.Popen[bytes]) -> None:
    _, remark = await carried_out(Cellar(victim.pid, falls=8.0, anew=5.0), "relay_hung", [])
    assert remark == STARTED


async def test_a_bare_pin_is_not_hung(victim: subprocess.Popen[bytes]) -> None:
    with pytest.raises(Skipped, match="no timer of its own"):
        await carried_out(Cellar(victim.pid, falls=8.0, driver="gpio"), "relay_hung", [])
    assert victim.poll() is None


async def test_rules_that_may_be_back_within_the_lease_are_not_killed(
    victim: subprocess.Popen[bytes],
) -> None:
    with pytest.raises(Skipped, match="`settle` is shorter than the lease"):
        await carried_out(Cellar(victim.pid, falls=8.0, settle=5.0, runs="rules"), "rules_killed", [])
    assert victim.poll() is None
    await carried_out(Cellar(victim.pid, falls=8.0, settle=10.0, runs="rules"), "rules_killed", [])
    assert victim.wait(10) == -signal.SIGKILL
