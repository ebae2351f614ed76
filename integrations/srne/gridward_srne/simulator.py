"""A simulated SRNE unit, from its tables, with the rules that live ones have for writing."""

from gridward_kit.entity import Entity
from gridward_kit.integration import Options
from gridward_kit.modbus import Register, Unit
from gridward_kit.modbus.family import address
from gridward_srne.controller import BLOCK, FIRST_VOLTAGE
from gridward_srne.dialect import PASSWORD
from gridward_srne.entities import profile, rows
from gridward_srne.inverter import CLOCK
from gridward_srne.points import moment
from gridward_srne.resting import state
from gridward_srne.series import MPPT, Shape, shape_of

VALUE, RUNNING, LOCKED = 3, 8, 9
PRESSED = {0xDF00: (0, 1), 0xDF01: (1,), 0xDF0D: (0, 1)}
BMS_RULED = frozenset((0xE007, 0xE008, 0xE009))
SPACED = 5
OWN_TYPES = ("user", "lithium", "custom")


class Inverter(Unit):
    """A hybrid. `running` refuses the parallel mode, `strict` keeps the states of charge apart as SPI does,
    `password` locks it until that is entered; `pressed` is what was done through the write-only registers.
    """

    running = False
    strict = False
    password: int | None = None
    pressed: tuple[tuple[int, int], ...] = ()

    def verdict(self, start: int, words: bytes) -> int | None:
        number = int.from_bytes(words, "big")
        if start == PASSWORD:
            self.password = None if number == self.password else self.password
            return 0 if self.password is None else 5
        if self.password is not None:
            return LOCKED
        if start in PRESSED:
            return 0 if number in PRESSED[start] else VALUE
        if start == CLOCK:
            return 0 if len(words) == 6 and moment(number) is not None else VALUE
        return self._ruled(start, number)

    def _ruled(self, start: int, number: int) -> int | None:
        if start in BMS_RULED and self.state.get("bms_link") != "off":
            return VALUE
        if start == 0xE201 and self.running:
            return RUNNING
        if self.strict and (not self._spaced(start, number) or (start, number) == (0xE20F, 1)):
            return VALUE
        return None

    def _spaced(self, start: int, number: int) -> bool:
        """Whether cut-off, alarm and return are five per cent apart, each from the next."""
        keys = {0xE00F: "cut_off_soc", 0xE01E: "low_soc_alarm", 0xE020: "battery_soc_return"}
        levels = {key: float(self.state.get(key, 0)) for key in keys.values()}
        if start in keys:
            levels[keys[start]] = number
        cut_off, alarm, back = levels.values()
        return cut_off + SPACED <= alarm and alarm + SPACED <= back

    def written(self, start: int, words: bytes) -> None:
        number = int.from_bytes(words, "big")
        when = moment(number) if start == CLOCK else None
        if when is not None:
            self.state["device_clock"] = when
        elif start in PRESSED:
            self.pressed = (*self.pressed, (start, number))


class Controller(Unit):
    """A charge controller: E005 to E014 by one request, and ignored unless the battery type is its own."""

    def verdict(self, start: int, words: bytes) -> int | None:
        if start == FIRST_VOLTAGE and len(words) == 2 * BLOCK:
            return 0 if all(self._fits(row, start, words) for row in self._block()) else VALUE
        return VALUE if FIRST_VOLTAGE <= start < FIRST_VOLTAGE + BLOCK else None

    def written(self, start: int, words: bytes) -> None:
        if start != FIRST_VOLTAGE or self.state.get("battery_type") not in OWN_TYPES:
            return
        for row in self._block():
            value = row.at.at("", start).decode(words) if isinstance(row.at, Register) else None
            if value is not None:
                self.state[row.key] = value

    def _block(self) -> list[Entity]:
        last = FIRST_VOLTAGE + BLOCK
        return [
            row
            for row in self.rows.values()
            if isinstance(row.at, Register) and FIRST_VOLTAGE <= row.at.address < last
        ]

    @staticmethod
    def _fits(row: Entity, start: int, words: bytes) -> bool:
        value = row.at.at("", start).decode(words) if isinstance(row.at, Register) else None
        if value is None or row.setting is None:
            return True
        try:
            row.accept(value)
        except ValueError:
            return False
        return True


def simulator(options: Options) -> Unit:
    """A unit of the model that the options name, with everything that one can have."""
    shape = shape_of(str(options.get("model", Shape().model)), options)
    kind = Controller if shape.model == MPPT else Inverter
    return kind(rows(shape), profile(shape), address(options), state(shape))
