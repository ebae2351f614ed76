"""Who takes a message is found once for each topic, however many devices a connection serves."""

from unittest.mock import patch

from aiomqtt import Topic
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.takers import MOST, Takers

LEVELS = st.sampled_from(["a", "b", "state"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)
FILTERS = st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=4).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"]), "#"])
)


@given(filters=st.lists(FILTERS, max_size=6), topics=st.lists(TOPICS, min_size=1, max_size=6))
def test_each_filter_that_fits_takes_in_the_order_they_asked(filters: list[str], topics: list[str]) -> None:
    takers: Takers[int] = Takers()
    for number, wanted in enumerate(filters):
        takers.add(wanted, number)
        for topic in topics:
            fitting = [place for place, one in enumerate(filters[: number + 1]) if Topic(topic).matches(one)]
            assert list(takers.of(topic)) == fitting


def test_a_hundred_devices_cost_a_message_no_more_than_one() -> None:
    takers: Takers[str] = Takers()
    for number in range(100):
        takers.add(f"gridward/home/d{number}/+/command", f"d{number}")
    asked = [f"gridward/home/d{number}/mode/command" for number in range(100)]
    assert [takers.of(topic) for topic in asked] == [(f"d{number}",) for number in range(100)]
    with patch.object(Topic, "matches", side_effect=AssertionError("looked for again")):
        assert [takers.of(topic) for topic in asked] == [(f"d{number}",) for number in range(100)]


def test_strange_topics_do_not_fill_the_memory() -> None:
    takers: Takers[str] = Takers()
    takers.add("#", "all")
    for number in range(MOST + 5):
        takers.of(f"strange/{number}")
    assert len(takers._found) <= MOST
