"""The shipped policies: each of the original's rules as a story, and what they may never do."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.document import Fault
from gridward.policies.rulefile import SHIPPED, shipped
from gridward.policies.storyfile import Stories, read_stories
from gridward.rules import grid_switch
from gridward.rules.inputs import Inputs, Source
from gridward.rules.story import House, Story, play
from gridward.site import GridSwitchSettings
from gridward_kit.integration import integrations
from gridward_kit.point import Value


def told(name: str) -> Stories:
    faults: list[Fault] = []
    found = read_stories(SHIPPED / f"{name}.stories.yaml", integrations(), faults)
    assert found is not None
    assert not faults
    return found


ALL = {name: told(name) for name in shipped()}
AXPERT = ALL["axpert-lifepo4-16s"]


@pytest.mark.parametrize(
    ("name", "story"),
    [(name, story) for name, stories in ALL.items() for story in stories.stories],
    ids=lambda item: item.title if isinstance(item, Story) else item,
)
def test_a_policy_does_what_its_story_says(name: str, story: Story) -> None:
    assert play(story, ALL[name].policy, ALL[name].zone) == []


@pytest.mark.parametrize("name", shipped())
def test_every_rule_of_a_policy_has_a_story(name: str) -> None:
    stories = ALL[name]
    chapters = [chapter for story in stories.stories for chapter in story.chapters]
    behind = {rule for one in chapters for rule in (one.by, *one.wins, *(one.alarms or ()))}
    assert {rule.id for rule in stories.policy.rules} <= behind


def test_a_story_that_ends_otherwise_is_told_with_its_place(tmp_path: Path) -> None:
    text = (SHIPPED / "axpert-lifepo4-16s.stories.yaml").read_text()
    file = tmp_path / "mine.stories.yaml"
    file.write_text(text.replace("source_usb_when_battery_critical", "source_sbu_when_full", 1))
    done = CliRunner().invoke(app, ["rules", "test", str(file)])
    assert done.exit_code == 3
    assert "was written by source_usb_when_battery_critical; expected source_sbu_when_full" in done.output
    file.write_text(text.replace("battery.soc", "battery.sok", 1))
    assert CliRunner().invoke(app, ["rules", "test", str(file)]).exit_code == 2


def test_the_stories_of_a_rule_file_lie_beside_it(tmp_path: Path) -> None:
    rules = tmp_path / "mine.yaml"
    rules.write_text((SHIPPED / "schedule.yaml").read_text())
    alone = CliRunner().invoke(app, ["rules", "test", str(rules)])
    assert (alone.exit_code, "in mine.stories.yaml, which is not there" in alone.output) == (2, True)
    stories = (SHIPPED / "schedule.stories.yaml").read_text()
    rules.with_name("mine.stories.yaml").write_text(stories.replace("policy: schedule", "policy: mine.yaml"))
    done = CliRunner().invoke(app, ["rules", "test", str(rules)])
    assert (done.exit_code, "mine.stories.yaml: 7 stories, 0 of them" in done.output) == (0, True)


LOW_BANK: dict[str, Value] = {"current": -12.0, "discharge_mosfet": True, "cell_voltage_min": 3.2}
INVERTER: dict[str, Value] = {"mode": "battery", "output_voltage": 230.0, "problem": False}


def positions(volts: float, seconds: int, memory: grid_switch.Memory) -> tuple[list[str], grid_switch.Memory]:
    """The grid switch with the thresholds of 16 cells, decided once a second."""
    bank = Source("the BMS", fresh=True, age=1.0, values={"voltage": volts, **LOW_BANK})
    inverter = Source("the inverter", fresh=True, age=1.0, values=INVERTER)
    found: list[str] = []
    for _ in range(seconds):
        now = (memory.at or 0.0) + 1.0
        decided = grid_switch.decide(
            Inputs({"battery": bank, "inverter": inverter}), GridSwitchSettings("b", "i"), now, memory
        )
        memory = decided.memory
        found.append(decided.position)
    return found, memory


def test_the_original_s_relay_rules_are_the_lease_off_from_51_8_on_after_4_minutes_below_51_2() -> None:
    before, memory = positions(51.7, 120, grid_switch.Memory())
    assert set(before) == {"connected"}
    off, memory = positions(51.8, 5, memory)
    assert off[-1] == "islanded"
    low, memory = positions(51.1, 239, memory)
    assert set(low) == {"islanded"}
    on, memory = positions(51.1, 5, memory)
    assert on[-1] == "connected"
    still, _ = positions(51.7, 600, memory)
    assert set(still) == {"connected"}


REFS = AXPERT.policy.refs
GIVEN = AXPERT.stories[0].given
NUMBERS = st.one_of(
    st.none(), st.floats(-10, 70), st.sampled_from([50.6, 51.8, 53.7, 53.8, 54.5, 3.53, 14.0])
)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_whatever_the_inputs_do_the_charging_voltages_stay_inside_the_envelope(data: st.DataObject) -> None:
    house = House(AXPERT.policy, ZoneInfo("Europe/Bratislava"), AXPERT.stories[0].begins)
    house.has(GIVEN)
    for _ in range(data.draw(st.integers(1, 8))):
        for ref in data.draw(st.lists(st.sampled_from(REFS), max_size=4)):
            known = GIVEN[ref]
            if not isinstance(known, bool | str):
                house.has({ref: data.draw(NUMBERS)})
        for _ in range(60):
            for one in house.step():
                output = AXPERT.policy.output(one.output)
                if one.code == "write" and not isinstance(one.value, bool | str | None):
                    assert output.least <= one.value <= output.most
