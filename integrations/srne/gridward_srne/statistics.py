"""P09: an SRNE hybrid's statistics, F000 to F061. Pure.

Totals may read 0 for a while after a start: 0 is absent there. V1.7 has other things at F032 and F033, and
prints the first week in Ah and F046 in kWh: the documents from V1.92 on are followed. F04C is printed with
scale 1 and taken as 0.1 kWh like its neighbours.
"""

from gridward_kit.entity import DAYS, ENERGY, HOURS, MINUTES, TEXT, Entity, Quantity, Sensor
from gridward_kit.modbus import u16, u32
from gridward_srne.about import date
from gridward_srne.points import RARELY, SELDOM, SOON, clock, detail, sensor

COUNTED = Quantity(None, "Ah", "total_increasing", 0)
DAY_ENERGY = Quantity("energy", "kWh", None, 1)
DAY_CHARGE = Quantity(None, "Ah", None, 0)
KWH = 0.1

WEEK: tuple[tuple[str, str, int, bool], ...] = (
    ("pv_energy", "PV energy", 0xF000, True),
    ("battery_charge", "Battery charge", 0xF007, False),
    ("battery_discharge", "Battery discharge", 0xF00E, False),
    ("utility_charge", "Charge from the grid", 0xF015, False),
    ("load_energy", "Load energy", 0xF01C, True),
    ("bypass_energy", "Load energy from the grid", 0xF023, True),
)


def _week() -> tuple[Entity, ...]:
    """The seven days before today, yesterday first."""
    return tuple(
        detail(
            f"{key}_{day}_days_ago",
            f"{name} {day} {'day' if day == 1 else 'days'} ago",
            u16(first + day - 1, KWH if energy else 1, every=SELDOM),
            DAY_ENERGY if energy else DAY_CHARGE,
        )
        for key, name, first, energy in WEEK
        for day in range(1, 8)
    )


def _today(key: str, name: str, address: int, *, charge: bool = False) -> Sensor:
    return sensor(key, name, u16(address, 1 if charge else KWH, every=SOON), COUNTED if charge else ENERGY)


def _total(key: str, name: str, address: int, *, charge: bool = False) -> Sensor:
    point = u32(address, 1 if charge else KWH, every=SOON, absent=(0,))
    return sensor(key, name, point, COUNTED if charge else ENERGY)


ROWS: tuple[Entity, ...] = (
    *_week(),
    detail("statistics_date", "Date of the statistics", date(0xF02A, SELDOM), TEXT),
    _today("export_energy_today", "Exported energy today", 0xF02C),
    _today("battery_charge_today", "Battery charge today", 0xF02D, charge=True),
    _today("battery_discharge_today", "Battery discharge today", 0xF02E, charge=True),
    _today("pv_energy_today", "PV energy today", 0xF02F),
    _today("load_energy_today", "Load energy today", 0xF030),
    detail("running_days", "Running days", u16(0xF031, every=RARELY), DAYS),
    _total("export_energy", "Exported energy", 0xF032),
    _total("battery_charge", "Battery charge", 0xF034, charge=True),
    _total("battery_discharge", "Battery discharge", 0xF036, charge=True),
    _total("pv_energy", "PV energy", 0xF038),
    _total("load_energy", "Load energy", 0xF03A),
    _today("utility_charge_today", "Charge from the grid today", 0xF03C, charge=True),
    _today("bypass_energy_today", "Load energy from the grid today", 0xF03D),
    detail("inverter_time_today", "Inverter time today", u16(0xF03E, every=RARELY), MINUTES),
    detail("bypass_time_today", "Bypass time today", u16(0xF03F, every=RARELY), MINUTES),
    detail("powered_on_at", "Powered on at", clock(0xF040, SELDOM), TEXT),
    detail("equalised_at", "Last equalised at", clock(0xF043, SELDOM), TEXT),
    _total("utility_charge", "Charge from the grid", 0xF046, charge=True),
    _total("bypass_energy", "Load energy from the grid", 0xF048),
    detail("inverter_hours", "Inverter hours", u16(0xF04A, every=RARELY), HOURS),
    detail("bypass_hours", "Bypass hours", u16(0xF04B, every=RARELY), HOURS),
    _today("utility_charge_energy_today", "Charge energy from the grid today", 0xF04C),
    _today("battery_charge_energy_today", "Battery charge energy today", 0xF04D),
    _today("battery_discharge_energy_today", "Battery discharge energy today", 0xF04E),
    _total("battery_charge_energy", "Battery charge energy", 0xF050),
    _total("battery_discharge_energy", "Battery discharge energy", 0xF052),
    _total("utility_charge_energy", "Charge energy from the grid", 0xF054),
    _today("generator_load_energy_today", "Load energy from the generator today", 0xF056),
    _today("generator_charge_energy_today", "Charge energy from the generator today", 0xF057),
    _total("generator_load_energy", "Load energy from the generator", 0xF058),
    _total("generator_charge_energy", "Charge energy from the generator", 0xF05A),
    detail("generator_hours_today", "Generator hours today", u16(0xF05C, every=RARELY), HOURS),
    detail("generator_hours", "Generator hours", u16(0xF05D, every=RARELY), HOURS),
    _today("home_energy_today", "Home load energy today", 0xF05E),
    _total("home_energy", "Home load energy", 0xF060),
)
