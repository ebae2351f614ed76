"""Where powers lie whose unit is only found out while they are read. Pure."""

from dataclasses import dataclass, field

from gridward_chint.scale import PowerUnit
from gridward_kit.modbus import Register
from gridward_kit.modbus.registers import FINE
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True)
class Power(Register):
    """A float in the unit that its meter uses for powers: 0 is 0 in each, else None until that is known.

    `nothing_at_zero`: the register may be reserved, so 0 says nothing.
    """

    unit: PowerUnit = field(default_factory=PowerUnit)
    nothing_at_zero: bool = False

    @property
    def resolution(self) -> float:
        return FINE * abs(self.scale) * (self.unit.factor or 1.0)

    def told(self, payload: bytes) -> float | None:
        """The number as it is told, with the row's sign and ratio."""
        value = Register.decode(self, payload)
        return None if value is None else float(value)

    def decode(self, payload: bytes) -> Value | None:
        told = self.told(payload)
        if told is None or (self.nothing_at_zero and told == 0):
            return None
        if told == 0:
            return 0.0
        factor = self.unit.factor
        return None if factor is None else float(f"{told * factor:.7g}")

    def encode(self, value: Value, payload: bytes) -> bytes:
        return Register.encode(self, float(value) / (self.unit.factor or 1.0), payload)


def power(at: Register, unit: PowerUnit, *, nothing_at_zero: bool = False) -> Power:
    """A register of a power as one whose unit is found out."""
    return Power(
        at.address,
        at.form,
        at.count,
        at.scale,
        function=at.function,
        every=at.every,
        low_first=at.low_first,
        unit=unit,
        nothing_at_zero=nothing_at_zero,
    )
