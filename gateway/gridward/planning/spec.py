"""What the site file says of planning, its section `plan`."""

from dataclasses import dataclass

from gridward.planning.slots import Limits

RESERVE = 14.0  # % of SoC at which the original system starts to charge from the grid


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """`reserve` (% of SoC) stays in the battery; `capacity` in Wh, `charge`, `discharge` and `contract` (the
    import that is paid for) in W; what is None the devices tell, or nobody limits. `efficiency` is the share
    that comes out again of what the grid charged; `forecast` the topic of a forecast that others make."""

    reserve: float = RESERVE
    capacity: float | None = None
    charge: float | None = None
    discharge: float | None = None
    contract: float | None = None
    efficiency: float = 0.85
    forecast: str | None = None

    def limits(self, charge: float | None, discharge: float | None) -> Limits:
        """The stricter one of the site file's and the devices' limits, W."""
        none = Limits()
        into = [watts for watts in (self.charge, charge) if watts is not None]
        out = [watts for watts in (self.discharge, discharge) if watts is not None]
        return Limits(min(into, default=none.charge), min(out, default=none.discharge))
