"""A command asked over the broker: its results by id until the final one, on a turned clock."""

import asyncio
import contextlib
import json

import pytest

from gridward.commands import Commands, Result
from gridward_kit.testing import MemoryBroker, TurnedClock

TOPIC = "gridward/home/inverter/output_source_priority"


class Asking:
    """Somebody at the page, and a device that answers when told to."""

    def __init__(self) -> None:
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("http")
        self.commands = Commands(self.link, self.clock)
        self.results: list[Result] = []

    def press(self) -> asyncio.Task[None]:
        async def work() -> None:
            async for result in self.commands.ask("inverter", "output_source_priority", "SBU", "page:anna"):
                self.results.append(result)

        return asyncio.create_task(work())

    @property
    def sent(self) -> list[dict[str, object]]:
        return [json.loads(payload) for payload in self.broker.said(f"{TOPIC}/command")]

    def answer(self, status: str, identifier: object = None, **more: object) -> None:
        name = self.sent[-1]["id"] if identifier is None else identifier
        content = {"v": 1, "id": name, "status": status, "by": "page:anna", **more}
        self.broker.publish(f"{TOPIC}/result", json.dumps(content))

    async def ended(self, task: asyncio.Task[None]) -> None:
        await self.clock.turn(0)
        assert task.done()
        await task

    @property
    def statuses(self) -> list[str]:
        return [result.status for result in self.results]


@pytest.fixture
def asking() -> Asking:
    return Asking()


async def test_a_command_is_confirmed_by_what_was_read_back(asking: Asking) -> None:
    task = asking.press()
    await asking.clock.turn(0.5)
    assert asking.sent == [
        {"v": 1, "value": "SBU", "id": asking.sent[0]["id"], "by": "page:anna", "ttl": 10.0}
    ]
    assert (f"{TOPIC}/command", False) in [(topic, retain) for topic, _, retain in asking.broker.log]
    asking.answer("accepted", value="USB")
    asking.answer("accepted", identifier="of somebody else")
    await asking.clock.turn(30)
    asking.answer("confirmed", value="SBU")
    await asking.ended(task)
    assert [(result.status, result.value) for result in asking.results] == [
        ("accepted", "USB"),
        ("confirmed", "SBU"),
    ]


@pytest.mark.parametrize("status", ["refused", "failed", "unchanged", "confirmed"])
async def test_every_final_status_ends_it(asking: Asking, status: str) -> None:
    task = asking.press()
    await asking.clock.turn(0)
    asking.answer(status, reason="as it is")
    asking.answer("accepted")
    await asking.ended(task)
    assert asking.statuses == [status]
    assert asking.results[0].reason == "as it is"


async def test_silence_is_failed_after_the_time_to_live(asking: Asking) -> None:
    task = asking.press()
    await asking.clock.turn(11.9)
    assert not task.done()
    await asking.clock.turn(0.2)
    await asking.ended(task)
    assert asking.statuses == ["failed"]
    assert asking.results[0].reason == "no answer within 12 s"


async def test_a_device_that_accepts_and_then_says_nothing_has_failed(asking: Asking) -> None:
    task = asking.press()
    await asking.clock.turn(5)
    asking.answer("accepted")
    await asking.clock.turn(59)
    assert asking.statuses == ["accepted"]
    await asking.clock.turn(1.1)
    await asking.ended(task)
    assert asking.statuses == ["accepted", "failed"]


async def test_without_a_broker_nothing_is_sent_to_be_delivered_later(asking: Asking) -> None:
    asking.link.connected = False
    task = asking.press()
    await asking.ended(task)
    assert asking.statuses == ["failed"]
    asking.link.reconnect()
    assert asking.sent == []


async def test_two_presses_are_told_apart(asking: Asking) -> None:
    first, second = asking.press(), asking.press()
    await asking.clock.turn(0)
    one, two = asking.sent
    assert one["id"] != two["id"]
    asking.answer("refused", identifier=two["id"], reason="two")
    asking.answer("confirmed", identifier=one["id"], reason="one")
    await asking.ended(first)
    await asking.ended(second)
    assert {result.reason for result in asking.results} == {"one", "two"}


async def test_who_stops_listening_leaves_nothing_behind(asking: Asking) -> None:
    task = asking.press()
    await asking.clock.turn(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    asking.answer("confirmed")
    asking.broker.publish(f"{TOPIC}/result", "garbage")
    again = asking.press()
    await asking.clock.turn(0)
    asking.answer("confirmed")
    await asking.ended(again)
    assert asking.statuses == ["confirmed"]
