"""An SRNE unit's language where it is more than registers: clock, password, thresholds as one block. Pure."""

from collections.abc import Mapping
from datetime import datetime

from gridward_kit.entity import Entity
from gridward_kit.integration import Identity, Line, Options
from gridward_kit.modbus import WRITE_MANY, WRITE_ONE, Modbus, Register
from gridward_kit.modbus.family import address
from gridward_kit.modbus.frame import words, write
from gridward_kit.point import Value
from gridward_srne.controller import BLOCK, FIRST_VOLTAGE
from gridward_srne.entities import profile, rows
from gridward_srne.inverter import CLOCK
from gridward_srne.points import clock_bytes
from gridward_srne.series import MPPT, Shape, shape_of

LINE = Line(baud=9600, first=1.0, gap=0.06, modbus=True)
PASSWORD = 0xE203
LEAP = 20.0  # kWh or Ah between two answers, which are 10 s apart or more
CAPACITIES = frozenset(("battery_rated_capacity", "battery_remaining_capacity"))


class Srne(Modbus):
    """One unit of the family; `password` is entered before each write where the unit has one."""

    def __init__(self, shape: Shape, unit: int, *, proof: str | None, password: int | None) -> None:
        super().__init__(rows(shape), profile(shape), unit, proof=proof, step=LEAP)
        self._mppt = shape.model == MPPT
        self._password = password

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        if entity.key == "set_clock":
            return (write(self.unit, WRITE_MANY, CLOCK, words(clock_bytes(now))),)
        if isinstance(entity.at, Register) and self.beside(entity, value):
            return (self._thresholds(entity.at, value),)
        return super().write(entity, value, now)

    def beside(self, entity: Entity, value: Value) -> bool:
        point, last = entity.at, FIRST_VOLTAGE + BLOCK
        return self._mppt and isinstance(point, Register) and FIRST_VOLTAGE <= point.address < last

    def _thresholds(self, point: Register, value: Value) -> bytes:
        """E005 to E014 as they were last read, with one of them changed; raises ValueError if never read."""
        begin = 2 * (FIRST_VOLTAGE - point.start)
        before = self._last.get(point.query, b"")[begin : begin + 2 * BLOCK]
        if begin < 0 or len(before) < 2 * BLOCK:
            raise ValueError("the other thresholds have not been read, and all are written together")
        block = point.at(point.query, FIRST_VOLTAGE).encode(value, before)
        return write(self.unit, WRITE_MANY, FIRST_VOLTAGE, words(block))

    def unlock(self, entity: Entity) -> tuple[bytes, ...]:
        if self._password is None:
            return ()
        return (write(self.unit, WRITE_ONE, PASSWORD, (self._password,)),)

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        """Counters as the kit doubts them; and capacities without a health, the DC load of older firmware."""
        found = super().doubt(values, before)
        return found if "battery_health" in values else found | CAPACITIES & values.keys()


def dialect(identity: Identity, options: Options) -> Srne:
    """The language of the unit that was found; its serial number proves it, or else its firmware."""
    shape = shape_of(identity.model, {**identity.facts, **options})
    proof = "serial_number" if identity.serial else "firmware" if "firmware" in identity.facts else None
    secret = options.get("password")
    password = secret if isinstance(secret, int) else None
    return Srne(shape, address(options), proof=proof, password=password)
