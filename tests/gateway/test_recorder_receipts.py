"""What may be acknowledged: never a message that has not come and that its sender may still hold."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gridward.recorder.receipts import PATIENCE, Receipts


def told(*numbers: int, oldest: int | None = None) -> Receipts:
    receipts = Receipts()
    for number in numbers:
        receipts.add(number, oldest, 0.0)
    return receipts


def test_in_order() -> None:
    assert told(1, 2, 3).complete == 3
    assert Receipts().complete is None


def test_a_gap_holds_back_what_is_behind_it() -> None:
    receipts = told(1, 2, 5)
    assert receipts.complete == 2
    assert receipts.add(4, None, 1.0)
    assert receipts.add(3, None, 2.0)
    assert receipts.complete == 5


def test_a_repeat_is_known() -> None:
    receipts = told(1, 2, 3)
    assert [receipts.add(number, None, 1.0) for number in (1, 3, 4, 4)] == [False, False, True, False]


def test_a_backlog_older_than_the_first_message_is_waited_for() -> None:
    receipts = told(2001)
    assert receipts.complete is None
    receipts.add(1, None, 15.0)
    assert receipts.complete == 1


def test_the_sender_says_what_it_still_holds() -> None:
    assert told(2001, oldest=2001).complete == 2001
    assert told(2001, oldest=1).complete is None
    receipts = told(1, 2, 7, oldest=1)
    assert receipts.complete == 2
    receipts.add(8, 7, 1.0)
    assert receipts.complete == 8


def test_a_sender_that_comes_again_from_behind_the_gap_has_nothing_before_it() -> None:
    receipts = told(1, 2, 7, 8)
    receipts.add(7, None, PATIENCE - 1)
    assert receipts.complete == 2, "a repeat at once may be the broker's"
    receipts.add(7, None, PATIENCE)
    assert receipts.complete == 8


def test_an_oldest_beyond_the_message_is_not_believed() -> None:
    receipts = Receipts()
    receipts.add(5, 99, 0.0)
    assert receipts.complete == 5


@given(numbers=st.lists(st.integers(1, 60), max_size=80))
def test_ranges_say_what_came(numbers: list[int]) -> None:
    receipts = told(*numbers)
    assert {number for number in range(70) if number in receipts} == set(numbers)
    assert all(
        one[1] + 1 < other[0] for one, other in zip(receipts.ranges, receipts.ranges[1:], strict=False)
    )
    run = next(number for number in range(1, 70) if number not in set(numbers)) - 1
    assert receipts.complete == (run or None)


@given(data=st.data(), speaks=st.booleans())
def test_nothing_is_lost_on_a_line_that_drops_and_repeats(data: st.DataObject, speaks: bool) -> None:
    """A sender that forgets what is acknowledged, resends its oldest first and loses messages at random."""
    receipts = Receipts()
    waiting: deque[int] = deque()
    stored: set[int] = set()
    for seq in range(1, data.draw(st.integers(2, 13))):
        now = 5.0 * seq
        waiting.append(seq)
        burst = [*list(waiting)[:3], seq] if data.draw(st.booleans()) else [seq]
        # What a connection loses is its tail; a whole burst may go by.
        arrived = burst[: data.draw(st.integers(0, len(burst)))]
        for number in arrived:
            receipts.add(number, waiting[0] if speaks else None, now)
            stored.add(number)
        complete = receipts.complete
        while complete is not None and waiting and waiting[0] <= complete:
            assert waiting.popleft() in stored
