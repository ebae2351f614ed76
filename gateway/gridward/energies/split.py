"""Which source fed which consumer, from the energies of one interval. Pure.

The order is that of Home Assistant's energy dashboard: what charges the battery or leaves for the grid
comes from the sun first; what the sources have left feeds the house.
"""

from collections.abc import Mapping

ENERGIES = ("pv", "load", "battery_in", "battery_out", "grid_import", "grid_export")
FLOWS = (
    "sun_to_home",
    "sun_to_battery",
    "sun_to_grid",
    "grid_to_home",
    "grid_to_battery",
    "battery_to_home",
    "battery_to_grid",
)
LOSSES, UNMEASURED = "losses", "unmeasured"


def split(energies: Mapping[str, float]) -> dict[str, float]:
    """The flows of an interval from its `ENERGIES` (none negative; one that is left out is 0), same unit.

    What the sources gave beyond the consumers is `losses`, the other way round `unmeasured`; so
    pv + grid_import + battery_out = all flows + losses, and load + battery_in + grid_export = all flows
    + unmeasured. Losses fall on all sources that fed the house alike.
    """
    sun, load, charging, battery, imported, exported = (energies.get(key, 0.0) for key in ENERGIES)
    flows: dict[str, float] = {}
    flows["sun_to_battery"] = min(sun, charging)
    flows["grid_to_battery"] = min(imported, charging - flows["sun_to_battery"])
    flows["sun_to_grid"] = min(sun - flows["sun_to_battery"], exported)
    flows["battery_to_grid"] = min(battery, exported - flows["sun_to_grid"])
    left = {
        "sun_to_home": sun - flows["sun_to_battery"] - flows["sun_to_grid"],
        "battery_to_home": battery - flows["battery_to_grid"],
        "grid_to_home": imported - flows["grid_to_battery"],
    }
    there = sum(left.values())
    share = min(1.0, load / there) if there > 0 else 0.0
    flows |= {name: energy * share for name, energy in left.items()}
    consumed = load + charging + exported
    flows[UNMEASURED] = max(0.0, consumed - sum(flows.values()))
    flows[LOSSES] = there * (1 - share)
    return flows
