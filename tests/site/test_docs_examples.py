"""What the documents show is so: site files have no fault, commands exist with these options."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from gridward.cli import app
from gridward.config import load
from gridward_kit.__main__ import app as kit

TREE = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *TREE.glob("*.md"),
        *TREE.glob("docs/**/*.md"),
        *TREE.glob("integrations/*/README.md"),
        TREE / "dashboards" / "README.md",
    ]
)
FENCED = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:gridward|gridward-kit|make) [^`\n]+)`")
COMMAND = re.compile(r"^\s*(?:sudo )?(?:\.venv/bin/)?(?P<line>(?:gridward|gridward-kit|make)\b[^#]*)")
BEGIN = """version: 1
site: {id: home, name: Home, time_zone: UTC, latitude: 48, longitude: 17, fail_safe: grid_connected}
mqtt: {url: embedded}
"""
PARTS = {"buses", "devices", "generator", "panel", "notify", "emergency", "tariff", "plant", "record"}
NEEDS = {  # what a part of a site file wants beside it
    "panel": "roles: {grid_switch: contactor}\ndevices: [{id: contactor, integration: relay, driver: gpio, "
    "pin: 26, closed_when: low}]\n",
}


def name(path: Path) -> str:
    return str(path.relative_to(TREE))


def blocks(path: Path, kind: str) -> Iterator[str]:
    for block in FENCED.finditer(path.read_text("utf-8")):
        if block["kind"] == kind:
            yield textwrap.dedent(block["text"])


def keys(text: str) -> list[str]:
    return re.findall(r"^(\w+):", text, re.MULTILINE)


def site_files() -> Iterator[tuple[str, str]]:
    """Every whole site file that a document shows, and every part of one, made whole."""
    for path in DOCUMENTS:
        for number, text in enumerate(blocks(path, "yaml"), 1):
            found = keys(text)
            if {"version", "site"} <= set(found):
                yield f"{name(path)}-{number}", text
            elif found and set(found) <= PARTS:
                beside = "".join(NEEDS[key] for key in found if key in NEEDS)
                yield f"{name(path)}-{number}", BEGIN + beside + text


SITES = dict(site_files())


def test_there_are_site_files_in_the_documents() -> None:
    assert len(SITES) > 15


@pytest.mark.parametrize("text", SITES.values(), ids=SITES)
def test_a_site_file_that_is_shown_has_no_fault(text: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(text)
    secrets = "".join(
        f'{word}: "jsons://correct.horse"\n' for word in set(re.findall(r"!secret (\w+)", text))
    )
    (tmp_path / "secrets.yaml").write_text(secrets)
    (tmp_path / "secrets.yaml").chmod(0o600)
    assert load(tmp_path / "site.yaml").id


def commands(path: Path) -> Iterator[str]:
    """Each command line that a document shows, in a block for the shell or in a sentence."""
    for text in blocks(path, "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            for part in line.split("#")[0].split("&&"):
                if found := COMMAND.match(part):
                    yield found["line"].strip()
    yield from (line.partition("#")[0].strip() for line in INLINE.findall(path.read_text("utf-8")))


def wrong(line: str) -> str | None:
    """What is wrong with a command line: no such command, or no such option; None where nothing is."""
    program, *words = shlex.split(line.replace("...", " "))
    if program == "make":
        targets = set(re.findall(r"^(\w+):", (TREE / "Makefile").read_text(), re.MULTILINE))
        return None if not words or words[0] in targets or "=" in words[0] else f"no target {words[0]}"
    command = get_command(kit if program == "gridward-kit" else app)
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        inner = command.get_command(typer.Context(command), words[0].rstrip(",."))
        if inner is None:
            return f"no command {words[0]}"
        command = inner
        words = words[1:]
    known = {"--help", *(one for option in command.params for one in (*option.opts, *option.secondary_opts))}
    used = (word.partition("=")[0].strip("[].,") for word in words if re.match(r"\[?--?[a-z]", word))
    missing = [word for word in used if word not in known]
    return f"{command.name} has no {', '.join(missing)}" if missing else None


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_command_that_is_shown_exists_with_its_options(path: Path) -> None:
    faults = [f"{line}: {fault}" for line in commands(path) if (fault := wrong(line))]
    assert faults == []


def test_commands_are_found_and_wrong_ones_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nsudo gridward run site.yaml && gridward check x  # why\n```\nsay `gridward token --new`\n"
    )
    assert list(commands(page)) == ["gridward run site.yaml", "gridward check x", "gridward token --new"]
    assert wrong("gridward token --new") is None
    assert wrong("gridward token --old") == "token has no --old"
    assert wrong("gridward relay drive x") == "no command drive"
    assert wrong("gridward walk") == "no command walk"
    assert wrong("make promise N=17") is None
    assert wrong("make coffee") == "no target coffee"
