"""Calin's status codes as a lookup: what a code means and what to do. Pure.

Source: the operator's tables. The AMI status is 1000 plus the meter's own reason for an open relay (code 87);
1002, 1010, 1019 and 1020 are in no table. Three contradictions are decided so: 1018 is tampering, 1013 and
1017 are power quality with tampering suspected, 1008 is commissioning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

BASE, LAST = 1000, 1999
SUSPECTED = "tampering suspected"


@dataclass(frozen=True, slots=True)
class Status:
    """One code. `relay` is what the reason implies, `ignored` whether a postpaid site ignores it."""

    code: int
    meaning: str
    category: str
    relay: str
    visit: str
    action: str
    ignored: bool = False
    note: str = ""

    def words(self) -> str:
        """All of it, a line each."""
        lines = [
            f"{self.code}: {self.meaning}",
            f"category: {self.category}{f' ({self.note})' if self.note else ''}",
            f"relay: {self.relay}",
            f"field visit: {self.visit}",
            f"action: {self.action}",
        ]
        return "\n".join([*lines, "postpaid: ignored"] if self.ignored else lines)


RESEAL = "reseal, then a clear-tamper token"
NETWORK = "report it to the network operator"

REASONS: Mapping[int, Status] = {
    status.code: status
    for status in (
        Status(1000, "relay closed, normal supply", "ok", "closed", "no", "none"),
        Status(1001, "no credit", "credit", "open", "no", "none in postpaid", ignored=True),
        Status(1003, "over power", "load", "open", "maybe", "reduce the load, or change the limit"),
        Status(1004, "relay test", "test", "unknown", "no", "none"),
        Status(1005, "upper cover open", "tamper", "open", "yes", RESEAL),
        Status(1006, "terminal cover open", "tamper", "open", "yes", RESEAL),
        Status(1007, "remote disconnect", "backend", "open", "no",
               "confirm the instruction; reconnect if it was not meant"),
        Status(1008, "not active: not commissioned", "commissioning", "open", "yes",
               "commission with a token (maker's default code 12345, a site may have its own)"),
        Status(1009, "over current", "load", "open", "maybe", "look for surges and at the protection"),
        Status(1011, "over voltage", "power_quality", "open", "no", NETWORK),
        Status(1012, "under voltage", "power_quality", "open", "no", NETWORK),
        Status(1013, "current reverse", "power_quality", "open", "yes",
               "look at wiring and polarity, then clear the tamper", note=SUSPECTED),
        Status(1014, "enclosure cover open", "tamper", "open", "yes", RESEAL),
        Status(1015, "magnetic interference", "tamper", "open", "yes",
               "look for a magnet, then clear the tamper"),
        Status(1016, "current imbalance", "power_quality", "open", "maybe", "balance the phases"),
        Status(1017, "neutral line interference", "power_quality", "open", "yes",
               "look at the neutral's wiring", note=SUSPECTED),
        Status(1018, "bypass, illegal connection", "tamper", "open", "yes", "investigate, and escalate"),
        Status(1021, "voltage imbalance", "power_quality", "open", "no", "look at the feeder"),
        Status(1022, "thermal overload", "load", "open", "maybe", "ventilate, let it cool down"),
        Status(1023, "low power factor", "power_quality", "open", "maybe", "correct the power factor"),
        Status(1024, "tariff error", "backend", "open", "no", "tell the AMI administrator"),
        Status(1025, "remote reconnect, a local trip remains", "backend", "open", "maybe",
               "remove the local cause first"),
    )
}  # fmt: skip

SHORT: Mapping[int, tuple[str, str]] = {
    1: ("cumulative total active energy, kWh", "record it, watch the trend"),
    14: ("load threshold", "compare with the load; raise it if too low"),
    31: ("present total active power", "check the load"),
    35: ("present total power factor", "low for long: examine the load"),
    40: ("number of cover-open events", "tamper log; reseal"),
    46: ("number of overload trips", "frequent: review the demand"),
    52: ("number of power-down events", "reliability of supply"),
    58: ("number of phase-down events", "supply side"),
    87: ("reason for relay disconnection", "look the shown reason up: 1000 plus it"),
} | {
    first + place: (f"time of the last {ordinal} {event}", advice)
    for first, event, advice in (
        (41, "cover opening", "tamper history"),
        (47, "overload trip", "compare with the load"),
        (53, "power down", "compare with outages"),
    )
    for place, ordinal in enumerate(("1st", "2nd", "3rd", "4th", "5th"))
}

MEANINGS: Mapping[str, int] = {
    "not-active": 1008,
    "not active": 1008,
    "open upper cover": 1005,
    "open terminal cover": 1006,
    "open enclosure cover": 1014,
} | {status.meaning.partition(":")[0].partition(",")[0]: code for code, status in REASONS.items()}


def status(code: int) -> Status:
    """What an AMI status means; one that no table has is unknown, never guessed.

    Raises ValueError for a number that is no status at all.
    """
    if not BASE <= code <= LAST:
        raise ValueError(f"{code} is no operating status: {BASE} to {LAST}")
    return REASONS.get(code) or Status(
        code,
        f"unknown reason {code - BASE}",
        "unknown",
        "unknown",
        "maybe",
        "read code 87 at the meter, and tell the AMI administrator",
    )


def lookup(text: str) -> str:
    """Words for what a person types: an AMI status, a code on the meter's display, or the meter's own text.

    Raises ValueError for what is none of them.
    """
    wanted = text.strip().lower()
    if wanted in MEANINGS:
        return status(MEANINGS[wanted]).words()
    if not (wanted.isascii() and wanted.isdigit()):
        raise ValueError(f"{text!r} is neither a code nor a text that a meter shows")
    number = int(wanted)
    if number >= BASE:
        return status(number).words()
    lines = []
    if number in SHORT:
        meaning, action = SHORT[number]
        lines.append(f"display code {number:02d}: {meaning}\naction: {action}")
    if number == 0 or BASE + number in REASONS:
        lines.append(f"as the reason that code 87 shows:\n{status(BASE + number).words()}")
    if not lines:
        raise ValueError(f"{number} is in no table, neither of display codes nor of reasons")
    return "\n\n".join(lines)
