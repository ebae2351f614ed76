"""What the documents show is so: site files have no fault, commands exist with these options."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from gridward.cli import app
from gridward.config import load
from gridward.recorder.mapping import read_mapping
from gridward_kit.__main__ import app as kit

TREE = Path(__file__).parents[2]
DOCS = TREE / "docs"
DOCUMENTS = sorted(
    [
        *TREE.glob("*.md"),
        *TREE.glob("docs/**/*.md"),
        *TREE.glob("integrations/*/README.md"),
        TREE / "dashboards" / "README.md",
    ]
)
FENCED = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(?:sudo (?:-u \w+ )?)?((?:gridward|gridward-kit|make) [^`\n]+)`")
COMMAND = re.compile(
    r"^\s*(?:sudo (?:-u \w+ )?)?(?:\.venv/bin/)?(?P<line>(?:gridward|gridward-kit|make)\b[^#]*)"
)
FRAGMENT = re.compile(r"`(\w+: (?:\{[^`\n]*\}|\[[^`\n]*\]))`")
SITE = """version: 1
site: {id: home, name: Home, time_zone: UTC, latitude: 48, longitude: 17, fail_safe: grid_connected}
"""
BROKER = "mqtt: {url: embedded}\n"
HOUSE = """buses:
  - id: inverter_line
    port: hidraw://0665:5161
    devices: [{id: inverter, integration: axpert, writable: true}]
  - {id: bms_line, port: /dev/bms, devices: [{id: bms, integration: daly}]}
"""
ROLES = "pv: inverter, load: inverter, battery: bms"
CONTACTOR = "devices: [{id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low}]\n"
PARTS = {
    *("buses", "devices", "loads", "generator", "panel", "notify", "emergency", "tariff", "plant", "record"),
    *("rules", "mqtt", "http", "grafana", "meters"),
}
INCLUDED: dict[str, Path | str] = {  # what a site file that is shown includes
    "own.yaml": DOCS / "rules" / "policies.md",
    "influxdb.yaml": '{version: 1, url: "http://influxdb:8086", database: solar}',
}


def name(path: Path) -> str:
    return str(path.relative_to(TREE))


def blocks(path: Path, kind: str) -> Iterator[str]:
    for block in FENCED.finditer(path.read_text("utf-8")):
        if block["kind"] == kind:
            yield textwrap.dedent(block["text"])


def keys(text: str) -> list[str]:
    return re.findall(r"^(\w+):", text, re.MULTILINE)


def made_whole(text: str) -> str | None:
    """A part of a site file with what it wants beside it; None for what is no part of one."""
    found = set(keys(text))
    if not found or not found <= PARTS:
        return None
    begin = SITE if "mqtt" in found else SITE + BROKER
    whole = begin + text.replace("{url: ...,", '{url: "mqtt://127.0.0.1",')
    if "panel" in found or "grid_switch" in text:
        return f"{whole}{HOUSE}{CONTACTOR}roles: {{{ROLES}, grid_switch: contactor}}\n"
    return f"{whole}{HOUSE}roles: {{{ROLES}}}\n" if "rules" in found else whole


def site_files() -> Iterator[tuple[str, str]]:
    """Every whole site file that a document shows, and every part of one, in a block or in a sentence."""
    for path in DOCUMENTS:
        for number, text in enumerate(blocks(path, "yaml"), 1):
            whole = text if {"version", "site"} <= set(keys(text)) else made_whole(text)
            if whole is not None:
                yield f"{name(path)}-{number}", whole
        for text in FRAGMENT.findall(path.read_text("utf-8")):
            whole = made_whole(f"{text}\n")
            if whole is not None:
                yield f"{name(path)}-{text}", whole


SITES = dict(site_files())


def test_there_are_site_files_in_the_documents() -> None:
    assert sum("`" not in text for text in SITES.values()) > 35


@pytest.mark.parametrize("text", SITES.values(), ids=SITES)
def test_a_site_file_that_is_shown_has_no_fault(text: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(text)
    for file, content in INCLUDED.items():
        if file in text:
            shown = content if isinstance(content, str) else next(own_policies(content))
            (tmp_path / file).write_text(shown)
    words = set(re.findall(r"!secret (\w+)", text))
    if words:
        (tmp_path / "secrets.yaml").write_text("".join(f'{one}: "jsons://correct.horse"\n' for one in words))
        (tmp_path / "secrets.yaml").chmod(0o600)
    assert load(tmp_path / "site.yaml", complete="users: generated" not in text).id


def own_policies(path: Path) -> Iterator[str]:
    """The rule files that a page shows."""
    return (text for text in blocks(path, "yaml") if {"policy", "rules"} <= set(keys(text)))


def test_the_mapping_of_an_older_table_has_no_fault(tmp_path: Path) -> None:
    (tmp_path / "import.yaml").write_text(next(blocks(DOCS / "moving-over.md", "yaml")))
    assert read_mapping(tmp_path / "import.yaml", ZoneInfo("UTC")).made


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


def missing(text: str) -> list[str]:
    """The files of the tree that a block for the shell names and that are not there."""
    named = re.findall(r"(?<![\w./-])((?:tools|docker|dashboards|provisioning|integrations)/[\w./*-]+)", text)
    return [path for path in named if not any(TREE.glob(path.rstrip("/.")))]


def test_every_file_of_the_tree_in_a_command_is_there() -> None:
    pages = [path for path in DOCUMENTS if path.name != "CONTRIBUTING.md"]  # which makes its own
    assert [one for path in pages for text in blocks(path, "sh") for one in missing(text)] == []
    assert missing("cp -r provisioning/example x\ncp dashboards/json/*.yaml y") == ["dashboards/json/*.yaml"]


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
