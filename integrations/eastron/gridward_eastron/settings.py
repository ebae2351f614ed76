"""What can be set on Eastron meters, and what they say of themselves: function 3, written with 16.

Floats of two registers, but for the maker's own from 0xF000 on. Where papers disagree the newer one and
the libraries are followed: system type at 0x000A (not 0x0008), pulse width at 0x000C (not 0x000A).
"""

from collections.abc import Mapping

from gridward_kit.entity import (
    ENUM,
    HOURS,
    MILLISECONDS,
    MINUTES,
    SECONDS,
    TEXT,
    Button,
    Category,
    Entity,
    Number,
    Quantity,
    Select,
    Sensor,
    Setting,
)
from gridward_kit.integration import ONCE
from gridward_kit.modbus import HOLDING, Register, f32, press, u16, u32
from gridward_kit.point import Value

EVERY = 60.0
RARELY = 600.0
CONFIG, DIAGNOSTIC = Category.CONFIG, Category.DIAGNOSTIC
PERIODS = (0.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 60.0)
SYSTEMS = {1: "1P2W", 2: "3P3W", 3: "3P4W", 4: "1P3W"}
MODES = {1: "import", 2: "import and export", 3: "import less export"}
ONE_F, TWO_F, THREE_F = 0x3F800000, 0x40000000, 0x40400000  # 1.0, 2.0, 3.0 as floats


def _float(address: int, codes: Mapping[int, str] | None = None) -> Register:
    point = f32(address, function=HOLDING, every=EVERY)
    return point if codes is None else f32(address, function=HOLDING, every=EVERY, codes=codes)


def _word(address: int, codes: Mapping[int, str] | None = None) -> Register:
    point = u16(address, function=HOLDING, every=EVERY)
    return point if codes is None else u16(address, function=HOLDING, every=EVERY, codes=codes)


def _choice(
    key: str, name: str, point: Register, *, expert: bool = False, only: tuple[str, ...] = ()
) -> Select:
    """One of the point's named codes; `only` those that may be set, the others are only shown."""
    names = tuple((point.codes or {}).values())
    options = only or names
    shown = tuple(one for one in names if one not in options)
    return Select(key, name, point, ENUM, Setting(), CONFIG, not expert, expert, options, shown)


def _number(
    key: str,
    name: str,
    point: Register,
    quantity: Quantity,
    low: float,
    high: float,
    *,
    only: tuple[float, ...] = (),
    expert: bool = False,
) -> Number:
    return Number(
        key, name, point, quantity, Setting(), CONFIG, not expert, expert, low=low, high=high, only=only
    )


def baud(*rates: int | None) -> Select:
    """The baud rate; the place of each rate is its code, None where a code is not used."""
    codes = {code: str(rate) for code, rate in enumerate(rates) if rate is not None}
    return _choice("baud_rate", "Baud rate", _float(0x001C, codes), expert=True)


BAUD_1200_TO_9600 = baud(2400, 4800, 9600, None, None, 1200)
BAUD_1200_TO_19200 = baud(2400, 4800, 9600, 19200, None, 1200)
BAUD_2400_TO_38400 = baud(2400, 4800, 9600, 19200, 38400)

LINE: tuple[Entity, ...] = (
    _number("address", "Modbus address", _float(0x0014), TEXT, 1, 247, expert=True),
    _choice(
        "parity",
        "Parity and stop bits",
        _float(0x0012, {0: "8N1", 1: "8E1", 2: "8O1", 3: "8N2"}),
        expert=True,
    ),
)
DEMAND_PERIOD = _number(
    "demand_period", "Demand period", _float(0x0002), MINUTES, 0, 60, only=PERIODS
)  # 0: the demand shows what is now
ANY_DEMAND_PERIOD = _number("demand_period", "Demand period", _float(0x0002), MINUTES, 0, 60)
DEMAND_TIME = Sensor(
    "demand_time", "Demand time", _float(0x0000), MINUTES, None, DIAGNOSTIC, enabled=False, limits=(0, 60)
)


def system(*codes: int) -> Sensor:
    """How the meter says it is wired; fixed by an electrician, so only read."""
    named = {code: SYSTEMS[code] for code in codes}
    point = _float(0x000A, named)
    return Sensor(
        "system_type", "System type", point, ENUM, None, DIAGNOSTIC, options=(*named.values(), "unknown")
    )


PULSE_WIDTH = _number(
    "pulse_width", "Pulse width", _float(0x000C), MILLISECONDS, 60, 200, only=(60.0, 100.0, 200.0)
)
PULSE_ENERGIES = {1: "import", 2: "total", 4: "export", 5: "reactive import", 6: "reactive total"}
PULSE_ENERGY = _choice(
    "pulse_energy", "Energy of pulse output 1", _float(0x0056, {**PULSE_ENERGIES, 8: "reactive export"})
)
OLD_PULSE_ENERGY = _choice(  # the number of the input parameter: 37 is 30073, 39 is 30077
    "pulse_energy", "Energy of pulse output 1", _float(0x0056, {37: "import", 39: "reactive import"})
)
PULSE = (PULSE_WIDTH, PULSE_ENERGY)
PULSE_CONSTANT_630 = _choice(  # the 2.0 paper counts from 2; the 1.8 paper and the libraries from 0
    "pulse_constant",
    "Energy of a pulse",
    _float(0x0016, {0: "0.0025 kWh", 1: "0.01 kWh", 2: "0.1 kWh", 3: "1 kWh", 4: "10 kWh", 5: "100 kWh"}),
    expert=True,
)
PULSE_CONSTANT_72 = _choice(  # 1000 fixes the width at 35 ms
    "pulse_constant",
    "Energy of a pulse",
    _float(0x0016, {0: "0.001 kWh", 1: "0.01 kWh", 2: "0.1 kWh", 3: "1 kWh"}),
    expert=True,
)
PULSE_CONSTANT = _choice(
    "pulse_constant",
    "Energy of a pulse",
    _word(0xF910, {0: "0.001 kWh", 1: "0.01 kWh", 2: "0.1 kWh", 3: "1 kWh"}),
    expert=True,
)
MODE = _choice("measurement_mode", "Measurement mode", _word(0xF920, MODES), expert=True)
SCROLL = _number("scroll_time", "Time per page of the display", _word(0xF900), SECONDS, 0, 30)
RUNNING = Sensor(  # the older papers hold the mode of the pulse light here
    "running_time",
    "Running time",
    f32(0xF930, function=HOLDING, every=RARELY),
    HOURS,
    None,
    DIAGNOSTIC,
    enabled=False,
    limits=(0, 1e6),
)
PREFIX = Sensor(
    "energy_prefix",
    "Energies counted in",
    _float(0x001E, {0: "kWh", 1: "MWh"}),
    ENUM,
    None,
    DIAGNOSTIC,
    enabled=False,
    options=("kWh", "MWh", "unknown"),
)


def _display(key: str, name: str, point: Register, quantity: Quantity) -> Sensor:
    """What the display is set to; the papers give no bounds, so it is only read."""
    return Sensor(key, name, point, quantity, None, DIAGNOSTIC, enabled=False, limits=(0, 121))


def _decimal(raw: int) -> Value | None:
    """Two decimal digits in a byte."""
    return 10 * (raw >> 4) + (raw & 15) if raw >> 4 < 10 and raw & 15 < 10 else None


def _digits(value: Value) -> int:
    number = int(float(value))
    return number // 10 << 4 | number % 10


def _packed(place: int) -> Register:
    return u32(0xF500, function=HOLDING, every=RARELY, low_first=False).part(place, 8).by(_decimal, _digits)


DISPLAY_230 = (
    _display("demand_interval", "Demand interval", _packed(24), MINUTES),
    _display("demand_slide", "Demand slide time", _packed(16), MINUTES),
    _display("scroll_time", "Time per page of the display", _packed(8), SECONDS),
    _display("backlight_time", "Time of the display's light", _packed(0), MINUTES),
)
DISPLAY_72 = (
    _display("scroll_time", "Time per page of the display", _float(0x003A), SECONDS),
    _display("backlight_time", "Time of the display's light", _float(0x003C), MINUTES),
)


def _button(key: str, name: str, point: Register) -> Button:
    return Button(key, name, point, TEXT, Setting(), CONFIG, enabled=False, expert=True)


RESET_DEMAND = _button("reset_max_demand", "Reset the highest demands", press(0xF010, 0))
RESET_ENERGY = _button("reset_energy", "Reset the resettable energies", press(0xF010, 3))
OLD_RESETS = (
    _button("reset_all_energy", "Reset all energies", press(0x00D8, ONE_F, count=2)),
    _button("reset_max_demand", "Reset the highest demands", press(0x00D8, TWO_F, count=2)),
    _button("reset_demand", "Reset the demands", press(0x00D8, THREE_F, count=2)),
)


def _hex(raw: int) -> Value:
    return f"0x{raw:04X}"


ABOUT: tuple[Entity, ...] = (
    Sensor(
        "serial_number",
        "Serial number",
        u32(0xFC00, function=HOLDING, every=ONCE, absent=(0, 0xFFFFFFFF)),
        category=DIAGNOSTIC,
    ),
    Sensor(
        "meter_code",
        "Meter code",
        u16(0xFC02, function=HOLDING, every=ONCE).by(_hex, lambda code: int(str(code), 16)),
        category=DIAGNOSTIC,
        enabled=False,
    ),
    Sensor(  # with the code before it: an SDM630 answers one register with its type, whichever is asked
        "firmware",
        "Firmware",
        u32(0xFC02, function=HOLDING, every=ONCE, low_first=False)
        .part(0, 16)
        .by(_hex, lambda version: int(str(version), 16)),
        category=DIAGNOSTIC,
        enabled=False,
    ),
)

COMMON = (*LINE, *ABOUT)
SMALL = (PULSE_CONSTANT, MODE)
SDM120 = (*COMMON, BAUD_1200_TO_9600, DEMAND_PERIOD, *PULSE, *SMALL, SCROLL)
SDM220 = (*COMMON, BAUD_1200_TO_9600, *PULSE)
SDM230 = (*COMMON, BAUD_1200_TO_9600, *PULSE, *SMALL, *DISPLAY_230, RUNNING, RESET_DEMAND)
SDM72 = (*COMMON, BAUD_1200_TO_9600, *DISPLAY_72, RESET_DEMAND, RESET_ENERGY)
SDM72V2 = (
    *COMMON, BAUD_1200_TO_19200, system(1, 3), *PULSE, PULSE_CONSTANT_72, *DISPLAY_72, RESET_DEMAND,
    RESET_ENERGY,
)  # fmt: skip
SDM54 = (*COMMON, *PULSE)
SDM530 = (*COMMON, BAUD_1200_TO_9600, *PULSE)
BIG = (*COMMON, BAUD_2400_TO_38400, DEMAND_TIME)
SDM630 = (
    *BIG, DEMAND_PERIOD, system(1, 2, 3), *PULSE, PULSE_CONSTANT_630, PREFIX, RESET_DEMAND,
)  # fmt: skip
SDM630V1 = (
    *BIG, DEMAND_PERIOD, system(1, 2, 3), PULSE_WIDTH, OLD_PULSE_ENERGY, PULSE_CONSTANT_630, PREFIX,
    *OLD_RESETS,
)  # fmt: skip
SDM630MCT = (*BIG, ANY_DEMAND_PERIOD, system(1, 2, 3, 4), *PULSE)
