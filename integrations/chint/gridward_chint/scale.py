"""What a CHINT meter's numbers mean, found by rule: 0.1 V or V, W or kW, which order of words. Pure."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

TENTHS, PLAIN = "0.1 V", "V"
WATT, KILOWATT = "W", "kW"
DIRECT, PRIMARY, SECONDARY = "direct", "primary", "secondary"
FACTORS = {WATT: 1.0, KILOWATT: 1000.0}

PHASE_VOLTS = {PLAIN: (60.0, 480.0), TENTHS: (700.0, 5000.0)}
LINE_VOLTS = {PLAIN: (90.0, 870.0), TENTHS: (900.0, 8700.0)}
HERTZ = {PLAIN: (44.0, 66.0), TENTHS: (4400.0, 6600.0)}

LOAD = 0.2
"""Amperes from which on power is compared with voltage times current."""
SPLIT = 0.005
"""Between P/(U*I) told in kW, at most 0.001, and told in W at any usual power factor."""


def floats(payload: bytes, *, low_first: bool = False) -> tuple[float, ...]:
    """The floats of a block of registers, `low_first` with the low word first."""
    if low_first:
        payload = b"".join(
            payload[place + 2 : place + 4] + payload[place : place + 2] for place in range(0, len(payload), 4)
        )
    return struct.unpack(f">{len(payload) // 4}f", payload)


def number_format(volts: Sequence[float], hertz: float | None, *, three_wire: bool = False) -> str | None:
    """How voltages are told: in 0.1 V or in V; None where there is no voltage, or the frequency disagrees.

    `volts` are raw phase voltages, on a three-wire meter line voltages; `hertz` is the raw frequency, None
    where it was not read.
    """
    ranges = LINE_VOLTS if three_wire else PHASE_VOLTS
    most = max((volt for volt in volts if math.isfinite(volt)), default=0.0)
    said = [form for form, (low, high) in ranges.items() if low <= most <= high]
    if hertz is not None:
        said = [form for form in said if HERTZ[form][0] <= hertz <= HERTZ[form][1]]
    return said[0] if len(said) == 1 else None


def power_unit(volts: Sequence[float], amperes: Sequence[float], powers: Sequence[float]) -> str | None:
    """Whether powers are told in W or kW, by phase; None without a load of 0.2 A or where they are 0.

    Voltage and current in V and A, powers (apparent, or active) as they are told.
    """
    loads = [
        (volt * ampere, abs(power))
        for volt, ampere, power in zip(volts, amperes, powers, strict=True)
        if math.isfinite(volt * ampere * power) and abs(ampere) >= LOAD and volt > 0 and power != 0
    ]
    told = sum(power for _, power in loads)
    true = sum(abs(apparent) for apparent, _ in loads)
    if not loads or told > 2 * true:
        return None
    return WATT if told > SPLIT * true else KILOWATT


@dataclass(slots=True)
class PowerUnit:
    """The unit of one meter's powers: `said` once it is known, by rule, by the maker or by a person.

    Until then `usual`, the maker's word for such a meter, is taken; without one only 0 is known.
    """

    said: str | None = None
    usual: str | None = None

    @property
    def factor(self) -> float | None:
        """Watts that a number of 1 means; None where that is not known yet."""
        unit = self.said or self.usual
        return None if unit is None else FACTORS[unit]

    def words(self) -> str:
        """The unit for a person."""
        if self.said is not None:
            return self.said
        if self.usual is not None:
            return f"{self.usual} by the manual, not yet compared with U*I"
        return "not known yet: it takes a load of 0.2 A"
