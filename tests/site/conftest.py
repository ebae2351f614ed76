"""Fresh environments: what is installed here, without the packages of this tree, and what a test adds."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Fresh = Callable[[Path, Sequence[Path]], Path]


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all installed packages but those of this tree."""
    folder = tmp_path_factory.mktemp("others")
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "gridward" not in path.name and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="session")
def fresh(others: Path) -> Fresh:
    """Makes an environment with these wheels or package folders; returns the folder of its commands."""

    def make(folder: Path, packages: Sequence[Path]) -> Path:
        ran(sys.executable, "-m", "venv", "--without-pip", folder)
        (site,) = (folder / "lib").glob("python*/site-packages")
        (site / "others.pth").write_text(f"{others}\n")
        python = folder / "bin" / "python"
        how = ("--offline", "--no-deps", "--no-build-isolation", "--python", python)
        ran(sys.executable, "-m", "uv", "pip", "install", *how, *packages)
        return python.parent

    return make


def ran(*command: str | Path) -> None:
    """Run a command that must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
