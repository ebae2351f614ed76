"""What the BMS tells an SRNE hybrid: 0112 to 0139, on HESP and later units. Pure.

The sign of the currents is not stated: the BMS' is printed unsigned and says no direction; the second
battery's is taken as the first one's.
"""

from gridward_kit.entity import CELL_VOLTAGE, COUNT, CURRENT, TEMPERATURE, VOLTAGE, Entity
from gridward_kit.modbus import s16, u16, u32
from gridward_srne.points import AMPERES, DEGREES, RARELY, SOON, detail, mark, sensor

FAULTS = {
    0: ("afe_communication", "AFE communication"),
    1: ("cell_sampling", "Cell sampling"),
    2: ("temperature_sampling", "Temperature sampling"),
    3: ("mosfet_short", "MOSFET short"),
    4: ("current_sensing", "Current sensing"),
    8: ("precharge", "Precharge"),
    10: ("addressing", "Addressing"),
}


def rows(*, inverted: bool) -> tuple[Entity, ...]:
    """The rows; 0134 and 0135 are printed with scale 1 and one decimal: read as 0.1 degC."""
    sign = 0.1 if inverted else -0.1
    return (
        detail("bms_voltage", "BMS voltage", u16(0x0112, 0.1, every=SOON), VOLTAGE, (0, 70), enabled=True),
        detail(
            "bms_current", "BMS current without direction", u16(0x0113, 0.1, every=SOON), CURRENT, AMPERES
        ),
        detail("bms_temperature", "BMS temperature", s16(0x0114, 0.1, every=SOON), TEMPERATURE, DEGREES),
        detail("bms_charge_voltage_limit", "BMS charge voltage limit", u16(0x0115, 0.1, every=SOON), VOLTAGE),
        detail("bms_charge_current_limit", "BMS charge current limit", u16(0x0116, 0.1, every=SOON), CURRENT),
        detail(
            "bms_discharge_current_limit",
            "BMS discharge current limit",
            u16(0x0117, 0.1, every=SOON),
            CURRENT,
        ),
        detail("bms_alarms", "BMS alarm bits", u32(0x0118, every=SOON, low_first=False), COUNT),
        detail("bms_protections", "BMS protection bits", u32(0x011A, every=SOON, low_first=False), COUNT),
        sensor("battery2_voltage", "Battery 2 voltage", u16(0x011C, 0.1), VOLTAGE, (0, 70)),
        sensor("battery2_current", "Battery 2 current", s16(0x011D, sign), CURRENT, (-400, 400)),
        detail("pack_count", "Packs", u16(0x012A, every=SOON), COUNT),
        detail("bms_requests", "BMS request bits", u16(0x012B, every=SOON), COUNT),
        detail("packs_stopping_charge", "Packs that stop charging", u16(0x012C, every=SOON), COUNT),
        detail("packs_stopping_discharge", "Packs that stop discharging", u16(0x012D, every=SOON), COUNT),
        detail("packs_offline", "Packs offline", u16(0x012E, every=SOON), COUNT),
        detail("bms_firmware", "BMS firmware", u16(0x012F, every=RARELY), COUNT),
        detail("bms_hardware", "BMS hardware", u16(0x0130, every=RARELY), COUNT),
        *(
            mark(f"bms_fault_{key}", f"BMS fault: {name}", u16(0x0131, every=SOON).bit(place), "problem")
            for place, (key, name) in FAULTS.items()
        ),
        detail(
            "cell_voltage_max", "Highest cell voltage", u16(0x0132, 0.001, every=SOON), CELL_VOLTAGE, (0.5, 5)
        ),
        detail(
            "cell_voltage_min", "Lowest cell voltage", u16(0x0133, 0.001, every=SOON), CELL_VOLTAGE, (0.5, 5)
        ),
        detail(
            "cell_temperature_max",
            "Highest cell temperature",
            s16(0x0134, 0.1, every=SOON),
            TEMPERATURE,
            DEGREES,
        ),
        detail(
            "cell_temperature_min",
            "Lowest cell temperature",
            s16(0x0135, 0.1, every=SOON),
            TEMPERATURE,
            DEGREES,
        ),
        detail("cell_max_number", "Number of the highest cell", u16(0x0136, every=SOON), COUNT),
        detail("cell_min_number", "Number of the lowest cell", u16(0x0137, every=SOON), COUNT),
        detail("hottest_cell_number", "Number of the hottest cell", u16(0x0138, every=SOON), COUNT),
        detail("coldest_cell_number", "Number of the coldest cell", u16(0x0139, every=SOON), COUNT),
    )
