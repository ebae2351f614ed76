"""The grid switch in a rehearsal: the rule that decides, the lease, and the relay's own limits."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gridward.rules import grid_switch
from gridward.rules.inputs import Inputs, Source
from gridward.rules.pace import Record
from gridward.rules.wiring import CALLED, parts
from gridward.site import GridSwitchSettings, Site
from gridward_kit.integration import SwitchLimits, integrations

LEASE = 30.0  # s
RELEASED = (8, 0)
SEVERAL = 1.5  # steps that may lie between two decisions without a pause


class Switch:
    """Renews the lease while the rule wants to be islanded; the relay's limits say what becomes of it."""

    def __init__(self, settings: GridSwitchSettings, limits: SwitchLimits, lease: float, step: float) -> None:
        self.settings = replace(settings, gap=max(settings.gap, SEVERAL * step))
        self.limits = limits
        self._lease = lease
        self._parts = {
            part: (device, Source(CALLED.get(part, device))) for part, device in parts(settings).items()
        }
        self._memory = grid_switch.Memory()
        self._record = Record()
        self._until = 0.0
        self._locked = False

    def turn(self, sources: Mapping[str, Source], now: float, local: datetime | None) -> bool:
        """Decide once; whether the house is islanded from now on."""
        seen = {part: sources.get(device, silent) for part, (device, silent) in self._parts.items()}
        if self._memory.changes is not self._record.changes:
            self._memory = replace(self._memory, changes=self._record.changes)
        decision = grid_switch.decide(
            Inputs(seen, local=local, worded=False), self.settings, now, self._memory
        )
        self._memory = decision.memory
        if decision.position == "islanded":
            self._until = now + self._lease
        self.limits.follow(lease_open=now < self._until, now=now)
        self._record = self._record.at(self.limits.position, now)
        return self.limits.position == "islanded"

    def released(self, local: datetime) -> bool:
        """Whether it locked connected just now. A person releases it at the next eight o'clock."""
        locked = self.limits.locked is not None
        fresh, self._locked = locked and not self._locked, locked
        if locked and not fresh and (local.hour, local.minute) == RELEASED:
            self.limits.release()
            self._locked = False
        return fresh


def switch_of(site: Site, step: float) -> Switch | None:
    """The site's grid switch; None where the site has no contactor, or no rule for it."""
    settings = site.rules.grid_switch
    if settings is None or settings.relay is None:
        return None
    relay = site.device(settings.relay)
    limits = integrations()[relay.integration].limits
    lease = relay.options.get("lease", LEASE)
    if limits is None:
        return None
    return Switch(settings, limits(0.0), float(lease) if isinstance(lease, int | float) else LEASE, step)
