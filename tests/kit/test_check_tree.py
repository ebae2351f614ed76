"""The self-checks of a checkout's files, over small trees with one fault each."""

import subprocess
from pathlib import Path

import pytest

from gridward_kit import readme, tree
from gridward_kit.battery import cell_rows
from gridward_kit.entity import CURRENT, VOLTAGE, Category, Entity, Number, Select, Sensor, Setting
from gridward_kit.point import Slice

WRITE = Setting(lambda value: (f"SET{value}",))

PROJECT = """\
[project]
name = "gridward-toy"
dynamic = ["version"]

[project.entry-points."gridward.integrations"]
toy = "gridward_toy:TOY"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A sound checkout of one integration."""
    write(tmp_path, "VERSION", "1.2.3\n")
    write(tmp_path, "LICENSE", "Do as you like.\n")
    for name in ("VERSION", "LICENSE"):
        write(tmp_path, f"integrations/toy/{name}", (tmp_path / name).read_text())
    write(tmp_path, "integrations/toy/pyproject.toml", PROJECT)
    write(tmp_path, "integrations/toy/README.md", "# Toy\n")
    write(
        tmp_path, "integrations/toy/gridward_toy/protocol.py", "import struct\nfrom gridward_toy import crc\n"
    )
    write(tmp_path, "integrations/toy/gridward_toy/crc.py", "from gridward_kit.errors import BadFrame\n")
    write(tmp_path, "gateway/gridward/role.py", "import asyncio\nfrom gridward_kit import clock\n")
    write(tmp_path, "dashboards/gridward_dashboards/a.py", "from gridward.api.named import GROUPS\n")
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    """A file of the tree, with its folders."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_a_sound_checkout_has_no_fault(checkout: Path) -> None:
    assert tree.faults(checkout) == []


TOY, RULE = "integrations/toy/gridward_toy", "gateway/gridward/rules"
LONG = "".join(f"print({number})\n" for number in range(301))
WIDE = "ROWS = (\n" + "    1,\n" * 380 + ")\n"
ROWED = "def rows():\n    return (\n" + "        1,\n" * 90 + "    )\n"
TALL = "def read():\n" + "    pass\n" * 50
HOST, PLACE = ".".join(("files", "pythonhosted", "org")), "/".join(("", "work", "main", "x"))


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        (f"{TOY}/a.py", "import gridward_daly\n", "a.py:1: gridward_toy imports gridward_daly"),
        (f"{TOY}/a.py", "\nfrom gridward.site import Site\n", "a.py:2: gridward_toy imports gridward.site"),
        (f"{TOY}/a.py", "def f():\n    import gridward\n", "a.py:2: gridward_toy imports gridward;"),
        ("integrations/kit/gridward_kit/a.py", "import gridward_toy\n", "gridward_kit imports gridward_toy"),
        ("gateway/gridward/a.py", "import gridward_toy\n", "gridward imports gridward_toy"),
        ("gateway/gridward/a.py", "import gridward_dashboards\n", "gridward imports gridward_dashboards"),
        ("dashboards/gridward_dashboards/b.py", "from gridward.site import Site\n", "imports gridward.site"),
        (
            f"{TOY}/simulator.py",
            "from time import sleep\n",
            "simulator.py:1: imports time, but simulator must",
        ),
        (f"{TOY}/entities.py", "x = open('y')\n", "entities.py:1: opens a file, but entities must be pure"),
        (f"{TOY}/crc.py", "import asyncio\n", "crc.py:1: imports asyncio, but crc must be pure"),
        (f"{RULE}/peak.py", "import socket\n", "peak.py:1: imports socket, but peak must be pure"),
        ("gateway/gridward/plant/sun.py", "import os.path\n", "sun.py:1: imports os.path, but sun must be"),
        (
            "gateway/gridward/a.py",
            '"""Sums. Pure."""\nimport time\n',
            "a.py:2: imports time, but a must be pure",
        ),
        (f"{TOY}/bus_utils.py", "", "bus_utils.py: the name says nothing"),
        (f"{TOY}/a.py", "class BusManager: ...\n", "a.py:1: the name BusManager says nothing"),
        (f"{TOY}/a.py", "def crc_helper(): ...\n", "a.py:1: the name crc_helper says nothing"),
        (f"{TOY}/a.py", LONG, "a.py: 301 lines are over 300"),
        (f"{TOY}/a.py", WIDE + "    \n" * 30, "a.py: 412 lines are over 400"),
        (f"{TOY}/a.py", TALL, "a.py:1: read: 51 lines are over 50"),
        ("docs/install.md", f"\nsee https://{HOST}/x\n", "docs/install.md:2: names a package registry"),
        ("docs/install.md", f"cd {PLACE}\n", "docs/install.md:1: holds a path of one machine"),
        ("integrations/toy/VERSION", "1.2.4\n", "integrations/toy/VERSION: differs from the top-level"),
        ("integrations/toy/LICENSE", "Do nothing.\n", "integrations/toy/LICENSE: differs from the top-level"),
        (
            "integrations/toy/pyproject.toml",
            PROJECT.replace('dynamic = ["version"]', 'version = "1"'),
            "the version stands in VERSION",
        ),
        (
            "integrations/toy/pyproject.toml",
            PROJECT.replace("toy =", "other ="),
            "its one entry point is not 'toy'",
        ),
    ],
)
def test_a_fault_names_file_and_line(checkout: Path, path: str, text: str, sentence: str) -> None:
    write(checkout, path, text)
    found = tree.faults(checkout)
    assert len(found) == 1, found
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/gridward/rules/role.py", "import asyncio\n"),
        (f"{TOY}/serve.py", "import asyncio\n"),
        (f"{TOY}/table.py", WIDE),
        (f"{TOY}/table.py", ROWED),
        (f"{TOY}/a.py", "class Manages: ...\ndef utilisation(): ...\n"),
        ("docs/install.md", "gateway/work/main and ./root/x are places in this tree\n"),
        ("tests/test_a.py", "import gridward_daly\n"),
    ],
)
def test_what_is_allowed_is_no_fault(checkout: Path, path: str, text: str) -> None:
    write(checkout, path, text)
    assert tree.faults(checkout) == []


def test_a_missing_readme_is_a_fault(checkout: Path) -> None:
    (checkout / "integrations/toy/README.md").unlink()
    assert tree.faults(checkout) == ["integrations/toy: has no README.md"]


def test_what_git_ignores_is_not_read(checkout: Path) -> None:
    write(checkout, "notes/where.md", f"{PLACE}\n")
    write(checkout, ".gitignore", "notes/\n")
    assert len(tree.faults(checkout)) == 1
    subprocess.run(["git", "init", "--quiet", "."], cwd=checkout, check=True)
    assert tree.faults(checkout) == []


ROWS: tuple[Entity, ...] = (
    *cell_rows(tuple(Slice("0x95", 2 * cell, 2, 0.001) for cell in range(16))),
    Number("hold", "Hold", None, CURRENT, WRITE, Category.CONFIG, low=2, high=60, step=0.5),
    Number("charge", "Charge", None, CURRENT, WRITE, expert=True, enabled=False, only=(2, 10, 20)),
    Select("source", "Source", setting=WRITE, options=("USB", "SBU")),
    Sensor("text", "Text"),
)


def test_the_value_table_folds_cells_and_shows_bounds() -> None:
    lines = readme.table(ROWS).splitlines()
    assert lines[2:] == [
        "| `cell_1_voltage` to `cell_16_voltage` | Cell 1 voltage to cell 16 voltage | V "
        "| sensor, voltage, diagnostic, off at first |  |",
        "| `cell_spread` | Cell spread | V | sensor, voltage |  |",
        "| `cell_1_2_difference` to `cell_15_16_difference` "
        "| Cell 1 to 2 difference to cell 15 to 16 difference | V "
        "| sensor, voltage, diagnostic, off at first |  |",
        "| `hold` | Hold | A | number, current, config | 2 to 60 by 0.5; stored |",
        "| `charge` | Charge | A | number, current, off at first | 2, 10, 20; stored; expert |",
        "| `source` | Source |  | select | `USB`, `SBU`; stored |",
        "| `text` | Text |  | sensor |  |",
    ]


def test_two_numbered_rows_are_not_folded() -> None:
    rows = (
        Sensor("pv1_voltage", "PV 1 voltage", None, VOLTAGE),
        Sensor("pv2_voltage", "PV 2", None, VOLTAGE),
    )
    assert len(readme.table(rows).splitlines()) == 4


def test_the_table_is_written_between_its_marks_and_nowhere_else() -> None:
    text = "# Toy\n\n<!-- values -->\nold\n<!-- /values -->\nmore\n"
    once = readme.filled(text, readme.BEGIN, "new\n")
    assert once == "# Toy\n\n<!-- values -->\nnew\n<!-- /values -->\nmore\n"
    assert readme.filled(once, readme.BEGIN, "new\n") == once
    assert readme.filled("# Toy\n", readme.BEGIN, "new\n") == "# Toy\n"
    second = "<!-- values of toy_2 -->"
    both = readme.filled(f"{once}{second}\n<!-- /values -->\n", second, "other\n")
    assert both == f"{once}{second}\nother\n<!-- /values -->\n"


def test_every_integration_of_a_folder_has_its_table() -> None:
    assert readme.marks_of("chint") == {
        "chint": readme.BEGIN,
        "chint_645": "<!-- values of chint_645 -->",
    }
    assert readme.marks_of("nothing") == {}
