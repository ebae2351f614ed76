"""Gridward integration: Daly battery management systems on UART or RS485."""

import voluptuous as vol

from gridward_daly.decode import decode
from gridward_daly.entities import MOST_CELLS, MOST_SENSORS, rows
from gridward_daly.identify import PROTOCOL, dialect, identify
from gridward_daly.protocol import HOST, MOST_BOARDS, OTHER_HOST, SETTINGS
from gridward_daly.simulator import simulator
from gridward_kit.entity import Entity
from gridward_kit.integration import Identity, Integration, Line, Options

EXAMPLE = Identity(
    model="16s",
    protocol=PROTOCOL,
    firmware="20210222-1.01T",
    manufacturer="Daly",
    facts={
        "host": HOST,
        "cells": 16,
        "sensors": 2,
        "first_frame": 1,
        "frames_0x95": 6,
        "frames_0x96": 2,
        "battery_type": "LiFePO4",
        "hardware_version": "DL-R16L-F8S100",
        "production_date": "2022-08-10",
        "rated_capacity": 280.0,
        "settings": [query for query in SETTINGS if query != "0x57"],
    },
)


def _entities(options: Options) -> tuple[Entity, ...]:
    return rows(MOST_CELLS, MOST_SENSORS, invert=bool(options.get("invert", False)))


INTEGRATION = Integration(
    domain="daly",
    name="Daly BMS",
    kind="battery",
    models=tuple(f"{cells}s" for cells in range(1, MOST_CELLS + 1)),
    line=Line(baud=9600, first=0.5, gap=0.2),
    options={
        vol.Optional("address", default=1): vol.All(int, vol.Range(1, MOST_BOARDS)),
        vol.Optional("host_address"): vol.In((HOST, OTHER_HOST)),
        vol.Optional("invert", default=False): bool,
    },
    entities=_entities,
    identify=identify,
    dialect=dialect,
    decode=decode,
    simulator=simulator,
    example=EXAMPLE,
)
