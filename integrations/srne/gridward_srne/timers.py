"""An SRNE hybrid's timed charging and discharging, E026 to E055. Pure.

Some units take a start of 00:00 as 00:01 and want all three slots valid.
"""

from collections.abc import Callable

from gridward_kit.entity import COUNT, MINUTES, POWER, SOC_LEVEL, TEXT, VOLTAGE, Entity, Sensor
from gridward_kit.modbus import u16
from gridward_kit.point import Derived
from gridward_srne.points import MINUTES_A_DAY, RARELY, detail, flag, mark, number, switch, time_of_day

SLOTS = (1, 2, 3)
DAY = (0.0, MINUTES_A_DAY - 1.0)
VOLTS_48 = (40.0, 59.5)  # printed for 48 V, in plain 0.1 V; their unit column says W
POWER_MOST = 12000.0
SOURCES = ("grid", "generator")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _slots(*values: int) -> str:
    pairs = zip(values[::2], values[1::2], strict=True)
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in pairs)


def _times(kind: str, word: str, first: int) -> tuple[Entity, ...]:
    keys = [f"{kind}_slot_{slot}_{edge}" for slot in SLOTS for edge in ("start", "end")]
    rows = [
        number(
            key,
            f"{word} slot {1 + place // 2} {key.rpartition('_')[2]}",
            time_of_day(first + place),
            MINUTES,
            DAY,
        )
        for place, key in enumerate(keys)
    ]
    return (
        *rows,
        switch(
            f"timed_{kind}", f"Timed {kind[:-1] if kind.endswith('e') else kind}ing", flag(first + 6, RARELY)
        ),
        Sensor(f"{kind}_slots", f"{word} slots", Derived(tuple(keys), _slots), TEXT),
    )


def _each(
    kind: str, word: str, what: str, name: str, make: Callable[[str, str, int], Entity], first: int
) -> list[Entity]:
    return [
        make(f"{kind}_slot_{slot}_{what}", f"{word} slot {slot} {name}", first + slot - 1) for slot in SLOTS
    ]


def _soc(key: str, name: str, address: int) -> Entity:
    return number(key, name, u16(address, every=RARELY), SOC_LEVEL, (0, 100), expert=True)


def _volts(key: str, name: str, address: int) -> Entity:
    return number(key, name, u16(address, 0.1, every=RARELY), VOLTAGE, VOLTS_48, 0.1, expert=True)


TIMES: tuple[Entity, ...] = (*_times("charge", "Charge", 0xE026), *_times("discharge", "Discharge", 0xE02D))
STOPS: tuple[Entity, ...] = (
    *_each("charge", "Charge", "stop_soc", "stops at", _soc, 0xE03B),
    *_each("discharge", "Discharge", "stop_soc", "stops at", _soc, 0xE03E),
)
STOP_VOLTS: tuple[Entity, ...] = (
    *_each("charge", "Charge", "stop_voltage", "stop voltage", _volts, 0xE041),
    *_each("discharge", "Discharge", "stop_voltage", "stop voltage", _volts, 0xE044),
)


def powers(unit: float) -> tuple[Entity, ...]:
    """The slots' highest powers. `unit` is 10 W (V1.95, V1.96) or 1 W (later): which, no version says."""

    def watts(key: str, name: str, address: int) -> Entity:
        return number(key, name, u16(address, unit, every=RARELY), POWER, (0, POWER_MOST), unit)

    return (
        *_each("discharge", "Discharge", "power", "highest power", watts, 0xE047),
        *_each("charge", "Charge", "power", "highest power", watts, 0xE04A),
    )


MORE: tuple[Entity, ...] = (
    *(
        mark(
            f"charge_slot_{slot}_{source}",
            f"Charge slot {slot} from the {source}",
            u16(0xE04D, every=RARELY).bit(2 * (slot - 1) + place),
        )
        for slot in SLOTS
        for place, source in enumerate(SOURCES)
    ),
    *(
        detail(
            f"soc_balance_{number}",
            f"State of charge balance {number}",
            u16(0xE04D + number, every=RARELY),
            COUNT,
        )
        for number in SLOTS
    ),
    switch("self_use_outside_slots", "Self-consumption outside the slots", flag(0xE055, RARELY)),
)
"""The sources are printed with a highest value of 7 although there are six bits: only shown."""

SMART_LOAD: tuple[Entity, ...] = (
    _volts("smart_load_off_voltage", "Smart load off voltage", 0xE052),
    _soc("smart_load_on_soc", "Smart load on at", 0xE053),
    _volts("smart_load_on_voltage", "Smart load on voltage", 0xE054),
)
