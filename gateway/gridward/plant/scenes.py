"""Fixed moments of the plant, for screenshots and tests; with the default seed each has some load."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from gridward.plant.battery import BatterySettings
from gridward.plant.grid import FaultKind, GridFault, GridSettings
from gridward.plant.site import PlantSettings

ZONE = ZoneInfo("Europe/Bratislava")
SETTLING = 1800.0  # s lived before the moment


class Scene(StrEnum):
    """Moments that a page or a rule has to cope with."""

    SUNNY_NOON = "sunny_noon"
    OUTAGE_AT_DUSK = "outage_at_dusk"
    BROKEN_BMS = "broken_bms"
    NIGHT_ON_BATTERY = "night_on_battery"


def scene(name: str) -> PlantSettings:
    """The settings of a scene; raises ValueError for a name that is none."""
    if name not in list(Scene):
        raise ValueError(f"no scene {name!r}; there are {', '.join(Scene)}")
    match Scene(name):
        case Scene.SUNNY_NOON:
            return PlantSettings(
                start=datetime(2026, 6, 11, 12, 0, tzinfo=ZONE),
                battery=BatterySettings(soc=82),
                cloud_cover=0.1,
                contactor_closed=False,
                warm_up=SETTLING,
            )
        case Scene.OUTAGE_AT_DUSK:
            start = datetime(2026, 10, 9, 18, 24, tzinfo=ZONE)
            outage = GridFault(FaultKind.OUTAGE, start.timestamp() - 600, 7200)
            return PlantSettings(
                start=start,
                battery=BatterySettings(soc=58),
                grid=GridSettings(faults=(outage,)),
                cloud_cover=0.45,
                warm_up=SETTLING,
            )
        case Scene.BROKEN_BMS:
            return PlantSettings(
                start=datetime(2026, 9, 10, 15, 45, tzinfo=ZONE),
                battery=BatterySettings(soc=66),
                cloud_cover=0.5,
                bms_answering=False,
                warm_up=SETTLING,
            )
        case Scene.NIGHT_ON_BATTERY:
            return PlantSettings(
                start=datetime(2026, 8, 5, 1, 30, tzinfo=ZONE),
                battery=BatterySettings(soc=47),
                cloud_cover=0.2,
                contactor_closed=False,
                warm_up=SETTLING,
            )
