"""Reads the part `plant` of a site file: the sizes of the site that `gridward rules rehearse` lives in."""

from gridward import values
from gridward.plant.spec import PlantSpec
from gridward.section import Section


def plant(section: Section | None) -> PlantSpec:
    """The sizes that are stated, the original house's for the others; faults go to the section's list."""
    usual = PlantSpec()
    if section is None:
        return usual
    number = values.number
    found = PlantSpec(
        battery_kwh=section.take("battery_kwh", number(0.5, 1000, "kWh"), usual.battery_kwh),
        cells=section.take("cells", values.whole(4, 32), usual.cells),
        pv_kw=section.take("pv_kw", number(0, 1000, "kW"), usual.pv_kw),
        tilt=section.take("tilt", number(0, 90, "degrees"), usual.tilt),
        azimuth=section.take("azimuth", number(0, 360, "degrees"), usual.azimuth),
        inverter_kw=section.take("inverter_kw", number(0.3, 1000, "kW"), usual.inverter_kw),
        standby=section.take("standby", number(0, 100_000, "W"), usual.standby),
        appliances=section.take("appliances", number(0, 100), usual.appliances),
        outages=section.take("outages", number(0, 0.99, "a day"), usual.outages),
        loads=_loads(section.part("loads")),
    )
    section.close()
    return found


def _loads(section: Section | None) -> dict[str, float]:
    """W by the ids of the site's loads."""
    if section is None:
        return {}
    found = {name: section.take(name, values.number(0, 100_000, "W"), 0.0) for name in section.entries}
    section.close()
    return found
