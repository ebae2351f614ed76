"""The documents tell the truth: links lead somewhere, commands exist, the example site file is right."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from gridward.cli import app
from gridward.config import SiteFault, load

TREE = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*TREE.glob("*.md"), *TREE.glob("integrations/*/README.md"), TREE / "gateway" / "README.md"]
)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
COMMAND = re.compile(r"`?(?:\.venv/bin/)?gridward ([a-z]+)\b")
EXAMPLE = TREE / "provisioning" / "example"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(TREE)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert missing == []


def test_the_first_screen_says_what_it_is_with_a_picture_and_two_commands() -> None:
    screen = (TREE / "README.md").read_text().splitlines()[:15]
    assert screen[0] == "# Gridward"
    assert any(line.startswith("![") for line in screen)
    assert [line.split()[:2] for line in screen if line.startswith("make ")] == [
        ["make", "demo"],
        ["make", "test"],
    ]


def test_every_command_that_the_documents_name_exists() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    known = set(group.list_commands(typer.Context(group)))
    named = {word for path in DOCUMENTS for word in COMMAND.findall(path.read_text())}
    assert {"demo", "run", "check"} <= named
    assert named - known == set()


def example(folder: Path, secrets: int = 0o600) -> Path:
    """The example in a folder of its own, its secrets filled in."""
    for name in ("site.yaml", "rules.yaml"):
        (folder / name).write_text((EXAMPLE / name).read_text())
    text = (EXAMPLE / "secrets.yaml.example").read_text().replace('""', '"correct horse"')
    (folder / "secrets.yaml").write_text(text)
    (folder / "secrets.yaml").chmod(secrets)
    return folder / "site.yaml"


def test_the_example_site_file_has_no_fault(tmp_path: Path) -> None:
    site = load(example(tmp_path))
    assert site.fail_safe == "grid_connected"
    assert site.broker.password == "correct horse"
    assert {device.integration for device in site.all_devices()} == {"axpert", "daly", "relay", "ping"}
    assert site.rules.mode == "observe"
    assert site.rules.grid_switch is not None
    assert site.rules.grid_switch.relay == "contactor"


def test_secrets_that_others_can_read_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SiteFault) as caught:
        load(example(tmp_path, secrets=0o644))
    assert any("600" in str(fault) for fault in caught.value.faults)


def test_the_site_file_in_the_readme_has_no_fault(tmp_path: Path) -> None:
    text = (TREE / "README.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    path = example(tmp_path)
    path.write_text(text)
    assert load(path).id == "home"


def test_the_changelog_has_this_version() -> None:
    version = (TREE / "VERSION").read_text().strip()
    assert f"## [{version}]" in (TREE / "CHANGELOG.md").read_text()


def test_a_reporter_learns_how_and_how_fast_and_until_when() -> None:
    text = (TREE / "SECURITY.md").read_text()
    version = (TREE / "VERSION").read_text().strip().rpartition(".")[0]
    assert "within **5 days**" in text
    assert re.search(rf"\| {re.escape(version)}\.x \| 20\d\d-\d\d-\d\d \|", text)
