"""What the other switch of a pair says of itself, so that grid and generator never meet by our doing.

Software's part only: contacts that exclude each other in hardware are demanded beside it. Of the other one
only fresh words count: a retained one, a repeated one and an old one say nothing.
"""

import json
from collections.abc import Mapping

from gridward_kit.kept import Json
from gridward_kit.mqtt import Message
from gridward_relay.contactor import Position

FRESH = 3.0
MARGIN = 5.0  # s of lease under which the generator leaves before the contactor comes


class Words:
    """The newest state of another device; `now` in monotonic seconds."""

    def __init__(self, other: str) -> None:
        self.other = other
        self._said: Mapping[str, Json] = {}
        self._at = float("-inf")
        self._stamp: Json = None

    def heard(self, message: Message) -> None:
        """Take in a state; one that only came again is no word of now."""
        try:
            content: Json = json.loads(message.payload)
        except (ValueError, RecursionError):
            content = None
        if message.retain or not isinstance(content, dict) or content.get("at") == self._stamp:
            return
        self._stamp = content.get("at")
        self._said, self._at = content, message.at

    def _fresh(self, now: float) -> Mapping[str, Json]:
        return self._said if now - self._at <= FRESH else {}


class Rules(Words):
    """What the gateway's rules say of the grid."""

    def __init__(self) -> None:
        super().__init__("rules")

    def doubt(self, now: float) -> str | None:
        """Why nothing automatic may start a generator now, in words; None where it may."""
        said = self._fresh(now)
        if said.get("grid_present") not in ("present", "absent"):
            return "whether the grid is there is not known"
        if said.get("decision") != Position.ISLANDED:
            return "the rules ask for the grid, whatever the contact says"
        return None


class Interlock(Words):
    """The newest state of the other switch of a pair."""

    def on_the_house(self, now: float) -> bool | None:
        """Whether the generator feeds the house; None while it does not say."""
        closed = self._fresh(now).get("closed")
        return closed if isinstance(closed, bool) else None

    def hindrance(self, now: float) -> str | None:
        """Why the generator may not feed the house now, in words; None where it may.

        It may only while the contactor's own contact says that it is open, and its lease leaves room for
        the generator to go first.
        """
        said = self._fresh(now)
        if not said:
            return f"{self.other} does not say where it stands"
        if said.get("feedback") != Position.ISLANDED:
            return f"the feedback contact of {self.other} does not say that the grid is off"
        if said.get("position") == Position.CONNECTED:
            return f"{self.other} was ordered to connect the grid"
        if said.get("locked") is not False:
            return f"{self.other} is locked with the grid connected"
        if said.get("hand") == "connected":
            return "the grid is asked for by hand"
        left = said.get("lease_remaining")
        if isinstance(left, bool) or not isinstance(left, int | float) or left - (now - self._at) < MARGIN:
            return f"the lease of {self.other} ends, and the grid comes back"
        return None
