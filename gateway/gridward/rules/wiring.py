"""Which devices play a rule's parts, and what is fresh of them now."""

from collections.abc import Mapping

from gridward import payload
from gridward.live import Live
from gridward.rules.inputs import Source, required
from gridward.site import GridSwitchSettings
from gridward_kit.device import STALE_LEAST

CALLED = {
    "battery": "the BMS",
    "inverter": "the inverter",
    "logger": "the logger's host",
    "grid": "the grid meter",
    "relay": "the contactor",
}


def parts(settings: GridSwitchSettings) -> dict[str, str]:
    """Device ids by the part they play for the grid switch."""
    named = {
        "battery": settings.battery,
        "inverter": settings.inverter,
        "logger": settings.logger,
        "grid": settings.grid_meter,
        "relay": settings.relay,
        **{required(device): device for device in settings.require},
    }
    return {part: device for part, device in named.items() if device is not None}


def gather(
    live: Live, playing: Mapping[str, str], now: float, floor: float = STALE_LEAST
) -> dict[str, Source]:
    """Every part's source, as fresh as 3 polls or `floor` seconds allow; a value by 3 polls."""
    return {part: _source(live, part, device, now, floor) for part, device in playing.items()}


def _source(live: Live, part: str, identifier: str, now: float, floor: float) -> Source:
    device = live.devices.get(identifier)
    if device is None:
        return Source(name=CALLED.get(part, identifier))
    values, said = device.held(now, floor), device.entities
    return Source(
        name=CALLED.get(part, device.name),
        kind=device.kind,
        side=payload.text(device.info, "side"),
        fresh=bool(values),
        age=device.age(now),
        values=values,
        keys=frozenset(said),
        said=said,
    )
