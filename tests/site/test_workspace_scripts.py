"""The scripts that a newcomer meets first, with the machine's own commands replaced by small ones."""

import os
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
SCRIPTS = [*sorted((TREE / "tools").glob("*.sh")), TREE / ".ci" / "run"]


class Machine:
    """A folder of commands that stands before all others on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def command(self, name: str, script: str) -> None:
        """Have a command do this."""
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(
        self, *command: str | Path, cwd: Path = TREE, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this machine."""
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", **variables}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "bin")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_and_is_well_formed(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


MISSING = """case "${@: -1}" in mosquitto) echo installed;; *) exit 1;; esac"""


def test_missing_packages_are_installed_by_root(machine: Machine, tmp_path: Path) -> None:
    machine.command("dpkg-query", MISSING)
    machine.command("id", "echo 0")
    machine.command("apt-get", f'echo "$@" >> {tmp_path}/calls')
    ended = machine.run("tools/packages.sh", "mosquitto", "chromium", "chromium-driver")
    assert ended.returncode == 0, ended.stderr
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.endswith("install --no-install-recommends chromium chromium-driver")


def test_the_package_lists_are_fetched_once_when_an_install_fails(machine: Machine, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    machine.command("dpkg-query", "exit 1")
    machine.command("id", "echo 0")
    updated = f'grep -q " update" {calls} || {{ echo "Unable to locate package" >&2; exit 100; }}'
    machine.command("apt-get", f'echo "$@" >> {calls}\ncase "$*" in *install*) {updated};; esac')
    ended = machine.run("tools/packages.sh", "chromium")
    assert ended.returncode == 0, ended.stderr
    kinds = ["install" if " install " in line else "update" for line in calls.read_text().splitlines()]
    assert kinds == ["install", "update", "install"]


def test_without_root_they_are_named_in_one_line(machine: Machine) -> None:
    machine.command("dpkg-query", MISSING)
    machine.command("id", "echo 1000")
    machine.command("sudo", "exit 1")
    machine.command("apt-get", "exit 77")
    ended = machine.run("tools/packages.sh", "mosquitto", "chromium", "chromium-driver")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "packages: missing, and not installed without root: chromium chromium-driver\n"


def test_nothing_is_done_where_all_are_there(machine: Machine) -> None:
    machine.command("dpkg-query", "echo installed")
    machine.command("apt-get", "exit 77")
    machine.command("sudo", "exit 77")
    ended = machine.run("tools/packages.sh", "mosquitto")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def workspace(folder: Path) -> Path:
    """A copy of what the bootstrap reads, without an environment."""
    for name in ("tools", "VERSION", "requirements.lock"):
        source = TREE / name
        subprocess.run(["cp", "-r", source, folder], check=True)
    for project in [*TREE.glob("integrations/*/pyproject.toml"), TREE / "gateway" / "pyproject.toml"]:
        target = folder / project.relative_to(TREE)
        target.parent.mkdir(parents=True)
        target.write_text(project.read_text())
    return folder


def test_an_old_python_is_told_in_one_line(machine: Machine, tmp_path: Path) -> None:
    machine.command("python3.10", "exit 1")
    folder = workspace(tmp_path)
    ended = machine.run(folder / "tools" / "bootstrap.sh", PYTHON="python3.10")
    assert ended.returncode == 1
    assert ended.stderr.startswith("bootstrap: Python 3.11 or later is needed, and python3.10 is not")
    assert ended.stderr.count("\n") == 1


def test_a_python_without_venv_is_told_which_package_to_install(machine: Machine, tmp_path: Path) -> None:
    machine.command("fakepy", 'case "$*" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac')
    machine.command("dpkg-query", "exit 1")
    machine.command("id", "echo 1000")
    machine.command("sudo", "exit 1")
    ended = machine.run(workspace(tmp_path) / "tools" / "bootstrap.sh", PYTHON="fakepy")
    assert ended.returncode == 1
    assert ended.stderr == (
        "bootstrap: fakepy cannot make a virtual environment; install the Debian package python3.11-venv\n"
    )


CLOSING = "240 passed, 2 deselected in 61.20s (0:01:01)"


@pytest.mark.parametrize(
    ("check", "test", "audit", "status", "said"),
    [
        (0, 0, 0, 0, "check passed; audit passed"),
        (2, 0, 0, 1, "check FAILED; audit passed"),
        (0, 2, 0, 1, "check passed; audit passed"),
        (0, 0, 1, 1, "check passed; audit FAILED"),
        (0, 0, 77, 0, "check passed; audit NOT RUN"),
        (0, 0, 127, 1, "check passed; audit FAILED"),
    ],
)
def test_ci_ends_with_the_closing_line_and_the_right_status(
    machine: Machine, tmp_path: Path, check: int, test: int, audit: int, status: int, said: str
) -> None:
    machine.command("apt-get", "exit 0")
    machine.command(
        "make",
        f'[ "$CI" = true ] || exit 9\n[ $1 = test ] && {{ echo "{CLOSING}"; exit {test}; }}\nexit {check}',
    )
    own = Machine(tmp_path / "tree" / ".venv" / "bin")
    own.command("python", f'[ "$*" = tools/audit_lock.py ] && exit {audit}\nexit 9')
    copied = tmp_path / "tree" / ".ci" / "run"
    copied.parent.mkdir()
    copied.write_bytes((TREE / ".ci" / "run").read_bytes())
    ended = machine.run("bash", copied, CI="")
    assert ended.returncode == status
    assert ended.stdout.splitlines()[-1] == f"ci: {said}; tests: {CLOSING}"


def test_make_hands_on_what_it_is_given(machine: Machine) -> None:
    planned = machine.run("make", "--dry-run", "demo", "FOR=30").stdout
    assert ".venv/bin/gridward demo --for 30\n" in planned
    planned = machine.run("make", "--dry-run", "test", "SEED=7").stdout
    assert "--hypothesis-seed=7" in planned
    seeds = {
        machine.run("make", "--dry-run", "test").stdout.partition("--hypothesis-seed=")[2].split()[0]
        for _ in "ab"
    }
    assert len(seeds) == 2


SKIPPING = """
import pytest

def test_skipped():
    pytest.skip("no chromium")

def test_right():
    assert True
"""


@pytest.mark.parametrize(("ci", "closing"), [("true", "1 failed, 1 passed"), ("", "1 passed, 1 skipped")])
def test_a_skipped_test_has_failed_in_ci(tmp_path: Path, machine: Machine, ci: str, closing: str) -> None:
    (tmp_path / "conftest.py").write_text((TREE / "tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(SKIPPING)
    ended = machine.run(
        TREE / ".venv/bin/pytest", "-p", "no:cacheprovider", "-p", "no:gridward", cwd=tmp_path, CI=ci
    )
    assert closing in ended.stdout
    told = [line for line in ended.stdout.splitlines() if line.startswith("not run: 1 as no chromium.")]
    assert len(told) == (0 if ci else 1)
    assert ("skipped in CI: " in ended.stdout) is bool(ci)
