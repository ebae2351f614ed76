"""Why something stands as it stands: in words, from audit events alone. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from gridward.recorder.history import Event
from gridward.rules.policy import Criticality
from gridward.rules.words import sentence, span
from gridward_kit.kept import Json

DONE = ("confirmed", "ordered")
DECIDED = ("decided", "proposal_approved")
REFUSED = ("refused", "failed")
FRESH = 2.0  # s up to which an age is not worth a word
WEIGHTS = get_args(Criticality)  # a command names its rule's, not the rule
PLAIN = {
    "home_assistant": "Home Assistant",
    "lease": "The contactor's lease",
    "override": "A person's override",
    "": "Nobody known",
}
CAUSE = 600.0  # s before a change in which its decision is looked for

At = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: how people call it, what of the audit says how it stands, and what led there."""

    name: str
    stands: str
    leads: tuple[str, ...] = ()


def contactor(relay: str) -> Subject:
    """The grid's contactor: its own moves, and the rules' decisions about it."""
    return Subject(
        "The contactor", f"{relay}/position", ("rules/decision", "rules/grid_override", "rules/mode")
    )


def setting(device: str, key: str) -> Subject:
    """A device's setting: its commands, and the rules' decisions about it."""
    return Subject(f"{device} {key.replace('_', ' ')}", f"{device}/{key}")


def why(subject: Subject, events: Sequence[Event], now: float, at: At) -> list[str]:
    """Sentences: what stands since when, who or what led there, what was read then, what was held back,
    and what was tried since. `events` oldest first, `at` says a time as people read it."""
    ours = [one for one in events if _what(one) == subject.stands]
    change = next((one for one in reversed(ours) if _text(one, "status") in DONE), None)
    if change is None:
        return [f"The audit tells of no change of {_lower(subject.name)}.", *_else(subject, ours, events, at)]
    said = [
        f"{subject.name} is {_shown(_after(change))} since {at(change.at)} ({span(now - change.at)} ago)."
    ]
    cause = _cause(subject, events, change)
    said += [_by(change, cause, at), *_approved(events, change, cause, at)]
    said += explained(cause or change)
    later = [one for one in ours if one.at >= change.at and _text(one, "status") in REFUSED]
    said += [_tried(one, at) for one in later[-1:]]
    return said


def _else(subject: Subject, ours: Sequence[Event], events: Sequence[Event], at: At) -> list[str]:
    """Of what never changed: the last try, and the last decision about it."""
    said = [_tried(one, at) for one in ours[-1:]]
    led = [one for one in events if _what(one) == next(iter(subject.leads), None)]
    for one in led[-1:]:
        reason = sentence(_text(one, "reason")) if _text(one, "reason") else ""
        who = person(_text(one, "by"))
        said += [f"{who} decided at {at(one.at)}: {_shown(_after(one))}. {reason}".strip(), *explained(one)]
    return said


def explained(event: Event) -> list[str]:
    """What an event itself tells beside its reason: readings with their ages, rules that were held back."""
    said: list[str] = []
    inputs = event.content.get("inputs")
    if isinstance(inputs, dict) and inputs:
        readings = ", ".join(_reading(name, pair) for name, pair in inputs.items())
        said.append(f"Read then, under {FRESH:g} s before where no age is said: {readings}.")
    held = event.content.get("suppressed")
    if isinstance(held, list) and held:
        said.append(f"Held back: {', '.join(str(one) for one in held)}.")
    policy = _text(event, "policy")
    if policy:
        said.append(f"Policy: {policy} ({_text(event, 'digest')[:12]}).")
    return said


def _cause(subject: Subject, events: Sequence[Event], change: Event) -> Event | None:
    """The newest decision before a change, with its result; None where nothing tells of one."""
    wanted = (subject.stands, *subject.leads)
    for one in reversed(events):
        leads = _what(one) in subject.leads  # a decision may wait for the contactor's dwell
        near = one.at <= change.at + 1.0 and (leads or one.at >= change.at - CAUSE)
        told = leads or _text(one, "status") in DECIDED
        if one is not change and near and told and _what(one) in wanted and _after(one) == _after(change):
            return one
    return None


def _by(change: Event, cause: Event | None, at: At) -> str:
    who = person(_text(change, "by"))
    reason = _text(change, "reason")
    own = f" {sentence(reason)}" if reason else ""
    if cause is None:
        return f"{who} did it.{own}"
    led = _text(cause, "reason")
    told = f": {sentence(led)}" if led else "."
    return f"{who} did it.{own} {person(_text(cause, 'by'))} decided at {at(cause.at)}{told}"


def _approved(events: Sequence[Event], change: Event, cause: Event | None, at: At) -> list[str]:
    """Who approved what a rule had proposed, where that is not the cause itself."""
    rule = _text(cause, "by").removeprefix("rules:") if cause else ""
    for one in reversed(events):
        ours = _text(one, "status") == "proposal_approved" and _what(one) == _what(change)
        if ours and _text(one, "rule") == rule and change.at - CAUSE <= one.at <= change.at + 1.0:
            return [f"{person(_text(one, 'by'))} approved it at {at(one.at)}."]
    return []


def person(by: str) -> str:
    """Who acted, as people read it."""
    kind, _, rest = by.partition(":")
    match kind:
        case "rules":
            return f"The rule {rest}" if rest and rest not in WEIGHTS else "The rules"
        case "cli":
            return f"A person at the command line ({rest})"
        case "page":
            return f"A person at the page ({rest})"
        case "http":
            return f"A person or program over HTTP ({rest})" if rest else "A program over HTTP"
    return PLAIN.get(kind, by)


def _tried(event: Event, at: At) -> str:
    reason = _text(event, "reason")
    asked = _shown(event.content.get("asked", event.content.get("after")))
    return (
        f"At {at(event.at)} {_lower(person(_text(event, 'by')))} asked for {asked}: "
        f"{_text(event, 'status')}{', ' + reason.rstrip('.') if reason else ''}."
    )


def _reading(name: str, pair: Json) -> str:
    value, age = (pair[0], pair[1]) if isinstance(pair, list) and len(pair) == 2 else (pair, None)
    if value is None:
        return f"{name} not known"
    seconds = float(age) if isinstance(age, int | float) and not isinstance(age, bool) else 0.0
    old = f" ({span(seconds)} old)" if seconds >= FRESH else ""
    return f"{name} {_shown(value)}{old}"


def _after(event: Event) -> Json:
    content: Mapping[str, Json] = event.content
    return content.get("value", content.get("after"))


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unknown" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _what(event: Event) -> str:
    return _text(event, "what")


def _text(event: Event, key: str) -> str:
    value = event.content.get(key)
    return value if isinstance(value, str) else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text.startswith(("The ", "A ")) else text
