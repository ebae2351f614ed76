"""Energies of the plant in Wh, to compare with what was measured."""

from dataclasses import dataclass, fields

from gridward.plant.flows import Flows


@dataclass(slots=True)
class Ledger:
    """Wh since the plant began: pv + grid_import + battery_out = load + battery_in + losses.

    Battery energies are those at its terminals. `curtailed` is what the panels could have given
    besides, `unserved` what the household asked for while the output was off.
    """

    pv: float = 0.0
    curtailed: float = 0.0
    load: float = 0.0
    unserved: float = 0.0
    battery_in: float = 0.0
    battery_out: float = 0.0
    grid_import: float = 0.0
    losses: float = 0.0

    def add(self, flows: Flows, seconds: float) -> None:
        """Enter one step's powers."""
        hours = seconds / 3600
        self.pv += flows.pv * hours
        self.curtailed += flows.curtailed * hours
        self.load += flows.load * hours
        self.unserved += flows.unserved * hours
        if flows.battery > 0:
            self.battery_in += flows.battery * hours
        else:
            self.battery_out -= flows.battery * hours
        self.grid_import += flows.grid * hours
        self.losses += flows.losses * hours

    @property
    def imbalance(self) -> float:
        """What came in minus what went out, Wh: zero but for rounding."""
        return self.pv + self.grid_import + self.battery_out - self.load - self.battery_in - self.losses

    def since(self, before: "Ledger") -> "Ledger":
        """The energies since an earlier copy."""
        return Ledger(*(getattr(self, item.name) - getattr(before, item.name) for item in fields(self)))
