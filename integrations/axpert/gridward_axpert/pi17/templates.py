"""What real PI17 units answered, for the simulator to start from, and the commands that they take.

Text of each answer without its length and CRC; serial numbers are made up.
"""

from collections.abc import Mapping

from gridward_axpert.pi17 import settings
from gridward_axpert.simulated import Setter, minutes, named, on, tenths
from gridward_kit.point import Value


def _off(digit: str) -> bool:
    return digit == "D"


def _kept(digits: str) -> Value:
    return digits == "1" if len(digits) == 1 else tenths(digits)


def _whole(digits: str) -> float:
    return float(digits)


# InfiniSolar 10K, three phases: GS, PS, MD, PIRI, WS, FLAG, VFW, VFW2, BATS, HECS and the counters in the
# form of captures, on a sunny day; limits and times composed after the document.
INFINI_10K: Mapping[str, str] = {
    "PI": "17",
    "ID": "1496161704100242000000",
    "VFW": "VERFW:00001.01",
    "VFW2": "VERFW2:00001.01",
    "MD": "000,010000,99,3,3,2300,2300,04,120",
    "PIRI": "2300,500,0145,2300,0145,0186,0480,2,10,0,0",
    "GS": "3620,3710,0345,0351,0524,086,+00110,2389,2427,2459,5002,0012,0014,0013,2378,2434,2455,5001"
    ",,,,029,041,000,0",
    "PS": "01249,01302,,+00120,+00110,+00101,+00331,0802,0731,0761,02294,0831,0752,0783,02366,023,1,1,1"
    ",1,2,1",
    "MOD": "05",
    "WS": "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,",
    "CFS": "00,00",
    "FLAG": "0,0,1,0,1",
    "T": "20260902170554",
    "ET": "00006591",
    "EY": "001225643",
    "EM": "0320400",
    "ED": "003537",
    "BATS": "2000,0584,0576,0000,000,0576,0460,0510,0460,0510,1,,,1,0540,000,2000,0250",
    "HECS": "01,1,1,0,1,1,0,0,0",
    "GPMP": "10000",
    "OPMP": "10000",
    "ACCT": "0000,0000",
    "ACLT": "0000,0000",
    "GOV": "2645,1840,2600,1850",
    "GOF": "5150,4750,5140,4760",
    "MPPTV": "8500,3500",
    "SV": "9000,3000",
    "GLTHV": "2530",
}

SETTERS: tuple[Setter, ...] = (
    (r"MCHGC(\d{4})", ("max_charging_current",), tenths),
    (r"MUCHGC(\d{4})", ("max_utility_charging_current",), tenths),
    (r"MCHGV(\d{4}),(\d{4})", ("battery_bulk_voltage", "battery_float_voltage"), tenths),
    (
        r"BATDV(\d{4}),(\d{4}),(\d{4}),(\d{4})",
        (
            "battery_under_voltage",
            "battery_under_back_voltage",
            "battery_recharge_voltage",
            "battery_redischarge_voltage",
        ),
        tenths,
    ),
    (r"BT(\d)", ("battery_type",), named(settings.BATTERY_TYPES)),
    (r"BDCM(\d{4})", ("max_discharge_current",), _whole),
    (r"ACCB([01]),(\d{4})", ("grid_keeps_battery", "grid_keeps_battery_voltage"), _kept),
    (r"SEP(\d\d)", ("solar_priority",), named(settings.SOLAR_PRIORITIES)),
    *((f"ED{letter}([01])", (key,), on) for letter, key, _, _ in settings.MANAGED),
    (r"P([ED])A", ("buzzer",), _off),
    (r"P([ED])B", ("buzzer_in_standby",), _off),
    (r"P([ED])C", ("buzzer_on_battery",), _off),
    (r"P([ED])D", ("generator_input",), lambda letter: letter == "E"),
    (r"P([ED])E", ("wide_input_range",), lambda letter: letter == "E"),
    (r"LON([01])", ("load_output",), on),
    (r"GPMP(\d{6})", ("grid_feed_limit",), _whole),
    (r"ACCT(\d{4}),(\d{4})", ("grid_charging_start", "grid_charging_end"), minutes),
    (r"ACLT(\d{4}),(\d{4})", ("grid_supply_start", "grid_supply_end"), minutes),
)
