"""Schedule and tariff beside the other policies, and through days when clocks change."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gridward.document import Fault
from gridward.energies.core import Tariff, Window
from gridward.planning import core
from gridward.planning.core import Inputs, Memory, Settings
from gridward.planning.forecast import Forecast, House, Place, Sun
from gridward.planning.prices import Prices, day, of_tariff
from gridward.planning.request import request
from gridward.planning.slots import Limits, Schedule, put
from gridward.planning.spec import PlanSpec
from gridward.planning.tonight import Bank
from gridward.policies.rulefile import path_of, read_policy
from gridward.policies.siterules import catalogue_of
from gridward.rules import story
from gridward.rules.catalogue import Catalogue
from gridward.rules.merged import merged
from gridward.rules.policy import Policy
from gridward.site import DeviceSpec
from gridward_kit.integration import integrations
from gridward_kit.point import Value

ZONE = ZoneInfo("Europe/Bratislava")
EVERY = frozenset(range(7))
NIGHTLY = Tariff(
    "EUR", 0.30, 0.05, (Window(EVERY, time(22), time(6), 0.10), Window(EVERY, time(17), time(21), 0.60))
)
SPECS = tuple(
    DeviceSpec(name, integration, name, writable=True)
    for name, integration in (("inverter", "axpert"), ("bms", "daly"))
)
ROLES = {"pv": "inverter", "load": "inverter", "battery": "bms"}
CAPACITY, CHARGES = 10_000.0, 2500.0


def catalogue() -> Catalogue:
    return catalogue_of(SPECS, ROLES, integrations())


def policy(*names: str) -> Policy:
    faults: list[Fault] = []
    found = merged([read_policy(path_of(name, Path()), catalogue(), faults) for name in names])
    assert faults == []
    return found


class Day:
    """A house of 500 W without sun, and its plan and rules minute by minute; the grid charges with 2.5 kW."""

    def __init__(self, text: str, names: tuple[str, ...], soc: float = 40.0) -> None:
        noon = datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=ZONE).timestamp()
        self.begin, self.end = day(noon, ZONE)
        self.soc = soc
        self.load = 500.0
        self.schedule: Schedule = ()
        self.catalogue = catalogue()
        self.house = story.House(replace(policy(*names), gap=60.0), ZONE)
        self.memory = Memory()
        self.forecast = Forecast(Sun(Place(48, 17), 0.0), House(ZONE, {}, {}, 500.0))
        self.settings = Settings(ZONE, PlanSpec(reserve=20.0, efficiency=0.9))
        self.prices: Prices = of_tariff(NIGHTLY, self.begin, self.end + 86400, ZONE)
        self.alive = True
        self.set(
            {
                "inverter.output_source_priority": "SBU",
                "inverter.charger_source_priority": "only_solar",
                "inverter.max_utility_charging_current": 30,
                "inverter.grid_voltage": 231,
                "inverter.load_percentage": 20,
                "inverter.battery_redischarge_voltage": 54,
                "battery.voltage": 52.4,
            }
        )

    def set(self, values: Mapping[str, Value | None]) -> None:
        self.house.has({self.catalogue.find(said).ref: value for said, value in values.items()})

    def stands(self, key: str) -> Value:
        return self.house.state[self.catalogue.find(f"inverter.{key}").ref]

    def grid(self) -> float:
        """W from the grid now, and what becomes of the battery in a minute."""
        on_battery = self.stands("output_source_priority") == "SBU"
        charging = not on_battery and self.stands("charger_source_priority") == "solar_and_utility"
        power = CHARGES if charging else -self.load if on_battery else 0.0
        self.soc = min(100.0, self.soc + power / 60 / CAPACITY * 100)
        return (0.0 if on_battery else self.load) + max(0.0, power)

    def run(self, begin: float | None = None, end: float | None = None) -> Iterator[tuple[datetime, float]]:
        """Live the day; yields each minute's local time and W from the grid."""
        at = self.begin if begin is None else begin
        while at < (self.end if end is None else end):
            self.plan(at)
            grid = self.grid()
            self.set({"site.soc": self.soc, "site.load_power": self.load, "site.grid_power": grid})
            self.house.step(30.0)
            self.house.step(30.0)
            yield datetime.fromtimestamp(at, ZONE), grid
            at += 60

    def plan(self, at: float) -> None:
        values: dict[str, Value] = {}
        if self.alive:
            bank = Bank(self.soc, -self.load, 51.2, CAPACITY, 16)
            slow = (
                at - self.begin
            ) / 60  # so that the night, which nobody asks for, is looked at once an hour
            inputs = Inputs(
                slow, at, bank, self.load, None, CHARGES, 5000.0, 51.2, self.prices, self.forecast
            )
            inputs = replace(inputs, schedule=self.schedule)
            self.memory, values = core.step(self.memory, inputs, self.settings)
        self.set(
            {
                f"plan.{row}": values.get(row)
                for row in (
                    "schedule_mode",
                    "planned",
                    "charge_now",
                    "discharge_now",
                    "needed_soc",
                    "charge_current",
                    "plan_reason",
                )
            }
        )


@pytest.mark.parametrize(("text", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-02", 24)])
def test_a_day_by_tariff_costs_less_than_one_on_the_grid(text: str, hours: int) -> None:
    house = Day(text, ("tariff",))
    cost = plain = 0.0
    dear: list[float] = []
    minutes = 0
    for local, grid in house.run():
        price = NIGHTLY.at(local)[0]
        cost, plain, minutes = cost + grid * price / 6e4, plain + 500 * price / 6e4, minutes + 1
        if price == 0.6:
            dear.append(grid)
        assert house.soc > 19.0
    assert minutes == 60 * hours
    assert sum(dear[5:]) == 0, "the dear hours are lived from the battery, but for the time a switch takes"
    assert cost - (house.soc - 40) / 100 * CAPACITY / 1000 * 0.10 < 0.6 * plain
    assert house.soc >= 19.5


def test_a_price_list_that_ends_leaves_the_house_to_the_other_rules() -> None:
    house = Day("2026-06-02", ("tariff",))
    list(house.run(end=house.begin + 2 * 3600))
    assert house.stands("charger_source_priority") in ("solar_and_utility", "only_solar")
    house.set({"inverter.charger_source_priority": "solar_and_utility"})
    house.prices = ()
    list(house.run(house.begin + 2 * 3600, house.begin + 4 * 3600))
    assert house.stands("charger_source_priority") == "only_solar"
    assert (
        house.house.state[house.catalogue.find("plan.plan_reason").ref]
        == "No plan: no prices for the next hours."
    )
    before = house.stands("output_source_priority")
    list(house.run(house.begin + 4 * 3600, house.begin + 24 * 3600))
    assert house.stands("output_source_priority") == before, "nothing is asked any more"


def test_a_planning_that_dies_ends_its_charging_and_no_more() -> None:
    house = Day("2026-06-02", ("schedule", "tariff"))
    wish = json.dumps({"slots": [{"start": "2026-06-02T10:00", "end": "2026-06-02T14:00", "power": 2000}]})
    house.schedule = put((), request(wish, ZONE, house.begin).slots, house.begin, Limits())
    list(house.run(end=house.begin + 11 * 3600))
    assert house.stands("charger_source_priority") == "solar_and_utility"
    house.alive = False
    list(house.run(house.begin + 11 * 3600, house.begin + 11.25 * 3600))
    assert house.stands("charger_source_priority") == "only_solar"


@pytest.mark.parametrize("text", ["2026-03-29", "2026-10-25"])
def test_a_slot_beats_the_tariff_from_its_start_to_its_end(text: str) -> None:
    house = Day(text, ("tariff", "schedule"), soc=80.0)
    wish = json.dumps({"slots": [{"start": f"{text}T17:30", "end": f"{text}T19:00", "mode": "hold"}]})
    house.schedule = put((), request(wish, ZONE, house.begin).slots, house.begin, Limits())
    held = [local for local, grid in house.run() if NIGHTLY.at(local)[0] == 0.6 and grid > 0]
    assert len(held) == pytest.approx(90, abs=3)
    start = datetime.fromisoformat(f"{text}T17:30").replace(tzinfo=ZONE)
    assert timedelta(0) <= held[0] - start <= timedelta(minutes=3)


@pytest.mark.parametrize("order", [("schedule", "peak-shaving"), ("peak-shaving", "schedule")])
def test_peak_shaving_beats_a_slot_that_charges(order: tuple[str, ...]) -> None:
    house = Day("2026-06-02", order, soc=60.0)
    wish = json.dumps({"slots": [{"start": "2026-06-02T08:00", "end": "2026-06-02T12:00", "power": 2500}]})
    house.schedule = put((), request(wish, ZONE, house.begin).slots, house.begin, Limits())
    ten, eleven, hour = house.begin + 10 * 3600, house.begin + 11 * 3600, 3600
    before = [grid for _, grid in house.run(house.begin + 9 * hour, ten)]
    assert before[-1] == 500 + CHARGES, "the slot charges"
    house.load = 7000.0
    peak = [grid for _, grid in house.run(ten, ten + 1800)]
    assert max(peak[1:]) <= 8000, "charging is given up first: 7 kW of load fit under the contract"
    assert house.stands("charger_source_priority") == "only_solar"
    house.load = 15_000.0
    peak = [grid for _, grid in house.run(ten + 1800, ten + 2400)]
    assert max(peak[1:]) <= 8000, "then the battery carries the house"
    house.load = 500.0
    after = [grid for _, grid in house.run(ten + 2400, eleven + hour)]
    assert after[-1] == 500 + CHARGES, "the slot goes on after the peak"
