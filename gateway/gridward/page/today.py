"""What today brought, from the recorded powers: four energies and where the house's share came from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

Series = Mapping[float, float]
"""Mean power in W by the start of its step, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Today:
    """Energies in kWh, None where nothing was recorded; shares of the house's use add up to 1."""

    produced: float | None = None
    used: float | None = None
    imported: float | None = None
    exported: float | None = None
    shares: Mapping[str, float] | None = None


def today(pv: Series, load: Series, battery: Series, grid: Series, step: float, now: float) -> Today:
    """Sum steps of so many seconds up to `now`. One that was not recorded counts for nothing."""

    def total(series: Series, sign: int = 1) -> float | None:
        if not series:
            return None
        parts = (max(0.0, sign * watts) * max(0.0, min(step, now - at)) for at, watts in series.items())
        return sum(parts) / 3.6e6

    return Today(
        produced=total(pv),
        used=total(load),
        imported=total(grid),
        exported=total(grid, -1),
        shares=_shares(pv, load, battery, grid),
    )


def _shares(pv: Series, load: Series, battery: Series, grid: Series) -> Mapping[str, float] | None:
    """Who fed the house, over the steps in which every source was recorded.

    The sources' powers of a step share the load in proportion: losses fall on all of them alike.
    """
    sums = {"sun": 0.0, "battery": 0.0, "grid": 0.0}
    for moment in load.keys() & pv.keys() & battery.keys() & grid.keys():
        charging = max(0.0, battery[moment])
        sources = {
            "sun": max(0.0, pv[moment]),
            "battery": max(0.0, -battery[moment]),
            "grid": max(0.0, grid[moment]),
        }
        from_sun = min(sources["sun"], charging)
        sources["sun"] -= from_sun
        sources["grid"] = max(0.0, sources["grid"] - (charging - from_sun))
        all_of_it = sum(sources.values())
        if all_of_it <= 0:
            continue
        for name, watts in sources.items():
            sums[name] += max(0.0, load[moment]) * watts / all_of_it
    whole = sum(sums.values())
    return {name: value / whole for name, value in sums.items()} if whole > 0 else None
