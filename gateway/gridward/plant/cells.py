"""The LiFePO4 cell: rest voltage by state of charge and temperature, and resistance by temperature."""

import math
from itertools import pairwise

# Rest voltage (V) of large prismatic LFP cells at 25 degC by state of charge (%): the flat plateau
# between steep ends that makers' sheets of 280 Ah cells show; 100 % is defined as 3.65 V.
REST = (
    (0.0, 2.50),
    (1.0, 2.72),
    (2.0, 2.86),
    (4.0, 3.01),
    (7.0, 3.12),
    (10.0, 3.185),
    (15.0, 3.218),
    (20.0, 3.240),
    (30.0, 3.276),
    (40.0, 3.290),
    (50.0, 3.297),
    (60.0, 3.308),
    (65.0, 3.322),
    (70.0, 3.329),
    (80.0, 3.332),
    (90.0, 3.334),
    (95.0, 3.340),
    (97.0, 3.352),
    (98.0, 3.372),
    (99.0, 3.425),
    (99.5, 3.490),
    (100.0, 3.650),
)
STEPS = 2000
ENTROPY = 0.0001  # V/degC, mean over the plateau


def rest_voltage(soc: float) -> float:
    """V at 25 degC after long rest, for a state of charge of 0 to 100 %; straight between the points."""
    for (low, volts), (high, more) in pairwise(REST):
        if soc <= high:
            return volts + (more - volts) * (soc - low) / (high - low)
    return REST[-1][1]


LEVELS = tuple(rest_voltage(100 * step / STEPS) for step in range(STEPS + 1))
"""Rest voltage at each 0.05 % of charge."""
RISES = (*(after - before for before, after in pairwise(LEVELS)), LEVELS[-1] - LEVELS[-2])
"""How much it rises to the next, beyond the last too."""


def cold_factor(temperature: float) -> float:
    """Resistance relative to 25 degC: about double at 0 degC (Arrhenius, 30 kJ/mol near it)."""
    return math.exp(0.028 * (25 - max(-20.0, min(55.0, temperature))))
