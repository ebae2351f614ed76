"""The day before the demo began: lived by the plant in fast motion and put into the store.

So the charts are full at the first look. The house stands where it is late morning right now, on
midsummer's day, that there is sun to see whenever somebody starts the demo.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gridward.energies import stored
from gridward.energies.core import Sample, Settings, State, Tariff, step
from gridward.energies.entities import shown
from gridward.energies.role import FLOWS
from gridward.plant import Plant, PlantSettings
from gridward.plant.battery import BatterySettings
from gridward.recorder.store import About, Parcel, Store
from gridward_kit.point import Value

DAY = 86400.0
MINUTE = 60.0
NOON = 11.0
ISLANDED_FROM, ISLANDED_TO = 7.5, 22.0
BOOT = "yesterday"
QUARTER = 15  # minutes between the energies on record
KINDS = {
    "inverter": About("inverter", "axpert"),
    "bms": About("battery", "daly"),
    "site": About("site", "site"),
    "contactor": About("relay", "relay"),
}
"""What databases that follow are to know of the devices, before these tell it themselves."""


def zone_at_noon(now: float) -> ZoneInfo:
    """The whole-hour time zone in which it is late morning at this moment (s since 1970)."""
    hour = now % DAY / 3600
    offset = (round(NOON - hour) + 11) % 24 - 11
    return ZoneInfo(f"Etc/GMT{-offset:+d}")


def longitude(now: float, zone: ZoneInfo) -> float:
    """Degrees east of where the sun keeps this zone's time: the site says it, else its sun rises at night."""
    offset = datetime.fromtimestamp(now, zone).utcoffset() or timedelta()
    return 15 * offset.total_seconds() / 3600


def house(now: float, zone: ZoneInfo) -> PlantSettings:
    """A house in that zone, as it was on midsummer's day at this time of day, 24 hours ago."""
    here = datetime.fromtimestamp(now, zone)
    start = here.replace(year=here.year, month=6, day=20)
    return PlantSettings(
        start=start,
        longitude=longitude(now, zone),
        battery=BatterySettings(soc=78),
        cloud_cover=None,
        contactor_closed=False,
    )


def live_through(plant: Plant, store: Store, now: float, tariff: Tariff | None = None) -> None:
    """Let the plant live its day up to `now`, and record it minute by minute, its energies too."""
    energies, settings = State(), Settings(zone_at_noon(now), tariff, gap=2 * MINUTE)
    for device, about in KINDS.items():
        store.describe(device, about)
    for minute in range(int(DAY / MINUTE)):
        hour = plant.now.hour + plant.now.minute / 60
        plant.contactor_closed = not ISLANDED_FROM <= hour < ISLANDED_TO
        plant.run(MINUTE)
        at = now - DAY + (minute + 1) * MINUTE
        heard = told(plant)
        powers = {name: float(heard["site"][key]) for name, key in FLOWS.items() if key in heard["site"]}
        energies = step(energies, Sample(at, at, powers), settings)
        if (minute + 1) % QUARTER == 0:
            heard["site"] |= shown(energies)
        for device, values in heard.items():
            store.add(Parcel(device, BOOT, minute + 1, at, values))
    plant.contactor_closed = True
    store.commit()
    stored.save(store.path, energies)
    while store.roll(now):
        pass


def told(plant: Plant) -> dict[str, dict[str, Value]]:
    """What the recorder would have heard, by device."""
    inverter, battery = plant.inverter_readings(), plant.battery_readings()
    flows = plant.flows
    site: dict[str, Value] = {
        "pv_power": round(flows.pv),
        "load_power": round(flows.load),
        "grid_power": round(flows.grid),
    }
    if battery:
        power = float(battery["voltage"]) * float(battery["current"])
        battery["power"] = round(power, 1)
        site |= {"battery_power": round(power), "soc": battery["soc"]}
    position = "connected" if plant.contactor_closed else "islanded"
    return {
        "inverter": inverter,
        "bms": battery,
        "site": site,
        "contactor": {"position": position, "feedback": position},
    }
