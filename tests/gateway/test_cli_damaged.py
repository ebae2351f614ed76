"""State files that are damaged or cannot be written: told in one line, and the house runs without them."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner, Result

from gridward import doctor, run
from gridward.cli import app
from gridward.config import load

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1"}
buses:
  - {id: line, port: /dev/null, devices: [{id: inverter, integration: axpert}]}
"""
Damage = Callable[[Path], object]


def cut_short(folder: Path) -> None:
    """What a card that dies leaves of the files."""
    (folder / "state").mkdir()
    for name in ("token", "inverter"):
        (folder / "state" / f"{name}.json").write_text('{"identity": {"mod')


def no_folder(folder: Path) -> None:
    """Nothing can be written where the state belongs."""
    (folder / "state").write_text("")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(SITE)
    return file


def gridward(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("damage", [cut_short, no_folder])
def test_a_token_that_cannot_be_kept_stops_the_page_alone(
    site: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    async def ended(_: run.House, names: tuple[str, ...]) -> None:
        started.extend(names)

    held: Callable[[run.House, tuple[str, ...]], Awaitable[None]] = ended
    monkeypatch.setattr(run, "run", held)
    damage(site.parent)
    result = gridward("run", site)
    assert result.exit_code == 0, result.output
    assert {"rules", "bus:line", "recorder"} <= set(started)


@pytest.mark.parametrize("damage", [cut_short, no_folder])
@pytest.mark.parametrize("words", [("token", "--new", "--site"), ("accept", "inverter", "--site")])
def test_a_command_says_in_one_line_which_file_is_damaged(
    site: Path, damage: Damage, words: tuple[str, ...]
) -> None:
    damage(site.parent)
    result = gridward(*words, site)
    assert result.exit_code == 3, result.exception
    assert "/state" in result.stderr or "nothing to accept" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_damaged_state_is_reported_and_doctor_names_the_files(site: Path, tmp_path: Path) -> None:
    cut_short(site.parent)
    result = gridward("report", site, "--to", tmp_path / "report.zip")
    assert result.exit_code == 0, result.exception
    told = ZipFile(tmp_path / "report.zip").read("doctor.txt").decode()
    for name in ("token.json", "inverter.json"):
        assert f"BAD  {tmp_path / 'state' / name}: not a JSON object" in told
    (tmp_path / "state" / "inverter.json").write_text("{}")
    (tmp_path / "state" / "token.json").unlink()
    assert list(doctor._kept(load(site))) == []


def test_a_report_that_cannot_be_put_there_leaves_nothing_behind(site: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    before = sorted(os.listdir(tmp_path))
    result = gridward("report", site, "--to", taken)
    assert result.exit_code == 3
    assert "Is a directory" in result.stderr
    assert sorted(os.listdir(tmp_path)) == before
