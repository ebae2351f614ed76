"""Devices that join and leave a running bus: one that left says nothing more, one may come back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from faults.line_house import Member, pack, until, wired_up
from faults.turned_line import PassingClock, TurnedPort

from gridward_daly import INTEGRATION as DALY
from gridward_daly.protocol import HOST
from gridward_eastron import INTEGRATION as EASTRON
from gridward_kit.bus import Bus
from gridward_kit.integration import Ask, Identity, Options
from gridward_kit.kept import Kept
from gridward_kit.port import Cut
from gridward_kit.testing import MemoryBroker


class Tapped(TurnedPort):
    """Acts on each request before it is answered."""

    act: Callable[[bytes], None] = staticmethod(lambda _: None)

    async def exchange(
        self,
        request: bytes,
        cut: Cut,
        first: float | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes:
        self.act(request)
        return await super().exchange(request, cut, first, meanwhile)


class Line:
    """A bus of packs on a line whose time is turned."""

    def __init__(self, folder: Path, members: list[Member]) -> None:
        self.clock = PassingClock()
        self.broker = MemoryBroker(self.clock)
        self.link = self.broker.link("bus:line")
        self.port = Tapped([item.simulator for item in members], DALY.line, self.clock)
        self.wired = {item.id: wired_up(folder, item, self.link, self.clock) for item in members}
        self.bus = Bus(self.port, list(self.wired.values()), self.clock, UTC)

    def last(self, topic: str) -> str:
        return self.broker.retained[f"gridward/home/{topic}"]

    async def asked(self, more: int) -> None:
        """So many requests from now on."""
        goal = self.port.exchanges + more
        await until(lambda: self.port.exchanges >= goal)


@asynccontextmanager
async def running(line: Line) -> AsyncIterator[None]:
    bus = asyncio.create_task(line.bus.run())
    try:
        yield
        assert not bus.done(), "the bus ended"
    finally:
        bus.cancel()
        await asyncio.gather(bus, return_exceptions=True)


def gone(line: Line) -> bool:
    """Whether Home Assistant and everybody else know that the second pack is not there."""
    return (
        line.last("pack_2/availability") == "offline"
        and set(json.loads(line.last("pack_2/state"))) == {"v", "at"}
        and not [topic for topic in line.broker.retained if "gridward_home_pack_2_" in topic]
    )


def leave(line: Line) -> None:
    line.bus.leave("pack_2", for_good=True)


async def test_one_that_leaves_while_its_answer_is_under_way_stays_away(tmp_path: Path) -> None:
    line = Line(tmp_path, [pack(1), pack(2)])
    async with running(line):
        await until(lambda: line.wired["pack_2"].device.available)
        assert not gone(line)
        line.port.act = lambda request: leave(line) if request[1] == HOST + 1 else None
        await until(lambda: len(line.bus.devices) == 1)
        await line.asked(10)
    assert gone(line)


async def test_one_that_leaves_while_it_is_being_identified_stays_away(tmp_path: Path) -> None:
    async def identify(ask: Ask, options: Options) -> Identity:
        assert DALY.identify
        identity = await DALY.identify(ask, options)
        leave(line)
        return identity

    found = replace(pack(2, known=False), integration=replace(DALY, identify=identify))
    line = Line(tmp_path, [pack(1), found])
    async with running(line):
        await until(lambda: len(line.bus.devices) == 1)
        await line.asked(10)
    assert gone(line)


async def test_one_that_is_back_under_its_id_is_alone_in_taking_its_commands(tmp_path: Path) -> None:
    line = Line(tmp_path, [pack(1), pack(2)])
    async with running(line):
        await until(lambda: line.wired["pack_2"].device.available)
        line.bus.leave("pack_2")
        again = wired_up(tmp_path, pack(2), line.link, line.clock)
        line.bus.join(again)
        await until(lambda: again.device.available)
        wish = {"v": 1, "value": 40, "id": "one", "by": "http", "ttl": 200}
        line.broker.publish("gridward/home/pack_2/soc_setting/command", json.dumps(wish))
        results = "gridward/home/pack_2/soc_setting/result"
        await until(lambda: len(line.broker.said(results)) >= 2)
        await line.asked(60)
    assert [json.loads(item)["status"] for item in line.broker.said(results)] == ["accepted", "confirmed"]


async def test_a_faulty_table_costs_one_command_its_answer_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> tuple[bytes, ...]:
        raise OverflowError("int too big to convert")

    line = Line(tmp_path, [pack(1), pack(2)])
    monkeypatch.setattr(line.wired["pack_2"].dialect, "write", write)
    async with running(line):
        await until(lambda: line.wired["pack_2"].device.available)
        wish = {"v": 1, "value": 40, "id": "one", "by": "http", "ttl": 200}
        line.broker.publish("gridward/home/pack_2/soc_setting/command", json.dumps(wish))
        results = "gridward/home/pack_2/soc_setting/result"
        await until(lambda: len(line.broker.said(results)) >= 2)
        await line.asked(20)
        assert json.loads(line.broker.said(results)[-1])["status"] == "failed"
        assert line.wired["pack_2"].device.available


async def test_one_found_on_a_full_disk_waits_and_its_neighbours_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, [pack(1), pack(2, known=False)])
    full = True

    def save(self: Kept, changes: dict[str, object]) -> None:
        if full:
            raise OSError(28, "No space left on device")
        self.content = {**self.content, **changes}  # type: ignore[dict-item]

    monkeypatch.setattr(Kept, "save", save)
    async with running(line):
        await until(lambda: line.wired["pack_1"].device.available)
        await line.asked(200)
        assert not line.wired["pack_2"].device.available
        full = False
        await until(lambda: line.wired["pack_2"].device.available)


@pytest.mark.parametrize("serial", [None, "1"])
async def test_a_model_that_only_another_version_knows_is_found_out_anew(
    tmp_path: Path, serial: str | None
) -> None:
    """An update was taken back; another meter than the bound one is taken for it as little as ever."""
    assert EASTRON.simulator
    assert EASTRON.example
    known = replace(EASTRON.example, model="sdm999", serial=serial or EASTRON.example.serial)
    meter = Member("pack_2", EASTRON, EASTRON.simulator({}), {"model": "sdm230"}, known)
    line = Line(tmp_path, [pack(1), meter])
    async with running(line):
        await until(lambda: line.wired["pack_1"].device.available)
        await line.asked(60)
        assert line.wired["pack_2"].device.available is (serial is None)
        Kept(tmp_path / "state" / "pack_2.json").save({"identity": None})  # as `gridward accept` does
        await until(lambda: line.wired["pack_2"].device.available)
