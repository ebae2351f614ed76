"""The simulated meters that the contract tests run over, as identification finds them. Pure."""

from collections.abc import Mapping

from gridward_chint.entities import WHOLE
from gridward_chint.shape import DDSU, DSSU, DTSU, H1, H3, TWENTY, TWO_WAY
from gridward_kit.integration import Example, Fact, Identity

SINGLE: Mapping[str, Fact] = {
    "live": "03:0x2000",
    "version": 103,
    "settings": True,
    "power_unit": "kW",
    "energy": ["03:0x4000"],
}
THREE: Mapping[str, Fact] = {
    "live": "03:0x2000",
    "number_format": "0.1 V",
    "low_first": False,
    "transformer_side": "direct",
    "settings": True,
    "settings_whole": True,
    "version": 103,
    "line_settings": "0x002e",
    "read_ct_ratio": 1.0,
    "read_vt_ratio": 1.0,
    "energy": ["03:0x101e"],
    "energy_phases": True,
    "lacks": ["apparent_power", "phase_angle"],
}


def _found(model: str, facts: Mapping[str, Fact]) -> Identity:
    version = facts.get("version")
    firmware = None if version is None else str(version)
    return Identity(model, "modbus", None, firmware, "CHINT", facts)


PLAIN_FACTS: Mapping[str, Fact] = {
    **THREE,
    "live": "04:0x2000",
    "number_format": "V",
    "power_unit": "kW",
    "energy": ["04:0x4000"],
    "energy_phases": False,
    "lacks": ["phase_angle"],
}
OEM_FACTS: Mapping[str, Fact] = {
    **{key: fact for key, fact in THREE.items() if key != "lacks"},
    "live": "04:0x150a",
    "transformer_side": "primary",
    "read_ct_ratio": 200.0,
    "label": "DTSU666 100A/40mA",
    "energy": ["03:0x181e"],
}
EXAMPLE = _found(DDSU, SINGLE)
EXAMPLES: Mapping[str, Example] = {
    TWO_WAY: Example(_found(TWO_WAY, SINGLE), {"model": TWO_WAY}),
    DTSU: Example(_found(DTSU, THREE), {"model": DTSU, "address": 100}),
    "dtsu666-plain": Example(_found(DTSU, PLAIN_FACTS), {"model": DTSU, "variant": "dtsu666-plain"}),
    "dtsu666-oem": Example(
        _found(DTSU, OEM_FACTS), {"model": DTSU, "address": 247, "variant": "dtsu666-oem"}
    ),
    DSSU: Example(_found(DSSU, THREE), {"model": DSSU, "address": 100}),
    H3: Example(_found(H3, {"live": "03:0x0836", "meter_code": 0x3B11}), {"model": H3, "address": 11}),
    H1: Example(_found(H1, {"live": "03:0x0836", "meter_code": 0x3111}), {"model": H1, "address": 11}),
    TWENTY: Example(_found(TWENTY, {"live": "03:0x1100", "number_format": WHOLE}), {"model": TWENTY}),
}
