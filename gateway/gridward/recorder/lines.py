"""InfluxDB's line protocol: measurement = the device's kind, tags site, device, integration. Pure."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

UNKNOWN = "unknown"
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
        inside = CONTROL.sub(" ", str(one.value)).replace("\\", "\\\\").replace('"', '\\"')
        return f'{_word(one.key)}="{inside}"'
    return f"{_word(one.key)}={float(one.value)!r}"


def _word(text: str) -> str:
    """A name or tag; line protocol has no way to write a backslash at an end or a break inside."""
    plain = CONTROL.sub(" ", text).replace("\\", "/") or UNKNOWN
    return re.sub(r"([,= ])", r"\\\1", plain)
