"""What holds for every dashboard's file: current, in place, in the house's manner, without a secret."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from dashboards.asked import Asked, panels, queries

from gridward.energies.counted import ENERGIES as DEVICE_ENERGIES
from gridward.energies.entities import rows as energies
from gridward.notify.role import ROWS_OF_DEVICE as ALARM_ROWS
from gridward.planning.entities import ROWS as PLAN_ROWS
from gridward.roles import ROWS as SITE_ROWS
from gridward.rules.entities import ROWS as RULES_ROWS
from gridward_dashboards import look, written
from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.older import NAME, OLDER_DASHBOARD
from gridward_dashboards.parts import Row, Size
from gridward_dashboards.ticked import ORIGINAL
from gridward_dashboards.words import text
from gridward_dashboards.written import FOLDERS
from gridward_kit.entity import POWER, VOLTAGE, Entity
from gridward_kit.integration import integrations
from gridward_kit.kept import Json

KINDS = {
    *("timeseries", "stat", "gauge", "bargauge", "barchart", "table", "state-timeline", "status-history"),
    *("text", "canvas"),
}
"""Panels of every Grafana from 11 to 13; none deprecated, none from a plug-in."""
DASHBOARDS = [one for several in FOLDERS.values() for one in several]
OPEN = {"audit", "health"}
"""Measurements that are no device's."""
SECRET = re.compile(r"(?i)password|token|secret|apikey|authorization|bearer")

ALL = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)


def placed(content: dict[str, Json]) -> Iterator[tuple[str, int, int, int, int]]:
    """Title and place (left, top, width, height) of every panel on the page, headings too."""
    listed = content["panels"]
    assert isinstance(listed, list)
    for panel in listed:
        assert isinstance(panel, dict)
        place = panel["gridPos"]
        assert isinstance(place, dict)
        left, top, width, height = (place[key] for key in "xywh")
        assert isinstance(left, int)
        assert isinstance(top, int)
        assert isinstance(width, int)
        assert isinstance(height, int)
        yield str(panel["title"]), left, top, width, height


def test_the_files_are_current() -> None:
    assert written.stale() == []


def test_what_is_not_current_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    (folder / "README.md").write_text((written.FOLDER / "README.md").read_text())
    written.write(folder)
    assert written.stale(folder) == []
    (folder / "json" / "gone.json").write_text("{}")
    (folder / "json" / "site.json").write_text("{}")
    assert [path.name for path in written.stale(folder)] == ["site.json", "gone.json"]
    written.write(folder)
    assert written.stale(folder) == []
    assert not (folder / "json" / "gone.json").exists()


@ALL
def test_panels_lie_inside_the_grid_and_apart(dashboard: Dashboard) -> None:
    found = list(placed(dashboard.content()))
    assert all(left >= 0 and left + width <= 24 and height > 0 for _, left, _, width, height in found)
    for one, other in combinations(found, 2):
        _, left, top, width, height = one
        _, left2, top2, width2, height2 = other
        beside = left + width <= left2 or left2 + width2 <= left
        assert beside or top + height <= top2 or top2 + height2 <= top, (one[0], other[0])


def test_panels_wrap_and_ids_follow_the_titles() -> None:
    sizes = [Size(12, 4), Size(8, 6), Size(8, 5), Size(24, 2), Size(4, 3)]
    many = tuple(text(f"Panel {number}", "", size) for number, size in enumerate(sizes))
    content = Dashboard("one", "One", "", (Row("First", many[:3]), Row("Second", many[3:]))).content()
    assert [place[1:] for place in placed(content)] == [
        *[(0, 0, 24, 1), (0, 1, 12, 4), (12, 1, 8, 6), (0, 7, 8, 5)],
        *[(0, 12, 24, 1), (0, 13, 24, 2), (0, 15, 4, 3)],
    ]
    turned = Dashboard("one", "One", "", (Row("First", many[::-1]),)).content()
    ids = {str(panel["title"]): panel["id"] for panel in panels(content)}
    assert {str(panel["title"]): panel["id"] for panel in panels(turned)} == ids
    with pytest.raises(ValueError, match="another title"):
        Dashboard("one", "One", "", (Row("First", (many[0], many[0])),)).content()


def test_uids_and_titles_are_each_ones_own() -> None:
    contents = [dashboard.content() for dashboard in DASHBOARDS]
    assert len({str(content["uid"]) for content in contents}) == len(DASHBOARDS)
    assert len({str(content["title"]) for content in contents}) == len(DASHBOARDS)
    for content in contents:
        assert "id" not in content
        assert content["timezone"] == "browser"
        ids = [panel["id"] for panel in panels(content)]
        assert len(ids) == len(set(map(str, ids)))


@ALL
def test_only_the_provisioned_data_source_and_panels_that_stay(dashboard: Dashboard) -> None:
    content = dashboard.content()
    shown = json.dumps(content)
    assert "__inputs" not in shown
    assert "${DS_" not in shown
    assert not SECRET.search(shown)
    source: Json = NAME if dashboard is OLDER_DASHBOARD else {"type": "influxdb", "uid": "gridward"}
    for panel in panels(content):
        assert panel["type"] in KINDS
        if panel["type"] != "text":
            assert panel["datasource"] == source


@ALL
def test_every_panel_that_asks_says_what_is_absent(dashboard: Dashboard) -> None:
    for panel in panels(dashboard.content()):
        if panel["type"] == "text":
            continue
        config = panel["fieldConfig"]
        assert isinstance(config, dict)
        defaults = config["defaults"]
        assert isinstance(defaults, dict)
        assert len(str(defaults["noValue"])) > 5, panel["title"]


def tables() -> dict[str, dict[str, set[str | None]]]:
    """The units of every key by measurement, as the tables of the integrations and the gateway have them."""
    rows: list[tuple[str, Entity]] = [("site", row) for row in (*SITE_ROWS, *energies("EUR"))]
    rows += [("rules", row) for row in RULES_ROWS]
    rows += [("plan", row) for row in PLAN_ROWS]
    rows += [("alarms", row) for row in ALARM_ROWS]
    rows += [("energies", row) for row in DEVICE_ENERGIES.entities({})]
    for integration in integrations().values():
        rows += [(integration.kind, row) for row in integration.entities({})]
    found: dict[str, dict[str, set[str | None]]] = {}
    for kind, row in rows:
        found.setdefault(kind, {}).setdefault(row.key, set()).add(row.quantity.unit)
    return found


def fields_of(asked: Asked) -> set[str]:
    return set(re.findall(r'\("(\w+)"\)', asked.raw)) - {"n"}


@ALL
def test_every_field_is_a_key_of_its_kind(dashboard: Dashboard) -> None:
    known = tables()
    for asked in queries(dashboard):
        if asked.measurement not in OPEN:
            assert fields_of(asked) - known[asked.measurement].keys() == set(), asked.panel


@ALL
def test_units_are_those_of_the_tables(dashboard: Dashboard) -> None:
    """A column's unit is its quantity's, in the panel's overrides or, for one value, its defaults."""
    known, compared = tables(), 0
    by_title = {str(panel["title"]): panel for panel in panels(dashboard.content())}
    for asked in queries(dashboard):
        config = by_title[asked.panel]["fieldConfig"]
        assert isinstance(config, dict)
        for _, key, name in asked.columns:
            unit = _unit(config, name)
            if unit in (None, "none") or key == "n" or asked.measurement in OPEN:
                continue
            units = {look.UNITS.get(one, f"suffix: {one}") for one in known[asked.measurement][key]}
            assert unit in units, f"{asked.panel}: {key}"
            compared += 1
    assert compared > 0 or dashboard.name == "health"


def _unit(config: dict[str, Json], name: str) -> str | None:
    defaults, overrides = config["defaults"], config["overrides"]
    assert isinstance(defaults, dict)
    assert isinstance(overrides, list)
    for override in overrides:
        assert isinstance(override, dict)
        matcher, properties = override["matcher"], override["properties"]
        assert isinstance(matcher, dict)
        assert isinstance(properties, list)
        if matcher["options"] == name:
            own = [one["value"] for one in properties if isinstance(one, dict) and one["id"] == "unit"]
            return str(own[0]) if own else str(defaults.get("unit", "none"))
    return str(defaults["unit"]) if "unit" in defaults else None


def test_powers_scale_to_kilowatts_with_three_digits() -> None:
    """With digits of its own Grafana would show 1234 W as 1 kW."""
    assert "decimals" not in look.of(POWER).properties()
    assert look.of(VOLTAGE).properties()["decimals"] == 1


@ALL
def test_a_figure_shows_its_own_column_and_not_the_time(dashboard: Dashboard) -> None:
    by_title = {str(panel["title"]): panel for panel in panels(dashboard.content())}
    for asked in queries(dashboard):
        if asked.kind != "stat":
            continue
        options = by_title[asked.panel]["options"]
        assert isinstance(options, dict)
        reduced = options["reduceOptions"]
        assert isinstance(reduced, dict)
        wanted = re.compile(str(reduced["fields"]).strip("/"))
        assert all(wanted.search(name) for _, _, name in asked.columns), asked.panel
        assert not wanted.search("Time")


@ALL
def test_colours_and_bars_say_nothing_that_is_not_so(dashboard: Dashboard) -> None:
    """Left alone, Grafana shows a figure red from 80 on, and bars from the least value on."""
    for panel in panels(dashboard.content()):
        config = panel.get("fieldConfig", {})
        assert isinstance(config, dict)
        defaults = config.get("defaults", {})
        assert isinstance(defaults, dict)
        custom = defaults.get("custom", {})
        assert isinstance(custom, dict)
        match panel["type"]:
            case "stat":
                assert "color" in defaults, panel["title"]
            case "bargauge":
                assert "min" in defaults, panel["title"]
            case "timeseries" if custom["drawStyle"] == "bars":
                assert custom["axisSoftMin"] == 0, panel["title"]


def test_the_original_is_ticked_off_panel_by_panel() -> None:
    titles = {
        dashboard.name: {str(panel["title"]) for panel in panels(dashboard.content())}
        for dashboard in DASHBOARDS
    }
    assert {name: len(ticked) for name, ticked in ORIGINAL.items()} == {"AXPERT": 43, "BMS": 27, "STATS": 9}
    for ticked in ORIGINAL.values():
        assert len({panel for panel, _, _ in ticked}) == len(ticked)
        assert [title for _, dashboard, title in ticked if title not in titles[dashboard]] == []


@pytest.mark.parametrize(
    ("looks", "domain", "key"),
    [
        (look.MODE, "axpert", "mode"),
        (look.MODE, "srne", "mode"),
        (look.CHARGE_STAGE, "srne", "charge_state"),
        (look.SOURCE, "axpert", "output_source_priority"),
        (look.SOURCE, "srne", "output_source_priority"),
        (look.CHARGER, "axpert", "charger_source_priority"),
        (look.CHARGER, "srne", "charger_source_priority"),
        (look.POSITION, "relay", "feedback"),
    ],
)
def test_every_option_has_its_word(looks: look.Looks, domain: str, key: str) -> None:
    options: set[str] = set()
    for row in integrations()[domain].entities({}):
        if row.key == key:
            options |= {*getattr(row, "options", ()), *getattr(row, "shown", ())}
    assert options
    assert looks.words is not None
    assert options - looks.words.keys() == set()
