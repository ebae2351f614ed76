"""The lock names every dependency by version and hash, and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

TREE = Path(__file__).parents[2]
LOCK = (TREE / "requirements.lock").read_text()
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n",
    re.MULTILINE,
)
PROJECTS = [*TREE.glob("integrations/*/pyproject.toml"), TREE / "gateway" / "pyproject.toml"]


def pins() -> dict[str, str]:
    """The locked version of each distribution."""
    return {entry["name"]: entry["version"] for entry in ENTRY.finditer(LOCK)}


def test_it_holds_names_versions_and_hashes_only() -> None:
    assert ENTRY.sub("", LOCK) == ""
    assert len(pins()) > 50


def test_no_package_of_this_tree_is_in_it() -> None:
    assert [name for name in pins() if name.startswith("gridward")] == []


@pytest.mark.parametrize("project", [*PROJECTS, TREE / "pyproject.toml"], ids=lambda path: path.parent.name)
def test_every_declared_dependency_is_locked_inside_its_bounds(project: Path) -> None:
    content = tomllib.loads(project.read_text())
    needs = content.get("project", {}).get("dependencies", []) + content.get("dependency-groups", {}).get(
        "dev", []
    )
    assert needs
    for need in map(Requirement, needs):
        name = re.sub(r"[-_.]+", "-", need.name.lower())
        if not name.startswith("gridward"):
            assert need.specifier.contains(pins()[name]), f"{need} is locked as {pins().get(name)}"


def test_every_integration_that_the_gateway_names_is_in_the_tree() -> None:
    wanted = tomllib.loads((TREE / "gateway" / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {Requirement(need).name for need in wanted if need.startswith("gridward")}
    assert named == {f"gridward-{path.parent.name}" for path in TREE.glob("integrations/*/pyproject.toml")}
