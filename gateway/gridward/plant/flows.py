"""Where the power goes in one step of an inverter: panels, load, battery and grid over its DC bus.

All powers in W. The losses of each conversion are summed on their own, so that
`pv + grid - battery = load + losses` says something.
"""

import math
from dataclasses import dataclass

from gridward.plant.battery import Terminals


@dataclass(frozen=True, slots=True)
class Converter:
    """Conversions of a transformerless 5 kW off-grid inverter: about 93 % from battery to load at its best.

    `own` W are used while it feeds a load (the maker's "no load consumption"), `standby` W while it
    does not. The inverting stage loses `share` of the load plus `square` at rated power, growing with
    the square of the load.
    """

    rated: float = 5000
    own: float = 60
    standby: float = 15
    share: float = 0.022
    square: float = 110
    pv: float = 0.98
    battery: float = 0.965
    rectifier: float = 0.955
    pv_limit: float = 5000

    def loss(self, load: float) -> float:
        """W lost in inverting for an AC load in W."""
        part = load / self.rated
        return self.share * load + self.square * part * part

    def inverted(self, bus: float) -> float:
        """AC power in W that a DC power in W makes: the inverse of `load + loss(load)`."""
        square = self.square / (self.rated * self.rated)
        line = 1 + self.share
        return 2 * bus / (line + math.sqrt(line * line + 4 * square * bus))


@dataclass(slots=True)
class Flows:
    """One step's powers, W: battery positive charging, grid positive import; `current` of the battery, A.

    `curtailed` is what the panels could have given besides, `unserved` the load that was left dark.
    """

    pv: float = 0.0
    curtailed: float = 0.0
    load: float = 0.0
    unserved: float = 0.0
    battery: float = 0.0
    grid: float = 0.0
    losses: float = 0.0
    current: float = 0.0
    grid_charging: float = 0.0


@dataclass(frozen=True, slots=True)
class Bank:
    """The battery as the inverter may use it in one step: A, both positive.

    `charging` is the limit for all sources, `from_grid` the part of it that the grid may give.
    """

    terminals: Terminals
    discharging: float
    charging: float
    from_grid: float


def off_grid(converter: Converter, load: float, pv: float, bank: Bank, own: float) -> Flows | None:
    """Carry a load without the grid: panels first, the battery takes or gives the rest.

    None where panels and battery together cannot carry it.
    """
    inverting = converter.loss(load)
    need = load + inverting + own
    usable = pv * converter.pv
    flows = Flows(load=load)
    if usable >= need:
        surplus = (usable - need) * converter.battery
        current = min(bank.charging, bank.terminals.current(surplus))
        stored = bank.terminals.power(current)
        spent = stored / converter.battery
        flows.pv = (need + spent) / converter.pv
        bus = spent - stored
    else:
        stored = -(need - usable) / converter.battery
        current = bank.terminals.current(stored)
        if -current > bank.discharging or bank.terminals.power(current) > stored + 1e-6:
            return None
        flows.pv = pv
        bus = -stored * (1 - converter.battery)
    flows.battery, flows.current = stored, current
    flows.losses = own + inverting + flows.pv * (1 - converter.pv) + bus
    return flows


def on_grid(
    converter: Converter, load: float, pv: float, bank: Bank, *, battery_first: bool, pv_charges: bool
) -> Flows:
    """Carry a load with the grid behind the panels; the battery only takes.

    What the panels give goes to the inverter's own use, then to the battery or the load, whichever
    comes first, then to the other; nothing is exported, the rest is curtailed.
    """
    usable = pv * converter.pv
    own = min(usable, converter.own)
    left = usable - own
    whole = load + converter.loss(load)
    for_load = 0.0 if battery_first else min(left, whole)
    pv_current = _charging(converter, bank, left - for_load) if pv_charges else 0.0
    pv_stored = bank.terminals.power(pv_current)
    spent = pv_stored / converter.battery
    if battery_first:
        for_load = min(left - spent, whole)
    ac = load if for_load == whole else converter.inverted(for_load)
    current = pv_current + max(0.0, min(bank.from_grid, bank.charging - pv_current))
    stored = bank.terminals.power(current)
    charging = (stored - pv_stored) / (converter.battery * converter.rectifier)
    used = (own + for_load + spent) / converter.pv
    return Flows(
        pv=used,
        load=load,
        battery=stored,
        current=current,
        grid=load - ac + converter.own - own + charging,
        grid_charging=charging,
        losses=converter.own
        + converter.loss(ac)
        + used * (1 - converter.pv)
        + (spent - pv_stored)
        + charging * (1 - converter.battery * converter.rectifier),
    )


def _charging(converter: Converter, bank: Bank, bus: float) -> float:
    """A that a DC power in W can charge with, within the bank's limit."""
    return min(bank.charging, bank.terminals.current(max(0.0, bus) * converter.battery))
