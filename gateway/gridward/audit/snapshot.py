"""What the grid switch looked at, as an event of the audit tells it. Pure."""

from collections.abc import Mapping

from gridward.rules.inputs import Source
from gridward_kit.kept import Json

KEYS: Mapping[str, tuple[str, ...]] = {
    "battery": ("voltage", "current", "soc", "cell_voltage_min", "discharge_mosfet"),
    "inverter": ("mode", "output_voltage", "grid_voltage"),
    "grid": ("voltage", "frequency"),
    "logger": ("reachable",),
}


def snapshot(sources: Mapping[str, Source]) -> dict[str, Json]:
    """Values with their ages in seconds, `battery.voltage: [51.2, 0.4]`; null for what was not known."""
    found: dict[str, Json] = {}
    for part, source in sources.items():
        age = None if source.age is None else round(source.age, 1)
        for key in KEYS.get(part, ()):
            if key in source.keys or key in source.values:
                found[f"{part}.{key}"] = [source.values.get(key) if source.fresh else None, age]
        if part not in KEYS or not source.keys:
            found[part] = ["answers" if source.fresh else None, age]
    return found
