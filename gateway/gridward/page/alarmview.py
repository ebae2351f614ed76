"""The alarms that stand, and whether the ways to people work."""

from collections.abc import Mapping
from datetime import datetime

from gridward import payload
from gridward.api.gateway import Gateway
from gridward.page import figures, sentences
from gridward.page.parts import Tag
from gridward_kit.kept import Json

TONES = {"info": "calm", "warning": "warning", "fault": "fault", "safety": "fault"}


class AlarmList:
    """A card with a line for each alarm; made anew only when something changed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._seen: Mapping[str, Json] | None = None
        with Tag("section", dress="card", id="alarms", aria_label="Alarms"):
            Tag("h2", "Alarms now")
            self._words = Tag("p", dress="soft")
            self._list = Tag("div", dress="gone")

    def look(self) -> None:
        """Show what stands now."""
        told = self._gateway.live.alarms
        if (silent := unwatched(self._gateway)) is not None:
            self._words.say(silent)
            self._list.dress("gone")
            self._seen = None
            return
        if told is self._seen:
            return
        self._seen = told
        self._words.say(ways(told))
        rows = told.get("alarms")
        alarms = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        self._list.dress("same" if alarms else "gone")
        self._list.clear()
        with self._list:
            for row in alarms:
                with Tag("p"):
                    severity = payload.text(row, "severity") or "warning"
                    Tag("span", severity, f"mark small {TONES.get(severity, 'warning')}")
                    Tag("span", f" {payload.text(row, 'text') or ''} ")
                    Tag("span", self._since(payload.text(row, "since")), "soft small")

    def _since(self, said: str | None) -> str:
        try:
            at = None if said is None else datetime.fromisoformat(said).timestamp()
        except ValueError:
            at = None
        now, zone = self._gateway.clock.time(), self._gateway.site.time_zone
        return "" if at is None else f"since {figures.at_clock(at, zone, now)}"


def unwatched(gateway: Gateway) -> str | None:
    """Why nobody can say which alarms stand now; None where somebody can."""
    if not gateway.commands.connected:
        return sentences.CUT_OFF.text
    running = gateway.live.online("notify") is True
    return None if running else "Nobody watches: the role `notify` does not run."


def ways(told: Mapping[str, Json]) -> str:
    """How many alarms stand, what waits, and which ways to people do not work, in words."""
    rows, channels = told.get("alarms"), told.get("channels")
    count = len(rows) if isinstance(rows, list) else 0
    said = [f"{sentences.counted(count, 'alarm')}." if count else "No alarm stands."]
    held, waiting = told.get("held"), told.get("waiting")
    if isinstance(held, int) and held:
        said.append(f"{sentences.counted(held, 'message')} held back until the quiet hours end.")
    if isinstance(waiting, int) and waiting:
        said.append(f"{sentences.counted(waiting, 'message')} not delivered yet.")
    known = channels if isinstance(channels, dict) else {}
    said += [f"{name}: {reason}." for name, reason in known.items() if isinstance(reason, str)]
    if not known:
        said.append("Nobody is told: the site file has no `notify: to:`.")
    return " ".join(said)
