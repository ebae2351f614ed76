"""The files against Grafana's own published types, and once more through the models of its SDK."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from dashboards.asked import panels
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from jsonschema import Draft7Validator

from gridward_dashboards.written import FOLDER, FOLDERS
from gridward_kit.kept import Json

SCHEMA = json.loads((Path(__file__).parent / "grafana_schema.json").read_text())
OLDER = "older"
"""What is in the form of Grafana 7 has no published types."""
FILES = sorted(path for name in FOLDERS if name != OLDER for path in (FOLDER / name).glob("*.json"))
GRAFANA_DATA: dict[str, Json] = {"limit": 100, "matchAny": False, "tags": [], "type": "tags"}
GAUGE = {
    "barShape": "flat",
    "barWidthFactor": 0.4,
    "effects": {},
    "segmentCount": 1,
    "segmentSpacing": 0.3,
    "shape": "gauge",
}
"""What 13 has new in a gauge's options and fills in itself; 11 and 12 do not know it."""


ACTION = {**SCHEMA["dashboard"], "$ref": "#/definitions/Action"}


def read(path: Path) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(path.read_text())
    return found


def faults(schema: object, content: object) -> list[str]:
    assert isinstance(schema, dict)
    return [
        f"{error.json_path}: {error.message[:200]}" for error in Draft7Validator(schema).iter_errors(content)
    ]


def as_published(content: Mapping[str, Json]) -> dict[str, Json]:
    """The published types describe the target of an annotation as that of one other data source."""
    annotations = content["annotations"]
    assert isinstance(annotations, dict)
    listed = annotations["list"]
    assert isinstance(listed, list)
    plain: list[Json] = [{**one, "target": GRAFANA_DATA} for one in listed if isinstance(one, dict)]
    return {**content, "annotations": {"list": plain}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_fits_the_published_types(path: Path) -> None:
    assert faults(SCHEMA["dashboard"], as_published(read(path))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_panels_options_and_field_settings_fit_its_types(path: Path) -> None:
    found = []
    for panel in panels(read(path)):
        kind, options = str(panel["type"]), panel["options"]
        assert isinstance(options, dict)
        filled = {**GAUGE, **options} if kind == "gauge" else options
        if kind == "canvas":
            filled, actions = without_actions(options)
            found += [f"{panel['title']}: {fault}" for one in actions for fault in faults(ACTION, one)]
        found += [f"{panel['title']}: {fault}" for fault in faults(SCHEMA["options"][kind], filled)]
        for custom in customs(panel):
            found += [f"{panel['title']}: {fault}" for fault in faults(SCHEMA["custom"][kind], custom)]
    assert found == []


def without_actions(options: dict[str, Json]) -> tuple[dict[str, Json], list[Json]]:
    """A canvas apart from its elements' actions, which its published types leave out."""
    root = options["root"]
    assert isinstance(root, dict)
    elements = root["elements"]
    assert isinstance(elements, list)
    plain: list[Json] = []
    actions: list[Json] = []
    for element in elements:
        assert isinstance(element, dict)
        own = element.get("actions", [])
        assert isinstance(own, list)
        actions += own
        plain.append({key: content for key, content in element.items() if key != "actions"})
    return {**options, "root": {**root, "elements": plain}}, actions


def customs(panel: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """The field settings of a panel: those of all fields, with those of each field that has its own."""
    config = panel.get("fieldConfig")
    if not isinstance(config, dict):
        return
    defaults, overrides = config["defaults"], config["overrides"]
    assert isinstance(defaults, dict)
    assert isinstance(overrides, list)
    custom = defaults.get("custom", {})
    assert isinstance(custom, dict)
    if custom:
        yield custom
    for override in overrides:
        assert isinstance(override, dict)
        properties = override["properties"]
        assert isinstance(properties, list)
        own = {str(one["id"]): one["value"] for one in properties if isinstance(one, dict)}
        more = {key.removeprefix("custom."): value for key, value in own.items() if key.startswith("custom.")}
        if more:
            yield {**custom, **more}


def spoilt(content: dict[str, Json], how: str) -> dict[str, Json]:
    """A dashboard with one fault."""
    copy: dict[str, Json] = json.loads(json.dumps(content))
    (panel, *_) = panels(copy)
    match how:
        case "misspelt key":
            panel["tpye"] = "stat"
        case "misspelt unit":
            config = panel["fieldConfig"]
            assert isinstance(config, dict)
            assert isinstance(config["defaults"], dict)
            config["defaults"]["unti"] = "volt"
        case "width in words":
            panel["gridPos"] = {"x": 0, "y": 0, "w": "six", "h": 4}
        case _:
            copy["refresh"] = 30
    return copy


@pytest.mark.parametrize("how", ["misspelt key", "misspelt unit", "width in words", "refresh as a number"])
def test_the_schema_finds_faults(how: str) -> None:
    content = as_published(read(FOLDER / "json" / "site.json"))
    assert faults(SCHEMA["dashboard"], spoilt(content, how)) != []


def paths(content: Json, at: str = "") -> Iterator[str]:
    """Every key of a tree, with where it is."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{at}.{key}"
            yield from paths(value, f"{at}.{key}")
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from paths(value, f"{at}[{place}]")


@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_sdks_models_know_every_key(path: Path) -> None:
    """A key that they do not know vanishes when a file is read and written by them."""
    from grafana_foundation_sdk.models.dashboard import Dashboard as Model  # noqa: PLC0415 - it warns

    content = as_published(read(path))
    again = json.loads(JSONEncoder().encode(Model.from_json(content)))
    assert set(paths(content)) - set(paths(again)) == set()
