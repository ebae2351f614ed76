"""InfluxDB's line protocol: measurement = the device's kind, tags site, device, integration. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from gridward_kit.kept import Json

UNKNOWN = "unknown"
LONGEST = 1e9  # s
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


class Reading(NamedTuple):
    """One stored value (`form`: number, flag or text) with its time in ms since 1970 and its series."""

    ts: int
    series: int
    value: float | int | str
    device: str
    key: str
    form: str
    kind: str | None
    integration: str | None


def lines(site: str, readings: Iterable[Reading]) -> list[str]:
    """A line for each device and moment; numbers and flags are floats, texts are texts.

    Readings must come in order of time.
    """
    found: list[str] = []
    for ts, moment in groupby(readings, lambda one: one.ts):
        devices: dict[tuple[str | None, str | None, str], list[str]] = {}
        for one in moment:
            devices.setdefault((one.kind, one.integration, one.device), []).append(_field(one))
        for name, fields in devices.items():
            found.append(f"{_head(site, *name)} {','.join(fields)} {ts}")
    return found


def annotations(site: str, events: Iterable[tuple[int, Mapping[str, Json]]]) -> list[str]:
    """A line of the measurement `audit` for each event (ms): its words, status, who and what, and where it
    has them the seconds that a command took and the id of a proposal; tag device.

    Of one device no two may have the same time, else the second would replace the first: it goes a
    millisecond later.
    """
    found: list[str] = []
    last: dict[str, int] = {}
    for ts, content in events:
        what = str(content.get("what") or "audit")
        device = what.partition("/")[0]
        last[device] = moment = max(ts, last.get(device, ts - 1) + 1)
        fields = {"text": _said(what, content), "what": what}
        fields |= {key: str(content.get(key) or "") for key in ("status", "by")}
        proposal = content.get("proposal")
        if isinstance(proposal, str):
            fields["proposal"] = proposal
        told = ",".join(f"{key}={_quoted(value)}" for key, value in fields.items())
        seconds = content.get("seconds")
        took = ""
        if isinstance(seconds, int | float) and 0 <= seconds < LONGEST:
            took = f",seconds={float(seconds)!r}"
        found.append(f"audit,site={_word(site)},device={_word(device)} {told}{took} {moment}")
    return found


def _said(what: str, content: Mapping[str, Json]) -> str:
    before, after = content.get("before"), content.get("value", content.get("after"))
    change = f" {before} → {after}" if before != after and after is not None else ""
    reason = str(content.get("reason") or content.get("status") or "")
    return f"{what}{change}{': ' + reason if reason else ''}"


def single(site: str, readings: Sequence[Reading]) -> list[str]:
    """A line for each reading, so that one refused takes no other along."""
    return [
        f"{_head(site, one.kind, one.integration, one.device)} {_field(one)} {one.ts}" for one in readings
    ]


def _head(site: str, kind: str | None, integration: str | None, device: str) -> str:
    tags = (("site", site), ("device", device), ("integration", integration or UNKNOWN))
    marks = ",".join(f"{name}={_word(value)}" for name, value in tags)
    return f"{_word(kind or UNKNOWN)},{marks}"


def _field(one: Reading) -> str:
    if one.form == "text":
        return f"{_word(one.key)}={_quoted(str(one.value))}"
    return f"{_word(one.key)}={float(one.value)!r}"


def _quoted(text: str) -> str:
    inside = CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inside}"'


def _word(text: str) -> str:
    """A name or tag; line protocol has no way to write a backslash at an end or a break inside."""
    plain = CONTROL.sub(" ", text).replace("\\", "/") or UNKNOWN
    return re.sub(r"([,= ])", r"\\\1", plain)
