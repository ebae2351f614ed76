"""Gridward integration: CHINT meters DDSU666 and DTSU666 on Modbus."""

import voluptuous as vol

from gridward_chint.convert import CHINT
from gridward_chint.decode import decode
from gridward_chint.dialect import Chint
from gridward_chint.examples import EXAMPLE, EXAMPLES
from gridward_chint.fresh_meter import FreshMeter
from gridward_chint.identify import identify
from gridward_chint.rows import every_row
from gridward_chint.scale import KILOWATT, PLAIN, PRIMARY, SECONDARY, TENTHS, WATT
from gridward_chint.shape import MODELS, shape
from gridward_chint.simulator import simulator
from gridward_kit.entity import Entity
from gridward_kit.integration import Dialect, Identity, Integration, Line, Options, Simulator
from gridward_kit.modbus.dialect import alike
from gridward_kit.modbus.family import address

PROOFS = ("version", "meter_code")


def _dialect(identity: Identity, options: Options) -> Dialect:
    found = shape(identity.model, {**identity.facts, **options})
    proof = next((key for key in (*PROOFS, "number_format") if key in identity.facts), None)
    return Chint(found, address(options), proof)


def _entities(options: Options) -> tuple[Entity, ...]:
    return every_row([str(options["model"])] if "model" in options else MODELS, options)


def _simulator(options: Options) -> Simulator:
    """A meter on Modbus; with `fresh` (its serial number) one as it leaves the factory."""
    fresh = options.get("fresh")
    if fresh is None:
        return simulator(options)
    serial = f"{fresh:012d}" if isinstance(fresh, int) else str(fresh)
    return FreshMeter(serial, str(options.get("model", "ddsu666")), str(options.get("variant", "obeys")))


INTEGRATION = Integration(
    domain="chint",
    name="CHINT meter",
    kind="meter",
    models=MODELS,
    line=Line(baud=9600, stop=2, first=0.6, gap=0.06, modbus=True),
    options={
        vol.Optional("address", default=1): vol.All(int, vol.Range(1, 247)),
        vol.Optional("invert", default=False): bool,
        **{vol.Optional(f"invert_l{phase}", default=False): bool for phase in (1, 2, 3)},
        vol.Optional("ct_ratio"): vol.All(vol.Any(int, float), vol.Range(1, 9999)),
        vol.Optional("number_format"): vol.In((TENTHS, PLAIN)),
        vol.Optional("power_unit"): vol.In((WATT, KILOWATT)),
        vol.Optional("transformer_side"): vol.In((PRIMARY, SECONDARY)),
    },
    entities=_entities,
    identify=identify,
    dialect=_dialect,
    decode=decode,
    simulator=_simulator,
    example=EXAMPLE,
    examples=EXAMPLES,
    alike=alike(_dialect(one, {}) for one in (EXAMPLE, *(item.identity for item in EXAMPLES.values()))),
    commission=CHINT,
)
