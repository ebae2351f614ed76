"""The Rules view in words: what a rule waits for, what is decided of an output. Pure."""

from collections.abc import Mapping
from datetime import datetime

from gridward.page.figures import DASH, age, span
from gridward.page.sentences import Said, shown
from gridward_kit.kept import Json
from gridward_kit.point import Value

Told = Mapping[str, Json]

CODES: Mapping[str, tuple[str, str]] = {
    "write": ("is set", "asked"),
    "stands": ("stands as wanted", "good"),
    "later": ("is set later", "asked"),
    "spent": ("is not set: too many writes", "warning"),
    "unread": ("is not set: it cannot be read", "warning"),
    "refused": ("is not set: the device does not take it", "warning"),
    "envelope": ("is not set: outside the envelope", "warning"),
    "proposed": ("is proposed", "asked"),
    "unsure": ("is not proposed: not sure enough", "warning"),
    "advised": ("is for a person to set", "asked"),
    "stopped": ("stopped by hand", "warning"),
    "nothing": ("nothing to do", "calm"),
}


def text(told: Told, key: str) -> str:
    """The text under a key, empty where there is none."""
    found = told.get(key)
    return found if isinstance(found, str) else ""


def value(told: Told, key: str) -> str:
    """A value as a person reads it; a dash for none."""
    found = told.get(key)
    plain: Value | None = found if isinstance(found, bool | int | float | str) else None
    return DASH if plain is None else shown(plain)


def moment(told: Told, key: str) -> float | None:
    """Seconds since 1970 of an ISO time; None where there is none."""
    try:
        return datetime.fromisoformat(text(told, key)).timestamp()
    except ValueError:
        return None


def state(rule: Told) -> Said:
    """Whether a rule holds now, and what it waits for."""
    match text(rule, "state"):
        case "holds":
            return Said("Holds", "good")
        case "waiting":
            return Said(f"Waits: {text(rule, 'waiting')}", "asked")
        case "no":
            return Said("Does not hold")
        case "disabled":
            return Said("Off in its file")
        case _:
            return Said("Not known: something is not read", "warning")


def acted(rule: Told, now: float) -> str:
    """When it last acted."""
    at = moment(rule, "acted")
    if at is None:
        return "has not acted yet" if rule.get("acts") is True else "only proposes or advises"
    return f"last acted {age(max(0.0, now - at))}"


def decided(output: Told) -> Said:
    """What is decided of an output."""
    code = text(output, "code")
    words, tone = CODES.get(code, (code, "calm"))
    wanted = "" if code in ("nothing", "stopped") else f"{value(output, 'value')} "
    said = f"{wanted}{words}"
    for known in ("good", "asked", "warning"):
        if tone == known:
            return Said(said[:1].upper() + said[1:], known)
    return Said(said[:1].upper() + said[1:])


def parties(output: Told) -> str:
    """Who won and who lost."""
    losers = output.get("suppressed")
    lost = ", ".join(str(one) for one in losers) if isinstance(losers, list) else ""
    won = text(output, "rule")
    return "; ".join(part for part in (f"by {won}" if won else "", f"over {lost}" if lost else "") if part)


def held(override: Told, now: float) -> str:
    """A person's word and for how long it holds still."""
    until = moment(override, "until")
    left = "" if until is None else f" for another {span(max(0.0, until - now))}"
    word = value(override, "value")
    return f"Stopped by hand{left}" if word == "stop" else f"By hand: {word}{left}"


def waits(proposal: Told, now: float) -> str:
    """How long a proposal can be answered."""
    if text(proposal, "status") == "approved":
        return f"Approved by {text(proposal, 'by')}, carried out as soon as it can be."
    until = moment(proposal, "deadline")
    left = "" if until is None else f" Without an answer it is declined in {span(max(0.0, until - now))}."
    sure = proposal.get("confidence")
    certain = f"Sure to {sure:.0%}." if isinstance(sure, int | float) else ""
    return f"{certain}{left}"
