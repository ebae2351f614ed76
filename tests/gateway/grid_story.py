"""Stories of the grid switch: its inputs when all is well, and a clock that is turned."""

from collections.abc import Mapping
from dataclasses import replace

from gridward.rules.grid_switch import Decision, Memory, decide
from gridward.rules.inputs import Inputs, Source, Wish
from gridward.site import GridSwitchSettings
from gridward_kit.point import Value

SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", grid_meter="grid_meter", logger="logger")
BANK: Mapping[str, Value] = {
    "voltage": 53.2,
    "current": -12.0,
    "discharge_mosfet": True,
    "cell_voltage_min": 3.31,
}
INVERTER: Mapping[str, Value] = {"mode": "battery", "output_voltage": 230.1, "problem": False}
LOGGER: Mapping[str, Value] = {"reachable": True}
GRID: Mapping[str, Value] = {"voltage": 231.0, "frequency": 50.0}
WELL = {"battery": BANK, "inverter": INVERTER, "logger": LOGGER, "grid": GRID}
NAMES = {"battery": "the BMS", "inverter": "the inverter", "logger": "the logger's host", "grid": "the meter"}


def source(part: str, values: Mapping[str, Value], side: str | None = "grid") -> Source:
    return Source(
        NAMES[part], side=side, fresh=bool(values), age=1.0, values=values, keys=frozenset(WELL[part])
    )


class Story:
    """A house whose inputs change, decided once a second."""

    def __init__(self, rules: GridSwitchSettings = SETTINGS) -> None:
        self.rules = rules
        self.now = 5000.0
        self.memory = Memory()
        self.wish: Wish = "auto"
        self.sources = {part: source(part, values) for part, values in WELL.items()}

    def has(self, part: str, **values: Value | None) -> None:
        merged = {**self.sources[part].values, **values}
        there = {key: value for key, value in merged.items() if value is not None}
        self.sources[part] = source(part, there, self.sources[part].side)

    def silent(self, part: str, seconds: float | None) -> None:
        self.sources[part] = replace(self.sources[part], fresh=False, values={}, age=seconds)

    def decide(self) -> Decision:
        decision = decide(Inputs(self.sources, self.wish), self.rules, self.now, self.memory)
        self.memory = decision.memory
        return decision

    def after(self, seconds: float) -> Decision:
        """Decide every second for so long; the last decision."""
        for _ in range(int(seconds)):
            self.now += 1.0
            decision = self.decide()
        return decision

    def islanded(self) -> "Story":
        assert self.after(62).position == "islanded"
        return self

    def rested(self) -> None:
        """It has not switched for long, and may again."""
        self.memory = replace(self.memory, changes=())
