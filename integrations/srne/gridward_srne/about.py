"""What an SRNE hybrid says of itself: P00, read once. Pure.

0018 to 001B are no serial number on inverters: the third word is the address. The serial text is at 0035.
"""

from gridward_kit.entity import COUNT, TEXT, Entity, Sensor
from gridward_kit.integration import ONCE
from gridward_kit.modbus import Register, text, u16
from gridward_kit.point import Value
from gridward_srne.codes import PRODUCTS, SITES
from gridward_srne.points import DIAGNOSTIC, detail, named, version


def _month(raw: int) -> Value | None:
    """Year since 2000, month, day and hour in the four bytes; None for what is no date."""
    year, month, day, hour = raw.to_bytes(4, "big")
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24):
        return None
    return f"20{year:02d}-{month:02d}-{day:02d} {hour:02d}:00"


def _from_month(value: Value) -> int:
    text = str(value)
    parts = (int(text[2:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]))
    return int.from_bytes(bytes(parts), "big")


def date(address: int, every: float) -> Register:
    """Two words: year and month, day and hour."""
    return Register(address, "u32", 2, every=every, low_first=False).by(_month, _from_month)


ROWS: tuple[Entity, ...] = (
    detail("minor_version", "Minor version", u16(0x000A, every=ONCE), COUNT),
    named("product_type", "Product type", u16(0x000B, every=ONCE), PRODUCTS, enabled=False),
    detail("model_text", "Model text", text(0x000C, 8, every=ONCE), TEXT),
    Sensor("firmware", "Firmware", version(0x0014, ONCE), category=DIAGNOSTIC),
    detail("second_firmware", "Firmware of the second processor", version(0x0015, ONCE), TEXT),
    detail("hardware", "Control board", version(0x0016, ONCE), TEXT),
    detail("power_board", "Power board", version(0x0017, ONCE), TEXT),
    detail("panel_version", "Panel version", version(0x0018, ONCE), TEXT),
    detail("arc_fault_version", "Arc fault detector version", version(0x0019, ONCE), TEXT),
    detail("address", "Modbus address", u16(0x001A, every=ONCE), COUNT, (1, 254)),
    detail("model_code", "Model code", u16(0x001B, every=ONCE), COUNT),
    detail("protocol_version", "Protocol version", version(0x001C, ONCE), TEXT),
    detail("manufactured", "Manufactured", date(0x001E, ONCE), TEXT),
    named("factory_site", "Factory", u16(0x0020, every=ONCE), SITES, enabled=False),
    detail("build_time", "Firmware build time", text(0x0021, 20, low=True, every=ONCE), TEXT),
    Sensor("serial_number", "Serial number", text(0x0035, 20, low=True, every=ONCE), category=DIAGNOSTIC),
    detail(
        "second_build_time", "Second processor's build time", text(0x004A, 20, low=True, every=ONCE), TEXT
    ),
)
