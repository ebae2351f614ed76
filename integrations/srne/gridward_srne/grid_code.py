"""P08: the grid connection of an SRNE hybrid, E400 to E447: regulatory, so only shown. Pure.

E400 is per cent in V1.92 and watts from V1.96 on, E402 per cent or tenths of it: shown as they stand.
"""

from gridward_kit.entity import COUNT, FREQUENCY, MILLISECONDS, POWER, SECONDS, VOLTAGE, Entity, Quantity
from gridward_kit.modbus import Register, s16, u16
from gridward_srne.codes import BATTERY_USES, SMART_METERS
from gridward_srne.points import SELDOM, detail, flag, mark, named

CYCLE = 20  # ms: times are counted in periods of the grid
FACTOR = Quantity("power_factor", None, precision=3)


def _u(address: int, scale: float = 1) -> Register:
    return u16(address, scale, every=SELDOM)


def _guard(key: str, name: str, first: int, quantity: Quantity, scale: float) -> tuple[Entity, ...]:
    """Two stages of level, time, resume level and resume time."""
    return tuple(
        row
        for stage in (1, 2)
        for row in (
            detail(f"{key}_{stage}", f"{name} {stage}", _u(first + 4 * stage - 4, scale), quantity),
            detail(
                f"{key}_{stage}_time", f"{name} {stage} time", _u(first + 4 * stage - 3, CYCLE), MILLISECONDS
            ),
            detail(
                f"{key}_{stage}_resume", f"{name} {stage} resume", _u(first + 4 * stage - 2, scale), quantity
            ),
            detail(
                f"{key}_{stage}_resume_time",
                f"{name} {stage} resume time",
                _u(first + 4 * stage - 1, CYCLE),
                MILLISECONDS,
            ),
        )
    )


ROWS: tuple[Entity, ...] = (
    detail(
        "grid_active_power_set", "Active power set, in % or W by version", s16(0xE400, every=SELDOM), COUNT
    ),
    detail("grid_power_factor_set", "Power factor set", s16(0xE401, 0.001, every=SELDOM), FACTOR),
    detail(
        "grid_reactive_power_set",
        "Reactive power set, in % or 0.1 % by version",
        s16(0xE402, every=SELDOM),
        COUNT,
    ),
    detail("grid_standard", "Grid standard", _u(0xE403), COUNT),
    *_guard("grid_under_voltage", "Grid under-voltage", 0xE404, VOLTAGE, 0.1),
    *_guard("grid_over_voltage", "Grid over-voltage", 0xE40C, VOLTAGE, 0.1),
    *_guard("grid_under_frequency", "Grid under-frequency", 0xE414, FREQUENCY, 0.01),
    *_guard("grid_over_frequency", "Grid over-frequency", 0xE41C, FREQUENCY, 0.01),
    detail("grid_reconnect_time", "Grid reconnect time", _u(0xE424), SECONDS),
    mark("insulation_check", "Insulation check", flag(0xE425, SELDOM)),
    detail("insulation_threshold", "Insulation threshold", _u(0xE426), COUNT),
    detail("grid_function_bits", "Grid function bits", _u(0xE427), COUNT),
    detail("grid_user_mode", "Grid user mode", _u(0xE428), COUNT),
    detail("self_test_step", "CEI 0-21 self-test step", _u(0xE429), COUNT),
    named("battery_use", "Battery use on the grid", _u(0xE42A), BATTERY_USES, enabled=False),
    detail("ct_ratio", "CT ratio", _u(0xE42B), COUNT),
    detail("zero_export_target", "Zero export target", _u(0xE42C), POWER),
    detail("grid_reconnect_ramp", "Grid reconnect ramp", _u(0xE42D), SECONDS),
    detail("watt_power_factor_curve", "Watt to power factor curve", _u(0xE42E), COUNT),
    detail("ride_through", "Ride-through", _u(0xE42F), COUNT),
    detail("self_test_start", "CEI 0-21 self-test start", _u(0xE430), COUNT),
    detail("arc_fault_detection", "Arc fault detection", _u(0xE431), COUNT),
    detail("grid_connect_delay", "Grid connect delay", _u(0xE432), SECONDS),
    detail("grid_normal_ramp", "Grid normal ramp", _u(0xE433), SECONDS),
    detail("grid_connect_voltage_1", "Grid connect voltage, first bound", _u(0xE434, 0.1), VOLTAGE),
    detail("grid_connect_voltage_2", "Grid connect voltage, second bound", _u(0xE435, 0.1), VOLTAGE),
    detail("grid_connect_frequency_1", "Grid connect frequency, first bound", _u(0xE436, 0.01), FREQUENCY),
    detail("grid_connect_frequency_2", "Grid connect frequency, second bound", _u(0xE437, 0.01), FREQUENCY),
    detail("ct_detection", "CT detection", _u(0xE438), COUNT),
    detail("ct_manual", "CT set by hand", _u(0xE439), COUNT),
    detail("grid_function_bits_2", "Grid function bits 2", _u(0xE43A), COUNT),
    detail("demand_response", "Demand response", _u(0xE43B), COUNT),
    detail("grid_under_voltage_3", "Grid under-voltage 3", _u(0xE43C, 0.1), VOLTAGE),
    detail("grid_under_voltage_3_time", "Grid under-voltage 3 time", _u(0xE43D, CYCLE), MILLISECONDS),
    named("smart_meter", "Smart meter", _u(0xE43E), SMART_METERS, enabled=False),
    detail("meter_address_1", "Smart meter 1 address", _u(0xE440), COUNT),
    detail("meter_address_2", "Smart meter 2 address", _u(0xE441), COUNT),
    *(
        detail(
            f"grid_average_over_voltage_{number}",
            f"10 minute over-voltage, register {number}",
            _u(0xE441 + number),
            COUNT,
        )
        for number in (1, 2, 3)
    ),
    *(
        detail(
            f"grid_frequency_change_{number}",
            f"Rate of change of frequency, register {number}",
            _u(0xE444 + number),
            COUNT,
        )
        for number in (1, 2, 3)
    ),
)
