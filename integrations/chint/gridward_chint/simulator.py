"""Simulated CHINT meters on Modbus, made of their maps, every variant; settings act as written. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gridward_chint import entities as maps
from gridward_chint.entities import ABOUT, Map, first_phase, in_kilowatts
from gridward_chint.shape import DDSU, DSSU, DTSU, H1, H3, TWENTY, TWO_WAY
from gridward_kit.entity import (
    COUNT,
    TEXT,
    Button,
    Entity,
    Number,
    Select,
    Sensor,
    Setting,
)
from gridward_kit.integration import Line, Options
from gridward_kit.modbus import HOLDING, INPUT, Profile, Register, Unit, f32, press, u16
from gridward_kit.modbus.family import address
from gridward_kit.point import Value

PHASES = ("_l1", "_l2", "_l3")
AGAIN = "_again_"
CLEAR = press(0x0002, 1)
DEAF = "DL/T 645"
HOLES: Mapping[str, range] = {
    DDSU: range(0x2000, 0x2012, 2),
    TWO_WAY: range(0x2000, 0x2012, 2),
    DTSU: range(0x2038, 0x2044, 2),
    H3: range(0x0836, 0x0886, 2),
    H1: range(0x0836, 0x0886, 2),
}
"""Where registers that no manual names answer 0."""
SINGLE_WRITTEN: Map = {
    "code": u16(0x0000),
    **maps.SINGLE_SETTINGS,
}
THREE_WRITTEN: Map = {
    "code": u16(0x0001),
    "backlight": u16(0x000B),
    "word_order": u16(0x000C),
    **maps.THREE_SETTINGS,
}
BOUNDS: Mapping[str, tuple[float, float, float]] = {
    "code": (1, 9999, 1),
    "address": (1, 247, 1),
    "ct_ratio": (1, 9999, 1),
    "vt_ratio": (0.1, 999.9, 0.1),
    "display_rotation": (0, 9999, 1),
    "backlight": (0, 9999, 1),
    "word_order": (0, 65535, 1),
}


@dataclass(frozen=True, slots=True)
class Build:
    """How a meter is built: the maps that it serves, each with its function, and its settings.

    `before` are the maps whose values lie before the transformers.
    """

    model: str
    served: tuple[tuple[int, Map], ...]
    settings: Map = field(default_factory=dict)
    before: tuple[Map, ...] = ()
    ct_ratio: int = 1
    vt_ratio: float = 1.0
    low_first: bool = False
    version: int = 103


def _short(table: Map) -> Map:
    """A map that ends with its power factors and the frequency, as the manuals print it."""
    return {key: at for key, at in table.items() if not key.startswith(("apparent", "phase_angle"))}


TENTHS = _short(maps.TENTHS_MAP)
NEW = {**THREE_WRITTEN, **maps.LINE_SETTINGS}
OLD = {**THREE_WRITTEN, **maps.LINE_SETTINGS_2016}


def _counters(start: int) -> tuple[Map, Map]:
    """A block of energies, and its totals a second time behind the phases."""
    return maps.ENERGIES[start], {"import_energy": f32(start + 0x08), "export_energy": f32(start + 0x12)}


NEW_COUNTERS, OLD_COUNTERS, PRIMARY_COUNTERS = (_counters(start) for start in (0x101E, 0x401E, 0x181E))


def _holding(*tables: Map) -> tuple[tuple[int, Map], ...]:
    return tuple((HOLDING, table) for table in tables)


BUILDS: Mapping[str, Build] = {
    DDSU: Build(DDSU, _holding(in_kilowatts(maps.SINGLE), maps.SINGLE_ENERGY), SINGLE_WRITTEN),
    TWO_WAY: Build(TWO_WAY, _holding(in_kilowatts(maps.SINGLE), maps.TWO_WAY_ENERGY), SINGLE_WRITTEN),
    "ddsu666-watts": Build(DDSU, _holding(maps.SINGLE, maps.SINGLE_ENERGY), SINGLE_WRITTEN),
    DTSU: Build(DTSU, _holding(TENTHS, *NEW_COUNTERS), NEW),
    "dtsu666-2016": Build(DTSU, _holding(TENTHS, *OLD_COUNTERS), OLD),
    "dtsu666-plain": Build(
        DTSU, ((INPUT, in_kilowatts(maps.PLAIN_MAP)), (INPUT, maps.ENERGIES[0x4000])), NEW
    ),
    "dtsu666-watts": Build(DTSU, _holding(maps.PLAIN_MAP, *NEW_COUNTERS), NEW, low_first=True),
    "dtsu666-ct": Build(
        DTSU, _holding(TENTHS, *NEW_COUNTERS), NEW, before=(TENTHS, *NEW_COUNTERS), ct_ratio=40
    ),
    "dtsu666-oem": Build(
        DTSU,
        ((INPUT, maps.PRIMARY_MAP), *_holding(maps.TENTHS_MAP, *PRIMARY_COUNTERS, *NEW_COUNTERS)),
        {**NEW, "model_text": maps.LABEL},
        before=(maps.TENTHS_MAP, *NEW_COUNTERS),
        ct_ratio=200,
    ),
    DSSU: Build(DSSU, _holding(TENTHS, *NEW_COUNTERS), NEW),
    H3: Build(H3, _holding(maps.H_MAP), maps.H_SETTINGS),
    H1: Build(H1, _holding(first_phase(maps.H_MAP)), maps.H_SETTINGS),
    TWENTY: Build(TWENTY, _holding(maps.TWENTY_MAP)),
}
"""The variants by name; a model's own name is its usual one."""
H_CODES = {H3: 0x3B11, H1: 0x3111}

ONE: Mapping[str, Value] = {
    "voltage": 233.5,
    "current": 4.12,
    "power": 947.5,
    "reactive_power": -83.0,
    "apparent_power": 951.1,
    "power_factor": 0.996,
    "frequency": 49.98,
    "total_energy": 1834.27,
    "import_energy": 1834.27,
    "export_energy": 12.5,
    **{f"reactive_energy_q{quadrant}": float(quadrant) for quadrant in (1, 2, 3, 4)},
}


def _each(key: str, *values: float) -> dict[str, Value]:
    """One value of each phase; of four the first is the total."""
    keys = [key, *(f"{key}_l{phase}" for phase in (1, 2, 3))]
    return dict(zip(keys[-len(values) :], values, strict=True))


THREE: Mapping[str, Value] = {
    "voltage_l1_l2": 399.4,
    "voltage_l2_l3": 398.7,
    "voltage_l3_l1": 400.1,
    **_each("voltage", 231.4, 229.8, 230.5),
    **_each("current", 1.25, 2.31, 0.98),
    **_each("power", -438.6, -110.0, -229.0, -99.6),
    **_each("reactive_power", 950.2, 267.5, 478.9, 203.8),
    **_each("apparent_power", 1045.9, 289.2, 530.8, 225.9),
    **_each("power_factor", -0.419, -0.38, -0.431, -0.441),
    **_each("phase_angle", 112.3, 115.5, 116.2),
    "frequency": 50.01,
    "power_demand": 612.5,
    "total_energy": 127.25,
    "total_reactive_energy": 9.5,
    **_each("import_energy", 120.5, 40.25, 40.25, 40.0),
    **_each("export_energy", 6.75, 2.25, 2.25, 2.25),
    "import_reactive_energy": 8.25,
    "export_reactive_energy": 1.25,
    **{f"reactive_energy_q{quadrant}": float(quadrant) for quadrant in (1, 2, 3, 4)},
}
EXTRA = {
    f"{key}_t{tariff}": 0.5 * tariff
    for key in ("import_energy", "export_energy", *(f"reactive_energy_q{one}" for one in (1, 2, 3, 4)))
    for tariff in (1, 2, 3, 4)
}


class Meter(Unit):
    """One meter. Written registers do what they do on the real one: it moves to its new address, is deaf
    after its protocol or speed was changed, and clears its counters."""

    def __init__(self, variant: str, unit: int, state: Mapping[str, Value] | None = None) -> None:
        """Raises ValueError for a variant that is none."""
        if variant not in BUILDS:
            raise ValueError(f"no variant {variant!r}; there are {', '.join(BUILDS)}")
        self.build = BUILDS[variant]
        self.deaf = False
        profile = Profile(most=80, low_first=self.build.low_first)
        fixed = {(HOLDING, place + word): 0 for place in HOLES.get(self.build.model, ()) for word in (0, 1)}
        if self.build.settings and "version" in self.build.settings:
            fixed |= {(HOLDING, place): 0 for place in range(0x000D)}
        super().__init__(tuple(_rows(self.build)), profile, unit, _state(self.build, unit), fixed=fixed)
        self.state |= dict(state or {})

    def receive(self, data: bytes, now: float) -> list[bytes]:
        if self.deaf:
            return []
        for key in self.rows:
            usual, again, _ = key.partition(AGAIN)
            if again and usual in self.state:
                self.state[key] = self.state[usual]
        return super().receive(data, now)

    def written(self, start: int, words: bytes) -> None:
        key = next(
            (
                key
                for key, row in self.rows.items()
                if isinstance(row.at, Register) and row.at.address == start and row.setting is not None
            ),
            None,
        )
        if key == "address":
            self.unit = int(self.state["address"])
        elif key == "clear":
            self.state |= {one: 0.0 for one in self.state if "energy" in one}
        elif key == "protocol" and self.state["protocol"] == DEAF:
            self.deaf = True
        elif key in ("protocol", "baud_rate"):
            said = str(self.state["protocol"])
            said = said if said in maps.PROTOCOLS.values() else "8N2"
            self.hears = Line(baud=int(self.state["baud_rate"]), parity=said[1], stop=int(said[2]))


def _rows(build: Build) -> Iterator[Entity]:
    """The registers that a meter serves; what lies in several maps has further keys."""
    taken: set[str] = set()
    ratios = {"u": build.vt_ratio, "i": build.ct_ratio, "ui": build.vt_ratio * build.ct_ratio}
    for function, table in build.served:
        for key, at in table.items():
            ratio = ratios.get(ABOUT[key].ratio, 1.0) if table in build.before else 1.0
            name = f"{key}{AGAIN}{at.address:04x}" if key in taken else key
            taken.add(key)
            yield Sensor(name, name, replace(at, function=function, scale=at.scale * ratio))
    for key, at in build.settings.items():
        yield _setting(key, at)
    if "version" in build.settings:
        yield Button("clear", "Clear", CLEAR, setting=Setting())


def _setting(key: str, at: Register) -> Entity:
    if key in ("version", "meter_code", "model_text") or (key == "address" and at.address == 0x07EB):
        return Sensor(key, key, at)
    if at.codes is not None:
        return Select(key, key, at, TEXT, Setting(), options=tuple(at.codes.values()))
    low, high, step = BOUNDS[key]
    return Number(key, key, at, COUNT, Setting(), low=low, high=high, step=step)


def _state(build: Build, unit: int) -> dict[str, Value]:
    keys = {key for _, table in build.served for key in table}
    ratios = {"u": build.vt_ratio, "i": build.ct_ratio, "ui": build.vt_ratio * build.ct_ratio}
    usual = {**EXTRA, **(ONE if "voltage" in keys or build.model == H1 else THREE)}
    if build.model == H1:
        usual |= {"voltage_l1": usual["voltage"], "current_l1": usual["current"]}
    state = {
        key: round(float(value) * ratios.get(ABOUT[key].ratio, 1.0), 4)
        for key, value in usual.items()
        if key in keys
    }
    said: dict[str, Value] = {
        "version": build.version,
        "address": unit,
        "baud_rate": "9600",
        "code": 701,
        "backlight": 1,
        "protocol": "8N2" if "wiring" in build.settings else "Modbus-RTU",
        "wiring": maps.WIRINGS[int(build.model == DSSU)],
        "display_rotation": 5,
        "ct_ratio": build.ct_ratio,
        "vt_ratio": build.vt_ratio,
        "word_order": int(build.low_first),
        "meter_code": H_CODES.get(build.model, 0),
        "model_text": "DTSU666 100A/40mA",
    }
    return {**state, **{key: value for key, value in said.items() if key in build.settings}}


def simulator(options: Options) -> Meter:
    """A meter by the site file's `model` and `address`; `variant` names another than its usual one."""
    name = str(options.get("variant", options.get("model", DDSU)))
    return Meter(name, address(options))
