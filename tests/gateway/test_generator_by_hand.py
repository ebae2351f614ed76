"""A generator is put on the house by a person who was asked: on the page and on the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from planning_house import site

from gridward import setting
from gridward.commands import Commands
from gridward.live import Live
from gridward.page.choices import FEEDS, question
from gridward.setting import Line, set_once
from gridward_kit.testing import MemoryBroker, TurnedClock

INFO = '{"v": 1, "kind": "relay", "name": "Generator", "writable": true, "entities": {"feed_house": {}}}'


@pytest.mark.parametrize("wish", ["ON", "on", "true"])
async def test_who_is_not_sure_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    link = broker.link("cli")
    line = Line(Live(link, clock), Commands(link, clock), "memory")
    broker.publish("gridward/home/generator/info", INFO, retain=True)

    @asynccontextmanager
    async def connected(*_: object) -> AsyncIterator[Line]:
        yield line

    monkeypatch.setattr(setting, "connected", connected)
    told = await set_once(site(tmp_path), None, "generator", "feed_house", wish, expert=False)
    assert (told["status"], told["reason"]) == ("refused", f"{FEEDS} If so, say --sure")
    assert broker.said("gridward/home/generator/feed_house/command") == []


def test_the_page_asks_before_it_goes_on_and_not_before_it_goes_off() -> None:
    assert "whether the grid is there may not be known" in str(question("relay", "feed_house", True))
    assert question("relay", "feed_house", False) is None
    assert question("relay", "switch", True) is None
