"""Who is on a Modbus line: every address is asked, late and garbled answers are told apart."""

from pathlib import Path

import pytest
from brook import PROFILE, ROWS, STATE

from gridward_kit import scan
from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line, Simulator, integrations
from gridward_kit.modbus import Unit
from gridward_kit.port import Port
from gridward_kit.simulate import serve_pty
from gridward_kit.sweep import PATIENCE, Heard, sweep

LINE = Line(baud=115200, gap=0.03, modbus=True)


class Slow(Unit):
    """A unit whose first answer comes when the next address is being asked."""

    withheld: tuple[bytes, ...] | None = None

    def receive(self, data: bytes, now: float) -> list[bytes]:
        answers = super().receive(data, now)
        if answers and self.withheld is None:
            self.withheld = tuple(answers)
            return []
        said, self.withheld = [*(self.withheld or ()), *answers], () if self.withheld else self.withheld
        return said


async def heard(units: list[Simulator], asked: tuple[int, ...]) -> list[Heard]:
    """Sweep a line with these units."""
    served = serve_pty(units, LINE, turnaround=0.002, chunk=64, strict=True)
    port = Port(served.url, LINE, SystemClock())
    found = [one async for one in sweep(port, asked) if isinstance(one, Heard)]
    port.close()
    served.unplug()
    return found


def meter(address: int, serial: int = 1) -> Unit:
    """One that has nothing at the asked registers: it refuses, and is there."""
    return Unit(ROWS, PROFILE, address, {**STATE, "serial_number": serial})


async def test_a_refusal_is_a_sign_of_life() -> None:
    found = await heard([meter(2), meter(4)], (1, 2, 3, 4, 5))
    assert found == [Heard(2, answered=True), Heard(4, answered=True)]


class Loud(Unit):
    """A unit that answers the asked registers with its serial number: two of them garble each other."""

    def _read(self, unit: int, function: int, start: int, count: int) -> bytes:
        return super()._read(unit, function, 0x0300, count)


async def test_two_units_on_one_address_are_heard_but_never_understood() -> None:
    two: list[Simulator] = [
        Loud(ROWS, PROFILE, 3, {**STATE, "serial_number": serial}) for serial in (0xAAAAAAAA, 0x55555555)
    ]
    assert await heard(two, (2, 3, 4)) == [Heard(3, answered=False)]


async def test_an_answer_that_comes_late_is_told_from_the_next_address() -> None:
    assert await heard([Slow(ROWS, PROFILE, 2, STATE)], (1, 2, 3)) == [Heard(2, answered=True)]


def test_the_whole_range_fits_into_ninety_seconds() -> None:
    """Each silent address costs its request, the patience and the gap."""
    line = scan.LINES[0]
    assert line.baud == 9600
    assert 247 * (8 * line.character + PATIENCE + line.gap + line.rest) < 90


async def test_a_port_that_does_not_open_is_told_whatever_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scan, "integrations", dict)
    url = str(tmp_path / "nothing")
    *steps, last = [step async for step in scan.scan_port(url, SystemClock())]
    assert len(steps) == 1
    assert last == scan.Trouble(
        f"{url}: cannot be opened: it is not there; is the adapter plugged in? `gridward scan` shows what is"
    )


async def test_a_scan_recognises_every_maker_on_a_pair_and_tells_the_site_file_s_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Quick lines and few addresses in place of minutes; what answers is real."""
    known = integrations()
    units = [
        simulator({"address": address, "model": model})
        for domain, model, address in (("eastron", "sdm120", 3), ("chint", "dtsu666", 7), ("srne", "mppt", 1))
        if (simulator := known[domain].simulator)
    ]
    monkeypatch.setattr(scan, "LINES", (LINE,))
    monkeypatch.setattr(scan, "ALL", (1, 2, 3, 7))
    served = serve_pty(units, LINE, turnaround=0.002, chunk=64)
    steps = [step async for step in scan.scan_port(served.url, SystemClock())]
    served.unplug()
    findings = [step for step in steps if isinstance(step, scan.Finding)]
    assert [(one.integration.domain, one.identity.model, one.address) for one in findings] == [
        ("srne", "mppt", 1),
        ("eastron", "sdm120", 3),
        ("chint", "dtsu666", 7),
    ]
    assert not [step for step in steps if isinstance(step, scan.Trouble)]
    told = scan.site_lines(findings)
    assert "{id: eastron_3, integration: eastron, model: sdm120, address: 3}" in told
    assert f"port: {served.url}" in told
    assert "baud: 115200" in told
