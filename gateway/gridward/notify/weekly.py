"""The weekly word that all is alive, with a few figures. Pure."""

from collections.abc import Mapping

from gridward.notify.core import Message, State
from gridward.notify.scene import Scene
from gridward_kit.kept import Json

ENERGIES = {
    "pv_energy": "sun {} kWh",
    "load_energy": "used {} kWh",
    "grid_import_energy": "from the grid {} kWh",
    "grid_export_energy": "to the grid {} kWh",
}


def weekly(scene: Scene, state: State, before: Mapping[str, Json]) -> Message:
    """What stands, how full the battery is, and the energies since the counters `before`."""
    site = scene.devices.get("site")
    answering = sum(scene.devices[key].answers for key in scene.expected if key in scene.devices)
    said = [f"I am alive: {answering} of {len(scene.expected)} devices answer."]
    soc = None if site is None else site.number("soc")
    if soc is not None:
        said.append(f"Battery {soc:.0f} %.")
    parts = []
    for key, words in ENERGIES.items():
        now, then = (None if site is None else site.number(key)), before.get(key)
        if now is not None and isinstance(then, int | float) and now >= then:
            parts.append(words.format(f"{now - then:.1f}"))
    if parts:
        said.append(f"This week: {', '.join(parts)}.")
    standing = [one.text for one in state.raised.values()]
    said.append(f"Alarms that stand: {' '.join(standing)}" if standing else "No alarm stands.")
    return Message("Weekly word", " ".join(said), "info")
