"""A batch that a page started: its questions, its log, its end, on real lines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meter_bench import Quick

from gridward.meters import presence
from gridward.meters.inventory import Inventory, Why
from gridward.meters.meter import AddressRules, Meter, State
from gridward.meters.session import Batch, Session
from gridward.meters.workshop import Workshop
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line
from gridward_kit.simulate import serve_pty

SERIALS = ("200322016610", "200322016621", "200322016632")


class Bench:
    """A line with three fresh meters, of which one is plugged in, and a session."""

    def __init__(self, folder: Path) -> None:
        self.meters = {serial: FreshMeter(serial) for serial in SERIALS}
        for meter in self.meters.values():
            meter.unplugged = True
        self.served = serve_pty(list(self.meters.values()), Line(), turnaround=0.0, chunk=16)
        clock = SystemClock()
        inventory = Inventory(folder / "gridward.db", AddressRules())
        row = Meter(serial=SERIALS[0], type="DDSU666", site="Ridge", building="Flat", state=State.ASSIGNED)
        rows = [replace(row, serial=serial, address=50 + place) for place, serial in enumerate(SERIALS)]
        inventory.add(rows, Why("Ann", clock.time()))
        self.workshop = Workshop(
            url=self.served.url,
            inventory=inventory,
            commission=Quick(),
            clock=clock,
            folder=folder / "meters",
            zone=ZoneInfo("Europe/Bratislava"),
        )
        self.session = Session()

    async def asked(self, words: str) -> str:
        """Wait for a question with these words in it."""
        async with asyncio.timeout(30):
            while self.session.question is None or words not in self.session.question.text:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.session.question.text

    async def over(self) -> None:
        async with asyncio.timeout(30):
            while self.session.running:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def plug(self, serial: str) -> None:
        for name, meter in self.meters.items():
            meter.unplugged = name != serial


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(presence, "WAIT", 1.0)
    made = Bench(tmp_path)
    yield made
    await made.session.cancel()
    made.served.unplug()


async def test_a_batch_asks_for_one_meter_after_the_other(bench: Bench) -> None:
    session = bench.session
    session.start(bench.workshop, Batch(SERIALS[:2], "Ann"))
    with pytest.raises(ValueError, match="under way"):
        session.start(bench.workshop, Batch(SERIALS, "Ben"))
    assert "Meter 1 of 2: 200322016610, Ridge, Flat, address 50" in await bench.asked("Connect it")
    session.answer(yes=False)
    await bench.asked("Meter 2 of 2")
    bench.plug(SERIALS[1])
    session.answer(yes=True)
    assert "address 21 becomes 51" in await bench.asked("becomes")
    session.answer(yes=True)
    await bench.asked("cut its supply")
    session.answer(yes=True)
    await bench.over()
    assert session.batch is not None
    assert session.batch.done == {SERIALS[0]: "skipped", SERIALS[1]: "done"}
    assert bench.meters[SERIALS[1]].unit == 51
    assert any("label: Modbus Address: 51" in line for line in session.lines)
    assert bench.workshop.inventory.proven(SERIALS[1]) == {"verified"}


async def test_cancelled_in_the_middle_it_keeps_what_is_known(bench: Bench) -> None:
    bench.plug(SERIALS[0])
    bench.session.start(bench.workshop, Batch(SERIALS[:1], "Ann"))
    await bench.asked("becomes")
    await bench.session.cancel()
    assert not bench.session.running
    assert bench.session.question is None
    known = bench.workshop.known(SERIALS[0])
    assert known is not None
    assert (known.protocol, known.unit, known.model) == ("modbus", 10, "ddsu666")
    kept = bench.workshop.inventory.events(SERIALS[0])
    assert [event.what for event in kept if event.kind == "conversion"] == ["cancelled"]
    bench.session.start(bench.workshop, Batch(SERIALS[:1], "Ann"))
    await bench.asked("becomes")
    session_log = (bench.workshop.folder / f"{SERIALS[0]}.log").read_text()
    assert session_log.count("# is it on Modbus already?") == 2


@pytest.mark.parametrize(
    ("batch", "words"), [(Batch(SERIALS, " "), "say who"), (Batch((), "Ann"), "choose a meter")]
)
async def test_what_is_missing_is_said_before_anything_begins(bench: Bench, batch: Batch, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bench.session.start(bench.workshop, batch)
    assert not bench.session.running


async def test_a_meter_that_is_not_in_the_inventory_ends_the_batch_in_words(bench: Bench) -> None:
    bench.session.start(bench.workshop, Batch(("200322016699",), "Ann"))
    await bench.over()
    assert "the inventory has no meter 200322016699" in bench.session.lines[-1]
