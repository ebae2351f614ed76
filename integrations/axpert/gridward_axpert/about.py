"""Who the unit is (QPI, QID, QVFW ...), its factory defaults, schedules, limits and Q1."""

from collections.abc import Mapping
from dataclasses import replace

from gridward_axpert import equalisation, settings
from gridward_axpert.points import Amperes, Code, Digits, Linked, Padded, Scaled, Stamp, Tagged, Whole
from gridward_axpert.unit import Unit
from gridward_kit.entity import (
    APPARENT_POWER,
    COUNT,
    CURRENT,
    ENUM,
    FREQUENCY,
    MINUTES,
    POWER,
    SECONDS,
    SHARE,
    SOC,
    TEMPERATURE,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Quantity,
    Sensor,
)
from gridward_kit.point import Derived, Field, Point, Value

DIAGNOSTIC = Category.DIAGNOSTIC


def _seldom(key: str, name: str, at: Point, quantity: Quantity = Quantity(None, None, None)) -> Sensor:  # noqa: B008
    return Sensor(key, name, at, quantity, category=DIAGNOSTIC, enabled=False)


def _named(key: str, name: str, at: Code) -> Sensor:
    return Sensor(key, name, at, ENUM, category=DIAGNOSTIC, enabled=False, options=tuple(at.names.values()))


def _off(key: str, name: str, at: Point) -> BinarySensor:
    return BinarySensor(key, name, at, category=DIAGNOSTIC, enabled=False)


def _switch(key: str, name: str, query: str, index: int, on: str = "1") -> BinarySensor:
    return _off(key, name, Field(query, index).bit(0, on=on))


def _bms(index: int, scale: float = 1) -> Linked:
    return Linked("QBMS", Scaled("QBMS", index, "000", scale=scale))


def _asks(key: str, name: str, index: int) -> BinarySensor:
    return _off(key, name, Linked("QBMS", Field("QBMS", index).bit(0)))


def _series(name: str) -> str:
    return name.rpartition("-")[0]


def _rated(name: str) -> Value | None:
    rated = name.rpartition("-")[2]
    return int(rated) if rated.isdecimal() else None


STAGES = {0: "automatic", 1: "two_stage", 2: "three_stage"}
SCHEDULED_OUTPUT = {0: "utility", 1: "solar", 2: "SBU"}
SCHEDULED_CHARGER = {1: "solar_first", 2: "solar_and_utility", 3: "only_solar"}
LED_EFFECTS = {0: "breathing", 2: "solid", 3: "scroll_right"}

BLOCKS: Mapping[str, tuple[Entity, ...]] = {
    "QPI": (_seldom("protocol", "Protocol", Whole("QPI")),),
    "QID": (_seldom("serial_number", "Serial number", Whole("QID")),),
    "QSID": (_seldom("serial_number", "Serial number", Padded("QSID")),),
    "QVFW": (_seldom("firmware", "Firmware", Tagged("QVFW", 0)),),
    "QVFW2": (_seldom("firmware_2", "Firmware of the second processor", Tagged("QVFW2", 0)),),
    "QVFW3": (_seldom("firmware_3", "Firmware of the panel or solar charger 2", Tagged("QVFW3", 0)),),
    "QVFW4": (_seldom("firmware_4", "Firmware of solar charger 3", Tagged("QVFW4", 0)),),
    "VERFW:": (_seldom("firmware_bluetooth", "Firmware of Bluetooth", Tagged("VERFW:", 0)),),
    "QMN": (
        _seldom("model_name", "Model name", Whole("QMN")),
        _seldom("model_series", "Model series", Derived(("model_name",), _series)),
        _seldom(
            "model_apparent_power", "Model apparent power", Derived(("model_name",), _rated), APPARENT_POWER
        ),
    ),
    "QGMN": (_seldom("model_number", "General model number", Whole("QGMN")),),
    "QT": (_seldom("clock", "Clock", Stamp("QT")),),
    "QBOOT": (_switch("bootstrap", "Bootstrap", "QBOOT", 0),),
    "QOPM": (_named("output_mode", "Output mode", Code("QOPM", 0, "00", names=settings.OUTPUT_MODES)),),
    "QCST": (_named("charging_stages", "Charging stages", Code("QCST", 0, "00", names=STAGES)),),
    "QCVT": (_seldom("max_cv_time", "Longest time at bulk voltage", Field("QCVT", 0, "000"), MINUTES),),
    "QMCHGCR": (_seldom("charging_currents", "Selectable charging currents (A)", Amperes("QMCHGCR")),),
    "QMUCHGCR": (
        _seldom("utility_charging_currents", "Selectable utility charging currents (A)", Amperes("QMUCHGCR")),
    ),
    "QMSCHGCR": (
        _seldom("solar_charging_currents", "Selectable solar charging currents (A)", Amperes("QMSCHGCR")),
    ),
    "QLED": (
        _switch("led_enabled", "LED bar", "QLED", 0),
        _seldom("led_speed", "LED speed", Field("QLED", 1, "0"), COUNT),
        _named("led_effect", "LED effect", Code("QLED", 2, "0", names=LED_EFFECTS)),
        _seldom("led_brightness", "LED brightness", Field("QLED", 3, "0"), COUNT),
        _seldom("led_color_count", "LED colours", Field("QLED", 4, "0"), COUNT),
        _seldom("led_colors", "LED colours, red green blue", Field("QLED", 5)),
    ),
    "QBMS": (
        BinarySensor(
            "bms_connected",
            "BMS connected",
            Field("QBMS", 0).bit(0, on="0"),
            category=DIAGNOSTIC,
            enabled=False,
            device_class="connectivity",
        ),
        Sensor("bms_soc", "BMS state of charge", _bms(1), SOC, enabled=False, limits=(0, 100)),
        _asks("bms_force_grid_charging", "BMS asks for charging from grid", 2),
        _asks("bms_stop_discharging", "BMS forbids discharging", 3),
        _asks("bms_stop_charging", "BMS forbids charging", 4),
        _seldom("bms_bulk_voltage", "BMS bulk voltage", _bms(5, 0.1), VOLTAGE),
        _seldom("bms_float_voltage", "BMS float voltage", _bms(6, 0.1), VOLTAGE),
        _seldom("bms_under_voltage", "BMS cut-off voltage", _bms(7, 0.1), VOLTAGE),
        _seldom("bms_max_charging_current", "BMS charging limit", _bms(8), CURRENT),
        _seldom("bms_max_discharge_current", "BMS discharge limit", _bms(9), CURRENT),
    ),
}

DEFAULTS: tuple[Entity, ...] = (
    _seldom("default_output_voltage", "Default output voltage", Field("QDI", 0, "000.0"), VOLTAGE),
    _seldom("default_output_frequency", "Default output frequency", Field("QDI", 1, "00.0"), FREQUENCY),
    _seldom(
        "default_max_utility_charging_current",
        "Default utility charging current",
        Field("QDI", 2, "0000"),
        CURRENT,
    ),
    _seldom("default_battery_under_voltage", "Default cut-off voltage", Field("QDI", 3, "00.0"), VOLTAGE),
    _seldom("default_battery_float_voltage", "Default float voltage", Field("QDI", 4, "00.0"), VOLTAGE),
    _seldom("default_battery_bulk_voltage", "Default bulk voltage", Field("QDI", 5, "00.0"), VOLTAGE),
    _seldom(
        "default_battery_recharge_voltage", "Default re-charge voltage", Field("QDI", 6, "00.0"), VOLTAGE
    ),
    _seldom("default_max_charging_current", "Default charging current", Field("QDI", 7, "00"), CURRENT),
    _named("default_input_range", "Default input range", Code("QDI", 8, "0", names=settings.INPUT_RANGES)),
    _named(
        "default_output_source_priority",
        "Default output source priority",
        Code("QDI", 9, "0", names=settings.OUTPUT_SOURCES),
    ),
    _named(
        "default_charger_source_priority",
        "Default charger source priority",
        Code("QDI", 10, "0", names=settings.CHARGER_SOURCES),
    ),
    _named(
        "default_battery_type", "Default battery type", Code("QDI", 11, "0", names=settings.BATTERY_TYPES)
    ),
    _switch("default_buzzer", "Default buzzer", "QDI", 12, on="0"),
    _switch("default_power_saving", "Default power saving", "QDI", 13),
    _switch("default_overload_restart", "Default restart after overload", "QDI", 14),
    _switch("default_over_temperature_restart", "Default restart after over temperature", "QDI", 15),
    _switch("default_backlight", "Default backlight", "QDI", 16),
    _switch("default_primary_source_alarm", "Default alarm on loss of primary source", "QDI", 17),
    _switch("default_fault_code_record", "Default fault code record", "QDI", 18),
    _switch("default_overload_bypass", "Default overload bypass", "QDI", 19),
    _switch("default_lcd_return", "Default return to first LCD page", "QDI", 20),
    _named("default_output_mode", "Default output mode", Code("QDI", 21, "0", names=settings.OUTPUT_MODES)),
    _seldom(
        "default_battery_redischarge_voltage",
        "Default re-discharge voltage",
        Field("QDI", 22, "00.0"),
        VOLTAGE,
    ),
    _named("default_pv_ok_condition", "Default PV-OK condition", Code("QDI", 23, "0", names=settings.PV_OK)),
    _named(
        "default_pv_power_balance", "Default PV power balance", Code("QDI", 24, "0", names=settings.BALANCES)
    ),
    _seldom("default_max_cv_time", "Default longest time at bulk voltage", Digits("QDI", 25, "000"), MINUTES),
    _seldom("default_max_discharge_current", "Default discharge limit", Digits("QDI", 26, "000"), CURRENT),
)
LOGIC = _named("default_operation_logic", "Default logic", Code("QDI", 26, "0", names=settings.LOGICS))
DEFAULTS_KS: tuple[Entity, ...] = (
    _named("default_charging_stages", "Default charging stages", Code("QDI", 25, "00", names=STAGES)),
    _switch("default_data_log_popup", "Default data log pop-up", "QDI", 26),
    _seldom(
        "default_max_solar_charging_current",
        "Default solar charging current",
        Field("QDI", 27, "000"),
        CURRENT,
    ),
    _seldom("default_max_cv_time", "Default longest time at bulk voltage", Field("QDI", 28, "000"), MINUTES),
)


def schedule(query: str) -> tuple[Entity, ...]:
    """The hourly priorities of a day, the one in force and the three orders."""
    names = SCHEDULED_OUTPUT if query == "QOPPT" else SCHEDULED_CHARGER
    key, name = ("output", "Output priority") if query == "QOPPT" else ("charger", "Charger priority")
    hours = tuple(
        _named(
            f"{key}_priority_hour_{hour:02d}", f"{name} at {hour:02d}:00", Code(query, hour, "0", names=names)
        )
        for hour in range(24)
    )
    orders = tuple(
        _seldom(
            f"{key}_priority_order_{place}", f"{name} order {place}", Field(query, 24 + place, "0"), COUNT
        )
        for place in (1, 2, 3)
    )
    return (*hours, _named(f"{key}_priority_now", f"{name} now", Code(query, 24, "0", names=names)), *orders)


STAGE = {10: "not_charging", 11: "bulk", 12: "absorb", 13: "float"}
ROLES = {0: "new", 1: "slave", 2: "master"}
SHORT_Q1 = (None, None, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, None, None, 12)


def q1(count: int) -> tuple[Entity, ...]:
    """The undocumented Q1 in the layout of so many fields: 13 lack some, 20 have three more in front."""
    places = SHORT_Q1 if count == 13 else tuple(range(3, 20)) if count == 20 else tuple(range(17))

    def at(index: int, form: str) -> Field:
        place = places[index]
        return Field("Q1", 99 if place is None else place, form)

    rows = (
        _seldom("absorb_remaining", "Time to the end of absorb", at(0, "00000"), SECONDS),
        _seldom("float_remaining", "Time to the end of float", at(1, "00000"), SECONDS),
        _off("scc_ok", "Solar charger works", at(2, "").bit(1)),
        _off("scc_allowed", "Solar charger allowed", at(3, "").bit(1)),
        _seldom("average_charging_current", "Average charging current", at(4, "00"), CURRENT),
        _hot("scc_temperature", "Solar charger temperature", at(5, "000")),
        _hot("inverter_stage_temperature", "Inverter stage temperature", at(6, "000")),
        _hot("battery_side_temperature", "Battery side temperature", at(7, "000")),
        _hot("transformer_temperature", "Transformer temperature", at(8, "000")),
        _named("parallel_role", "Parallel role", Code("Q1", at(9, "").index, "00", names=ROLES)),
        _off("fan_locked", "Fan lock", at(10, "").bit(1)),
        Sensor("fan_speed", "Fan speed", at(12, "0000"), SHARE, category=DIAGNOSTIC, limits=(0, 100)),
        _seldom("scc_power", "Solar charger power", at(13, "0000"), POWER),
        _seldom("parallel_warning", "Parallel warning", at(14, "")),
        _seldom("sync_frequency", "Synchronised frequency", at(15, "00.00"), FREQUENCY),
        Sensor(
            "charging_stage",
            "Charging stage",
            Code("Q1", at(16, "").index, "00", names=STAGE),
            ENUM,
            options=tuple(STAGE.values()),
        ),
    )
    kept = tuple(row for row in rows if isinstance(row.at, Field) and row.at.index < 99)
    return (*kept, *(equalisation.rows("Q1", 17) if count >= 27 else ()))


def _hot(key: str, name: str, at: Field) -> Sensor:
    return Sensor(key, name, at, TEMPERATURE, category=DIAGNOSTIC, enabled=False, limits=(-30, 150))


def rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    """The rows of an answer that is asked once or seldom; none for a query that is not known."""
    if unit.variant == "pi41":
        return tuple(_split(row) for row in (DEFAULTS[:26] if query == "QDI" else _rows(query, unit)))
    return _rows(query, unit)


def _rows(query: str, unit: Unit) -> tuple[Entity, ...]:
    if query in ("QOPPT", "QCHPT"):
        return schedule(query)
    if query == "Q1":
        return q1(unit.count(query))
    if query == "QDI":
        long = (*DEFAULTS[:25], *DEFAULTS_KS)
        return (
            long if 29 <= unit.count(query) < 99 else (*DEFAULTS, *((LOGIC,) if unit.variant == "gk" else ()))
        )
    return BLOCKS.get(query, ())


def _split(row: Entity) -> Entity:
    """PI41 numbers its output modes in its own way."""
    if not isinstance(row.at, Code) or row.at.names is not settings.OUTPUT_MODES:
        return row
    return _named(row.key, row.name, replace(row.at, names=settings.SPLIT_MODES))
