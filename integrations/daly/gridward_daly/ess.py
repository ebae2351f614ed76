"""The registers of boards that are asked as unit 0x80 + n: the wired port of newer series H, K, M and S.

Sources: captures of firmware ESS 41 and public readers. Where they disagree or nothing is known:
- 0x3B: state of health by one reader; it moves from poll to poll, so it is a heartbeat.
- 0x4D: off, passive, active by one reader, anything but 0 by another; the capture has 7 with no cell
  balanced. It is shown as a number, and balancing is what the cells' bits say.
- 0x66 to 0x69: failure bytes that no reader decodes: shown as they are; 0x6D to 0x73 have the names.
- the parallel communication error stands on single packs too: no problem by itself.
- 0x116 is a SoC that differs from the live one: what was set is read back from 0x3A.
- 0x140 to 0x149: two groups of currents, which is charge is not settled, nor is their sign.
- thresholds of temperatures (from 0x14A on) have no documented order: not read.
The password (0x126 to 0x128) is never asked for.
"""

from gridward_daly.entities import (
    CURRENT_ZERO,
    DIAGNOSTIC,
    KELVIN,
    LEVELS,
    STATES,
    failure,
    read_only,
    summary,
)
from gridward_daly.registers import (
    EXTRA_EVERY,
    SENSORS,
    STEMS,
    Family,
    Part,
    Points,
    balanced,
    clock,
    day,
    degrees,
    flag,
    magnitude,
    milli,
    threshold,
)
from gridward_kit.entity import (
    CELL_VOLTAGE,
    COUNT,
    CURRENT,
    ENUM,
    MILLISECONDS,
    MINUTES,
    POWER,
    SECONDS,
    SOC_LEVEL,
    TEMPERATURE,
    VOLTAGE,
    BinarySensor,
    Entity,
    Quantity,
    Sensor,
)
from gridward_kit.modbus import WRITE_ONE, Profile, Register, text, u16, u32
from gridward_kit.point import Derived

FAULT_BYTES = 0x6D
SEVERITY = {0: "none", 1: "warning", **dict.fromkeys(range(2, 8), "alarm")}
ENERGY = Quantity(None, "Wh", None, 0)

# severities of three bits: byte, lowest bit, key, name
SEVERITIES = (
    (0, 0, "cell_voltage_high", "Cell voltage high"),
    (0, 3, "cell_voltage_low", "Cell voltage low"),
    (1, 0, "cell_voltage_difference", "Cell voltage difference"),
    (1, 3, "charge_temperature_high", "Charge temperature high"),
    (2, 0, "charge_temperature_low", "Charge temperature low"),
    (2, 3, "discharge_temperature_high", "Discharge temperature high"),
    (3, 0, "discharge_temperature_low", "Discharge temperature low"),
    (3, 3, "temperature_difference", "Temperature difference"),
    (4, 0, "pack_voltage_high", "Pack voltage high"),
    (4, 3, "pack_voltage_low", "Pack voltage low"),
    (5, 0, "charge_overcurrent", "Charge overcurrent"),
    (5, 3, "discharge_overcurrent", "Discharge overcurrent"),
    (6, 0, "soc_low", "SoC low"),
    (6, 3, "soh_low", "State of health low"),
    (7, 0, "mosfet_overtemperature", "MOSFET overtemperature"),
    (7, 3, "thermal_runaway", "Thermal runaway"),
)

FAULTS = (
    (0, 7, "smart_charger_error", "Smart charger error"),
    (1, 7, "smart_load_error", "Smart load error"),
    (2, 6, "charge_mosfet_overtemperature", "Charge MOSFET overtemperature"),
    (2, 7, "charge_mosfet_sensor_fault", "Charge MOSFET temperature sensor fault"),
    (3, 6, "discharge_mosfet_overtemperature", "Discharge MOSFET overtemperature"),
    (3, 7, "discharge_mosfet_sensor_fault", "Discharge MOSFET temperature sensor fault"),
    (4, 6, "short_circuit_protection", "Short circuit protection"),
    (5, 6, "charge_undervoltage", "Charge undervoltage"),
    (5, 7, "discharge_overvoltage", "Discharge overvoltage"),
    (11, 0, "afe_fault", "AFE chip fault"),
    (11, 1, "afe_communication_fault", "AFE communication fault"),
    (11, 2, "cell_sampling_lost", "Cell voltage sampling lost"),
    (11, 3, "cell_voltage_sensing_fault", "Cell voltage sensing fault"),
    (11, 4, "voltage_wire_off", "Voltage wire off"),
    (11, 5, "pack_voltage_sensing_fault", "Pack voltage sensing fault"),
    (11, 6, "current_sensing_fault", "Current sensing module fault"),
    (11, 7, "cell_temperature_sensor_fault", "Cell temperature sensor fault"),
    (12, 0, "temperature_wire_off", "Temperature wire off"),
    (12, 1, "eeprom_fault", "EEPROM fault"),
    (12, 2, "flash_fault", "Flash fault"),
    (12, 3, "rtc_fault", "RTC fault"),
    (12, 4, "charge_mosfet_fault", "Charge MOSFET fault"),
    (12, 5, "discharge_mosfet_fault", "Discharge MOSFET fault"),
    (12, 6, "precharge_mosfet_fault", "Precharge MOSFET fault"),
    (12, 7, "precharge_failure", "Precharge failure"),
    (13, 7, "heater_error", "Heater error"),
)
ALONE = ((6, 7, "parallel_communication_error", "Parallel communication error"),)

STATUS = (
    (0, 6, "smart_charger_connected", "Smart charger connected"),
    (1, 6, "smart_load_connected", "Smart load connected"),
    (4, 7, "upgrading", "Upgrading"),
    (6, 6, "parallel_communication", "Parallel communication"),
    (13, 0, "charge_off_by_bus", "Charge MOSFET switched off by bus"),
    (13, 1, "discharge_off_by_bus", "Discharge MOSFET switched off by bus"),
    (13, 2, "charge_off_by_switch", "Charge MOSFET switched off by switch"),
    (13, 3, "discharge_off_by_switch", "Discharge MOSFET switched off by switch"),
    (13, 4, "fan_active", "Fan active"),
    (13, 5, "heater_active", "Heater active"),
    (13, 6, "current_limiting", "Current limiting active"),
)


def _byte(byte: int) -> Register:
    """Two in a register, the even one low."""
    return u16(FAULT_BYTES + byte // 2)


def _failing() -> tuple[Entity, ...]:
    """Every failure: severities, what they mean in the words of the A5 protocol, faults and states."""
    levels = [
        Sensor(f"{stem}_severity", f"{name} severity", Register(_byte(byte).address, codes=SEVERITY).part(
            8 * (byte % 2) + bit, 3), ENUM, category=DIAGNOSTIC, enabled=False,
            options=("none", "warning", "alarm"))
        for byte, bit, stem, name in SEVERITIES
    ]  # fmt: skip
    named = [
        failure(f"{stem}_{word}", f"{name} {word}", Derived((f"{stem}_severity",), meant))
        for *_, stem, name in SEVERITIES
        for word, meant in (("warning", _warned), ("protection", _alarmed))
    ]
    bits = [
        failure(key, name, _byte(byte).bit(8 * (byte % 2) + bit))
        for byte, bit, key, name in (*FAULTS, *ALONE)
    ]
    states = [
        BinarySensor(key, name, _byte(byte).bit(8 * (byte % 2) + bit), category=DIAGNOSTIC, enabled=False)
        for byte, bit, key, name in STATUS
    ]
    alarms = (*(f"{stem}_protection" for *_, stem, _ in SEVERITIES), *(key for *_, key, _ in FAULTS))
    names = {row.key: row.name for row in (*named, *bits)}
    return (*levels, *named, *bits, *states, *summary(names, alarms))


def _warned(severity: str) -> bool:
    return severity in ("warning", "alarm")


def _alarmed(severity: str) -> bool:
    return severity == "alarm"


def _groups() -> list[Entity]:
    """Of each group of thresholds also the release and the delay; and the two groups of currents."""
    names = {stem: name for *_, stem, name in LEVELS}
    released = [
        row
        for place, stem in enumerate(STEMS[:4])
        for row in (
            read_only(f"{stem}_release_threshold", f"{names[stem]} release threshold",
                      threshold(stem, 0x132 + 4 * place),
                      CELL_VOLTAGE if stem.startswith("cell") else VOLTAGE),
            read_only(f"{stem}_delay", f"{names[stem]} delay", u16(0x133 + 4 * place), MILLISECONDS),
        )
    ]  # fmt: skip
    currents = [
        row
        for group, first in ((1, 0x140), (2, 0x145))
        for row in (
            *(read_only(f"overcurrent_{group}_level_{level}", f"Overcurrent {group} level {level}",
                        magnitude(first + offset), CURRENT)
              for level, offset in ((1, 0), (2, 1), (3, 3))),
            *(read_only(f"overcurrent_{group}_delay_{level}", f"Overcurrent {group} delay {level}",
                        u16(first + offset), MILLISECONDS)
              for level, offset in ((2, 2), (3, 4))),
        )
    ]  # fmt: skip
    return [*released, *currents]


OWN = (
    read_only("board_cell_spread", "Cell spread as the board says", u16(0x42, 0.001), CELL_VOLTAGE),
    read_only("temperature_spread", "Temperature spread", u16(0x47), KELVIN),
    read_only("balance_status", "Balance status", u16(0x4D), COUNT),
    read_only("balance_current", "Balancing current",
              u16(0x4E, 0.001, zero=CURRENT_ZERO, absent=(0,)), CURRENT),
    BinarySensor("precharge_mosfet", "Precharge MOSFET", flag(0x54), category=DIAGNOSTIC, enabled=False),
    BinarySensor("heater", "Heater", flag(0x55), category=DIAGNOSTIC, enabled=False),
    BinarySensor("fan", "Fan", flag(0x56), category=DIAGNOSTIC, enabled=False),
    read_only("cell_voltage_average", "Average cell", milli(0x57), CELL_VOLTAGE),
    read_only("power_magnitude", "Power without its direction", u16(0x58), POWER),
    read_only("board_energy", "Energy as the board says", u16(0x59, absent=(0,)), ENERGY),
    Sensor("mosfet_temperature", "MOSFET temperature", degrees(0x5A), TEMPERATURE, category=DIAGNOSTIC,
           limits=(-39, 150)),
    Sensor("board_temperature", "Board temperature", degrees(0x5B), TEMPERATURE, category=DIAGNOSTIC,
           limits=(-39, 150)),
    Sensor("heater_temperature", "Heater temperature", degrees(0x5C), TEMPERATURE, category=DIAGNOSTIC,
           limits=(-39, 150)),
    read_only("charge_time_remaining", "Time until charged", u16(0x64, absent=(0, 0xFFFF)), MINUTES),
    read_only("failure_bytes", "Failure bytes of the first kind",
              Register(0x66, "u64", 4).by(lambda raw: f"{raw:016x}", lambda told: int(str(told), 16))),
    *_failing(),
    read_only("board_number", "Board number", u16(0x100), COUNT),
    read_only("sleep_after", "Sleeps after", u16(0x115, 10, absent=(0xFFFF,)), SECONDS),
    BinarySensor("charge_switch", "Charge MOSFET is to be on", flag(0x121), category=DIAGNOSTIC,
                 enabled=False),
    BinarySensor("discharge_switch", "Discharge MOSFET is to be on", flag(0x122), category=DIAGNOSTIC,
                 enabled=False),
    read_only("soc_stored", "State of charge as last set", u16(0x116, 0.1), SOC_LEVEL),
    *_groups(),
)  # fmt: skip


def points(cells: int, sensors: int) -> Points:
    """Where the rows of a board of 1 to 48 cells and 0 to 8 sensors lie."""
    return {
        **{f"cell_{number}_voltage": milli(number - 1) for number in range(1, cells + 1)},
        **{f"temperature_{number}": degrees(0x2F + number) for number in range(1, min(sensors, SENSORS) + 1)},
        "voltage": u16(0x38, 0.1),
        "current": u16(0x39, 0.1, zero=CURRENT_ZERO),
        "soc": u16(0x3A, 0.1),
        "soc_setting": u16(0x3A, 0.1),
        "life_counter": u16(0x3B),
        "cells": u16(0x3C),
        "temperature_sensors": u16(0x3D),
        "cell_voltage_max": milli(0x3E),
        "cell_max_number": u16(0x3F),
        "cell_voltage_min": milli(0x40),
        "cell_min_number": u16(0x41),
        "temperature_max": degrees(0x43),
        "temperature_max_number": u16(0x44),
        "temperature_min": degrees(0x45),
        "temperature_min_number": u16(0x46),
        "state": u16(0x48, codes=STATES),
        "remaining_capacity": u16(0x4B, 0.1),
        "cycles": u16(0x4C),
        "balanced_cells": balanced(0x4F),
        "charge_mosfet": flag(0x52),
        "discharge_mosfet": flag(0x53),
        "board_clock": clock(0x61),
        "rated_capacity": u32(0x109, 0.001, absent=(0,)),
        "acquisition_boards": u16(0x102),
        "nominal_cell_voltage": milli(0x114),
        "balance_start_voltage": milli(0x11A),
        "balance_difference": milli(0x11B),
        "production_date": day(0x129),
        **{
            f"{stem}_{word}_threshold": threshold(stem, 0x130 + 4 * place + level)
            for place, stem in enumerate(STEMS[:4])
            for level, word in enumerate(("warning", "protection"))
        },
        "software_version": text(0x178, 74),
    }


ESS = Family(
    name="ess",
    asked=0x80,
    answers=0x50,
    boards=16,
    points=points,
    own=OWN,
    vital=(0x38, 0x39, 0x3C),
    probe="03:0x0038+6",
    parts={
        "more": Part(0x59, 0x73, EXTRA_EVERY),
        "settings": Part(0x100, 0x122),
        "date": Part(0x129, 0x12A),
        "thresholds": Part(0x130, 0x149),
        "versions": Part(0x178, 0x1C1),
    },
    writes={"charge_mosfet": 0x121, "discharge_mosfet": 0x122, "soc_setting": 0x116},
    profile=Profile(
        most=74,
        spans=((0x00, 0x7E), (0x100, 0x122), (0x129, 0x12A), (0x130, 0x149), (0x178, 0x1C1)),
        writes=(WRITE_ONE,),
        pause=0.05,
    ),
)
