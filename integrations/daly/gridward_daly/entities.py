"""What a Daly board tells over its A5 protocol, and how it may be set.

Sources: the maker's sheets V1.0 and V1.2 (0x90 to 0x98) and public readers' captures (the rest).
Offsets count in the 8 bytes of a frame, in an answer of several frames in their payloads without the
frame counter, one after the other (7 bytes a frame).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from gridward_daly.points import NONE, Ascii, Balanced, Flag, Magnitude, Moment, Never
from gridward_kit.battery import cell_rows
from gridward_kit.entity import (
    CELL_VOLTAGE,
    CHARGE,
    COUNT,
    CURRENT,
    CYCLES,
    ENUM,
    POWER,
    SOC,
    SOC_LEVEL,
    TEMPERATURE,
    TEXT,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Number,
    Quantity,
    Sensor,
    Setting,
    Switch,
    in_words,
)
from gridward_kit.point import Derived, Point, Slice, Value

MOST_CELLS = 48
MOST_SENSORS = 21
CURRENT_ZERO = 30000
DEGREES_ZERO = 40

KELVIN = Quantity(None, "K", precision=0)
MILLIOHM = Quantity(None, "mΩ", None, 3)
THROUGHPUT = Quantity(None, "Ah", "total_increasing", 0)

DIAGNOSTIC = Category.DIAGNOSTIC
STATES = {0: "idle", 1: "charging", 2: "discharging"}
TYPES = {0: "LiFePO4", 1: "Li-ion", 2: "LTO"}

# 0x98: what has two levels, the warning at this bit and the protection (the board has acted) at the next
LEVELS = (
    (0, 0, "cell_voltage_high", "Cell voltage high"),
    (0, 2, "cell_voltage_low", "Cell voltage low"),
    (0, 4, "pack_voltage_high", "Pack voltage high"),
    (0, 6, "pack_voltage_low", "Pack voltage low"),
    (1, 0, "charge_temperature_high", "Charge temperature high"),
    (1, 2, "charge_temperature_low", "Charge temperature low"),
    (1, 4, "discharge_temperature_high", "Discharge temperature high"),
    (1, 6, "discharge_temperature_low", "Discharge temperature low"),
    (2, 0, "charge_overcurrent", "Charge overcurrent"),
    (2, 2, "discharge_overcurrent", "Discharge overcurrent"),
    (2, 4, "soc_high", "SoC high"),
    (2, 6, "soc_low", "SoC low"),
    (3, 0, "cell_voltage_difference", "Cell voltage difference"),
    (3, 2, "temperature_difference", "Temperature difference"),
)

# 0x98: faults of the board itself
FAULTS = (
    (4, 0, "charge_mosfet_overtemperature", "Charge MOSFET overtemperature"),
    (4, 1, "discharge_mosfet_overtemperature", "Discharge MOSFET overtemperature"),
    (4, 2, "charge_mosfet_sensor_fault", "Charge MOSFET temperature sensor fault"),
    (4, 3, "discharge_mosfet_sensor_fault", "Discharge MOSFET temperature sensor fault"),
    (4, 4, "charge_mosfet_stuck", "Charge MOSFET stuck closed"),
    (4, 5, "discharge_mosfet_stuck", "Discharge MOSFET stuck closed"),
    (4, 6, "charge_mosfet_open", "Charge MOSFET open circuit"),
    (4, 7, "discharge_mosfet_open", "Discharge MOSFET open circuit"),
    (5, 0, "afe_fault", "AFE chip fault"),
    (5, 1, "cell_sampling_lost", "Cell voltage sampling lost"),
    (5, 2, "cell_temperature_sensor_fault", "Cell temperature sensor fault"),
    (5, 3, "eeprom_fault", "EEPROM fault"),
    (5, 4, "rtc_fault", "RTC fault"),
    (5, 5, "precharge_failure", "Precharge failure"),
    (5, 6, "external_communication_lost", "External communication lost"),
    (5, 7, "internal_communication_fault", "Internal communication fault"),
    (6, 0, "current_sensing_fault", "Current sensing module fault"),
    (6, 1, "pack_voltage_sensing_fault", "Pack voltage sensing fault"),
    (6, 2, "short_circuit_protection", "Short circuit protection"),
    (6, 3, "low_voltage_charging_forbidden", "Charging forbidden at low voltage"),
)

# 0x98: later boards only, and no fault: somebody switched the pack off from afar
SWITCHED = (
    (6, 4, "switched_off_remotely", "MOSFET switched off remotely"),
    (6, 5, "charging_cabinet_offline", "Charging cabinet offline"),
)

SWITCHES = frozenset(key for *_, key, _ in SWITCHED)

# SoC high is set by many boards at 100 % and is no fault
ALARMS = (
    *(f"{stem}_protection" for *_, stem, _ in LEVELS if stem != "soc_high"),
    *(key for *_, key, _ in FAULTS),
)
FAILURE_BITS = (
    *(
        (byte, bit + level, f"{stem}_{word}", f"{name} {word}")
        for byte, bit, stem, name in LEVELS
        for level, word in enumerate(("warning", "protection"))
    ),
    *FAULTS,
    *SWITCHED,
)
NAMES = {key: name for *_, key, name in FAILURE_BITS}
FAILURES = tuple(NAMES)


@lru_cache(maxsize=64)
def rows(cells: int = MOST_CELLS, sensors: int = MOST_SENSORS, *, invert: bool = False) -> tuple[Entity, ...]:
    """All values of a board with so many cells and temperature sensors.

    `invert` is for boards that measure the current the other way round (raw over 30000 = charging).
    """
    return (
        *_live(cells, invert=invert),
        *_extremes(cells, sensors),
        *cell_rows(tuple(_cell(number) for number in range(1, cells + 1))),
        *(_temperature(number) for number in range(1, sensors + 1)),
        *_status(sensors),
        *_failures(invert=invert),
        *_nameplate(),
        *_thresholds(invert=invert),
    )


def _live(cells: int, *, invert: bool) -> tuple[Entity, ...]:
    amperes = Slice("0x90", 4, 2, 0.1 if invert else -0.1, zero=CURRENT_ZERO)
    soc = Slice("0x90", 6, 2, 0.1)
    volts = (1.0, cells * 5.0)
    return (
        Sensor("voltage", "Voltage", Slice("0x90", 0, 2, 0.1), VOLTAGE, limits=volts),
        Sensor("current", "Current", amperes, CURRENT, limits=(-1000, 1000)),
        Sensor("power", "Power", Derived(("voltage", "current"), _power), POWER),
        Sensor("soc", "State of charge", soc, SOC, limits=(0, 100)),
        Sensor("gathered_voltage", "Gathered voltage", Slice("0x90", 2, 2, 0.1, absent=(0,)), VOLTAGE,
               category=DIAGNOSTIC, enabled=False),
        Sensor("state", "State", Slice("0x93", 0, 1, codes=STATES), ENUM, options=tuple(STATES.values())),
        Switch("charge_mosfet", "Charge MOSFET", Flag("0x93", 1), setting=_mosfet("da"), enabled=False,
               expert=True),
        Switch("discharge_mosfet", "Discharge MOSFET", Flag("0x93", 2), setting=_mosfet("d9"), enabled=False,
               expert=True),
        read_only("life_counter", "Life counter", Slice("0x93", 3, 1), COUNT),
        Sensor("remaining_capacity", "Remaining capacity", Slice("0x93", 4, 4, 0.001), CHARGE,
               limits=(0, 10_000)),
        Number("soc_setting", "Set state of charge", soc, SOC_LEVEL, Setting(_soc, within=20),
               category=Category.CONFIG, enabled=False, expert=True, high=100, step=0.1),
        BinarySensor("current_direction", "Current contradicts state",
                     Derived(("current", "state"), _contradicts), category=DIAGNOSTIC,
                     device_class="problem"),
    )  # fmt: skip


def _extremes(cells: int, sensors: int) -> tuple[Entity, ...]:
    number, volts = (1, cells), (0.5, 5.0)
    degrees, sensor = (-39, 120), (1, max(1, sensors))
    return (
        Sensor("cell_voltage_max", "Highest cell", _milli("0x91", 0), CELL_VOLTAGE, limits=volts),
        Sensor("cell_max_number", "Highest cell number", Slice("0x91", 2, 1), COUNT, limits=number),
        Sensor("cell_voltage_min", "Lowest cell", _milli("0x91", 3), CELL_VOLTAGE, limits=volts),
        Sensor("cell_min_number", "Lowest cell number", Slice("0x91", 5, 1), COUNT, limits=number),
        Sensor("temperature_max", "Highest temperature", _degrees("0x92", 0), TEMPERATURE, limits=degrees),
        Sensor("temperature_max_number", "Warmest sensor number", Slice("0x92", 1, 1), COUNT,
               category=DIAGNOSTIC, enabled=False, limits=sensor),
        Sensor("temperature_min", "Lowest temperature", _degrees("0x92", 2), TEMPERATURE, limits=degrees),
        Sensor("temperature_min_number", "Coldest sensor number", Slice("0x92", 3, 1), COUNT,
               category=DIAGNOSTIC, enabled=False, limits=sensor),
    )  # fmt: skip


def _status(sensors: int) -> tuple[Entity, ...]:
    ports = (("digital_input", "Digital input", 0), ("digital_output", "Digital output", 4))
    return (
        Sensor("cells", "Cells in series", Slice("0x94", 0, 1), COUNT, category=DIAGNOSTIC,
               limits=(1, MOST_CELLS)),
        Sensor("temperature_sensors", "Temperature sensors", Slice("0x94", 1, 1), COUNT, category=DIAGNOSTIC,
               limits=(0, MOST_SENSORS if sensors else 0)),
        BinarySensor("charger_connected", "Charger connected", Flag("0x94", 2), device_class="plug"),
        BinarySensor("load_connected", "Load connected", Flag("0x94", 3), device_class="plug"),
        *(
            BinarySensor(f"{key}_{bit}", f"{name} {bit}", Slice("0x94", 4, 1, bit=first + bit - 1),
                         category=DIAGNOSTIC, enabled=False)
            for key, name, first in ports
            for bit in range(1, 5)
        ),
        Sensor("cycles", "Cycles", Slice("0x94", 5, 2), CYCLES, category=DIAGNOSTIC),
        Sensor("balanced_cells", "Cells being balanced", Balanced("0x97", 6), category=DIAGNOSTIC,
               enabled=False),
        BinarySensor("balancing", "Balancing", Derived(("balanced_cells",), _some)),
    )  # fmt: skip


def _failures(*, invert: bool) -> Iterator[Entity]:
    for byte, bit, key, name in FAILURE_BITS:
        place = bit ^ 2 if invert and "overcurrent" in key else bit
        yield failure(key, name, Slice("0x98", byte, 1, bit=place))
    code = Slice("0x98", 7, 1)
    yield Sensor("fault_code", "Fault code", code, Quantity(None, None, None, 0), category=DIAGNOSTIC)
    yield from summary(NAMES, (*ALARMS, "fault_code"))


def summary(names: Mapping[str, str], alarms: tuple[str, ...]) -> Iterator[Entity]:
    """Whether any of the alarms is on, and all failures that are, by name."""
    problem = Derived(alarms, _any)
    told = Derived(
        tuple(names), lambda *on: in_words(names[key] for key, is_on in zip(names, on, strict=True) if is_on)
    )
    yield BinarySensor("problem", "Problem", problem, device_class="problem")
    yield Sensor("failures", "Failures", told, category=DIAGNOSTIC)


def failure(key: str, name: str, point: Point) -> Entity:
    """One failure; what somebody switched from afar is none."""
    kind = None if key in SWITCHES else "problem"
    return BinarySensor(key, name, point, category=DIAGNOSTIC, enabled=False, device_class=kind)


def _nameplate() -> tuple[Entity, ...]:
    boards = range(1, 4)
    return (
        read_only("rated_capacity", "Rated capacity", Slice("0x50", 0, 4, 0.001, absent=(0,)), CHARGE),
        read_only("nominal_cell_voltage", "Nominal cell voltage", Slice("0x50", 4, 4, 0.001, absent=(0,)),
                   CELL_VOLTAGE),
        read_only("acquisition_boards", "Acquisition boards", Slice("0x51", 0, 1), COUNT),
        *(read_only(f"board_{n}_cells", f"Cells on board {n}", Slice("0x51", n, 1), COUNT) for n in boards),
        *(read_only(f"board_{n}_sensors", f"Sensors on board {n}", Slice("0x51", 3 + n, 1), COUNT)
          for n in boards),
        read_only("total_charged", "Charge taken in", Slice("0x52", 0, 4), THROUGHPUT),
        read_only("total_discharged", "Charge given out", Slice("0x52", 4, 4), THROUGHPUT),
        read_only("operating_mode", "Operating mode", Slice("0x53", 0, 1), COUNT),
        Sensor("battery_type", "Battery type", Slice("0x53", 1, 1, codes=TYPES), ENUM, category=DIAGNOSTIC,
               options=tuple(TYPES.values()), enabled=False),
        read_only("production_date", "Production date", Moment("0x53", 2, 3)),
        BinarySensor("never_sleeps", "Never sleeps", Never("0x53", 5), category=DIAGNOSTIC, enabled=False),
        read_only("firmware_index", "Firmware index", Ascii("0x54", 8)),
        read_only("battery_code", "Battery code", Ascii("0x57", 35)),
        read_only("short_circuit_current", "Short circuit threshold", Slice("0x60", 0, 2), CURRENT),
        read_only("sampling_resistance", "Sampling resistance", Slice("0x60", 2, 2, 0.001), MILLIOHM),
        read_only("board_clock", "Clock of the board", Moment("0x61", 0, 6)),
        read_only("software_version", "Software version", Ascii("0x62", 14)),
        read_only("hardware_version", "Hardware version", Ascii("0x63", 14)),
    )  # fmt: skip


def _thresholds(*, invert: bool) -> Iterator[Entity]:
    """0x59 to 0x5f: where the two levels of each failure begin."""
    for place, (byte, _, stem, name) in enumerate(LEVELS[:12]):
        pair = place % 4 if byte == 1 else place % 2
        if invert and "overcurrent" in stem:
            pair ^= 1
        for level, word in enumerate(("warning", "protection")):
            point, quantity = _threshold(stem, 2 * pair + level)
            yield read_only(f"{stem}_{word}_threshold", f"{name} {word} threshold", point, quantity)
    for level, word in enumerate(("warning", "protection")):
        cells, degrees = _milli("0x5e", 2 * level), Slice("0x5e", 4 + level, 1)
        yield read_only(f"cell_voltage_difference_{word}_threshold",
                         f"Cell voltage difference {word} threshold", cells, CELL_VOLTAGE)  # fmt: skip
        yield read_only(f"temperature_difference_{word}_threshold",
                         f"Temperature difference {word} threshold", degrees, KELVIN)  # fmt: skip
    start, difference = _milli("0x5f", 0), _milli("0x5f", 2)
    yield read_only("balance_start_voltage", "Balancing starts at", start, CELL_VOLTAGE)
    yield read_only("balance_difference", "Balancing starts at a difference of", difference, CELL_VOLTAGE)


def _threshold(stem: str, place: int) -> tuple[Point, Quantity]:
    """The place-th of four (temperatures: eight) values; charge before discharge, high before low."""
    if stem.startswith("cell_voltage"):
        return _milli("0x59", 2 * place), CELL_VOLTAGE
    if stem.startswith("pack_voltage"):
        return Slice("0x5a", 2 * place, 2, 0.1), VOLTAGE
    if stem.endswith("overcurrent"):
        return Magnitude("0x5b", 2 * place), CURRENT
    if stem.startswith("soc"):
        return Slice("0x5d", 2 * place, 2, 0.1), SOC_LEVEL
    return Slice("0x5c", place, 1, zero=DEGREES_ZERO), TEMPERATURE


def _cell(number: int) -> Point:
    frame, place = divmod(number - 1, 3)
    return _milli("0x95", 7 * frame + 2 * place)


def _temperature(number: int) -> Entity:
    point = _degrees("0x96", number - 1)
    return Sensor(f"temperature_{number}", f"Temperature {number}", point, TEMPERATURE, limits=(-39, 120))


def read_only(key: str, name: str, point: Point, quantity: Quantity = TEXT) -> Entity:
    """A row that few look at: diagnostic, and off at first."""
    return Sensor(key, name, point, quantity, category=DIAGNOSTIC, enabled=False)


def _milli(query: str, offset: int) -> Slice:
    """Millivolts as volts; 0 is no voltage."""
    return Slice(query, offset, 2, 0.001, absent=(0,))


def _degrees(query: str, offset: int) -> Slice:
    """Degrees Celsius; a sensor that is not there reads raw 0, -40."""
    return Slice(query, offset, 1, zero=DEGREES_ZERO, absent=(0,))


def _mosfet(command: str) -> Setting:
    return Setting(lambda value: (f"{command}{int(bool(value)):02x}",))


def _soc(value: Value) -> tuple[str, ...]:
    return (f"21{{clock}}{round(float(value) * 10):04x}",)


def _power(volts: float, amperes: float) -> float:
    return round(volts * amperes, 1)


def _contradicts(amperes: float, state: str) -> bool:
    """More than 1 A flows against what the board calls itself: see `invert`."""
    return (state == "charging" and amperes < -1) or (state == "discharging" and amperes > 1)


def _some(numbers: str) -> bool:
    return numbers != NONE


def _any(*flags: Value) -> bool:
    return any(flags)
