"""Reads the section `plan` of a site file."""

from gridward import values
from gridward.energies.tariff import mqtt_topic
from gridward.planning.spec import PlanSpec
from gridward.section import Section


def plan_of(section: Section | None) -> PlanSpec:
    """The section `plan`, or its defaults; faults go to the section's list."""
    usual = PlanSpec()
    if section is None:
        return usual
    watts = values.number(1, 1e6, "W")
    capacity = section.take("capacity", values.number(0.1, 10_000, "kWh"), None)
    spec = PlanSpec(
        reserve=section.take("reserve", values.number(0, 95, "%"), usual.reserve),
        capacity=None if capacity is None else 1000 * capacity,
        charge=section.take("charge", watts, None),
        discharge=section.take("discharge", watts, None),
        contract=section.take("contract", watts, None),
        efficiency=section.take("efficiency", values.number(0.3, 1), usual.efficiency),
        forecast=section.take("forecast", mqtt_topic, None),
    )
    section.close()
    return spec
