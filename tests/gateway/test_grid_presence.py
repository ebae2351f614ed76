"""Whether the public grid is there: from whom, after how long, and when nobody knows."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import broken, red

from gridward.rules import grid_presence
from gridward.rules.grid_presence import LOST, SETTLED, Seen
from gridward.rules.inputs import Inputs, Source
from gridward.site import GridSwitchSettings
from gridward_kit.point import Value

SETTINGS = GridSwitchSettings("bms", "inverter", relay="contactor", grid_meter="grid_meter")
WINDOW = SETTINGS.grid_window


def source(values: Mapping[str, Value], side: str | None = None) -> Source:
    return Source("it", side=side, fresh=bool(values), age=0.0, values=values, keys=frozenset(values))


class Watch:
    """Looks once a second at what the house sees of the grid."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seen = Seen()

    def see(
        self,
        seconds: float,
        *,
        meter: tuple[float, float] | None = None,
        side: str | None = "grid",
        inverter: tuple[float, float] | None = None,
        feedback: str | None = None,
    ) -> str:
        named = {
            "grid": source({} if meter is None else {"voltage": meter[0], "frequency": meter[1]}, side),
            "inverter": source(
                {} if inverter is None else {"grid_voltage": inverter[0], "grid_frequency": inverter[1]}
            ),
            "relay": source({} if feedback is None else {"feedback": feedback}),
        }
        for _ in range(round(seconds)):
            self.now += 1
            self.seen = grid_presence.look(Inputs(named), SETTINGS, self.now, self.seen)
        return self.seen.presence


GOOD, DEAD = (230.0, 50.0), (0.0, 0.0)


def test_present_after_a_whole_window() -> None:
    watch = Watch()
    assert watch.see(WINDOW, meter=GOOD) == "unknown"
    assert watch.see(1, meter=GOOD) == "present"


def test_one_bad_second_begins_the_window_anew() -> None:
    watch = Watch()
    watch.see(WINDOW - 1, meter=GOOD)
    watch.see(1, meter=DEAD)
    assert watch.see(WINDOW, meter=GOOD) == "unknown"
    assert watch.see(1, meter=GOOD) == "present"


def test_an_outage_and_its_end() -> None:
    watch = Watch()
    watch.see(WINDOW + 1, meter=GOOD)
    assert watch.see(LOST, meter=DEAD) == "present", "one doubted reading is no outage"
    assert watch.see(1, meter=DEAD) == "absent"
    assert watch.see(WINDOW, meter=GOOD) == "absent"
    assert watch.see(1, meter=GOOD) == "present"


@pytest.mark.parametrize(
    ("reading", "stays"),
    [
        ((205.0, 50.0), True),
        ((203.9, 50.0), False),
        ((255.9, 50.0), True),
        ((230.0, 48.95), True),
        ((230.0, 51.2), False),
    ],
)
def test_a_grid_at_the_edge_does_not_flicker(reading: tuple[float, float], *, stays: bool) -> None:
    watch = Watch()
    assert watch.see(WINDOW + 1, meter=reading) != "present" or reading == GOOD
    watch = Watch()
    watch.see(WINDOW + 1, meter=GOOD)
    assert watch.see(30, meter=reading) == ("present" if stays else "absent")


def test_a_meter_behind_the_contactor_proves_nothing() -> None:
    watch = Watch()
    for side in ("house", None):
        assert watch.see(2 * WINDOW, meter=DEAD, side=side) == "unknown"
        assert watch.see(2 * WINDOW, meter=GOOD, side=side) == "unknown"


def test_the_inverter_tells_while_the_contact_is_closed() -> None:
    watch = Watch()
    assert watch.see(2 * WINDOW, inverter=DEAD, feedback="islanded") == "unknown"
    assert watch.see(SETTLED, inverter=DEAD, feedback="connected") == "unknown", "it was read before"
    assert watch.see(LOST + 1, inverter=DEAD, feedback="connected") == "absent"
    assert watch.see(WINDOW + 1, inverter=GOOD, feedback="connected") == "present"
    assert watch.see(1, inverter=GOOD, feedback="islanded") == "unknown"
    assert watch.see(2 * WINDOW, inverter=GOOD, feedback=None) == "unknown", "nobody says where it stands"


def test_a_meter_that_falls_silent_leaves_it_unknown() -> None:
    watch = Watch()
    watch.see(WINDOW + 1, meter=GOOD)
    assert watch.see(1) == "unknown"
    assert watch.see(WINDOW, meter=GOOD) == "unknown"


def test_a_pause_in_looking_proves_nothing_of_what_was_between() -> None:
    watch = Watch()
    watch.see(WINDOW - 5, meter=GOOD)
    watch.now += 3600
    assert watch.see(6, meter=GOOD) == "unknown"
    assert watch.see(WINDOW, meter=GOOD) == "present"


READINGS = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.sampled_from((GOOD, DEAD, (205.0, 50.0), (230.0, 40.0), None)),
        st.sampled_from((GOOD, DEAD, None)),
        st.sampled_from(("connected", "islanded", None)),
        st.sampled_from(("grid", "house")),
    ),
    max_size=12,
)


@given(READINGS)
def test_present_needs_its_window_and_a_witness(
    history: list[tuple[int, tuple[float, float] | None, tuple[float, float] | None, str | None, str]],
) -> None:
    watch, good_for = Watch(), 0
    for seconds, meter, inverter, feedback, side in history:
        for _ in range(seconds):
            before = watch.seen.presence
            said = watch.see(1, meter=meter, side=side, inverter=inverter, feedback=feedback)
            witness = (meter is not None and side == "grid") or (
                inverter is not None and feedback == "connected"
            )
            reading = meter if meter is not None and side == "grid" else inverter
            good_for = good_for + 1 if witness and reading == GOOD else 0
            assert witness or said == "unknown"
            if said == "present" and before != "present":
                assert good_for > WINDOW


@pytest.mark.parametrize("name", ["grid_without_window", "meter_behind_the_contactor_counts"])
def test_broken_presence_is_found(name: str) -> None:
    with broken(name):
        red(test_present_needs_its_window_and_a_witness)
