"""The fuzz tests with many more examples, for a night: FUZZ=100 make soak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.budget import TIMES

MANY = 50
HERE = Path(__file__).parent


@pytest.mark.soak
@pytest.mark.parametrize(
    "file", sorted(path.name for path in HERE.glob("test_fuzz_*.py") if path.name != Path(__file__).name)
)
def test_many_more_examples(file: str) -> None:
    times = str(TIMES if TIMES > 1 else MANY)
    command = [sys.executable, "-m", "pytest", str(HERE / file), "-q", "-p", "no:cacheprovider"]
    command += ["-o", "faulthandler_timeout=0"]
    ended = subprocess.run(
        command, env={**os.environ, "FUZZ": times}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
