"""What the registers of an SRNE unit say about it: whether it is one, its series, and what to read how. Pure.

No register names the series, so it is told by what the unit does. Facts are kept with the identity; the
site file's options of the same names go before them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gridward_kit.errors import BadFrame
from gridward_kit.integration import Fact, Options
from gridward_srne.blocks import MOST, Image
from gridward_srne.codes import PRODUCTS

SINGLE, SPLIT, THREE, MPPT = "single_phase", "split_phase", "three_phase", "mppt"
PHASES = {SINGLE: 1, SPLIT: 2, THREE: 3}
MODELS = (*PHASES, MPPT)
NOMINALS = (12, 24, 36, 48)
SYSTEMS = (12, 24, 36, 48, 96, 255)
LIVELY = 300  # 30.0 V: a leg that is there
RUNNING = 900
LOAD_MODE_MOST = 17
CURRENT_MOST = 10000  # 1000 A of an inverter, 100 A of a controller
SLOT_POWER_MOST = 1200  # of 12000 W in steps of 10 W


@dataclass(frozen=True, slots=True)
class Shape:
    """How one unit's registers are to be read. `nominal`: battery voltage (V), None where not known.

    `grid_positive` and `machine_states` as in the README; `slot_power` is the slots' unit (W), None where
    not known. `soc_settings`: E01D to E021 are proven to be states of charge.
    """

    model: str = SINGLE
    nominal: float | None = 48
    absent: frozenset[str] = frozenset()
    longest: int = MOST
    machine_states: str = "eleven"
    inverted: bool = False
    grid_positive: str = ""
    soc_settings: bool = True
    slot_power: float | None = 1
    rated: float = 60


def shape_of(model: str, known: Options) -> Shape:
    """The shape that facts and options say; what they leave out is as in the newest units."""
    lacking = known.get("absent", [])
    nominal, power = _number(known, "nominal_voltage", 48), _number(known, "slot_power_unit", 1)
    default = "four" if model == SPLIT else "eleven"
    return Shape(
        model=model,
        nominal=nominal or None,
        absent=frozenset(lacking if isinstance(lacking, list) else ()),
        longest=int(_number(known, "longest_read", MOST)),
        machine_states=str(known.get("machine_states", default)),
        inverted=bool(known.get("invert_battery", False)),
        grid_positive=str(known.get("grid_positive", "")),
        soc_settings=bool(known.get("soc_settings", True)),
        slot_power=power or None,
        rated=_number(known, "rated_charging_current", 60),
    )


def _number(known: Options, key: str, default: float) -> float:
    value = known.get(key, default)
    return float(value) if isinstance(value, int | float) else default


def doubts(image: Image) -> str | None:
    """Why these registers (0014 to 0017, 0100 to 0102) are no SRNE unit's; None where they may be."""
    soc, volts = image.get(0x0100, 0), image.get(0x0101, 0)
    amperes = image.get(0x0102, 0)
    if not {0x0100, 0x0101, 0x0102, 0x0014} <= image.keys():
        return "it has no registers 0014 and 0100 to 0102"
    if not image[0x0014] and not image.get(0x0015, 0):
        return "it says no firmware version"
    if soc > 100:
        return f"its state of charge would be {soc} %"
    if volts and not 70 <= volts <= 1400:
        return f"its battery voltage would be {volts / 10:g} V"
    if min(amperes, 65536 - amperes) > CURRENT_MOST:
        return f"its battery current would be {amperes} raw"
    return None


def is_controller(image: Image) -> bool:
    """Whether 000A and 000B are a charge controller's: system voltage and rated currents in their bytes."""
    rating, kind = image.get(0x000A, 0), image.get(0x000B, 0)
    return rating >> 8 in SYSTEMS and rating & 0xFF > 0 and kind & 0xFF in (0, 1)


def is_inverter(image: Image) -> bool:
    """Whether 000B, 0210, 0215 and 0218 can be an inverter's."""
    hertz = [image.get(address, 0) for address in (0x0215, 0x0218)]
    steady = all(value == 0 or 4000 <= value <= 7000 for value in hertz)
    return image.get(0x0210, 99) <= 11 and steady and image.get(0x000B, 4) in PRODUCTS


def series(image: Image) -> str:
    """Which series an inverter is of, by the legs that have voltage; raises BadFrame where none has."""
    first, second, third = (
        max(image.get(grid, 0), image.get(output, 0))
        for grid, output in ((0x0213, 0x0216), (0x022A, 0x022C), (0x022B, 0x022D))
    )
    if third >= LIVELY:
        return THREE
    if second >= LIVELY:
        return SPLIT
    if first >= LIVELY or 0x022A not in image:
        return SINGLE
    raise BadFrame(
        "an SRNE inverter with neither grid nor output voltage: whether it has one, two or three phases "
        f"cannot be seen now; say its `model`: {', '.join(PHASES)}"
    )


def learn(model: str, image: Image, absent: Iterable[str], longest: int) -> dict[str, Fact]:
    """The facts of an inverter."""
    lacking = set(absent)
    if image.get(0x0104, 0) > 100:  # the DC load's voltage: before V1.98
        lacking.add("health")
    return {
        "absent": sorted(lacking),
        "longest_read": longest,
        "machine_states": machine_states(model, image),
        "nominal_voltage": nominal(image),
        "soc_settings": 0xE026 in image and image.get(0xE01D, 0) > LOAD_MODE_MOST,
        "slot_power_unit": slot_power(image),
        "product_type": PRODUCTS.get(image.get(0x000B, -1), "unknown"),
        "model_code": image.get(0x001B, 0),
    }


def learn_controller(image: Image, absent: Iterable[str]) -> dict[str, Fact]:
    """The facts of a charge controller; the recognised voltage is E003's low byte."""
    recognised = image.get(0xE003, 0) & 0xFF
    return {
        "absent": sorted(absent),
        "nominal_voltage": recognised if recognised in SYSTEMS[:-1] else _guessed(image),
        "rated_charging_current": image.get(0x000A, 0) & 0xFF,
    }


def machine_states(model: str, image: Image) -> str:
    """Which enumeration 0210 follows: `four` or `eleven` states.

    4 and above exist in the longer one only; 2 and 3 with output voltage are mains and inverter of the
    shorter one, as initialising and soft start have none for long. Otherwise the series decides.
    """
    state, volts = image.get(0x0210, 0), image.get(0x0216, 0)
    if state > 3:
        return "eleven"
    if state in (2, 3) and volts >= RUNNING:
        return "four"
    halves = image.get(0x0228, 0) and image.get(0x0229, 0)
    return "four" if model == SPLIT or (model == SINGLE and halves) else "eleven"


def nominal(image: Image) -> int:
    """The battery's nominal voltage; where it is set to automatic by its voltage now; 0: not known."""
    said = image.get(0xE003, 0)
    return said if said in NOMINALS else _guessed(image)


def _guessed(image: Image) -> int:
    """12, 24 or 48 by the voltage of the bank; nobody builds 36 V without saying so."""
    volts = image.get(0x0101, 0) / 10
    ranges: Mapping[int, tuple[float, float]] = {12: (8, 17), 24: (18, 33), 48: (36, 65)}
    return next((level for level, (low, high) in ranges.items() if low <= volts <= high), 0)


def slot_power(image: Image) -> int:
    """1 where a slot's power cannot be in steps of 10 W; 0 where both can be."""
    return int(any(image.get(address, 0) > SLOT_POWER_MOST for address in range(0xE047, 0xE04D)))
