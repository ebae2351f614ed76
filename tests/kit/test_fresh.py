"""What a device says at any moment is what was read and is not stale, and what that alone amounts to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gridward_kit.entity import POWER, Sensor, derive
from gridward_kit.fresh import Fresh
from gridward_kit.point import Derived, Field

ANSWERS = {"fast": ("volts", "amperes"), "slow": ("offset",)}
STALE = {"fast": 10.0, "slow": 90.0}
ROWS = (
    *(Sensor(key, key, Field(query, 0)) for query, keys in ANSWERS.items() for key in keys),
    Sensor("watts", "Watts", Derived(("volts", "amperes"), lambda volts, amperes: volts * amperes), POWER),
    Sensor("net", "Net", Derived(("watts", "offset"), lambda watts, offset: watts - offset), POWER),
    Sensor("label", "Label", Derived((), lambda: "L1")),
)

Answer = tuple[str, dict[str, float], float]


@st.composite
def answers(draw: st.DrawFn) -> list[Answer]:
    """Answers in time: which query, what of its values were true, the seconds until the next."""
    queries = draw(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=12))
    values = st.integers(-5, 5).map(float)
    return [
        (
            query,
            draw(st.fixed_dictionaries({}, optional=dict.fromkeys(ANSWERS[query], values))),
            draw(st.sampled_from((0.5, 7.0, 10.0, 40.0))),
        )
        for query in queries
    ]


@settings(max_examples=40)
@given(answers())
def test_computed_values_are_those_that_all_fresh_values_give(said: list[Answer]) -> None:
    fresh, now, read = Fresh(), 0.0, dict[str, tuple[float, float]]()
    fresh.describe(ROWS)
    for query, values, pause in said:
        gone = frozenset(ANSWERS[query]) - values.keys()
        told = fresh.take(values, gone, now, now + STALE[query])
        assert values.items() <= told.items() <= fresh.values(now).items()
        read |= {key: (value, now + STALE[query]) for key, value in values.items()}
        read = {key: item for key, item in read.items() if key not in gone}
        for moment in (now, now + pause):
            left = {key: value for key, (value, until) in read.items() if moment <= until}
            computed = {key: value for key, value in derive(ROWS, left).items() if key != "label"}
            found = {key: value for key, value in fresh.values(moment).items() if key != "label"}
            assert found == left | computed
        now += pause


def test_a_computed_value_is_gone_with_the_first_that_it_came_of() -> None:
    fresh = Fresh()
    fresh.describe(ROWS)
    fresh.take({"volts": 50.0, "amperes": 2.0}, frozenset(), 0.0, 10.0)
    fresh.take({"offset": 1.0}, frozenset(), 5.0, 95.0)
    assert fresh.values(10.0)["net"] == 99.0
    assert fresh.values(10.5).keys() == {"offset", "label"}
    fresh.take({"volts": 50.0}, frozenset({"amperes"}), 11.0, 21.0)
    assert fresh.values(11.0).keys() == {"offset", "label", "volts"}


def test_only_what_moved_is_told_anew() -> None:
    fresh = Fresh()
    fresh.describe(ROWS)
    fresh.take({"volts": 50.0, "amperes": 2.0}, frozenset(), 0.0, 10.0)
    assert fresh.take({"offset": 1.0}, frozenset(), 1.0, 91.0) == {"offset": 1.0, "net": 99.0, "label": "L1"}
