"""What a telemetry message says, and whether its time can be believed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gridward.payload import read_object, values
from gridward.recorder.store import Parcel
from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_kit.spool import SANE

AHEAD = 3600.0
LATEST = 4_102_444_800.0
LONGEST = 64
MOST = 1 << 62


@dataclass(slots=True)
class Stamps:
    """Gives readings their time. `aside` counts, per device, those whose time cannot be true."""

    aside: dict[str, int] = field(default_factory=dict)
    _offsets: dict[tuple[str, str], float] = field(default_factory=dict)

    def stamp(self, device: str, message: Message, now: float | None) -> Parcel:
        """Read a message at wall time `now`, None while it is not believed; raises ValueError in words.

        Without a time of its own a reading is stamped by its boot's monotonic clock where that is known,
        else by its receipt. A time before this program was, or over an hour ahead, is set aside: the
        parcel then has no values, so that its sender may forget it.
        """
        content = read_object(message.payload)
        boot, inside = content.get("boot"), content.get("values")
        seq, oldest = _natural(content.get("seq")), _natural(content.get("oldest"))
        if not isinstance(boot, str) or not 0 < len(boot) <= LONGEST:
            raise ValueError(f"no `boot` of 1 to {LONGEST} characters")
        if seq is None:
            raise ValueError("no `seq` that counts up from 1")
        if not isinstance(inside, dict):
            raise ValueError("no `values`")
        at, found = self._time((device, boot), content, now), values(inside)
        if at is not None and not SANE <= at <= (LATEST if now is None else now + AHEAD):
            self.aside[device] = self.aside.get(device, 0) + 1
            at, found = SANE if now is None else now, {}
        return Parcel(device, boot, seq, at, found, oldest, message.at)

    def _time(self, sender: tuple[str, str], content: Mapping[str, Json], now: float | None) -> float | None:
        said, mono = content.get("at"), _finite(content.get("mono"))
        if said is None:
            offset = self._offsets.get(sender)
            return now if offset is None or mono is None else mono + offset
        at = moment(said)
        if mono is not None and at >= SANE:
            self._offsets[sender] = at - mono
        return at


def moment(said: Json) -> float:
    """A time in ISO 8601 as seconds since 1970; raises ValueError where there is none."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError("`at` is no time in ISO 8601 with its zone")


def _natural(item: Json) -> int | None:
    return item if isinstance(item, int) and not isinstance(item, bool) and 1 <= item < MOST else None


def _finite(item: Json) -> float | None:
    if isinstance(item, bool) or not isinstance(item, int | float) or not -MOST < item < MOST:
        return None
    return float(item)
