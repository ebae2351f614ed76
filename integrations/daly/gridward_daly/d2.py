"""The registers of boards that are asked as unit 0xD2: series H, K, M and S, by UART or a wireless module.

Sources: the maker's register sheet and public readers' captures. Where they disagree:
- current: captures have raw over 30000 while charging (the sheet says the reverse): `invert` turns it.
- failure bytes 0x3A to 0x3D: the high byte of each register is taken first, as 0x98 and the wire have it;
  one reader takes the low one. So a problem is any bit but those that are SoC high in either order.
- 0x3E, 0x3F: mileage by the sheet, balanced cells by a reader: not read.
- the switches are 0xA5 and 0xA6; the sheet's example writes 0x0C, which is a cell and moves nothing.
- 0xCF: balancer switch by a reader, part of an address text by the sheet: not read.
The password (0xC9 to 0xCB) is never asked for.
"""

from gridward_daly.entities import (
    CURRENT_ZERO,
    DIAGNOSTIC,
    STATES,
    TYPES,
    read_only,
)
from gridward_daly.registers import (
    EXTRA_EVERY,
    SENSORS,
    STEMS,
    Family,
    Part,
    Points,
    day,
    degrees,
    eight_bytes,
    flag,
    milli,
    threshold,
)
from gridward_kit.entity import (
    CELL_VOLTAGE,
    CURRENT,
    POWER,
    SECONDS,
    SOC_LEVEL,
    TEMPERATURE,
    BinarySensor,
    Sensor,
)
from gridward_kit.integration import FAST
from gridward_kit.modbus import HOLDING, WRITE_ONE, Profile, Register, text, u16
from gridward_kit.modbus.plan import Block

ASKED = 0xD2
LIVE = Block(HOLDING, 0x00, 62, FAST)
FIRST_CELLS, MORE_CELLS = 32, 0x47
SOC_HIGH = 0x3030 << 32  # bits 4 and 5 of either byte of the second failure register
FAILING = (1 << 64) - 1 & ~SOC_HIGH

OWN = (
    read_only("cell_voltage_average", "Average cell", milli(0x37), CELL_VOLTAGE),
    read_only("board_cell_spread", "Cell spread as the board says", u16(0x38, 0.001), CELL_VOLTAGE),
    read_only("power_magnitude", "Power without its direction", u16(0x39), POWER),
    read_only("balance_current", "Balancing current",
              u16(0x40, 0.001, zero=CURRENT_ZERO, absent=(0,)), CURRENT),
    Sensor("mosfet_temperature", "MOSFET temperature", degrees(0x42), TEMPERATURE, category=DIAGNOSTIC,
           limits=(-39, 150)),
    Sensor("board_temperature", "Board temperature", degrees(0x43), TEMPERATURE, category=DIAGNOSTIC,
           limits=(-39, 150)),
    BinarySensor("problem", "Problem",
                 Register(0x3A, "u64", 4).by(lambda raw: bool(raw & FAILING), int), device_class="problem"),
    read_only("sleep_after", "Sleeps after", u16(0x8A, absent=(0xFFFF,)), SECONDS),
    BinarySensor("charge_switch", "Charge MOSFET is to be on", flag(0xA5), category=DIAGNOSTIC,
                 enabled=False),
    BinarySensor("discharge_switch", "Discharge MOSFET is to be on", flag(0xA6), category=DIAGNOSTIC,
                 enabled=False),
    read_only("soc_stored", "State of charge as last set", u16(0xA7, 0.1), SOC_LEVEL),
    read_only("mosfet_overtemperature_threshold", "MOSFET overtemperature threshold",
              u16(0xA8, zero=40), TEMPERATURE),
    read_only("machine_code", "Machine code", text(0xB9, 16)),
)  # fmt: skip


def points(cells: int, sensors: int) -> Points:
    """Where the rows of a board of 1 to 48 cells and 0 to 8 sensors lie."""
    return {
        **{f"cell_{number}_voltage": milli(cell(number)) for number in range(1, cells + 1)},
        **{f"temperature_{number}": degrees(0x1F + number) for number in range(1, min(sensors, SENSORS) + 1)},
        "voltage": u16(0x28, 0.1),
        "current": u16(0x29, 0.1, zero=CURRENT_ZERO),
        "soc": u16(0x2A, 0.1),
        "soc_setting": u16(0x2A, 0.1),
        "cell_voltage_max": milli(0x2B),
        "cell_voltage_min": milli(0x2C),
        "temperature_max": degrees(0x2D),
        "temperature_min": degrees(0x2E),
        "state": u16(0x2F, codes=STATES),
        "remaining_capacity": u16(0x30, 0.1),
        "cells": u16(0x31),
        "temperature_sensors": u16(0x32),
        "cycles": u16(0x33),
        "balancing": flag(0x34),
        "charge_mosfet": flag(0x35),
        "discharge_mosfet": flag(0x36),
        **eight_bytes(0x3A),
        "rated_capacity": u16(0x80, 0.1, absent=(0,)),
        "nominal_cell_voltage": milli(0x81),
        "acquisition_boards": u16(0x82),
        **{f"board_{number}_cells": u16(0x82 + number) for number in range(1, 4)},
        **{f"board_{number}_sensors": u16(0x85 + number) for number in range(1, 4)},
        "battery_type": u16(0x89, codes=TYPES),
        **{
            f"{stem}_{word}_threshold": threshold(stem, 0x8B + 2 * place + level)
            for place, stem in enumerate(STEMS)
            for level, word in enumerate(("warning", "protection"))
        },
        "balance_start_voltage": milli(0xA3),
        "balance_difference": milli(0xA4),
        "software_version": text(0xA9, 8),
        "hardware_version": text(0xB1, 8),
        "production_date": day(0xCC),
    }


def cell(number: int) -> int:
    """The register of a cell."""
    return number - 1 if number <= FIRST_CELLS else MORE_CELLS + number - FIRST_CELLS - 1


D2 = Family(
    name="d2",
    asked=ASKED - 1,
    answers=ASKED - 1,
    boards=1,
    points=points,
    own=OWN,
    vital=(0x28, 0x29, 0x31),
    probe=LIVE.name,
    live=LIVE,
    longer=80,
    parts={
        "more": Part(0x40, 0x43, EXTRA_EVERY),
        "settings": Part(0x80, 0xA8),
        "versions": Part(0xA9, 0xC8),
        "date": Part(0xCC, 0xCD),
    },
    writes={"charge_mosfet": 0xA5, "discharge_mosfet": 0xA6, "soc_setting": 0xA7},
    profile=Profile(
        most=80,
        spans=((0x00, 0x3D), (0x3E, 0x46), (0x47, 0x56), (0x80, 0xA8), (0xA9, 0xC8), (0xCC, 0xCD)),
        writes=(WRITE_ONE,),
        pause=0.05,
    ),
    proofs=("machine_code", "cells"),
)
