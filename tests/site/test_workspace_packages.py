"""Every package is installable alone: built from tree and sdist, then used without the others."""

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from gridward_kit.frames import frames

Fresh = Callable[[Path, Sequence[Path]], Path]

TREE = Path(__file__).parents[2]
PROJECTS = {path.parent.name: path.parent for path in sorted(TREE.glob("*/*/pyproject.toml"))} | {
    "gateway": TREE / "gateway"
}
INTEGRATIONS = [name for name in PROJECTS if name not in ("kit", "gateway")]
VERSION = (TREE / "VERSION").read_text().strip()


@cache
def project(name: str) -> dict[str, str]:
    """The `[project]` table of a package, its values as text."""
    table = tomllib.loads((PROJECTS[name] / "pyproject.toml").read_text())["project"]
    return {key: str(value) for key, value in table.items()}


def module(name: str) -> str:
    """The import name of a package."""
    return "gridward" if name == "gateway" else f"gridward_{name}"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """The output of a command that must succeed."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path, Path]]:
    """Of each package: its sdist, a wheel from the tree, and a wheel from the unpacked sdist."""
    made = {}
    for name, folder in PROJECTS.items():
        out = tmp_path_factory.mktemp(name)
        run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out / "sdist", cwd=folder)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out / "wheel", cwd=folder)
        (sdist,) = (out / "sdist").iterdir()
        with tarfile.open(sdist) as archive:
            assert all(member.isfile() for member in archive), f"{sdist.name} holds links"
            archive.extractall(out / "unpacked", filter="data")
        (unpacked,) = (out / "unpacked").iterdir()
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out / "again", cwd=unpacked)
        (wheel,), (again,) = (out / "wheel").iterdir(), (out / "again").iterdir()
        made[name] = (sdist, wheel, again)
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, RECORD left out."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_wheel_from_the_sdist_is_the_wheel_from_the_tree(
    built: dict[str, tuple[Path, Path, Path]], name: str
) -> None:
    _, wheel, again = built[name]
    assert wheel.name == again.name
    assert contents(wheel) == contents(again)


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_all_it_must(built: dict[str, tuple[Path, Path, Path]], name: str) -> None:
    held = contents(built[name][1])
    information = next(path for path in held if path.endswith("/METADATA")).removesuffix("METADATA")
    metadata = held[f"{information}METADATA"].decode()
    assert f"\nVersion: {VERSION}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert metadata.partition("\n\n")[2].startswith("# ")
    assert held[f"{information}licenses/LICENSE"] == (TREE / "LICENSE").read_bytes()
    assert f"{module(name)}/py.typed" in held
    source = {path for path in tracked(name) if path.startswith(f"{module(name)}/")}
    assert source <= held.keys()
    assert {path for path in held if not path.startswith((information, f"{module(name)}/"))} == set()
    if name in INTEGRATIONS:
        entry = f"[gridward.integrations]\n{name} = {module(name)}:INTEGRATION"
        assert entry in held[f"{information}entry_points.txt"].decode()


def tracked(name: str) -> set[str]:
    """The Python and JSON files of a package's folder."""
    folder = PROJECTS[name]
    return {
        str(path.relative_to(folder)) for suffix in ("py", "json") for path in folder.rglob(f"*.{suffix}")
    }


def domains(name: str) -> list[str]:
    """The integrations that a package has."""
    table = tomllib.loads((PROJECTS[name] / "pyproject.toml").read_text())["project"]
    return sorted(table["entry-points"]["gridward.integrations"])


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_the_kit_and_one_integration_decode_without_the_rest(
    built: dict[str, tuple[Path, Path, Path]], fresh: Fresh, tmp_path: Path, name: str
) -> None:
    commands = fresh(tmp_path / "venv", [built["kit"][2], built[name][2]])
    listing = "from gridward_kit.integration import integrations; print(*integrations())"
    assert run(commands / "python", "-c", listing).split() == domains(name)
    for frame in frames(PROJECTS[name] / module(name) / "frames")[:3]:
        if frame.error is not None:
            continue
        model = ("--model", frame.model) if frame.model else ()
        asked = ("--request", frame.request, "--reply", frame.reply.hex(), "--json", *model)
        values = json.loads(run(commands / "gridward-kit", "decode", name, *asked))
        assert values == {key: value for key, (value, _) in frame.values.items()}


def test_all_together_have_a_command_line(
    built: dict[str, tuple[Path, Path, Path]], fresh: Fresh, tmp_path: Path
) -> None:
    commands = fresh(tmp_path / "venv", [wheel for _, _, wheel in built.values()])
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    shown = subprocess.run(
        [commands / "gridward", "--help"], capture_output=True, text=True, check=True, env=environment
    )
    listing = "from gridward_kit.integration import integrations; print(*integrations())"
    everything = [domain for name in INTEGRATIONS for domain in domains(name)]
    assert run(commands / "python", "-c", listing).split() == sorted(everything)
    for command in ("demo", "run", "check", "doctor", "scan", "read", "set", "accept", "decode", "simulate"):
        assert re.search(rf"\b{command}\b", shown.stdout), command


def imported(name: str) -> Iterator[str]:
    """The top-level names that a package imports from elsewhere."""
    for path in (PROJECTS[name] / module(name)).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            yield from (item.partition(".")[0] for item in names)


def named(texts: list[str]) -> set[str]:
    """The distributions that requirements name."""
    return {re.sub(r"[-_.]+", "-", Requirement(text).name.lower()) for text in texts}


@pytest.mark.parametrize("name", PROJECTS)
def test_what_a_package_imports_is_what_it_names(name: str) -> None:
    table = tomllib.loads((PROJECTS[name] / "pyproject.toml").read_text())["project"]
    needed = named(table["dependencies"])
    extra = named([text for texts in table.get("optional-dependencies", {}).values() for text in texts])
    distributions = packages_distributions()
    used = {
        re.sub(r"[-_.]+", "-", distribution.lower())
        for top in set(imported(name)) - sys.stdlib_module_names - {module(name)}
        for distribution in distributions.get(top, [top])
    }
    by_name = named([text for text in table["dependencies"] if Requirement(text).marker is None])
    not_named = used - needed - extra
    never_imported = {one for one in by_name - used if not one.startswith("gridward")}
    assert (not_named, never_imported) == (set(), set())
