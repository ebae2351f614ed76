"""Commands elsewhere are found, named and proposed as if they stood here, and cost nothing until called."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gridward.cli import ELSEWHERE, app

CONFIG_AND_PAGE = {"gridward.config", "gridward.run", "gridward.rules.engine", "nicegui", "cryptography"}


@pytest.mark.parametrize("command", [[name] for name in ELSEWHERE] + [["relay", "drill"]])
def test_each_command_says_its_usage(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert f"Usage: gridward {' '.join(command)}" in result.output.replace("root ", "gridward ")


def test_the_help_lists_all() -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    listed = [line.split()[1] for line in result.output.splitlines() if line.startswith("│ ")]
    assert set(ELSEWHERE) | {"run", "relay", "decode"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_a_mistyped_name_is_answered_by_the_near_one() -> None:
    result = CliRunner().invoke(app, ["dashboard"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "Did you mean 'dashboards'?" in result.output


def test_what_a_command_does_not_need_is_not_loaded() -> None:
    say = "import sys, gridward.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", say], check=True, capture_output=True, text=True).stdout
    assert CONFIG_AND_PAGE & set(loaded.split()) == set()
