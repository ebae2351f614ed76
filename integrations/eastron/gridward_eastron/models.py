"""The models: what each has, allows and needs before it takes a setting; a site's variants of them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gridward_eastron import entities, settings
from gridward_kit.entity import Button, Entity, Sensor
from gridward_kit.errors import Refused
from gridward_kit.integration import Options
from gridward_kit.modbus import INPUT, WRITE_MANY, Model, Profile, Register
from gridward_kit.modbus.frame import Reasons
from gridward_kit.point import Value

REASONS: Reasons = {
    2: (Refused, "it has no such register, or half a value was asked"),
    5: (Refused, "it failed to store it"),
}
MOST = 60  # the least of what the papers name: 60 or 80
SMALL_SPANS = ((0x0000, 0x004F), (0x0156, 0x0159))
SINGLE_SPANS = ((0x0000, 0x005F), (0x0156, 0x0159))
THREE_SPANS = ((0x0000, 0x006B), (0x00C8, 0x00E1), (0x00EA, 0x00FB), (0x0156, 0x017D))
STEP, BIG_STEP, WIDE_STEP = 4.0, 12.0, 2000.0  # ten minutes at 24 kW, 72 kW, 12 MW


@dataclass(frozen=True, slots=True)
class Lock:
    """Where a password is written before a setting; `password` is the maker's where writing it is harmless.

    On an SDM630 the same register may also set the password: it is written only if the site file says it.
    """

    register: int
    password: int | None


LOCKS: Mapping[str, Lock] = {
    "sdm630": Lock(0x0018, None),
    "sdm630v1": Lock(0x0018, None),
    "sdm72v2": Lock(0x000E, 1000),
    "sdm630mct": Lock(0x000E, 1000),
}
HINTS: Mapping[str, str] = {
    "sdm120": "hold the meter's button for about 3 s until it shows -SET-, then set it again",
    **dict.fromkeys(
        ("sdm630", "sdm630v1"), "if it is locked, say its `password` in the site file and set it again"
    ),
}
"""What a person does when a model refuses a setting."""

RESTING: Mapping[str, Value] = {
    "voltage": 231.4, "voltage_l1": 231.4, "voltage_l2": 229.8, "voltage_l3": 233.1, "voltage_average": 231.4,
    "voltage_l1_l2": 399.5, "voltage_l2_l3": 400.9, "voltage_l3_l1": 402.2, "line_voltage_average": 400.9,
    "current": 5.86, "current_l1": 2.21, "current_l2": 1.4, "current_l3": 2.25, "current_average": 1.953,
    "current_neutral": 0.8, "power": 1238.4, "power_l1": 502.6, "power_l2": 318.2, "power_l3": 417.6,
    "import_power": 1238.4, "export_power": 0.0, "apparent_power": 1357.5, "apparent_power_l1": 511.4,
    "apparent_power_l2": 321.7, "apparent_power_l3": 524.5, "reactive_power": -458.9,
    "reactive_power_l1": -94.4, "reactive_power_l2": -47.3, "reactive_power_l3": -317.2,
    "power_factor": 0.912, "power_factor_l1": 0.983, "power_factor_l2": 0.989, "power_factor_l3": 0.796,
    "phase_angle": 335.8, "phase_angle_l1": 349.4, "phase_angle_l2": 351.5, "phase_angle_l3": 322.7,
    "frequency": 49.99, "import_energy": 812.4, "import_energy_l1": 300.5, "import_energy_l2": 250.2,
    "import_energy_l3": 261.7, "export_energy": 33.1, "export_energy_l1": 10.25, "export_energy_l2": 11.6,
    "export_energy_l3": 11.25, "total_energy": 845.5, "total_energy_l1": 310.75, "total_energy_l2": 261.8,
    "total_energy_l3": 272.95, "counted_energy": 845.5, "net_energy": 779.3, "import_reactive_energy": 44.9,
    "export_reactive_energy": 3.1, "total_reactive_energy": 48.0, "counted_reactive_energy": 48.0,
    "power_demand": 1190.4, "power_demand_max": 4210.5, "apparent_energy": 862.1, "ampere_hours": 3721.4,
    "serial_number": 20231145, "firmware": "0x0203", "demand_period": 60.0, "pulse_width": 100.0,
    "pulse_energy": "import", "pulse_constant": "0.01 kWh", "measurement_mode": "import and export",
    "system_type": "3P4W", "baud_rate": "9600", "parity": "8N1", "energy_prefix": "kWh", "scroll_time": 5,
    "backlight_time": 60, "demand_interval": 15, "demand_slide": 1, "running_time": 4711.5,
    "demand_time": 17.0,
}  # fmt: skip
"""What the simulated meters show; measurements that are not named here a number of their own."""


def _state(rows: Iterable[Entity], code: int) -> dict[str, Value]:
    state: dict[str, Value] = {"address": 1.0, "meter_code": f"0x{code:04X}"}
    for number, row in enumerate(rows):
        if isinstance(row.at, Register) and not isinstance(row, Button) and row.key not in state:
            state[row.key] = RESTING.get(row.key, round(0.5 + number / 1000, 3))
    return state


def _model(
    measured: Iterable[Entity],
    set_: Iterable[Entity],
    spans: tuple[tuple[int, int], ...],
    step: float,
    code: int,
) -> Model:
    """Every value is two registers at an even address, so no read begins or ends in half of one."""
    rows = (*measured, *set_)
    profile = Profile(
        function=INPUT, most=MOST, spans=spans, spanning=INPUT, writes=(WRITE_MANY,), reasons=REASONS
    )
    return Model(rows=rows, profile=profile, state=_state(rows, code), step=step)


MODELS: Mapping[str, Model] = {
    "sdm230": _model(entities.SDM230, settings.SDM230, SINGLE_SPANS, STEP, 0x0230),
    "sdm120": _model(entities.SDM120, settings.SDM120, SINGLE_SPANS, STEP, 0x0020),
    "sdm220": _model(entities.SDM220, settings.SDM220, SMALL_SPANS, STEP, 0x0220),
    "sdm230_2t": _model(entities.SDM230_2T, settings.SDM230, SINGLE_SPANS, STEP, 0x0231),
    "sdm630": _model(entities.SDM630, settings.SDM630, THREE_SPANS, BIG_STEP, 0x0070),
    "sdm630v1": _model(entities.SDM630, settings.SDM630V1, THREE_SPANS, BIG_STEP, 0x0070),
    "sdm630mct": _model(entities.SDM630MCT, settings.SDM630MCT, THREE_SPANS, WIDE_STEP, 0x0079),
    "sdm72": _model(entities.SDM72, settings.SDM72, (), BIG_STEP, 0x0200),
    "sdm72v2": _model(entities.SDM72V2, settings.SDM72V2, THREE_SPANS[:2], BIG_STEP, 0x0089),
    "sdm54": _model(entities.SDM54, settings.SDM54, (), BIG_STEP, 0x0540),
    "sdm530": _model(entities.SDM630, settings.SDM530, THREE_SPANS, BIG_STEP, 0x0530),
    "x96": _model(entities.X96, settings.SDM630, THREE_SPANS, BIG_STEP, 0x0960),
}
"""The codes of models whose code is not public are the simulator's own; see `identify.CODES`."""

GIVES = ("power", "reactive_power", "power_factor", "net_energy", "counted_energy", "counted_reactive_energy")


def shaped(model: Model, options: Options) -> Model:
    """A model as it is wired (`system_type`), counts (`energy_prefix`), sends words and is to be read."""
    rows = model.rows
    if (system := options.get("system_type")) in ("1P2W", "3P3W"):
        rows = tuple(row for row in rows if not _unwired(row.key, str(system)))
    if options.get("energy_prefix") == "MWh":
        rows = tuple(_scaled(row, 1000) if _counts(row) else row for row in rows)
    if options.get("invert"):
        rows = inverted(rows)
    profile = replace(model.profile, low_first=bool(options.get("low_first")))
    return replace(model, rows=rows, profile=profile)


def _unwired(key: str, system: str) -> bool:
    """Whether a meter wired so answers 0 for what is not there."""
    if system == "1P2W":
        return "_l2" in key or "_l3" in key or key in ("current_neutral", "line_voltage_average", "line_thd")
    between = ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1")
    if key in between or key.startswith(("current_l", "current_demand", "current_thd", "line_")):
        return False
    return key[-3:] in ("_l1", "_l2", "_l3") or key in ("voltage_average", "current_neutral")


def _counts(row: Entity) -> bool:
    return row.quantity.unit in ("kWh", "kvarh", "kVAh")


def _scaled(row: Entity, factor: float) -> Entity:
    """The row in another unit or direction; its limits hold for both directions."""
    if not isinstance(row.at, Register):
        return row
    point = replace(row.at, scale=row.at.scale * factor)
    if isinstance(row, Sensor) and row.limits is not None:
        low, high = sorted(limit * factor for limit in row.limits)
        return replace(row, at=point, limits=(low, high))
    return replace(row, at=point)


def inverted(rows: Iterable[Entity]) -> tuple[Entity, ...]:
    """The rows of a meter that sees the current from the other side; angles have no such side."""
    known = {row.key: row for row in rows}
    turned = []
    for key, row in known.items():
        other = known.get(_opposite(key))
        if other is not None and other is not row and row.setting is None:
            turned.append(replace(row, at=other.at))
        elif key.rsplit("_l", 1)[0] in GIVES or key in GIVES:
            turned.append(_scaled(row, -1))
        elif not key.startswith("phase_angle"):
            turned.append(row)
    return tuple(turned)


def _opposite(key: str) -> str:
    """`import_...` for `export_...` and the other way round, wherever it stands."""
    there = {"import": "export", "export": "import"}
    return "_".join(there.get(word, word) for word in key.split("_"))
