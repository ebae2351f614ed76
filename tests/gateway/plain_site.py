"""A site with nothing in it yet, for houses on a broker in memory."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.site import RecordSpec, Site
from gridward_kit.mqtt import Broker


def plain_site(folder: Path) -> Site:
    """Named as in the examples, with its store in this folder; `replace` puts the rest in."""
    return Site(
        id="home",
        name="Home",
        time_zone=ZoneInfo("Europe/Bratislava"),
        fail_safe="grid_connected",
        broker=Broker("mqtt://memory"),
        folder=folder,
        record=RecordSpec(folder / "gridward.db"),
    )
