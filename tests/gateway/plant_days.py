"""A plant at noon and by night, for stories of its inverter."""

from datetime import datetime
from zoneinfo import ZoneInfo

from gridward.plant import ChargerSource, InverterSettings, Output, Plant, PlantSettings
from gridward.plant.battery import BatterySettings
from gridward.plant.grid import FaultKind, GridFault, GridSettings
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
NOON = datetime(2026, 6, 11, 12, tzinfo=ZONE)
NIGHT = datetime(2026, 6, 11, 1, tzinfo=ZONE)


def plant(
    start: datetime,
    soc: float,
    output: Output = Output.SBU,
    charger: ChargerSource = ChargerSource.ONLY_SOLAR,
    *,
    faults: tuple[tuple[FaultKind, float, float], ...] = (),
    contactor_closed: bool = True,
    cloud_cover: float = 0,
) -> Plant:
    """A plant whose faults are (kind, seconds after the start, seconds)."""
    planned = tuple(GridFault(kind, start.timestamp() + after, span) for kind, after, span in faults)
    return Plant(
        PlantSettings(
            start=start,
            battery=BatterySettings(soc=soc),
            inverter=InverterSettings(output_source_priority=output, charger_source_priority=charger),
            grid=GridSettings(faults=planned),
            cloud_cover=cloud_cover,
            contactor_closed=contactor_closed,
        )
    )


def mode(plant: Plant) -> Value | None:
    return plant.inverter_readings().get("mode")


def until(plant: Plant, wanted: str, *, within: float) -> float:
    """Run until the inverter is in this mode; seconds that it took, not over `within`."""
    begin = plant.moment
    while mode(plant) != wanted:
        assert plant.moment - begin <= within, f"not {wanted} within {within} s but {mode(plant)}"
        plant.step(5)
    return plant.moment - begin
