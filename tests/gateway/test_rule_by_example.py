"""The examples of the rules' page: each rule stands with a story, and does what that says."""

import re
from pathlib import Path
from textwrap import indent

import pytest

from gridward.document import Fault
from gridward.policies.rulefile import SHIPPED, read_policy, shipped
from gridward.policies.siterules import catalogue_of
from gridward.policies.storyfile import read_stories
from gridward.rules.condition import COMPARISONS
from gridward.rules.story import play
from gridward.site import DeviceSpec
from gridward_kit.integration import integrations

PAGES = Path(__file__).parents[2] / "docs" / "rules"
PAGE = PAGES / "by-example.md"
BLOCK = re.compile(r"^## (?P<title>[^\n]+)$|^```(?P<kind>yaml|story)\n(?P<text>.+?)^```$", re.M | re.S)


def examples() -> list[tuple[str, str, str]]:
    """Title, rule file and story of each pair of blocks."""
    title, rules, found = "", "", []
    for block in BLOCK.finditer(PAGE.read_text()):
        match block["kind"]:
            case "yaml":
                assert not rules, f"{title}: a rule without a story"
                rules = block["text"]
            case "story":
                found.append((title, rules, block["text"]))
                rules = ""
            case _:
                title = block["title"]
    assert not rules, f"{title}: a rule without a story"
    return found


EXAMPLES = examples()


@pytest.mark.parametrize(("title", "rules", "story"), EXAMPLES, ids=[title for title, _, _ in EXAMPLES])
def test_an_example_does_what_its_story_says(tmp_path: Path, title: str, rules: str, story: str) -> None:
    body = rules if "rules:" in rules else f"rules:\n{indent(rules, '  ')}"
    (tmp_path / "own.yaml").write_text(f"version: 1\npolicy: own\n{body}")
    file = tmp_path / "own.stories.yaml"
    file.write_text(
        "version: 1\npolicy: own.yaml\ndevices: {inverter: axpert, bms: daly}\nstories:\n"
        f"  - story: {title.replace(':', ',')}\n{indent(story, '    ')}"
    )
    faults: list[Fault] = []
    told = read_stories(file, integrations(), faults)
    assert not faults, [str(fault) for fault in faults]
    assert told is not None
    assert [words for one in told.stories for words in play(one, told.policy, told.zone)] == []


@pytest.mark.parametrize(
    "word",
    [*COMPARISONS, "between", "equals", "one_of", "changed", "age", "all", "any", "not", "time", "date"],
)
def test_every_word_of_a_condition_has_an_example(word: str) -> None:
    assert any(re.search(rf"\b{word}:", rules) for _, rules, _ in EXAMPLES)


def test_the_files_of_the_policies_page_load(tmp_path: Path) -> None:
    devices = [DeviceSpec("inverter", "axpert", "Inverter", writable=True), DeviceSpec("bms", "daly", "B")]
    catalogue = catalogue_of(devices, {"battery": "bms", "load": "inverter"}, integrations())
    blocks = [block["text"] for block in BLOCK.finditer((PAGES / "policies.md").read_text()) if block["text"]]
    files = [text for text in blocks if text.startswith("version: 1")]
    assert len(files) == 2
    for text in files:
        (tmp_path / "own.yaml").write_text(text)
        faults: list[Fault] = []
        assert read_policy(tmp_path / "own.yaml", catalogue, faults).rules
        assert not faults, [str(fault) for fault in faults]


@pytest.mark.parametrize("name", shipped())
def test_each_shipped_policy_has_a_page_that_names_its_rules(
    name: str,
) -> None:
    page = (SHIPPED / f"{name}.md").read_text()
    assert name in page.splitlines()[0]
    text = (SHIPPED / f"{name}.yaml").read_text()
    for rule in re.findall(r"^  - id: (\w+)$", text, re.M):
        assert rule in page
    base = re.search(r"^extends: (\S+)$", text, re.M)
    assert base is None or f"{base[1]}.md" in page
    assert f"`{name}`" in (PAGES / "policies.md").read_text()
