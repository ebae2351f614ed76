"""`gridward relay drill` on a simulated house of real processes, which are really killed."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from faults.broker_house import Running
from faults.line_house import until
from faults.quick_gridward import QUICK
from faults.site_house import plugged_in, process, site_file
from typer.testing import CliRunner

from gridward.cli import app
from gridward_kit.tasks import end

ROLES = (("bus:one", "bus:two"), ("rules",), ("contactor",))


class Supervisor:
    """Starts each process again when it ended, as systemd does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.starts = 0
        self._stack = ExitStack()
        self._running: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}

    def tend(self) -> None:
        for roles in ROLES:
            one = self._running.get(roles)
            if one is None or one.poll() is not None:
                only = [word for role in roles for word in ("--only", role)]
                self._running[roles] = self._stack.enter_context(process(self.path, *only, program=QUICK))
                self.starts += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self._stack:
            self.tend()
            yield


def quick_site(folder: Path, ports: Path, url: str) -> Path:
    path = site_file(folder, ports, url)
    path.write_text(path.read_text().replace("lease: 10s", "lease: 3s").replace("settle: 0s", "settle: 4s"))
    return path


async def drilled(path: Path, supervisor: Supervisor, *arguments: str) -> tuple[int, str]:
    command = [*QUICK, "relay", "drill", str(path), "--yes", "--patience", "1", *arguments]
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)

    async def tended() -> None:
        while True:
            supervisor.tend()
            await asyncio.sleep(0.1)

    tending = asyncio.create_task(tended())
    said, _ = await running.communicate()
    await end((tending,))
    assert running.returncode is not None
    return running.returncode, said.decode()


@pytest.mark.parametrize(
    ("only", "killed"),
    [(("rules_hang", "rules_killed", "broker_cut", "logger_off"), 1), (("relay_killed", "relay_hung"), 2)],
    ids=["rules and broker", "relay"],
)
async def test_each_part_is_killed_and_the_house_is_back_on_the_grid(
    mosquitto: Running, tmp_path: Path, only: tuple[str, ...], killed: int
) -> None:
    path = quick_site(tmp_path, tmp_path / "ports", mosquitto.url)
    supervisor = Supervisor(path)
    with plugged_in(tmp_path / "ports") as devices, supervisor.at_work():
        await until(devices.islanded, 40)
        status, said = await drilled(path, supervisor, *(word for one in only for word in ("--only", one)))
    assert status == 0, said
    [file] = (tmp_path / "state" / "drills").glob("*.json")
    report = json.loads(file.read_text())
    steps = {step["name"]: step for step in report["steps"]}
    assert tuple(steps) == only
    for name, step in steps.items():
        assert step["passed"] or step["skipped"] == "no logger is watched", name
    assert report["passed"] is True
    assert supervisor.starts == len(ROLES) + killed, "no more were killed than the steps say"
    assert "back on the grid after" in file.with_suffix(".txt").read_text()


def test_a_site_file_that_is_not_there_has_no_list(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["relay", "drill", str(tmp_path / "listed.yaml"), "--list"])
    assert listed.exit_code == 2


async def test_a_contact_that_sticks_fails_the_drill(
    mosquitto: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board lets go in time, and the contactor stays open."""
    path = quick_site(tmp_path, tmp_path / "ports", mosquitto.url)
    supervisor = Supervisor(path)
    with plugged_in(tmp_path / "ports") as devices, supervisor.at_work():
        await until(devices.islanded, 40)
        monkeypatch.setattr(devices.board, "_stands_closed", lambda _: False)
        status, said = await drilled(path, supervisor, "--only", "relay_killed")
    assert status == 3, said
    assert "did not close within" in said
