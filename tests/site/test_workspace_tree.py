"""The self-checks find nothing: in no installed integration, and in no file of this tree."""

import re
import subprocess
import sys
from pathlib import Path

from gridward_kit.check import check

TREE = Path(__file__).parents[2]
SHIPPED = ("provisioning", "docker", "gateway/gridward", "integrations", "dashboards")
TOLD = re.compile(
    r"^[^#\n]*\b\w*(?:password|passwd|secret|token)\w*[\"']?\s*[:=]\s*[\"']?(?P<value>[^\s\"',}]+)",
    re.IGNORECASE | re.MULTILINE,
)
ELSEWHERE = ("!secret", "$", "/run/gridward/")  # where each installation has its own
RUNS = "S102,S301,S302,S307,S506,S602,S604,S605,S609"  # exec, pickle, marshal, eval, YAML's tags, shells


def test_the_tree_has_no_fault() -> None:
    assert check(TREE) == []


def test_nothing_that_comes_in_is_run() -> None:
    """No program of ours evaluates, unpickles, or hands anything to a shell; not one is excused."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    command = [ruff, "check", "--quiet", "--select", RUNS, "--ignore-noqa", *SHIPPED]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def told(text: str) -> list[str]:
    """The passwords that stand in a text of settings."""
    return [found["value"] for found in TOLD.finditer(text) if not found["value"].startswith(ELSEWHERE)]


def test_no_password_stands_in_what_is_shipped() -> None:
    files = [path for folder in SHIPPED for path in (TREE / folder).rglob("*") if path.is_file()]
    settings = [
        path for path in files if path.suffix in {".yaml", ".yml", ".conf", ".ini", ".example", ".service"}
    ]
    assert len(settings) > 30
    found = {str(path): told(path.read_text("utf-8")) for path in settings}
    assert {path: words for path, words in found.items() if words} == {}
    assert told("mqtt: {password: admin}\nINFLUX_TOKEN=x\n") == ["admin", "x"]
