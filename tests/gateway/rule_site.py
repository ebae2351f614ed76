"""Devices that answer or not and obey, a policy with an envelope over them, and a clock to be torn about."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from gridward.rules.condition import Compare
from gridward.rules.engine import Decision, Inputs, Memory, decide
from gridward.rules.inputs import Source
from gridward.rules.policy import Criticality, Output, Policy, Rule, Wish
from gridward.rules.view import Ref, View
from gridward_kit.point import Value

VOLTS = Ref("bms", "voltage", "battery.voltage", "V")
SOC = Ref("bms", "soc", "battery.soc", "%")
SOURCE = Ref("inverter", "source", "inverter.source", "", ("USB", "SUB", "SBU"))
AMPERES = Ref("inverter", "amperes", "inverter.amperes", "A")
HOLD, GRACE, LOW, LEAST, MOST, FLOOR = 60.0, 30.0, 50.6, 5.0, 40.0, 10.0
DEVICES: Mapping[str, tuple[Ref, ...]] = {"bms": (VOLTS, SOC), "inverter": (SOURCE, AMPERES)}
LOWER: tuple[Criticality, ...] = ("business", "optimisation", "supporting")
SAFE = Rule("safe", "Safe.", Compare(VOLTS, "at_most", LOW), (Wish(SOURCE, "USB"),), HOLD, 1.0, "safety")
HOUR, DAY, YEAR = 3600.0, 86400.0, 365 * 86400.0
AMPS = st.floats(-1e4, 1e4)
JUMPS = st.sampled_from([HOUR, DAY, 3 * YEAR, -HOUR, -DAY, -3 * YEAR])


def policy(*lower: Rule, per_day: int = 20) -> Policy:
    outputs = (
        Output(SOURCE, fallback="SUB", grace=GRACE, per_day=per_day),
        Output(AMPERES, LEAST, MOST, Compare(SOC, "above", FLOOR), per_day=per_day),
    )
    rules = (SAFE, *lower)
    return Policy("p", "d", rules=rules, outputs={one.ref: one for one in outputs}, settle=0.0)


@dataclass
class Site:
    """Devices that answer or not, obey or not; a clock of its own, which may be torn about."""

    of: Policy
    state: dict[Ref, Value] = field(
        default_factory=lambda: {VOLTS: 52.0, SOC: 50.0, SOURCE: "SBU", AMPERES: 20.0}
    )
    silent: set[str] = field(default_factory=set)
    overrides: dict[Ref, Value] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    now: float = 10 * YEAR
    last: tuple[Decision, ...] = ()

    def view(self) -> View:
        sources = {}
        for device, refs in DEVICES.items():
            values = {ref.key: self.state[ref] for ref in refs if ref in self.state}
            sources[device] = Source(device, fresh=device not in self.silent, age=1.0, values=values)
        return View(sources)

    def step(self, seconds: float = 5.0) -> list[Decision]:
        self.now += seconds
        found, self.memory = decide(Inputs(self.view(), self.overrides), self.of, self.now, self.memory)
        self.last = found
        writes = [one for one in found if one.code == "write"]
        for one in writes:
            assert one.value is not None
            self.state[one.output] = one.value
        return writes
