"""Whether the public grid is there: present, absent or unknown. Pure, `now` in monotonic seconds.

A meter behind the open contactor reads nothing and proves nothing: only one on the grid's side counts, or
the inverter's own input while the contactor's contact says that the house is connected.
"""

from dataclasses import dataclass, replace
from typing import Literal

from gridward.rules.inputs import Inputs
from gridward.site import GridSwitchSettings

Presence = Literal["present", "absent", "unknown"]
PRESENCES: tuple[Presence, ...] = ("present", "absent", "unknown")

VOLTS, HERTZ = (0.0, 1000.0), (0.0, 1000.0)
VOLTS_BACK, HERTZ_BACK = 3.0, 0.1  # how far outside its band a grid that is present may go
LOST = 3.0  # s of a bad grid until it counts as absent: one doubted reading is no outage
SETTLED = 10.0  # s after connecting until the inverter's reading is one of now


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands, and what the next look has to know. `good`: how the last reading was, `since`: when such
    readings began; `connected_since`: when the contactor's contact closed.
    """

    presence: Presence = "unknown"
    good: bool | None = None
    since: float = 0.0
    connected_since: float | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Volts and, where it is told, hertz of the grid itself."""

    volts: float
    hertz: float | None

    def trouble(self, settings: GridSwitchSettings, *, wide: bool = False) -> str | None:
        """Why it is not nominal, in words; `wide` allows what a grid that is present may do."""
        (lowest, highest), (slowest, fastest) = settings.grid_voltage, settings.grid_frequency
        volts, hertz = (VOLTS_BACK, HERTZ_BACK) if wide else (0.0, 0.0)
        if not lowest - volts <= self.volts <= highest + volts:
            return f"the grid is at {self.volts:.0f} V, which is not nominal"
        if self.hertz is not None and not slowest - hertz <= self.hertz <= fastest + hertz:
            return f"the grid is at {self.hertz:.1f} Hz, which is not nominal"
        return None


def look(inputs: Inputs, settings: GridSwitchSettings, now: float, seen: Seen) -> Seen:
    """The grid as it is known now: present after a whole window of good readings, absent after 3 s of bad."""
    if seen.at is None or not 0 <= now - seen.at <= settings.gap:
        seen = replace(seen, good=None, connected_since=None)
    connected = inputs.source("relay").word("feedback") == "connected"
    connected_since = (now if seen.connected_since is None else seen.connected_since) if connected else None
    settled = connected_since is not None and now - connected_since >= SETTLED
    reading = measured(inputs, behind=settled)
    if reading is None:
        return Seen(connected_since=connected_since, at=now)
    good = reading.trouble(settings, wide=seen.presence == "present") is None
    since = seen.since if good is seen.good else now
    presence = seen.presence
    if now - since >= (settings.grid_window if good else LOST):
        presence = "present" if good else "absent"
    return Seen(presence, good, since, connected_since, now)


def measured(inputs: Inputs, *, behind: bool) -> Reading | None:
    """What the grid's own meter says, else the inverter where its input is known to be on the grid."""
    meter = inputs.source("grid")
    if meter.side == "grid":
        volts = meter.number("voltage", *VOLTS)
        volts = meter.number("voltage_l1", *VOLTS) if volts is None else volts
        if volts is not None:
            return Reading(volts, meter.number("frequency", *HERTZ))
    inverter = inputs.source("inverter")
    volts = inverter.number("grid_voltage", *VOLTS) if behind else None
    return None if volts is None else Reading(volts, inverter.number("grid_frequency", *HERTZ))
