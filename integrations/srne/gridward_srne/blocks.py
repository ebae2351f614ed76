"""Which registers come together in an SRNE unit, and which reads find out what of it is there. Pure.

One register that a unit lacks spoils a whole read, and the protocol version does not order the features of
the series. So every block is asked once, at identification, and what is not answered is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gridward_kit.modbus import Register

Image = Mapping[int, int]
"""Registers that were read, by address."""
MOST = 20  # V1.00 and Anenji 12 kW give no more; later documents say 32


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that a unit has all of or none of; `probe` of them are asked to find out (0: all)."""

    name: str
    first: int
    last: int
    probe: int = 0

    @property
    def count(self) -> int:
        """How many registers are asked to find out."""
        return self.probe or self.last - self.first + 1


INVERTER: tuple[Block, ...] = (
    Block("product", 0x000A, 0x000B),
    Block("model_text", 0x000C, 0x0013),
    Block("versions", 0x0014, 0x0017),
    Block("panel_versions", 0x0018, 0x0019),
    Block("protocol", 0x001A, 0x001D),
    Block("made", 0x001E, 0x0020),
    Block("build", 0x0021, 0x0034),
    Block("serial", 0x0035, 0x0048),
    Block("second_build", 0x004A, 0x005D),
    Block("battery", 0x0100, 0x0102),
    Block("battery_temperature", 0x0103, 0x0103),
    Block("health", 0x0104, 0x0106),
    Block("pv", 0x0107, 0x0109),
    Block("pv_total", 0x010A, 0x010A),
    Block("charge", 0x010B, 0x010E),
    Block("pv2", 0x010F, 0x0111),
    Block("bms", 0x0112, 0x011B),
    Block("battery2", 0x011C, 0x011D),
    Block("pv3", 0x011E, 0x0120),
    Block("pv4", 0x0121, 0x0123),
    Block("pv5", 0x0124, 0x0126),
    Block("pv6", 0x0127, 0x0129),
    Block("packs", 0x012A, 0x0139),
    Block("fault_bits", 0x0200, 0x0203),
    Block("faults", 0x0204, 0x0207),
    Block("flow", 0x0208, 0x020B),
    Block("clock", 0x020C, 0x020F),
    Block("state", 0x0210, 0x0210),
    Block("password_state", 0x0211, 0x0211),
    Block("inverter", 0x0212, 0x021F),
    Block("heat", 0x0220, 0x0227),
    Block("half_bus", 0x0228, 0x0229),
    Block("legs", 0x022A, 0x0239),
    Block("grid_power", 0x023A, 0x023C),
    Block("grid_apparent", 0x023D, 0x023F),
    Block("home", 0x0240, 0x0242),
    Block("generator", 0x0243, 0x0245),
    Block("generator_more", 0x0246, 0x024B),
    Block("parallel", 0x024C, 0x0255),
    Block("generator_voltage", 0x0256, 0x0259),
    Block("micro_inverter", 0x025A, 0x025C),
    Block("ct", 0x025D, 0x0262),
    Block("charging_settings", 0xE001, 0xE00F),
    Block("charging_times", 0xE010, 0xE014),
    Block("temperatures", 0xE015, 0xE01A),
    Block("recharge", 0xE01B, 0xE01C),
    Block("soc_settings", 0xE01D, 0xE021),
    Block("redischarge", 0xE022, 0xE025),
    Block("slots", 0xE026, 0xE033),
    Block("modes", 0xE037, 0xE039),
    Block("compensation", 0xE03A, 0xE03A),
    Block("slot_soc", 0xE03B, 0xE040),
    Block("slot_voltages", 0xE041, 0xE046),
    Block("discharge_powers", 0xE047, 0xE049),
    Block("charge_powers", 0xE04A, 0xE04C),
    Block("slot_sources", 0xE04D, 0xE04D),
    Block("soc_balance", 0xE04E, 0xE050),
    Block("smart_load", 0xE052, 0xE054),
    Block("self_use", 0xE055, 0xE055),
    Block("parallel_mode", 0xE201, 0xE201),
    Block("output_settings", 0xE204, 0xE20F),
    Block("switches", 0xE210, 0xE215),
    Block("dc_load_switch", 0xE216, 0xE216),
    Block("derating", 0xE218, 0xE218),
    Block("generator_off", 0xE21A, 0xE21A),
    Block("bms_protocol", 0xE21B, 0xE21B),
    Block("bypass", 0xE21C, 0xE21D),
    Block("phase_mode", 0xE21E, 0xE21E),
    Block("generator_mode", 0xE21F, 0xE21F),
    Block("generator_settings", 0xE220, 0xE221),
    Block("smart_load_sources", 0xE222, 0xE225),
    Block("threshold", 0xE226, 0xE22A),
    Block("wind", 0xE238, 0xE253, MOST),
    Block("grid_code", 0xE400, 0xE403),
    Block("grid_voltages", 0xE404, 0xE413),
    Block("grid_frequencies", 0xE414, 0xE423),
    Block("grid_more", 0xE424, 0xE437),
    Block("grid_latest", 0xE438, 0xE447),
    Block("week_1", 0xF000, 0xF00D),
    Block("week_2", 0xF00E, 0xF01B),
    Block("week_3", 0xF01C, 0xF029),
    Block("statistics_date", 0xF02A, 0xF02C),
    Block("statistics", 0xF02D, 0xF03D),
    Block("statistics_more", 0xF03E, 0xF04B),
    Block("utility_energy", 0xF04C, 0xF04C),
    Block("energies", 0xF04D, 0xF055),
    Block("generator_energies", 0xF056, 0xF05D),
    Block("home_energies", 0xF05E, 0xF061),
    Block("history", 0xF800, 0xF8FF, 4),
    Block("history_2", 0xF900, 0xF9FF, 4),
)
CONTROLLER: tuple[Block, ...] = (
    Block("product", 0x000A, 0x001A),
    Block("live", 0x0100, 0x010A),
    Block("today", 0x010B, 0x0117),
    Block("totals", 0x0118, 0x011F),
    Block("state", 0x0120, 0x0122),
    Block("charging_limit", 0xE001, 0xE001),
    Block("battery_settings", 0xE002, 0xE004),
    Block("thresholds", 0xE005, 0xE014),
    Block("load_settings", 0xE01D, 0xE01F),
    Block("special", 0xE021, 0xE021),
    Block("yesterday", 0xF001, 0xF00A),
)


def batches(blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """Neighbouring blocks together, as far as one read takes them."""
    found: list[tuple[Block, ...]] = []
    for block in blocks:
        last = found[-1] if found else ()
        joined = last and last[-1].last + 1 == block.first and not block.probe and not last[-1].probe
        if joined and block.last - last[0].first < MOST:
            found[-1] = (*last, block)
        else:
            found.append((block,))
    return found


def spans(blocks: Sequence[Block], absent: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Runs of registers that may be read across: all of them are there."""
    lacking = frozenset(absent)
    found: list[tuple[int, int]] = []
    for block in blocks:
        if block.name in lacking or block.probe:
            continue
        if found and found[-1][1] + 1 == block.first:
            found[-1] = (found[-1][0], block.last)
        else:
            found.append((block.first, block.last))
    return tuple(found)


def of(point: Register, blocks: Sequence[Block]) -> frozenset[str]:
    """The blocks that a value lies in."""
    return frozenset(block.name for block in blocks if block.first < point.end and point.first <= block.last)
