"""What an SRNE hybrid measures on each of its phases, and what they are together. Pure.

Phases B and C have blocks of their own, grouped by quantity (live split-phase readings agree with the
documents; one driver's other order does not). 0234 and 0235 are named reactive and carry VA.
"""

from collections.abc import Callable, Mapping

from gridward_kit.entity import APPARENT_POWER, CURRENT, POWER, SHARE, VOLTAGE, Entity, Quantity, Sensor
from gridward_kit.integration import FAST
from gridward_kit.modbus import s16, u16
from gridward_kit.point import Derived, Value
from gridward_srne.points import AMPERES, DIAGNOSTIC, SOON, WATTS, sensor, summed, total

VOLTS = (0.0, 500.0)
VA = WATTS

LIVE: tuple[tuple[str, str, tuple[int, int, int], float, Quantity, tuple[float, float]], ...] = (
    ("grid_voltage", "Grid voltage", (0x0213, 0x022A, 0x022B), 0.1, VOLTAGE, VOLTS),
    ("grid_current", "Grid current", (0x0214, 0x0238, 0x0239), 0.1, CURRENT, AMPERES),
    ("output_voltage", "Output voltage", (0x0216, 0x022C, 0x022D), 0.1, VOLTAGE, VOLTS),
    ("inverter_current", "Inverter current", (0x0217, 0x022E, 0x022F), 0.1, CURRENT, AMPERES),
    ("output_current", "Output current", (0x0219, 0x0230, 0x0231), 0.1, CURRENT, AMPERES),
    ("output_power", "Output power", (0x021B, 0x0232, 0x0233), 1, POWER, WATTS),
    ("output_apparent_power", "Output apparent power", (0x021C, 0x0234, 0x0235), 1, APPARENT_POWER, VA),
    ("load_percentage", "Load", (0x021F, 0x0236, 0x0237), 1, SHARE, (0.0, 300.0)),
)
FLOW = (0x023A, 0x023B, 0x023C)
MORE: tuple[tuple[str, str, int, float, Quantity, tuple[float, float]], ...] = (
    ("grid_apparent_power", "Grid apparent power", 0x023D, 1, APPARENT_POWER, VA),
    ("home_power", "Home load power", 0x0240, 1, POWER, WATTS),
    ("generator_power", "Generator power", 0x0243, 1, POWER, WATTS),
    ("generator_apparent_power", "Generator apparent power", 0x0246, 1, APPARENT_POWER, VA),
    ("generator_current", "Generator current", 0x0249, 0.1, CURRENT, AMPERES),
    ("generator_voltage", "Generator voltage", 0x0256, 0.1, VOLTAGE, VOLTS),
    ("micro_inverter_power", "Micro-inverter power", 0x025A, 1, POWER, WATTS),
    ("ct_power", "Current transformer power", 0x025D, 1, POWER, WATTS),
    ("ct_apparent_power", "Current transformer apparent power", 0x0260, 1, APPARENT_POWER, VA),
)
TOGETHER: tuple[tuple[str, str, Quantity, Callable[..., Value]], ...] = (
    ("grid_voltage", "Grid voltage", VOLTAGE, min),
    ("output_voltage", "Output voltage", VOLTAGE, min),
    ("output_power", "Output power", POWER, total),
    ("output_apparent_power", "Output apparent power", APPARENT_POWER, total),
    ("load_percentage", "Load", SHARE, max),
)
"""Of several phases the lowest voltage counts: one that fails is seen."""


def _named(key: str, name: str, phase: int, phases: int) -> tuple[str, str]:
    return (key, name) if phases == 1 else (f"{key}_l{phase + 1}", f"{name} L{phase + 1}")


def rows(phases: int, positive: str, *, grid_modes: bool) -> tuple[Entity, ...]:
    """The rows of so many phases; `positive` and `grid_modes` as `grid_power` takes them."""
    found: list[Entity] = []
    for phase in range(phases):
        for key, name, addresses, scale, quantity, limits in LIVE:
            point = u16(addresses[phase], scale)
            found.append(sensor(*_named(key, name, phase, phases), point, quantity, limits))
        for key, name, first, scale, quantity, limits in MORE:
            every = FAST if key == "home_power" else SOON
            own, said = _named(key, name, phase, phases)
            point = u16(first + phase, scale, every=every)
            found.append(
                Sensor(own, said, point, quantity, category=DIAGNOSTIC, enabled=False, limits=limits)
            )
        found += grid_power(phase, phases, positive, grid_modes=grid_modes)
    if phases > 1:
        parts = range(1, phases + 1)
        found += [
            Sensor(key, name, Derived(tuple(f"{key}_l{part}" for part in parts), compute), quantity)
            for key, name, quantity, compute in TOGETHER
        ]
        powers = tuple(f"grid_power_l{part}" for part in parts)
        found.append(summed("grid_power", "Grid power", powers, POWER))
    return tuple(found)


def grid_power(phase: int, phases: int, positive: str, *, grid_modes: bool) -> tuple[Entity, ...]:
    """023A as it stands, and with the sign that is import.

    V1.92 and a live SPI count import up, V1.96 to V2.08 export, and no register says which it is.
    `positive` says it: import or export. Left empty: whoever feeds nothing in (no grid modes, or mode
    off_grid) imports whatever flows; the rest counts as V1.96 and later print it.
    """
    flow, said = _named("grid_flow", "Grid power in the unit's own sign", phase, phases)
    key, name = _named("grid_power", "Grid power", phase, phases)
    ways: Mapping[str, Callable[..., Value]] = {"import": _same, "export": _turned, "": abs}
    compute = ways[positive]
    needs: tuple[str, ...] = (flow,)
    if not positive and grid_modes:
        needs, compute = (flow, "grid_work_mode"), _by_mode
    limits = (-WATTS[1], WATTS[1])
    return (
        Sensor(flow, said, s16(FLOW[phase]), POWER, category=DIAGNOSTIC, enabled=False, limits=limits),
        Sensor(key, name, Derived(needs, compute), POWER),
    )


def _same(flow: float) -> float:
    return flow


def _turned(flow: float) -> float:
    return -flow


def _by_mode(flow: float, mode: str) -> float:
    return abs(flow) if mode == "off_grid" else -flow
