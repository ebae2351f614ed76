"""Eastron SDM energy meters on Modbus."""

from collections.abc import Mapping
from dataclasses import replace

import voluptuous as vol

from gridward_eastron.dialect import Eastron
from gridward_eastron.identify import MANUFACTURER, identify
from gridward_eastron.models import HINTS, LOCKS, MODELS, shaped
from gridward_eastron.simulator import Meter
from gridward_kit.integration import Dialect, Example, Identity, Integration, Options
from gridward_kit.modbus import family
from gridward_kit.modbus.dialect import alike
from gridward_kit.modbus.family import PROTOCOL, address

__all__ = ["INTEGRATION", "Eastron", "Meter"]

FIRST = next(iter(MODELS))
TYPED = ("sdm630", "sdm630v1")
LEARNT = ("system_type", "energy_prefix")


def _dialect(identity: Identity, options: Options) -> Dialect:
    model = shaped(MODELS[identity.model], {**identity.facts, **options})
    password = options.get("password")
    proof = "meter_code" if "meter_code" in identity.facts else None
    return Eastron(
        model.rows,
        model.profile,
        address(options),
        proof=proof if identity.serial is None else "serial_number",
        step=model.step,
        lock=LOCKS.get(identity.model),
        password=password if isinstance(password, int) else None,
        hint=HINTS.get(identity.model, ""),
    )


def _simulator(options: Options) -> Meter:
    name = str(options.get("model", FIRST))
    model = shaped(MODELS[name], options)
    return Meter(model, address(options), model.state, typed=name in TYPED, lock=LOCKS.get(name))


def _resting(name: str) -> Identity:
    """What is found out about a simulated meter."""
    state = MODELS[name].state
    learnt = {key: str(state[key]) for key in LEARNT if key in state}
    facts = {"meter_code": str(state["meter_code"]), **learnt}
    return Identity(name, PROTOCOL, str(state["serial_number"]), str(state["firmware"]), MANUFACTURER, facts)


EXAMPLES: Mapping[str, Example] = {
    name: Example(_resting(name), {"model": name}) for name in MODELS if name != FIRST
}
INTEGRATION: Integration = replace(
    family(
        "eastron",
        "Eastron energy meter",
        "meter",
        MODELS,
        manufacturer=MANUFACTURER,
        options={
            vol.Optional("invert", default=False): bool,
            vol.Optional("password"): vol.All(int, vol.Range(0, 9999)),
        },
        shaped=shaped,
    ),
    identify=identify,
    dialect=_dialect,
    simulator=_simulator,
    example=_resting(FIRST),
    examples=EXAMPLES,
    alike=alike(_dialect(_resting(name), {}) for name in MODELS),
)
