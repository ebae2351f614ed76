"""The virtual device `plan`: what it shows, to rules as inputs, too, and the schedule that is set on it."""

from gridward_kit.entity import (
    CURRENT,
    ENUM,
    POWER,
    SOC_LEVEL,
    TEXT,
    TIMESTAMP,
    BinarySensor,
    Entity,
    Quantity,
    Sensor,
    Setting,
    Text,
)
from gridward_kit.integration import Identity, Integration
from gridward_kit.point import Value

PLAN = "plan"
MODES = ("none", "charge", "discharge", "hold")
LONGEST_REQUEST = 16_000  # characters of JSON
EXPECTED = Quantity(None, "kWh", "measurement", 1)  # of a day to come: no counter
RANK = Quantity(None, None, "measurement", 2)


def _as_it_is(value: Value) -> tuple[str, ...]:
    return (str(value),)


OWN = Setting(write=_as_it_is, wear="none", settle=0.0)


def rows(currency: str | None) -> tuple[Entity, ...]:
    """The entities in the order in which they are shown; `currency` is that of the prices."""
    price = Quantity(None, f"{currency or 'EUR'}/kWh", "measurement", 4)
    return (
        Sensor("tonight", "Tonight", quantity=TEXT),
        Sensor("empty_at", "Battery down to its reserve", quantity=TIMESTAMP),
        Sensor("sun_at", "Sunrise", quantity=TIMESTAMP),
        Sensor("grid_at", "Grid joins", quantity=TIMESTAMP),
        Sensor("schedule_mode", "Schedule now", quantity=ENUM, options=MODES),
        Sensor("schedule_power", "Scheduled battery power", quantity=POWER),
        Sensor("schedule_until", "Schedule until", quantity=TIMESTAMP),
        Text("schedule", "Schedule", setting=OWN, most=LONGEST_REQUEST),
        Sensor("price", "Price from the grid", quantity=price),
        Sensor("price_rank", "Price among today's", quantity=RANK, limits=(0.0, 1.0)),
        BinarySensor("planned", "Plan of the battery stands"),
        BinarySensor("charge_now", "Charge from the grid now"),
        BinarySensor("discharge_now", "Live from sun and battery now"),
        Sensor("needed_soc", "Charge needed", quantity=SOC_LEVEL),
        Sensor("charge_current", "Grid charging current", quantity=CURRENT),
        Sensor("plan_reason", "Why the plan is so", quantity=TEXT),
        Sensor("pv_expected_today", "PV expected today", quantity=EXPECTED),
        Sensor("pv_expected_tomorrow", "PV expected tomorrow", quantity=EXPECTED),
        Sensor("load_expected_today", "Load expected today", quantity=EXPECTED),
        Sensor("load_expected_tomorrow", "Load expected tomorrow", quantity=EXPECTED),
    )


ROWS = rows(None)
KEYS = frozenset(row.key for row in ROWS)

INTEGRATION = Integration(domain=PLAN, name="Plan", kind=PLAN, entities=lambda _: ROWS)
IDENTITY = Identity(model="Plan", protocol="rules")
