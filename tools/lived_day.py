"""The day before a scene, lived by its plant and recorded minute by minute."""

from dataclasses import replace
from datetime import timedelta

from gridward.plant import Plant, PlantSettings
from gridward.recorder.store import Parcel, Store
from gridward_kit.clock import iso
from gridward_kit.kept import Json
from gridward_kit.point import Value

DAY = 86400.0
MINUTE = 60.0
BEGAN_AT, EXTRA = 40.0, 250.0  # % and W: a day that empties and fills the battery
CONNECT_BELOW, ISLAND_ABOVE, WAIT = 51.2, 51.8, 240.0


def lived(settings: PlantSettings, store: Store) -> Plant:
    """The plant at its scene's moment, after a day that was recorded minute by minute."""
    battery = replace(settings.battery, soc=BEGAN_AT)
    start = settings.start - timedelta(days=1)
    plant = Plant(replace(settings, start=start, battery=battery, bms_answering=True, contactor_closed=False))
    plant.extra_load = EXTRA
    wanted = settings.contactor_closed
    low = 0.0
    for number in range(int(DAY / MINUTE)):
        plant.run(MINUTE)
        volts, discharging = plant.battery.voltage, plant.flows.current < 0
        low = low + MINUTE if volts < CONNECT_BELOW and discharging else 0.0
        closed = plant.contactor_closed
        if not closed and low >= WAIT:
            plant.contactor_closed = True
            _decided(store, plant, f"Bank at {volts:.1f} V and discharging for 4 of 4 minutes.")
        elif closed and volts > ISLAND_ABOVE:
            plant.contactor_closed = False
            _decided(store, plant, f"Bank at {volts:.1f} V, above {ISLAND_ABOVE} V.")
        _record(store, plant, number)
    plant.contactor_closed = wanted
    store.commit()
    return plant


def _decided(store: Store, plant: Plant, reason: str) -> None:
    before, after = ("islanded", "connected") if plant.contactor_closed else ("connected", "islanded")
    event: dict[str, Json] = {
        "v": 1,
        "at": iso(plant.moment),
        "what": "rules/decision",
        "by": "rules",
        "before": before,
        "after": after,
        "status": "decided",
        "reason": reason,
    }
    store.audit(plant.moment, event)


def _record(store: Store, plant: Plant, number: int) -> None:
    battery = plant.bms.readings()
    values: dict[str, dict[str, Value]] = {
        "site": {
            "pv_power": plant.flows.pv,
            "load_power": plant.flows.load,
            "battery_power": battery["power"],
            "grid_power": plant.flows.grid,
            "soc": battery["soc"],
        },
        "bms": {"voltage": battery["voltage"]},
        "contactor": {"closed": plant.contactor_closed},
    }
    for device, item in values.items():
        store.add(Parcel(device, "lived", number + 1, plant.moment, item))
    if number % 60 == 0:
        store.commit()
