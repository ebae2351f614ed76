"""What CHINT meters have, and where each of their maps holds it.

Sources: ZTY0.464.922 and .1224 (DDSU666), the quick manual of 2016, ZTY0.464.1002, .1267, .1416 and .1448
(DTSU666), a full scan of a meter with a current transformer, owners of the -H and -20 types. Addresses are
those on the wire. Everything is read with function 3 or 4, whichever the meter answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gridward_kit.entity import (
    ANGLE,
    APPARENT_POWER,
    COUNT,
    CURRENT,
    ENERGY,
    ENUM,
    FREQUENCY,
    POWER,
    POWER_FACTOR,
    REACTIVE_ENERGY,
    REACTIVE_POWER,
    SECONDS,
    VOLTAGE,
    Quantity,
)
from gridward_kit.integration import FAST
from gridward_kit.modbus import Register, f32, s32, text, u16, u32

Map = Mapping[str, Register]
Make = Callable[..., Register]

ONE_PHASE = {"voltage_l1": "voltage", "current_l1": "current"}
LIVE, COUNTERS, SOMETIMES, SETTINGS = 2.0, 3.0, 10.0, 60.0
"""Seconds: a meter's power is FAST, alone, so that a line of many meters has fresh ones of all."""
MOST_ENERGY = 1e9


@dataclass(frozen=True, slots=True)
class About:
    """What a key is. `limits` are for a meter without transformers; `ratio` tells which of their ratios
    a secondary value is multiplied by: `u`, `i`, `ui` or none. `main`: shown at first."""

    name: str
    quantity: Quantity
    every: float
    limits: tuple[float, float] | None = None
    ratio: str = ""
    signed: bool = False
    main: bool = True


def _phases(key: str, about: About) -> dict[str, About]:
    """The same of each phase."""
    return {
        f"{key}_l{phase}": About(
            f"{about.name} L{phase}",
            about.quantity,
            about.every,
            about.limits,
            about.ratio,
            about.signed,
            about.main,
        )
        for phase in (1, 2, 3)
    }


PHASE_VOLTAGE = About("Voltage", VOLTAGE, LIVE, (0, 500), "u")
LINE_VOLTAGE = (VOLTAGE, SOMETIMES, (0.0, 900.0), "u")
AMPERES = About("Current", CURRENT, LIVE, (-300, 300), "i")
WATTS = About("Power", POWER, FAST, (-200_000, 200_000), "ui", signed=True)
VARS = About("Reactive power", REACTIVE_POWER, SOMETIMES, (-200_000, 200_000), "ui", signed=True)
VOLT_AMPERES = About("Apparent power", APPARENT_POWER, SOMETIMES, (-200_000, 200_000), "ui")
FACTOR = About("Power factor", POWER_FACTOR, SOMETIMES, (-1.01, 1.01), signed=True)
DEGREES = About("Phase angle", ANGLE, SETTINGS, (-360, 360), main=False)
IMPORTED = About("Imported energy", ENERGY, COUNTERS, (0, MOST_ENERGY), "ui")
EXPORTED = About("Exported energy", ENERGY, COUNTERS, (0, MOST_ENERGY), "ui")


def _energy(name: str, quantity: Quantity = REACTIVE_ENERGY) -> About:
    return About(name, quantity, SETTINGS, (0, MOST_ENERGY), "ui", main=False)


ABOUT: Mapping[str, About] = {
    "voltage": PHASE_VOLTAGE,
    **_phases("voltage", PHASE_VOLTAGE),
    "voltage_l1_l2": About("Voltage L1 to L2", *LINE_VOLTAGE),
    "voltage_l2_l3": About("Voltage L2 to L3", *LINE_VOLTAGE),
    "voltage_l3_l1": About("Voltage L3 to L1", *LINE_VOLTAGE),
    "current": AMPERES,
    **_phases("current", AMPERES),
    "power": WATTS,
    **_phases("power", replace(WATTS, every=LIVE)),
    "reactive_power": VARS,
    **_phases("reactive_power", VARS),
    "apparent_power": VOLT_AMPERES,
    **_phases("apparent_power", VOLT_AMPERES),
    "power_factor": FACTOR,
    **_phases("power_factor", FACTOR),
    **_phases("phase_angle", DEGREES),
    "frequency": About("Frequency", FREQUENCY, SOMETIMES, (45, 65)),
    "power_demand": About("Power demand", POWER, SETTINGS, (-200_000, 200_000), "ui", main=False),
    "import_energy": IMPORTED,
    **_phases("import_energy", IMPORTED),
    "export_energy": EXPORTED,
    **_phases("export_energy", EXPORTED),
    "total_energy": About("Energy, both directions added", ENERGY, COUNTERS, (0, MOST_ENERGY), "ui"),
    **{
        f"{way}_energy_t{tariff}": _energy(f"{name} energy, tariff {tariff}", ENERGY)
        for way, name in (("import", "Imported"), ("export", "Exported"))
        for tariff in (1, 2, 3, 4)
    },
    "import_reactive_energy": _energy("Imported reactive energy"),
    "export_reactive_energy": _energy("Exported reactive energy"),
    "total_reactive_energy": _energy("Reactive energy, both directions added"),
    **{
        key: _energy(name)
        for quadrant in (1, 2, 3, 4)
        for key, name in (
            (f"reactive_energy_q{quadrant}", f"Reactive energy, quadrant {quadrant}"),
            *(
                (f"reactive_energy_q{quadrant}_t{tariff}", f"Reactive energy, Q{quadrant}, tariff {tariff}")
                for tariff in (1, 2, 3, 4)
            ),
        )
    },
}


def _each(key: str, first: int, scale: float = 1, make: Make = f32) -> dict[str, Register]:
    """The three phases, one after the other."""
    return {f"{key}_l{phase}": make(first + 2 * (phase - 1), scale) for phase in (1, 2, 3)}


def _all(key: str, first: int, scale: float = 1, make: Make = f32) -> dict[str, Register]:
    """The total, then the three phases."""
    return {key: make(first, scale), **_each(key, first + 2, scale, make)}


def _lines(first: int, scale: float = 1, make: Make = f32) -> dict[str, Register]:
    """The three line voltages."""
    keys = ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1")
    return {key: make(first + 2 * place, scale) for place, key in enumerate(keys)}


def is_power(key: str) -> bool:
    """Whether a key is told in the unit that a meter uses for powers."""
    return ABOUT[key].quantity in (POWER, REACTIVE_POWER, APPARENT_POWER)


def in_kilowatts(table: Map) -> Map:
    """A map whose powers are told in kW, kvar and kVA."""
    return {key: replace(at, scale=1000) if is_power(key) else at for key, at in table.items()}


def first_phase(table: Map) -> Map:
    """A three-phase map on a meter of one phase: its first phase and the totals."""
    ours = {ONE_PHASE.get(key, key): at for key, at in table.items()}
    return {key: at for key, at in ours.items() if not key.endswith(("_l1", "_l2", "_l3"))}


SINGLE: Map = {
    "voltage": f32(0x2000),
    "current": f32(0x2002),
    "power": f32(0x2004),
    "reactive_power": f32(0x2006),
    "apparent_power": f32(0x2008),
    "power_factor": f32(0x200A),
    "frequency": f32(0x200E),
}
"""DDSU666; powers in kW by the manual of 2019, in W on some."""

SINGLE_ENERGY: Map = {"total_energy": f32(0x4000)}
"""DDSU666: what flows back is counted as if it were imported (2016)."""

TWO_WAY_ENERGY: Map = {
    "import_energy": f32(0x4000),
    **{f"import_energy_t{tariff}": f32(0x4000 + 2 * tariff) for tariff in (1, 2, 3, 4)},
    "export_energy": f32(0x400A),
    **{f"export_energy_t{tariff}": f32(0x400A + 2 * tariff) for tariff in (1, 2, 3, 4)},
    **{
        f"reactive_energy_q{quadrant}{suffix}": f32(0x4014 + 10 * (quadrant - 1) + 2 * place)
        for quadrant in (1, 2, 3, 4)
        for place, suffix in enumerate(("", "_t1", "_t2", "_t3", "_t4"))
    },
}
"""DDSU666-D, -E and -F."""

TENTHS_MAP: Map = {
    **_lines(0x2000, 0.1),
    **_each("voltage", 0x2006, 0.1),
    **_each("current", 0x200C, 0.001),
    **_all("power", 0x2012, 0.1),
    **_all("reactive_power", 0x201A, 0.1),
    **_all("apparent_power", 0x2022, 0.1),
    **_all("power_factor", 0x202A, 0.001),
    **_each("phase_angle", 0x2032, 0.1),
    "frequency": f32(0x2044, 0.01),
    "power_demand": f32(0x2050, 0.1),
}
"""DTSU666, DSSU666: 0.1 V, 0.001 A, 0.1 W, 0.01 Hz; before the transformers."""

PLAIN_MAP: Map = {
    **_lines(0x2000),
    **_each("voltage", 0x2006),
    **_each("current", 0x200C),
    **_all("power", 0x2012),
    **_all("reactive_power", 0x201A),
    **_all("apparent_power", 0x2022),
    **_all("power_factor", 0x202A),
    "frequency": f32(0x2044),
    "power_demand": f32(0x2050),
}
"""The same registers on meters that say V, A and Hz; powers in W or kW. Their angle's unit is not known."""

PRIMARY_MAP: Map = {
    **_lines(0x150A),
    **_each("voltage", 0x1510),
    **_each("current", 0x1516),
    **_all("power", 0x151C, 1000),
    **_all("reactive_power", 0x1524, 1000),
    **_all("apparent_power", 0x152C, 1000),
    **_all("power_factor", 0x1534),
    **_each("phase_angle", 0x153C),
    "frequency": f32(0x154E),
}
"""Later meters with a current transformer (.1416): V, A, kW, behind the transformers."""

H_MAP: Map = {
    **_each("current", 0x0836),
    **_each("voltage", 0x083E),
    **_lines(0x0846),
    "frequency": f32(0x084C),
    **_all("power", 0x084E),
    **_all("reactive_power", 0x0856),
    **_all("apparent_power", 0x085E),
    **_all("power_factor", 0x0866),
    "import_energy": f32(0x0876),
    "export_energy": f32(0x087E),
}
"""DTSU666-H: V, A, W."""

TWENTY_MAP: Map = {
    **_lines(0x1100, 0.1, u32),
    **_each("voltage", 0x1106, 0.1, u32),
    **_each("current", 0x110C, 0.01, u32),
    **_all("power", 0x1112, 1, s32),
    **_all("reactive_power", 0x111A, 1, s32),
    **_all("apparent_power", 0x1122, 1, u32),
    **_all("power_factor", 0x112A, 0.001, s32),
    "frequency": u32(0x1144, 0.01),
    "total_energy": u32(0x1200, 0.01),
    "import_energy": u32(0x1202, 0.01),
    "export_energy": u32(0x1204, 0.01),
    "total_reactive_energy": u32(0x1206, 0.01),
    "import_reactive_energy": u32(0x1208, 0.01),
    "export_reactive_energy": u32(0x120A, 0.01),
}
"""DTSU666-20, made for Sungrow: integers of two words; powers in 0.001 kW, energies in 0.01 kWh."""

WHOLE = "0.1 V, in whole numbers"
TWENTY_FORMAT = u32(0x1106, every=SETTINGS).by(
    lambda raw: WHOLE if raw < 100_000 else None, lambda value: round(float(value))
)
"""A float there would be a far larger whole number."""


def _counters(start: int) -> dict[str, Register]:
    """A block of energies; its first register is the total imported. What is combined (0x1000) is left out:
    the papers disagree whether it is the sum or the difference."""
    return {
        **_all("import_energy", start),
        **_all("export_energy", start + 0x0A),
        **{f"reactive_energy_q{quadrant}": f32(start + 0x0A * (quadrant + 1)) for quadrant in (1, 2, 3, 4)},
    }


ENERGIES: Mapping[int, Map] = {
    0x101E: _counters(0x101E),
    0x401E: _counters(0x401E),
    0x181E: {
        **_all("import_energy", 0x181E),
        **_all("export_energy", 0x1828),
        "export_reactive_energy": f32(0x180A),
        "import_reactive_energy": f32(0x1814),
    },
    0x4000: {"total_energy": f32(0x4000)},
}
"""DTSU666, in the order of probing: 2019 and later; 2016; behind the transformers; what one team reads, in
the place of the combined energy of 2016."""
ALREADY_PRIMARY = 0x181E

BAUDS = {0: "1200", 1: "2400", 2: "4800", 3: "9600", 4: "19200"}
PROTOCOLS = {1: "DL/T 645", 2: "8N2", 3: "8N1", 4: "8E1", 5: "8O1"}
WIRINGS = {0: "three phases, four wires", 1: "three phases, three wires"}

SINGLE_SETTINGS: Map = {
    "version": u16(0x0001),
    "protocol": u16(0x0005, codes={1: PROTOCOLS[1], 2: "Modbus-RTU"}),
    "address": u16(0x0006),
    "baud_rate": u16(0x000C, codes=BAUDS),
}
THREE_SETTINGS: Map = {
    "version": u16(0x0000),
    "wiring": u16(0x0003, codes=WIRINGS),
    "ct_ratio": u16(0x0006),
    "vt_ratio": u16(0x0007, 0.1),
    "display_rotation": u16(0x000A),
}
LINE_SETTINGS: Map = {
    "protocol": u16(0x002C, codes=PROTOCOLS),
    "baud_rate": u16(0x002D, codes=BAUDS),
    "address": u16(0x002E),
}
LINE_SETTINGS_2016: Map = {
    "protocol": u16(0x002C, codes=PROTOCOLS),
    "address": u16(0x002D),
    "baud_rate": u16(0x002E, codes=BAUDS),
}
LABEL = text(0xF100, 20)
"""A model text that meters under the name of Sigen have."""
H_SETTINGS: Map = {"meter_code": u16(0x07D1), "address": u16(0x07EB)}

SETTING: Mapping[str, tuple[str, Quantity]] = {
    "version": ("Version", COUNT),
    "meter_code": ("Meter code", COUNT),
    "address": ("Address", COUNT),
    "baud_rate": ("Baud rate", ENUM),
    "protocol": ("Protocol", ENUM),
    "wiring": ("Wiring", ENUM),
    "ct_ratio": ("Current transformer ratio", COUNT),
    "vt_ratio": ("Voltage transformer ratio", COUNT),
    "display_rotation": ("Display rotation", SECONDS),
}
"""What is read of a meter's settings. Nothing of it is set here: address and line move it away from its
place, a ratio changes every reading, and the manuals give no bounds for the rest."""
