"""The plan of the battery against every other plan there is, on sites small enough to try them all."""

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.planning.dispatch import Act, Bank, Step, dispatch, worth

steps_of = st.builds(
    Step,
    price=st.integers(-1, 6),
    net=st.integers(-3, 4),
    charge=st.sampled_from((0, 2, 4)),
    discharge=st.integers(0, 3),
)


@st.composite
def banks(draw: st.DrawFn, efficiency: float) -> Bank:
    capacity = draw(st.integers(1, 6))
    reserve = draw(st.integers(0, capacity))
    return Bank(draw(st.integers(reserve, capacity)), reserve, capacity, efficiency)


def cost(steps: Sequence[Step], acts: Sequence[Act]) -> float:
    """What the grid costs, less what is left in the battery."""
    paid = sum(
        max(0.0, step.price) * (max(0.0, step.net) - act.taken + act.bought)
        for step, act in zip(steps, acts, strict=True)
    )
    return paid - (worth(steps) * acts[-1].left if acts else 0.0)


def cheapest(steps: Sequence[Step], bank: Bank) -> float:
    """The least cost of all plans in whole Wh."""

    @cache
    def best(place: int, left: int) -> float:
        if place == len(steps):
            return -worth(steps) * left
        step, found = steps[place], float("inf")
        price = max(0.0, step.price)
        sunny = int(max(0, min(-step.net, step.charge)))
        most = round((step.charge - sunny) * bank.efficiency)
        for taken in range(int(max(0, min(step.net, step.discharge))) + 1):
            for stored in range(most + 1):
                for sun in range(sunny + 1):
                    after = left - taken + stored + sun
                    if bank.reserve <= after <= bank.capacity:
                        paid = price * (max(0, step.net) - taken + stored / bank.efficiency)
                        found = min(found, paid + best(place + 1, after))
        return found

    return best(0, int(bank.now))


@pytest.mark.parametrize("efficiency", [1.0, 0.5])
@settings(max_examples=150)
@given(st.data())
def test_no_other_plan_is_cheaper(efficiency: float, data: st.DataObject) -> None:
    steps = data.draw(st.lists(steps_of, min_size=1, max_size=6))
    if efficiency < 1:  # so that the best plan is one in whole Wh
        steps = [Step(one.price, max(0, one.net), one.charge, one.discharge) for one in steps]
    bank = data.draw(banks(efficiency))
    assert cost(steps, dispatch(steps, bank)) == pytest.approx(cheapest(steps, bank))


amounts = st.floats(0, 5000)


@settings(max_examples=150)
@given(
    st.lists(
        st.builds(
            Step,
            price=st.floats(-1, 3),
            net=st.floats(-5000, 5000),
            charge=amounts,
            discharge=amounts,
        ),
        max_size=30,
    ),
    st.floats(0, 10000),
    st.floats(0, 10000),
    st.floats(0.3, 1),
)
def test_a_plan_stays_within_what_battery_and_devices_can(
    steps: list[Step], now: float, reserve: float, efficiency: float
) -> None:
    bank = Bank(now, reserve, 10000, efficiency)
    left = floor = now
    for step, act in zip(steps, dispatch(steps, bank), strict=True):
        assert -1e-3 <= act.taken <= max(0.0, min(step.net, step.discharge)) + 1e-3
        assert -1e-3 <= act.bought <= step.charge - step.sun + 1e-3
        assert act.left <= 10000 + 1e-2
        floor = min(reserve, max(floor, act.left))
        assert act.left >= min(reserve, floor) - 1e-2, "it never falls further under the reserve"
        assert left - act.taken <= act.left + 1e-2
        left = act.left


def test_the_cheap_hours_are_charged_in_and_the_dear_ones_lived_from() -> None:
    hours = [0.30, 0.10, 0.12, 0.30, 0.50, 0.40]
    steps = [Step(price, 1000, 3000, 3000) for price in hours]
    acts = dispatch(steps, Bank(now=1000, reserve=1000, capacity=4000, efficiency=1.0))
    assert [round(act.bought) for act in acts] == [0, 3000, 0, 0, 0, 0]
    assert [round(act.taken) for act in acts] == [0, 0, 0, 1000, 1000, 1000]


def test_at_one_price_the_battery_is_simply_used() -> None:
    acts = dispatch([Step(0.2, 500, 1000, 1000)] * 4, Bank(1500, 500, 5000, 0.85))
    assert [round(act.taken) for act in acts] == [500, 500, 0, 0]
    assert sum(act.bought for act in acts) == 0


def test_a_battery_under_its_reserve_is_charged_first() -> None:
    acts = dispatch([Step(1.0, 500, 400, 1000), Step(0.1, 500, 400, 1000)], Bank(100, 300, 5000, 1.0))
    assert [round(act.left) for act in acts] == [300, 300]
    assert [round(act.taken) for act in acts] == [0, 0]
