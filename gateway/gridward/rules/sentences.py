"""The sentence on top of the page: what holds now and what comes next; a problem replaces it. Pure."""

from gridward.rules.entities import LONGEST_SENTENCE
from gridward.rules.grid_switch import Decision
from gridward.rules.inputs import Inputs, Source
from gridward.rules.words import cut, sentence, span


def top(
    mode: str,
    decision: Decision,
    inputs: Inputs,
    remaining: float,
    *,
    contactor: bool,
    stopped: float = 0.0,
) -> str:
    """At most 255 characters. `remaining` seconds of an override, `stopped` those of a stop of everything
    automatic; `contactor`: the site has one."""
    relay = inputs.source("relay")
    acting = mode == "on" and not stopped
    renewing = decision.position == "islanded" and (acting or inputs.override == "islanded")
    if decision.broken:
        parts = [decision.broken[0], _to_be_safe(mode, inputs)]
    elif relay.flag("locked"):
        parts = [relay.word("reason") or "the contactor is locked with the grid connected"]
    elif contactor and not relay.fresh:
        parts = [_no_contactor(relay), "without renewals it connects the grid by itself"]
    elif renewing and relay.word("position") == "connected":
        parts = ["the grid may go off; the contactor waits", relay.word("reason") or ""]
    elif inputs.override != "auto":
        parts = [_by_hand(decision, inputs, remaining), _next(decision)]
    elif stopped:
        parts = [f"automatic writes are stopped by hand for another {span(stopped)}", "grid connected"]
    elif mode == "off":
        parts = ["rules are off", "grid connected"]
    elif mode == "observe":
        islanded = decision.position == "islanded"
        would = "switch the grid off" if islanded else "leave the grid connected"
        # The last reason: the first of an islanded house says how long it stays so, and this one is not.
        parts = [f"the rules only watch, and would {would}", decision.reasons[-1 if islanded else 0]]
    elif decision.position == "islanded":
        parts = [_islanded(inputs), decision.reasons[0]]
    else:
        away = ", but the grid itself is away" if decision.grid == "absent" else ""
        parts = [f"grid connected{away}", decision.reasons[0]]
    return cut(" ".join(sentence(part) for part in parts if part), LONGEST_SENTENCE)


def without_contactor(mode: str, stopped: float) -> str:
    """The same for a house whose grid nobody switches; `stopped` seconds for which nothing is written."""
    if stopped:
        work = f"automatic writes are stopped by hand for another {span(stopped)}"
    else:
        work = {"on": "the rules set devices", "observe": "the rules only watch"}.get(mode, "rules are off")
    return f"{sentence(work)} This site has no contactor: its grid stays as the hardware has it."


def _to_be_safe(mode: str, inputs: Inputs) -> str:
    if inputs.override == "connected":
        return "grid connected by hand"
    return "grid connected to be safe" if mode == "on" else f"grid connected; rules {mode}"


def _no_contactor(relay: Source) -> str:
    return "no answer from the contactor" + ("" if relay.age is None else f" for {span(relay.age)}")


def _by_hand(decision: Decision, inputs: Inputs, remaining: float) -> str:
    left = f"by hand for another {span(remaining)}"
    if decision.position == inputs.override:
        return f"grid {'off' if decision.position == 'islanded' else 'connected'} {left}"
    return f"grid connected although off is asked {left}"


def _next(decision: Decision) -> str:
    """What an override does not say itself: the low bank that ends it, or what keeps it back."""
    return "" if decision.cause == "override" else decision.reasons[0]


def _islanded(inputs: Inputs) -> str:
    bank = inputs.source("battery")
    soc, amperes = bank.number("soc", 0.0, 100.0), bank.number("current", -1e4, 1e4)
    level = "" if soc is None else f"{soc:.0f} %"
    if amperes is not None and amperes < 0:
        return "living from the battery" + (level and f", {level}")
    return "living from the sun" + (level and f", battery at {level}")
