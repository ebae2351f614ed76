"""What SRNE's codes mean. Pure."""

PRODUCTS = {
    0: "controller",
    1: "street_light_controller",
    3: "grid_inverter",
    4: "all_in_one",
    5: "mains_frequency_inverter",
    0x20: "dc_dc_charger",
    0x21: "ac_dc_charger",
}
SITES = {0: "Shenzhen", 1: "Dongguan"}

STATES_ELEVEN = {
    0: "power_on",
    1: "standby",
    2: "initialising",
    3: "soft_start",
    4: "line",
    5: "battery",
    6: "battery_to_line",
    7: "line_to_battery",
    8: "battery_activation",
    9: "shutdown",
    10: "fault",
    11: "fault",
}
"""HF, ASF, HESP up to 6 kW and SPI: `line` is the documents' mains, `battery` their inverter operation.

V1.3 alone has 10 shut down and 11 fault: both read as fault, which is the safer mistake.
"""
STATES_FOUR = {0: "initialising", 1: "standby", 2: "line", 3: "battery"}
"""Split-phase units (ASP, HES, HYP, Anenji) and single-phase ones of 8 to 12 kW."""
STATES = {"eleven": STATES_ELEVEN, "four": STATES_FOUR}

CHARGING = {
    0: "off",
    1: "constant_current",
    2: "constant_voltage",
    4: "float",
    5: "reserved",
    6: "lithium_activation",
    8: "full",
}
PASSWORD_STATES = {0: "none", 1: "user", 4: "maker"}

BATTERY_TYPES = {
    0: "user",
    1: "sealed",
    2: "flooded",
    3: "gel",
    4: "LFP 14s",
    5: "LFP 15s",
    6: "LFP 16s",
    7: "LFP 7s",
    8: "LFP 8s",
    9: "LFP 9s",
    10: "NMC 7s",
    11: "NMC 8s",
    12: "NMC 13s",
    13: "NMC 14s",
    14: "14",
}
"""Documents V1.96 to V2.08; live 16s packs read 6. 14 may mean no battery: shown, never set."""

OUTPUT_SOURCES = {0: "SOL", 1: "USB", 2: "SBU", 3: "SUB"}
"""Solar first, utility first, and so on. 3 was seen on live units (8.18) only: shown, never set."""
CHARGER_SOURCES = {0: "solar_first", 1: "utility_first", 2: "solar_and_utility", 3: "only_solar"}
PARALLEL = {
    0: "single",
    1: "parallel",
    2: "two_phase_0",
    3: "two_phase_120",
    4: "two_phase_180",
    5: "phase_a_of_3",
    6: "phase_b_of_3",
    7: "phase_c_of_3",
}
INPUT_RANGES = {0: "appliance", 1: "ups"}
BMS_LINKS = {0: "off", 1: "RS485", 2: "CAN"}
BMS_PROTOCOLS = {
    0: "0 PACE",
    1: "1 Ritar",
    2: "2 Allgrand",
    3: "3 Oliter",
    4: "4 CFE or HWD",
    5: "5 Sunwoda or DAQ",
    6: "6 Daking or WOW",
    7: "7 SRNE",
    8: "8 Pylontech",
    9: "9 FoxESS or UOL",
    10: "10 XYE",
    11: "11 PowMr",
    12: "12 Gotion",
    13: "13 SMK",
    14: "14 Vilion",
    15: "15 UZ Energy",
    16: "16",
    17: "17 UZE",
    18: "18 Pylon CAN",
    **{code: str(code) for code in range(19, 31)},
}
"""Only 0 to 3, 7 and 8 mean the same in all sources, so the number stands in front."""
BMS_MODES = {0: "panel", 1: "bms", 2: "inverter"}
OUTPUT_PHASES = {0: "in_phase", 1: "three_phase_120", 2: "split_180"}
GRID_MODES = {0: "off_grid", 1: "grid_tied", 2: "no_export_at_output", 3: "no_export_at_input"}
PV_PRIORITIES = {0: "charge", 1: "load", 2: "grid"}
BATTERY_USES = {0: "none", 1: "ups_load", 2: "home_load", 3: "sell"}
SMART_METERS = {0: "off", 1: "single_phase", 2: "three_phase"}

CONTROLLER_TYPES = {0: "user", 1: "flooded", 2: "sealed", 3: "gel", 4: "lithium", 5: "custom"}
CONTROLLER_CHARGING = {
    0: "off",
    1: "on",
    2: "mppt",
    3: "equalise",
    4: "boost",
    5: "float",
    6: "current_limit",
    7: "full",
    8: "storage",
    9: "supply",
    10: "inverting",
}
LOAD_MODES = {
    0: "light_control",
    **{hours: f"light_and_{hours}_h" for hours in range(1, 15)},
    15: "manual",
    16: "debug",
    17: "always_on",
}
