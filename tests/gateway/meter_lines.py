"""`gridward meters` called as a field team does, and lines that are served beside it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest
from meter_bench import Quick
from typer.testing import CliRunner, Result

from gridward.cli import app
from gridward.meters import presence, sheet
from gridward.meters.cli import common
from gridward.meters.inventory import Inventory
from gridward.meters.meter import AddressRules
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.integration import Line
from gridward_kit.simulate import Served, serve_pty

SERIALS = tuple(f"2003220166{n}" for n in (10, 21, 32, 43, 54))
HEAD = [sheet.TITLES[name] for name in sheet.NEEDED]


def meters(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(app, ["meters", *words], input=text, catch_exceptions=False)


def inventory(folder: Path) -> Inventory:
    return Inventory(folder / "gridward.db", AddressRules())


def brought_in(folder: Path, kind: str = "DDSU666") -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEAD)
    for serial in SERIALS:
        book.active.append([serial, kind, "", "", None, "Unassigned"])
    book.save(folder / "delivery.xlsx")
    done = meters("import", "delivery.xlsx", "--by", "Ann")
    assert done.exit_code == 0, done.output
    assert "5 meters without a fault, 5 new" in done.output


@dataclass
class Lines:
    """Pseudo-terminals served in a thread of their own, as a bench beside the tool would."""

    loop: asyncio.AbstractEventLoop
    served: list[Served] = field(default_factory=list)

    def serve(self, *devices: FreshMeter) -> str:
        async def start() -> str:
            self.served.append(serve_pty(list(devices), Line(), chunk=16, turnaround=0.0))
            return self.served[-1].url

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result()


@contextmanager
def bench() -> Iterator[Lines]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    lines = Lines(loop)
    try:
        yield lines
    finally:
        for one in lines.served:
            loop.call_soon_threadsafe(one.unplug)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tool works, with a line and patience of a simulator."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common, "commission", Quick)
    monkeypatch.setattr(presence, "WAIT", 1.0)
    return tmp_path


@pytest.fixture
def lines() -> Iterator[Lines]:
    with bench() as opened:
        yield opened
