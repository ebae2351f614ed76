"""Carries a drill out, step by step, each asked before; what was hit is set right again in any case."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gridward.drill.house import House, broker_process, hit
from gridward.drill.steps import BREATH, CONTACTOR, STARTED, Result, Step, bound
from gridward.site import EMBEDDED
from gridward_kit.clock import iso

HEARD = 15.0  # s until everything that matters has said itself
BACK = 180.0  # s until a process that was killed has to be there again
SAID = 60.0  # s until the broker, back again, has brought what waited


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands before it: answers yes or no, does what cannot be done from here, reads what is so."""

    says: Callable[[str], None]
    agrees: Callable[[str], bool]
    alone: bool


class Skipped(Exception):
    """Why a step is left out, in words."""


async def drill(house: House, person: Person, steps: Sequence[Step], patience: float) -> list[Result]:
    """Carry the steps out; `patience` is how long (s) each may wait until the house is islanded."""
    await house.until(lambda: house.feedback() is not None and "rules" in house.live.devices, HEARD)
    results = []
    for step in steps:
        limit = bound(step, house.lease)
        empty = Result(step.name, step.says, iso(house.clock.time()), limit, None)
        try:
            results.append(await _step(house, person, step, empty, patience))
        except (Skipped, OSError) as error:
            results.append(replace(empty, skipped=str(error)))
        person.says(results[-1].line())
    return results


async def _step(house: House, person: Person, step: Step, empty: Result, patience: float) -> Result:
    pid = _target(house, person, step)
    await _islanded(house, person, patience)
    if not await asyncio.to_thread(
        person.agrees, f"{step.says} {step.by_person if pid is None else ''} Go on?"
    ):
        raise Skipped("not wanted")
    began = house.clock.time()
    remark = "" if pid is not None else "; timed from the answer, by hand"
    async with _gone(house, person, step, pid):
        if pid is not None and step.how == "freeze":
            after, remark = await _thawed(house, pid, empty.bound)
        elif step.witness == "hardware":
            after, again = await house.looked(pid, empty.bound)
            remark = STARTED if again else remark
        elif step.witness == "audit":
            await house.clock.sleep(empty.bound)
        else:
            after = await house.until(lambda: house.feedback() == "connected", empty.bound)
    if step.witness == "audit":
        after = await house.audited(began, SAID)
    return replace(empty, began=iso(began), after=after, remark=remark)


async def _thawed(house: House, pid: int, limit: float) -> tuple[float | None, str]:
    """A process that hangs keeps its port: it is killed when the hardware's timer has to be over, and the
    contact is looked at before the process is there again. The time is when it was seen, not when it fell."""
    rest = limit - BREATH / 2
    await house.clock.sleep(rest)
    found = house.process(house.relay)
    if found is None or found.pid != pid:
        return (await house.looked(pid, limit - rest))[0], STARTED
    hit(pid, signal.SIGKILL)
    after, again = await house.looked(pid, limit - rest)
    return None if after is None else rest + after, STARTED if again else "; seen then, by its own timer"


def _target(house: House, person: Person, step: Step) -> int | None:
    """The process to hit; None where a person does it. Raises Skipped."""
    if step.how == "logger":
        if house.logger is None:
            raise Skipped("no logger is watched")
        if person.alone:
            raise Skipped("only a person can pull a plug")
        return None
    if step.how == "broker":
        url = urlsplit(house.site.broker.url)
        local = url.hostname in ("127.0.0.1", "localhost", "::1")
        pid = broker_process(url.port or 1883) if local else None
        if house.site.broker.url == EMBEDDED:
            raise Skipped("the broker lives in the gateway's own process")
        if pid is None and person.alone:
            raise Skipped("the broker's process is not to be had from here")
        return pid
    found = house.process(house.relay if step.role == CONTACTOR else step.role)
    if found is None:
        raise Skipped(f"no process of this computer runs {step.role}; run the drill where it does")
    if step.role == "rules" and house.relay in found.roles:
        raise Skipped("rules and relay share one process; the step relay_killed covers its death")
    if step.how == "kill" and step.role == "rules" and house.settle < house.lease:
        raise Skipped("`settle` is shorter than the lease: rules that are started anew may just go on")
    if step.witness == "hardware":
        _readable(house, step)
    return found.pid


def _readable(house: House, step: Step) -> None:
    if step.how == "freeze" and house.site.device(house.relay).options.get("driver") == "gpio":
        raise Skipped("a bare pin has no timer of its own; systemd's watchdog ends a process that hangs")
    options = house.site.device(house.relay).options
    if options.get("watchdog_register") is not None:
        raise Skipped(
            "to read the board would feed its watchdog; look at the contactor, and stop the relay by hand"
        )


async def _islanded(house: House, person: Person, patience: float) -> None:
    """Wait until the house lives without the grid, and is fit for it. Raises Skipped."""
    if house.feedback() != "islanded":
        person.says(f"Waiting until the house is islanded, {patience / 60:.0f} min at most.")
    if await house.until(lambda: house.feedback() == "islanded", patience) is None:
        reason = house.live.fresh(house.relay, "reason", house.clock.monotonic())
        raise Skipped(
            f"the house was not islanded within {patience / 60:.0f} min: {reason or 'nobody says why'}"
        )
    if await house.until(lambda: not house.unsafe(), HEARD) is None:
        raise Skipped("; ".join(house.unsafe()))


@asynccontextmanager
async def _gone(house: House, person: Person, step: Step, pid: int | None) -> AsyncIterator[None]:
    """The part is gone while this lasts; then it is back, or a person is told to bring it back."""
    stopped = step.how in ("hang", "broker")
    if pid is not None:
        hit(pid, signal.SIGKILL if step.how == "kill" else signal.SIGSTOP)
    try:
        yield
    finally:
        if pid is not None and stopped:
            hit(pid, signal.SIGCONT)
        elif pid is not None and step.how == "freeze":
            with suppress(ProcessLookupError):
                hit(pid, signal.SIGKILL)
        elif pid is None:
            await asyncio.to_thread(person.agrees, "Bring it back now. Done?")
    if pid is not None and not stopped:
        role = house.relay if step.role == CONTACTOR else step.role
        person.says(f"Waiting for {role} to run again (systemd does it; else start it now).")
        if await house.until(lambda: house.process(role) is not None, BACK) is None:
            person.says(f"{role} does not run again: start it")
