"""A fresh meter on a real line: its speeds, a port that is held, an adapter that is pulled out."""

from pathlib import Path

import pytest
from meter_bench import SERIAL, Bystander, Quick

from gridward.meters.journal import Journal
from gridward.meters.outcome import Order
from gridward.meters.process import Conversion
from gridward.meters.toolline import PortTrouble, ToolLine
from gridward_chint.convert import CHINT
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line
from gridward_kit.port import Port
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import FastClock

ORDER = Order(address=12, by="Ann", serial=SERIAL, phases="1phase")


async def test_on_a_real_line_of_its_own_speed(tmp_path: Path) -> None:
    """The bytes go over a pseudo-terminal that hears 2400 8E1 first, and 9600 8N2 after the switch."""
    meter = FreshMeter(SERIAL)
    served = serve_pty([meter], Line(), chunk=8, turnaround=0.01)
    clock = FastClock(20)
    journal = Journal(tmp_path, clock)
    talk = ToolLine(served.url, clock, journal)
    outcome = await Conversion(Quick(), talk, ORDER, Bystander([meter]), clock, journal).full()
    talk.close()
    served.unplug()
    assert outcome.status == "done", outcome.words()
    text = (tmp_path / f"{SERIAL}.log").read_text()
    assert "> fe fe fe fe 68 90 66 01 22 03 20 68 14 0e 33 33 35 3d 35" in text
    assert "< 68 90 66 01 22 03 20 68 94 00 a0 16" in text.replace("fe fe fe fe ", "")
    assert "> 5a 10 00 06 00 01 02 00 0c" in text


async def test_a_port_that_somebody_holds_is_refused_with_the_way_out(tmp_path: Path) -> None:
    served = serve_pty([FreshMeter(SERIAL)], Line())
    held = Port(served.url, CHINT.fresh[0], SystemClock())
    assert held.line.baud == 2400
    await CHINT.serial(lambda _, request, cut: held.exchange(request, cut), held.line)
    journal = Journal(tmp_path, SystemClock())
    talk = ToolLine(served.url, SystemClock(), journal)
    outcome = await Conversion(Quick(), talk, ORDER, Bystander([]), SystemClock(), journal).full()
    assert outcome.status == "failed"
    assert "is held by" in outcome.reason
    assert "use another adapter" in outcome.reason
    held.close()
    served.unplug()


async def test_the_adapter_is_pulled_out() -> None:
    meter = FreshMeter(SERIAL)
    served = serve_pty([meter], Line(), turnaround=0.0, chunk=64)
    talk = ToolLine(served.url, SystemClock(), None)
    line = Quick.fresh[0]
    assert await CHINT.serial(talk, line) == SERIAL
    served.unplug()
    with pytest.raises(PortTrouble, match="begin again"):
        await CHINT.serial(talk, line)
    with pytest.raises(PortTrouble, match="cannot be opened"):
        await CHINT.serial(talk, line)
