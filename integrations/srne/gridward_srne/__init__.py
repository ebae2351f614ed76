"""Gridward integration: SRNE hybrid inverters and MPPT charge controllers, whatever name is on them."""

import voluptuous as vol

from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame
from gridward_kit.integration import Example, Identity, Integration, Options
from gridward_kit.modbus import HOLDING, WRITE_MANY, WRITE_ONE
from gridward_kit.modbus.dialect import alike, decode
from gridward_kit.modbus.family import PROTOCOL
from gridward_kit.point import Value
from gridward_srne.blocks import MOST
from gridward_srne.dialect import LINE, dialect
from gridward_srne.entities import every, profile, rows
from gridward_srne.identify import LONG, MANUFACTURER, identify
from gridward_srne.resting import state
from gridward_srne.series import MODELS, MPPT, NOMINALS, PHASES, SPLIT, Shape, shape_of
from gridward_srne.simulator import simulator

FUNCTIONS = (HOLDING, WRITE_ONE, WRITE_MANY)


def _entities(options: Options) -> tuple[Entity, ...]:
    return rows(shape_of(str(options["model"]), options)) if "model" in options else every()


def _decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """The values of one answer of a 48 V unit; raises BadFrame, Refused, ValueError for an unknown model."""
    if model is not None and model not in MODELS:
        raise ValueError(f"no model {model!r}; there are {', '.join(MODELS)}")
    shape = shape_of(model or MODELS[0], {})
    try:
        asked = bytes.fromhex(request)
    except ValueError:
        raise BadFrame(f"the request is not hex: {request[:40]!r}") from None
    if len(asked) > 1 and asked[1] not in FUNCTIONS:
        raise BadFrame(f"function 0x{asked[1]:02x} is neither sent nor read here")
    return decode(rows(shape), profile(shape), asked, reply)


def _example(model: str) -> Identity:
    """What `identify` finds in the simulator of a model."""
    known = state(Shape(model=model))
    serial, firmware = str(known["serial_number"]), str(known["firmware"])
    facts: dict[str, str | int | float | bool | list[str]] = {"absent": [], "nominal_voltage": 48}
    if model == MPPT:
        facts["rated_charging_current"] = 60
    else:
        facts |= {
            "longest_read": MOST,
            "machine_states": "four" if model == SPLIT else "eleven",
            "soc_settings": True,
            "slot_power_unit": 1,
            "product_type": "all_in_one",
            "model_code": 45,
        }
    facts["firmware"] = firmware
    return Identity(model, PROTOCOL, serial, firmware, MANUFACTURER, facts)


_OTHERS = {model: Example(_example(model), {"model": model}) for model in (*list(PHASES)[1:], MPPT)}

INTEGRATION = Integration(
    domain="srne",
    name="SRNE inverter or charge controller",
    kind="inverter",
    models=MODELS,
    line=LINE,
    options={
        vol.Optional("address", default=1): vol.All(int, vol.Range(1, 247)),
        vol.Optional("nominal_voltage"): vol.In(NOMINALS),
        vol.Optional("longest_read"): vol.In((MOST, LONG)),
        vol.Optional("machine_states"): vol.In(("four", "eleven")),
        vol.Optional("slot_power_unit"): vol.In((1, 10)),
        vol.Optional("grid_positive"): vol.In(("import", "export")),
        vol.Optional("invert_battery", default=False): bool,
        vol.Optional("password"): vol.All(int, vol.Range(0, 0xFFFF)),
    },
    entities=_entities,
    identify=identify,
    dialect=dialect,
    decode=_decode,
    simulator=simulator,
    example=_example(MODELS[0]),
    examples=_OTHERS,
    alike=alike(dialect(_example(model), {}) for model in MODELS),
)
