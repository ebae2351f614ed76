"""A made-up meter for the kit's own tests: floats, settings, a hole that its maker forbids to read."""

from gridward_kit.entity import (
    COUNT,
    CURRENT,
    ENERGY,
    ENUM,
    POWER,
    VOLTAGE,
    Category,
    Number,
    Select,
    Sensor,
    Setting,
)
from gridward_kit.modbus import HOLDING, INPUT, Model, Profile, f32, family, text, u16, u32
from gridward_kit.point import Value

PROFILE = Profile(function=INPUT, most=60, even=True, spans=((0x0000, 0x001F), (0x0100, 0x0107)))
ROWS = (
    Sensor("voltage", "Voltage", f32(0x0000), VOLTAGE, limits=(0, 300)),
    Sensor("current", "Current", f32(0x0006), CURRENT, limits=(0, 100)),
    Sensor("power", "Power", f32(0x000C), POWER, limits=(-30000, 30000)),
    Sensor("import_energy", "Imported energy", f32(0x0100, every=10), ENERGY),
    Sensor("export_energy", "Exported energy", f32(0x0104, every=10), ENERGY),
    Number(
        "pulse_width",
        "Pulse width",
        u16(0x0200, function=HOLDING, every=60),
        COUNT,
        Setting(),
        Category.CONFIG,
        low=20,
        high=200,
        step=20,
    ),
    Select(
        "pulse_output",
        "Pulse output",
        u16(0x0201, function=HOLDING, every=60, codes={0: "import", 1: "export"}),
        ENUM,
        setting=Setting(),
        category=Category.CONFIG,
        options=("import", "export"),
    ),
    Sensor("serial_number", "Serial number", u32(0x0300, function=HOLDING, every=float("inf"))),
    Sensor("firmware", "Firmware", text(0x0302, 2, function=HOLDING, every=float("inf"))),
)
STATE: dict[str, Value] = {
    "voltage": 231.4,
    "current": 3.25,
    "power": -417.5,
    "import_energy": 812.4,
    "export_energy": 33.1,
    "pulse_width": 100,
    "pulse_output": "import",
    "serial_number": 4711,
    "firmware": "1.07",
}
BROOK = family(
    "brook", "Brook", "meter", {"m2": Model(rows=ROWS, profile=PROFILE, state=STATE)}, manufacturer="Brook"
)
