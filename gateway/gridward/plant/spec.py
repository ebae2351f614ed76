"""How large a site is, as its file or a command line says it, and the plant that this makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gridward.plant.battery import BatterySettings
from gridward.plant.flows import Converter
from gridward.plant.grid import GridSettings
from gridward.plant.load import Habits
from gridward.plant.settings import InverterSettings
from gridward.plant.site import PlantSettings
from gridward.plant.sun import Array

NOMINAL = 3.2  # V of a LiFePO4 cell
ORIGINAL_CELLS = 16


@dataclass(frozen=True, slots=True)
class PlantSpec:
    """A site's sizes; the defaults are the original house's.

    The battery's kWh and cells in series; the array's kW, tilt and azimuth (degrees, from north over
    east); the inverter's kW; W that are always used, a factor on the use of appliances, and grid faults a
    day (mean, below 1). `loads` are the mean W of the site's switched loads, by their ids, on top of it.
    """

    battery_kwh: float = 14.336
    cells: int = ORIGINAL_CELLS
    pv_kw: float = 3.0
    tilt: float = 35.0
    azimuth: float = 180.0
    inverter_kw: float = 5.0
    standby: float = 95.0
    appliances: float = 1.0
    outages: float = 0.05
    loads: Mapping[str, float] = field(default_factory=dict)

    def settings(self, start: datetime, latitude: float | None, longitude: float | None) -> PlantSettings:
        """The plant at this place (degrees; the original house's where None), begun at `start`."""
        usual = PlantSettings(start=start)
        watts = self.inverter_kw * 1000
        return replace(
            usual,
            latitude=usual.latitude if latitude is None else latitude,
            longitude=usual.longitude if longitude is None else longitude,
            array=Array(peak=self.pv_kw * 1000, tilt=self.tilt, azimuth=self.azimuth),
            habits=Habits(standby=self.standby, scale=self.appliances),
            battery=_bank(self.battery_kwh * 1000 / (self.cells * NOMINAL), self.cells),
            converter=Converter(rated=watts, pv_limit=watts),
            inverter=_for_cells(usual.inverter, self.cells),
            grid=GridSettings(random_faults=self.outages),
        )


def _bank(capacity: float, cells: int) -> BatterySettings:
    """A bank of this capacity (Ah): more strings in parallel have less resistance, fewer have more."""
    usual = BatterySettings()
    fast, slow = (ohm * usual.capacity / capacity for ohm in usual.resistance)
    return replace(usual, cells=cells, capacity=capacity, resistance=(fast, slow))


def _for_cells(settings: InverterSettings, cells: int) -> InverterSettings:
    """The same voltages a cell for another number of cells."""
    if cells == ORIGINAL_CELLS:
        return settings
    return settings.taking(
        {
            key: round(float(value) * cells / ORIGINAL_CELLS, 1)
            for key, value in settings.values.items()
            if key.endswith("_voltage")
        }
    )
