"""`gridward meters add`: what a reading proves stays in the site file, all else is taken back."""

from dataclasses import replace
from pathlib import Path

import pytest
from brook import BROOK
from gateway.meter_lines import HEAD, SERIALS, Lines, brought_in, folder, inventory, lines, meters
from meter_bench import Quick

from gridward.meters.cli import place
from gridward.meters.meter import State
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.integration import integrations

__all__ = ["folder", "lines"]


@pytest.fixture
def with_chint(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter of this name that takes a model and an address is installed here."""
    meter = replace(BROOK, domain="chint", models=("ddsu666", "dtsu666"))
    monkeypatch.setattr("gridward.config.integrations", lambda: {**integrations(), "chint": meter})
    monkeypatch.setattr(place, "commission", Quick)


def site_file(folder: Path, port: str) -> str:
    text = (
        "version: 1\n"
        "site: {id: home, name: Ridge, time_zone: Europe/Bratislava, fail_safe: grid_connected}\n"
        "mqtt: {url: embedded}\n"
        "buses:\n"
        f"  - id: meters\n    port: {port}\n    devices:\n"
        "      - {id: flat_1, integration: chint, model: ddsu666, address: 11}  # stays\n"
    )
    (folder / "site.yaml").write_text(text)
    return text


@pytest.mark.usefixtures("with_chint")
def test_add_keeps_what_a_reading_proves(folder: Path, lines: Lines) -> None:
    meter = FreshMeter(SERIALS[0], unit=12)
    meter.speak(modbus=True)
    before = site_file(folder, lines.serve(meter))
    brought_in(folder)
    meters("assign", SERIALS[0], "--building", "Flat 2", "--address", "12", "--by", "Ann")
    assert "nothing was changed" in meters("add", "meters", SERIALS[0], "--id", "flat_2", "--dry-run").output
    assert (folder / "site.yaml").read_text() == before
    done = meters("add", "meters", SERIALS[0], "--id", "flat_2", "--by", "Dan")
    assert done.exit_code == 0, done.output
    assert "flat_2: 231.4 V at address 12" in done.output
    line = "      - {id: flat_2, integration: chint, model: ddsu666, address: 12}\n"
    assert (folder / "site.yaml").read_text() == before + line
    assert inventory(folder).proven(SERIALS[0]) == {"configured", "reading"}
    again = meters("add", "meters", SERIALS[0], "--id", "flat_2", "--by", "Dan")
    assert again.exit_code == 2
    assert "has a device 'flat_2' already" in again.output


@pytest.mark.usefixtures("with_chint")
def test_add_takes_back_what_nothing_proves(folder: Path, lines: Lines) -> None:
    other = FreshMeter(SERIALS[1], "dtsu666", unit=13)
    other.speak(modbus=True)
    before = site_file(folder, lines.serve(other))
    for address in ("12", "13"):  # nobody there; somebody of another model
        done = meters("add", "meters", "--type", "1phase", "--address", address, "--by", "Dan")
        assert done.exit_code == 3
        assert "the site file is as it was before" in done.output
        assert (folder / "site.yaml").read_text() == before
    assert meters("add", "meters", "--type", "3phase", "--address", "50").exit_code == 2
    assert meters("add", "meters").exit_code == 2
    assert (folder / "site.yaml").read_text() == before


@pytest.mark.usefixtures("with_chint")
def test_ten_fresh_meters_from_unassigned_to_commissioned(
    folder: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = {f"2003220166{n}": FreshMeter(f"2003220166{n}") for n in range(40, 50)}
    for meter in shelf.values():
        meter.unplugged = True
    (folder / "delivery.csv").write_text(
        ",".join(HEAD) + "\n" + "".join(f"{serial},DDSU666,,,,Unassigned\n" for serial in shelf)
    )
    port = lines.serve(*shelf.values())
    site_file(folder, port)

    def at_the_bench(question: str, **_: object) -> bool:
        for serial, meter in shelf.items():
            if "Connect it alone" in question:
                meter.unplugged = serial not in question
            elif "supply" in question and not meter.unplugged:
                meter.power_cycle()
        return True

    monkeypatch.setattr("typer.confirm", at_the_bench)

    def each(*words: str) -> None:
        for serial in shelf:
            done = meters("assign", serial, *words, "--by", "Ann")
            assert done.exit_code == 0, done.output

    assert meters("import", "delivery.csv", "--by", "Ann").exit_code == 0
    each("--building", "House")
    batch = meters("batch", port, "--by", "Ben", "--yes")
    assert "10 of 10 done" in batch.output, batch.output
    each("--to", "Converted", "--proof", "labelled")
    for meter in shelf.values():
        meter.unplugged = False
    assert sorted(meter.unit for meter in shelf.values()) == list(range(10, 20))
    assert meters("verify", port, *(str(number) for number in range(10, 20)), "--by", "Ben").exit_code == 0
    each("--to", "Shipped")
    each("--to", "Installed", "--proof", "serial_matched")
    assert "remote team: commission (10)" in meters("pending").output
    (folder / "site.yaml").write_text(
        (folder / "site.yaml").read_text().replace("address: 11", "address: 30")
    )
    for serial in shelf:
        done = meters("add", "meters", serial, "--by", "Dan")
        assert done.exit_code == 0, done.output
    each("--to", "Commissioned")
    assert {one.state for one in inventory(folder).all()} == {State.COMMISSIONED}
    assert meters("pending").output == "no meter waits for anybody\n"
