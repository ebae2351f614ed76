"""The walk-through in CONTRIBUTING.md, done word by word: its integration is installed, checked and run."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

Fresh = Callable[[Path, Sequence[Path]], Path]

TREE = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?:\*\*`(?P<path>[^`]+)`\*\*\n```\w+\n(?P<text>.*?)|```sh\n(?P<shell>mkdir .*?))^```$",
    re.MULTILINE | re.DOTALL,
)
FIRST_PARTY = "lint.isort.known-first-party = ['gridward_kit']"
THERE = ("VERSION", "LICENSE", "pyproject.toml", "integrations/eastron/pyproject.toml")
SEALED = re.compile(r'^\.venv/bin/python -c "(?P<program>.*sealed.*)"$', re.MULTILINE)

MADE = ("brook", "rill")
MODBUS_LINES = 70

CHECK = """
import sys
from pathlib import Path
from gridward_kit import check, tree
from gridward_kit.integration import integrations
found = [fault for domain in ("brook", "rill") for fault in check.faults(integrations()[domain])]
print(*found, *tree.faults(Path(sys.argv[1])), sep="\\n", end="")
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout of nothing but what the document says, and the environment where it is installed."""

    root: Path
    commands: Path

    def run(self, *command: str) -> str:
        """The output of a Python module that must succeed."""
        ended = subprocess.run(
            [self.commands / "python", *command], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, fresh: Fresh) -> Checkout:
    """The document's files written and shell lines run, in their order; its packages beside the kit."""
    root = tmp_path_factory.mktemp("checkout")
    document = (TREE / "CONTRIBUTING.md").read_text()
    for name in THERE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text((TREE / name).read_text())
    for block in BLOCK.finditer(document):  # in the order in which a reader does it
        if block["shell"]:
            subprocess.run(["sh", "-euc", block["shell"]], cwd=root, check=True)
            continue
        path = root / block["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["text"])
    (root / "integrations" / "eastron" / "pyproject.toml").unlink()
    (root / "integrations" / "eastron").rmdir()
    packages = [TREE / "integrations" / "kit", *(root / "integrations" / name for name in MADE)]
    made = Checkout(root, fresh(tmp_path_factory.mktemp("environment"), packages))
    made.run("-m", "gridward_kit.readme", ".")
    return made


def test_the_document_holds_a_whole_package(checkout: Checkout) -> None:
    folder = checkout.root / "integrations" / "brook"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "LICENSE",
        "README.md",
        "VERSION",
        "gridward_brook/__init__.py",
        "gridward_brook/entities.py",
        "gridward_brook/frames/m1.json",
        "gridward_brook/protocol.py",
        "gridward_brook/py.typed",
        "gridward_brook/simulator.py",
        "pyproject.toml",
    }


def test_a_modbus_device_is_one_table(checkout: Checkout) -> None:
    package = checkout.root / "integrations" / "rill" / "gridward_rill"
    assert [path.name for path in package.glob("*.py")] == ["__init__.py"]
    assert len((package / "__init__.py").read_text().splitlines()) <= MODBUS_LINES


def test_a_frame_without_its_checksum_is_completed(checkout: Checkout) -> None:
    program = SEALED.search((TREE / "CONTRIBUTING.md").read_text())
    assert program
    frames = checkout.root / "integrations" / "rill" / "gridward_rill" / "frames" / "r1.json"
    assert f'"request": "{checkout.run("-c", program["program"]).strip()}"' in frames.read_text()


def test_the_self_checks_find_nothing(checkout: Checkout) -> None:
    assert checkout.run("-c", CHECK, ".") == ""


def test_the_value_table_is_written(checkout: Checkout) -> None:
    readme = (checkout.root / "integrations" / "brook" / "README.md").read_text()
    assert (
        "| `display_time` | Display time | min | number, duration, config | 0 to 60 by 1; stored |" in readme
    )


@pytest.mark.parametrize("stale", ["| sensor, voltage |", "<!-- /values -->"])
def test_a_value_table_that_is_not_current_is_a_fault(checkout: Checkout, stale: str) -> None:
    readme = checkout.root / "integrations" / "brook" / "README.md"
    text = readme.read_text()
    readme.write_text(text.replace(stale, ""))
    try:
        found = checkout.run("-c", CHECK, ".")
    finally:
        readme.write_text(text)
    assert found.startswith(
        "integrations/brook/README.md: its value table is not current; make fmt writes it"
    )


@pytest.mark.parametrize("name", MADE)
def test_style_and_types_are_those_of_the_tree(checkout: Checkout, name: str) -> None:
    package = f"integrations/{name}/gridward_{name}"
    for check in (("check", package), ("format", "--check", package)):
        ended = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--config", FIRST_PARTY],
            cwd=checkout.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
    checkout.run("-m", "mypy", package)


@pytest.mark.parametrize("name", MADE)
def test_it_passes_the_contract_of_every_integration(checkout: Checkout, name: str) -> None:
    options = ("-p", "no:cacheprovider", "--integration", name, "--pyargs", "gridward_kit.contract")
    shown = checkout.run("-m", "pytest", *options)
    passed = re.search(r"(\d+) passed", shown)
    assert passed, shown
    assert int(passed[1]) >= 15, shown
    assert "skipped" not in shown
