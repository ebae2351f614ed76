"""The drill's steps, and what makes one unsafe. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gridward.site import Site
from gridward_kit.point import Value

How = Literal["hang", "kill", "freeze", "broker", "logger"]
Witness = Literal["state", "audit", "hardware"]

STARTED = (
    "; the process was started anew meanwhile, which connects, too: no proof of the hardware's own timer"
)
BREATH = 10.0  # s beside the lease: a round of polls, and the contactor's travel
SOC_LEAST = 40.0
CONTACTOR = "contactor"


@dataclass(frozen=True, slots=True)
class Step:
    """One part that dies. `role` runs in the process that is hit; the witness is who sees the contact."""

    name: str
    says: str
    how: How
    witness: Witness
    role: str = ""
    by_person: str = ""


STEPS = (
    Step("rules_hang", "The rules hang (SIGSTOP): nobody renews.", "hang", "state", "rules"),
    Step("rules_killed", "The rules are killed (SIGKILL).", "kill", "state", "rules"),
    Step(
        "broker_cut",
        "The broker is silent: no renewal arrives.",
        "broker",
        "audit",
        by_person="Stop the broker, or pull the network cable between rules and relay",
    ),
    Step(
        "relay_killed",
        "The relay's process is killed: the hardware's way out, or its new start.",
        "kill",
        "hardware",
        CONTACTOR,
    ),
    Step(
        "relay_hung",
        "The relay's process hangs (SIGSTOP), and is killed later: the hardware's own timer.",
        "freeze",
        "hardware",
        CONTACTOR,
    ),
    Step(
        "logger_off",
        "The logger loses power.",
        "logger",
        "state",
        by_person="Pull the logger's plug",
    ),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a step came to. `after`: seconds until the contact said connected, None if not in time."""

    name: str
    says: str
    began: str
    bound: float
    after: float | None
    skipped: str = ""
    remark: str = ""

    @property
    def passed(self) -> bool | None:
        """None for a step that was left out."""
        return None if self.skipped else self.after is not None and self.after <= self.bound

    def line(self) -> str:
        """One line for a person."""
        if self.skipped:
            return f"left out  {self.name}: {self.skipped}"
        if self.after is None:
            return f"FAILED    {self.name}: the contact did not close within {self.bound:g} s"
        mark = "passed    " if self.passed else "FAILED    "
        took = f"{self.after:.1f} s (at most {self.bound:g} s)"
        return f"{mark}{self.name}: back on the grid after {took}{self.remark}"


def bound(step: Step, lease: float) -> float:
    """Seconds within which the house has to be back on the grid."""
    return lease + BREATH + (30.0 if step.how == "logger" else 0.0)


def unfit(site: Site, *, critical_agreed: bool) -> Iterator[str]:
    """Why this site cannot be drilled at all."""
    settings = site.rules.grid_switch
    if settings is None or settings.relay is None:
        yield "this site has no grid switch"
        return
    options = site.device(settings.relay).options
    if options.get("feedback_pin") is None and options.get("feedback_input") is None:
        yield "the contactor has no feedback contact: nothing could say that the house is back on the grid"
    critical = [load.id for load in site.loads if load.critical]
    if critical and not critical_agreed:
        named = ", ".join(critical)
        yield f"critical loads are declared ({named}); say --critical-agreed if they may lose power"


def unsafe(values: Mapping[str, Mapping[str, Value]], battery: str, relay: str) -> Iterator[str]:
    """Why no part may be killed now; `values` are the fresh ones by device."""
    soc = values.get(battery, {}).get("soc")
    if isinstance(soc, bool | str) or soc is None:
        yield "the battery does not say its level"
    elif soc < SOC_LEAST:
        yield f"the battery is at {soc:.0f} %, under {SOC_LEAST:.0f} %"
    contactor = values.get(relay, {})
    if "feedback" not in contactor:
        yield "the contactor's feedback contact does not say where it stands"
    if contactor.get("locked") is not False:
        yield "the contactor is locked, or does not say whether it is"
    rules = values.get("rules", {})
    if rules.get("mode") != "on":
        yield "the rules are not `on`"
    if rules.get("grid_present") == "absent":
        yield "the public grid is away: the house would fall back onto nothing"
