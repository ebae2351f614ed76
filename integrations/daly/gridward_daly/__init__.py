"""Gridward integration: Daly battery management systems on UART or RS485."""

from itertools import chain

import voluptuous as vol

from gridward_daly.blocks import FAMILIES
from gridward_daly.boards import simulator
from gridward_daly.decode import decode
from gridward_daly.detect import PROTOCOLS, dialect, identify
from gridward_daly.entities import MOST_CELLS, MOST_SENSORS, rows
from gridward_daly.identify import PROTOCOL
from gridward_daly.protocol import HOST, MOST_BOARDS, OTHER_HOST, SETTINGS
from gridward_kit.entity import Entity
from gridward_kit.integration import Example, Identity, Integration, Line, Options

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

D2_EXAMPLE = Identity(
    model="16s",
    protocol="d2",
    firmware="20210222-1.01T",
    manufacturer="Daly",
    facts={
        "cells": 16,
        "sensors": 2,
        "battery_type": "LiFePO4",
        "hardware_version": "DL-R16L-F8S100",
        "production_date": "2022-08-10",
        "rated_capacity": 280.0,
        "machine_code": "DL-H16S-100A-0001",
        "parts": list(FAMILIES["d2"].parts),
    },
)

ESS_EXAMPLE = Identity(
    model="16s",
    protocol="ess",
    firmware="20210222-1.01T",
    manufacturer="Daly",
    facts={
        "cells": 16,
        "sensors": 2,
        "production_date": "2022-08-10",
        "rated_capacity": 280.0,
        "parts": list(FAMILIES["ess"].parts),
    },
)


def _entities(options: Options) -> tuple[Entity, ...]:
    """Of all protocols, since which one it is is found out; a key that several have stands once."""
    invert = bool(options.get("invert", False))
    tables = [rows(MOST_CELLS, MOST_SENSORS, invert=invert)]
    tables += [
        one.rows(MOST_CELLS, MOST_SENSORS, frozenset(one.parts), invert=invert) for one in FAMILIES.values()
    ]
    first: dict[str, Entity] = {}
    for row in chain.from_iterable(tables):
        first.setdefault(row.key, row)
    return tuple(first.values())


INTEGRATION = Integration(
    domain="daly",
    name="Daly BMS",
    kind="battery",
    models=tuple(f"{cells}s" for cells in range(1, MOST_CELLS + 1)),
    line=Line(baud=9600, first=0.5, gap=0.2),
    options={
        vol.Optional("address", default=1): vol.All(int, vol.Range(1, MOST_BOARDS)),
        vol.Optional("protocol"): vol.In(PROTOCOLS),
        vol.Optional("host_address"): vol.In((HOST, OTHER_HOST)),
        vol.Optional("invert", default=False): bool,
    },
    entities=_entities,
    identify=identify,
    dialect=dialect,
    decode=decode,
    simulator=simulator,
    example=EXAMPLE,
    examples={
        "d2": Example(D2_EXAMPLE, {"protocol": "d2"}),
        "ess": Example(ESS_EXAMPLE, {"protocol": "ess"}),
    },
)
