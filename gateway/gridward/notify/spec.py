"""Whom to tell, when not to, and when to say that all is alive, as the site file's part `notify` says."""

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["info", "warning", "fault", "safety"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "fault", "safety")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way to a person: a name, an address in Apprise's terms, and the least severity that goes there."""

    name: str
    url: str = field(repr=False)
    least: Severity = "info"


@dataclass(frozen=True, slots=True)
class Weekly:
    """A day of the week (Monday is 0) and a minute of that day."""

    day: int
    minute: int


@dataclass(frozen=True, slots=True)
class NotifySpec:
    """`quiet` is a begin and an end in minutes of the day; the end may lie on the next day."""

    to: tuple[Recipient, ...] = ()
    quiet: tuple[int, int] | None = None
    weekly: Weekly | None = None
