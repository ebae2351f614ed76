"""Every command has its link, its action and its canvas button; and what Grafana 7 takes of that."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboards.asked import panels

from gridward.api.named import COMMANDS, GROUPS, PROPOSALS
from gridward.rules.entities import ROWS as RULES_ROWS
from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.older import NAME, OLDER_DASHBOARD
from gridward_dashboards.written import FOLDERS, ONE_CLICK
from gridward_kit.entity import Select
from gridward_kit.integration import integrations
from gridward_kit.kept import Json

PROVISIONING = Path(__file__).parents[2] / "provisioning" / "grafana"
DASHBOARDS = [one for several in FOLDERS.values() for one in several]
CLICKS = pytest.mark.parametrize("dashboard", ONE_CLICK, ids=lambda dashboard: dashboard.name)
ACTIONS = "${gateway}/api/v1/commands"
HEIGHT = 38
"""Pixels of a row of Grafana's grid; 48 of a panel are its heading and edges."""


def test_commands_are_options_that_the_entities_take() -> None:
    rows = {("rules", row.key): row for row in RULES_ROWS}
    rows |= {("inverter", row.key): row for row in integrations()["axpert"].entities({})}
    assert len(COMMANDS) == sum(len(group.commands) for group in GROUPS.values())
    for command in COMMANDS.values():
        row = rows[command.kind, command.entity]
        assert isinstance(row, Select)
        assert row.accept(command.value) == command.value
        assert command.does.endswith(".")


@pytest.mark.parametrize("name", ["site", "axpert", "older"])
def test_every_command_has_its_link(name: str) -> None:
    (dashboard,) = [one for one in DASHBOARDS if one.name == name]
    shown = json.dumps(dashboard.content())
    for command in (*COMMANDS, *PROPOSALS):
        assert f"${{gateway}}/confirm?command={command}" in shown
    if name != "older":
        assert "command=proposal_approve&proposal=${__data.fields.proposal}" in shown
    assert '"actions"' not in shown


@pytest.mark.parametrize("name", ["site-one-click", "axpert-one-click"])
def test_every_command_has_an_action_that_asks_first(name: str) -> None:
    (dashboard,) = [one for one in DASHBOARDS if one.name == name]
    found = re.findall(
        r'"confirmation": "([^"]+)".*?"url": "([^"]+)".*?"body": "(.*?})"', json.dumps(dashboard.content())
    )
    asked = {}
    for words, url, body in found:
        content = json.loads(body.replace('\\"', '"'))
        assert content.pop("confirmed") is True
        assert url == ACTIONS
        asked[content["command"]] = (words, content.get("proposal"))
    assert asked == {
        **{name: (f"{one.title}: {one.does}", None) for name, one in COMMANDS.items()},
        **{name: (asked[name][0], "${__data.fields.proposal}") for name in PROPOSALS},
    }
    assert "Approve this proposal" in asked["proposal_approve"][0]


def canvas(dashboard: Dashboard) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    """The canvas of a dashboard, and its elements."""
    (panel,) = [one for one in panels(dashboard.content()) if one["type"] == "canvas"]
    options = panel["options"]
    assert isinstance(options, dict)
    assert options["inlineEditing"] is False, "in editing a click asks for nothing"
    root = options["root"]
    assert isinstance(root, dict)
    elements = root["elements"]
    assert isinstance(elements, list)
    return panel, [one for one in elements if isinstance(one, dict)]


def inside(content: Json, key: str) -> dict[str, Json]:
    assert isinstance(content, dict)
    found = content[key]
    assert isinstance(found, dict)
    return found


@CLICKS
def test_every_command_has_its_canvas_button(dashboard: Dashboard) -> None:
    """What switches power is asked about by Grafana; a button's own request asks nothing, and says so."""
    _, elements = canvas(dashboard)
    buttons = {str(one["name"]): one for one in elements if one["type"] == "button"}
    assert buttons.keys() == COMMANDS.keys()
    for name, button in buttons.items():
        command, config = COMMANDS[name], inside(button, "config")
        assert inside(config, "text")["fixed"] == command.title
        if not command.asks:
            api = inside(config, "api")
            assert "actions" not in button
            assert (api["method"], api["endpoint"], api["contentType"]) == (
                "POST",
                ACTIONS,
                "application/json",
            )
            assert "confirmed" not in json.loads(str(api["data"]))
            assert json.loads(str(api["data"]))["command"] == name
            continue
        assert "api" not in config
        listed = button["actions"]
        assert isinstance(listed, list)
        (action,) = listed
        assert isinstance(action, dict)
        assert (action["oneClick"], action["confirmation"]) == (True, f"{command.title}: {command.does}")
        body = json.loads(str(inside(action, "fetch")["body"]))
        assert (body["command"], body["confirmed"]) == (name, True)


def placed(element: dict[str, Json]) -> tuple[float, float, float, float]:
    """Left and right in per cent of the width, top and bottom in pixels."""
    place = inside(element, "placement")
    left, right, top, height = (place[key] for key in ("left", "right", "top", "height"))
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    assert isinstance(top, int | float)
    assert isinstance(height, int | float)
    return left, 100 - right, top, top + height


@CLICKS
def test_canvas_buttons_lie_apart_inside_their_panel_however_wide(dashboard: Dashboard) -> None:
    panel, elements = canvas(dashboard)
    height = inside(panel, "gridPos")["h"]
    assert isinstance(height, int)
    places = [placed(one) for one in elements]
    assert all(inside(one, "constraint") == {"horizontal": "scale", "vertical": "top"} for one in elements)
    for number, (left, right, top, bottom) in enumerate(places):
        assert 0 <= left < right <= 100
        assert 0 <= top < bottom <= height * HEIGHT - 48
        assert right - left > 30, "wide enough for a finger on a phone"
        for left2, right2, top2, bottom2 in places[:number]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top


def trees(content: Json) -> Iterator[dict[str, Json]]:
    """Every object of a tree."""
    if isinstance(content, dict):
        yield content
        for one in content.values():
            yield from trees(one)
    elif isinstance(content, list):
        for one in content:
            yield from trees(one)


def test_the_older_dashboard_has_only_what_grafana_7_knows() -> None:
    """No data source by its uid, before 8.3; no colours of words, before 8; no actions, before 11.6."""
    content = OLDER_DASHBOARD.content()
    assert content["schemaVersion"] == 25
    for one in trees(content):
        assert one.get("datasource", NAME) == NAME
        assert "actions" not in one
        mappings = one.get("mappings", [])
        assert isinstance(mappings, list)
        for number, mapping in enumerate(mappings, 1):
            assert isinstance(mapping, dict)
            assert mapping.keys() == {"id", "type", "value", "text"}
            assert (mapping["id"], mapping["type"]) == (number, 1)
    found = {str(one["type"]) for one in panels(content)}
    assert found == {"stat", "text"}
    (words,) = [one for one in panels(content) if one["type"] == "text"]
    assert {key: words[key] for key in ("mode", "content")} == words["options"], "7.0 has them outside"


def test_the_older_dashboard_names_the_provisioned_data_source() -> None:
    for path in sorted(PROVISIONING.glob("datasources*/*.yaml")):
        assert f"name: {NAME}\n" in path.read_text()
