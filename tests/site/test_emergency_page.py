"""The page for the wall says what the site file says, and fits on a sheet."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridward.config import SiteFault, load
from gridward.emergency.page import as_html, as_text, parts

GRIDWARD = str(Path(sys.executable).with_name("gridward"))
BEGIN = """version: 1
site: {id: home, name: Hut <2>, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
"""
GPIO = "{id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, name: Grid contactor}"
BOARD = (
    "{id: contactor, integration: relay, driver: modbus, port: /dev/ttyUSB9, contact: normally_closed, "
    "lease: 20s, name: Grid contactor}"
)
RULES = "roles: {grid_switch: contactor}\n"
OWN = """emergency:
  breakers:
    - {name: F1, cuts: the public grid, where: meter cupboard}
    - {name: Q2, cuts: the battery}
  phones: [{name: Electrician, number: "0900123456"}, {name: Rescue, number: "112"}]
  notes: [The key of the hut hangs behind the door.]
"""
LINES = 62  # that a sheet of A4 holds at 11 points


def page(tmp_path: Path, text: str) -> str:
    path = tmp_path / "site.yaml"
    path.write_text(BEGIN + text)
    return as_text(load(path), "2026-11-21")


def test_it_says_the_owners_breakers_in_order_and_numbers(tmp_path: Path) -> None:
    text = page(tmp_path, f"devices: [{GPIO}]\n{RULES}{OWN}")
    assert " 1. F1: cuts off the public grid (meter cupboard)\n 2. Q2: cuts off the battery\n" in text
    assert "Electrician: 0900123456" in text
    assert "Rescue: 112" in text
    assert "The key of the hut hangs behind the door." in text


def test_without_words_of_the_owner_there_is_room_for_a_pen(tmp_path: Path) -> None:
    text = page(tmp_path, f"devices: [{GPIO}]\n{RULES}")
    assert text.count("____ cuts off the ") == 4
    assert "Electrician: ____" in text


def test_the_safe_side_and_the_way_by_hand_are_those_of_the_driver(tmp_path: Path) -> None:
    pin = page(tmp_path, f"devices: [{GPIO}]\n{RULES}")
    assert "SAFE IS GRID CONNECTED" in pin
    assert "relay on GPIO 26" in pin
    assert "gridward relay safe contactor" in pin
    assert "within 30 s" in pin
    assert "may hold the contactor: pull its plug" in pin.replace("\n    ", " ")
    board = page(tmp_path, f"devices: [{BOARD}]\n{RULES}")
    assert "relay board at /dev/ttyUSB9, coil 0" in board
    assert "within 20 s" in board
    assert "the board's own timer" in board.replace("\n    ", " ")
    assert "may hold the contactor" not in board


def test_each_computer_is_there_with_what_goes_dark_with_it(tmp_path: Path) -> None:
    hosts = "hosts: {pi_a: [rules, recorder, http], pi_b: [contactor]}\n"
    broker = BEGIN.replace("embedded", "mqtt://192.0.2.9:1883")
    path = tmp_path / "site.yaml"
    path.write_text(f"{broker}devices: [{GPIO}]\n{RULES}{hosts}")
    text = as_text(load(path), "2026-11-21")
    assert "pi_a (the rules, the record, the page)" in text
    assert "pi_b (Grid contactor)" in text


def test_a_generator_is_stopped_first_and_a_panel_is_pressed(tmp_path: Path) -> None:
    panel = "panel: {led: 17, button: 27}\ngenerator: {interlock: hardware, name: Honda}\n"
    text = page(tmp_path, f"devices: [{GPIO}]\n{RULES}{panel}")
    ways = text.partition("FORCE THE GRID ON BY HAND")[2]
    assert " 1. First stop Honda" in ways
    assert " 2. Press the button on the wall for 2 seconds" in ways


def test_a_house_without_a_contactor_is_told_so(tmp_path: Path) -> None:
    text = page(tmp_path, "devices: [{id: logger, integration: ping, host: 192.0.2.4}]\n")
    assert "Gridward switches no contactor here" in text
    assert "relay safe" not in text


def test_it_fits_on_a_sheet_and_html_says_the_same(tmp_path: Path) -> None:
    panel = "panel: {led: 17, button: 27}\ngenerator: {interlock: hardware}\n"
    text = page(tmp_path, f"devices: [{GPIO}]\n{RULES}{panel}{OWN}")
    assert len(text.splitlines()) <= LINES
    site = load(tmp_path / "site.yaml")
    html = as_html(site, "2026-11-21")
    assert "Hut &lt;2&gt;" in html
    assert "<script" not in html
    assert html.count("<li>") == sum(len(part.points) for part in parts(site))


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        ("emergency: {breakers: [{name: F1}]}\n", 4, "what it cuts off"),
        ("emergency: {phones: [{name: A, number: 0900}]}\n", 4, "the number in quotes"),
        ("emergency: {notes: one}\n", 4, "a list of sentences"),
        ("emergency: {fones: []}\n", 4, "nearest: `phones`"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, section: str, line: int, expected: str) -> None:
    with pytest.raises(SiteFault) as caught:
        page(tmp_path, section)
    assert [fault.line for fault in caught.value.faults] == [line]
    assert expected in str(caught.value.faults[0])


def test_the_command_prints_it_and_writes_it(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(f"{BEGIN}devices: [{GPIO}]\n{RULES}{OWN}")
    told = subprocess.run([GRIDWARD, "emergency"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("EMERGENCY: Hut <2>\n")
    command = [GRIDWARD, "emergency", "site.yaml", "--html", "wall.html"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert "Emergency: Hut" in (tmp_path / "wall.html").read_text()
