"""What real PI18 units answered, for the simulator to start from, and the commands that they take.

Text of each answer without its length and CRC; serial numbers are made up.
"""

from collections.abc import Mapping

from gridward_axpert.pi18 import settings
from gridward_axpert.settings import INPUT_RANGES
from gridward_axpert.simulated import Setter, enabled, minutes, named, on, tenths

# InfiniSolar V, 5 kVA: GS, PIRI, MOD, FLAG, ET and MCHGCR as captured; DI of a 5.6 kVA unit; EY, EM, ED,
# MUCHGCR, ACCT and ACLT composed after the maker's document.
INFINI_V: Mapping[str, str] = {
    "PI": "18",
    "T": "20260902170554",
    "ET": "05580051",
    "EY": "01980220",
    "EM": "00320400",
    "ED": "00003537",
    "ID": "1496131709100410000000",
    "VFW": "05220,00000,00000",
    "PIRI": "2300,217,2300,500,217,5000,5000,480,480,530,440,570,570,2,10,070,1,1,1,9,0,0,0,0,1,00",
    "GS": "2232,499,2232,499,1406,1376,028,549,000,000,000,010,095,060,000,000,0082,0000,1604,0000,0,2,0,1,1"
    ",1,1,0",
    "MOD": "05",
    "FWS": "00,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
    "FLAG": "1,0,1,0,0,1,1,0,0",
    "DI": "2300,500,0,408,540,564,460,540,060,30,0,0,1,0,0,0,1,0,0,1,1,0,1,1",
    "MCHGCR": "010,020,030,040,050,060,070,080",
    "MUCHGCR": "002,010,020,030,040,050,060,070,080",
    "ACCT": "0000,0000",
    "ACLT": "0000,0000",
}
# EASUN SV IV, 5.6 kVA, in parallel: GS, PIRI, PGS0, PRI0, VFW as captured; it answers these only without CRC.
SV_IV: Mapping[str, str] = {
    **INFINI_V,
    "ID": "1496132206100410000000",
    "VFW": "05402,08025,00000",
    "PIRI": "2300,243,2300,500,243,5600,5600,480,500,530,480,570,544,2,050,060,0,1,2,9,0,0,1,1,1,00",
    "GS": "2387,499,2387,499,0716,0165,012,518,000,000,000,015,036,037,000,000,1137,0000,2088,0000,0,2,0,1,1"
    ",2,1,1",
    "PGS0": "1,5,00,2387,499,2387,499,0716,0165,01232,00505,012,004,518,000,015,031,036,1137,0000,2088,0000"
    ",2,0,1,1,2,1,037",
    "PRI0": "1,14,96132206100410000000,2,060,050,1",
}
SV_IV_BARE = frozenset(("PI", "T", "ET", "EY", "EM", "ID", "DI", "GS"))

SETTERS: tuple[Setter, ...] = (
    (r"POP(\d)", ("output_source_priority",), named(settings.OUTPUT_SOURCES)),
    (r"PCP\d,(\d)", ("charger_source_priority",), named(settings.CHARGER_SOURCES)),
    (r"PSP(\d)", ("solar_priority",), named(settings.SOLAR_PRIORITIES)),
    (r"PGR(\d)", ("input_range",), named(INPUT_RANGES)),
    (r"PBT(\d)", ("battery_type",), named(settings.BATTERY_TYPES)),
    (r"POPM\d,(\d)", ("output_mode",), named(settings.OUTPUT_MODES)),
    (r"P([ED])I", ("machine_type",), lambda letter: "grid_tie" if letter == "E" else "off_grid"),
    (r"MCHGC\d,(\d{3})", ("max_charging_current",), float),
    (r"MUCHGC\d,(\d{3})", ("max_utility_charging_current",), float),
    (r"MCHGV(\d{3}),(\d{3})", ("battery_bulk_voltage", "battery_float_voltage"), tenths),
    (r"BUCD(\d{3}),(\d{3})", ("battery_recharge_voltage", "battery_redischarge_voltage"), tenths),
    (r"PSDV(\d{3})", ("battery_under_voltage",), tenths),
    (r"V(\d{4})", ("output_rating_voltage",), tenths),
    (r"F(50|60)", ("output_rating_frequency",), float),
    (r"LON([01])", ("load_output",), on),
    (r"ACCT(\d{4}),(\d{4})", ("grid_charging_start", "grid_charging_end"), minutes),
    (r"ACLT(\d{4}),(\d{4})", ("grid_supply_start", "grid_supply_end"), minutes),
    *((f"P([ED]){own}", (row.key,), enabled) for own, row in zip("ABCDEFGH", settings.FLAG, strict=True)),
)
