"""Provisioning files: what Grafana asks for, secrets by name only, and what dashboards refer to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gridward_dashboards.query import SOURCE
from gridward_kit.kept import Json

FOLDER = Path(__file__).parents[2] / "provisioning" / "grafana"
SOURCES = sorted(FOLDER.glob("datasources*/*.yaml"))
PROVIDERS = sorted(FOLDER.glob("dashboards/*.yaml"))
VARIABLE = re.compile(r"\$[A-Z][A-Z_]*$")
OF_ENVIRONMENT = {"url", "user", "dbName", "password", "httpHeaderValue1"}


def read(path: Path) -> dict[str, Json]:
    found: dict[str, Json] = YAML(typ="safe").load(path.read_text())
    return found


def leaves(content: Json, key: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield from leaves(value, name)
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, key)
    else:
        yield key, content


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_a_data_source_is_the_one_that_dashboards_ask(path: Path) -> None:
    content = read(path)
    assert content["apiVersion"] == 1
    listed = content["datasources"]
    assert isinstance(listed, list)
    (source,) = listed
    assert isinstance(source, dict)
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE
    assert (source["access"], source["editable"]) == ("proxy", False)
    options = source["jsonData"]
    assert isinstance(options, dict)
    assert "version" not in options, "InfluxQL is what no version says"
    assert (options["httpMode"], options["timeInterval"]) == ("POST", "5s")
    assert "database" not in source


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_what_differs_by_site_comes_from_the_environment(path: Path) -> None:
    for key, value in leaves(read(path)):
        if key in OF_ENVIRONMENT:
            assert isinstance(value, str)
            assert VARIABLE.match(value), key
            assert value.removeprefix("$") in path.read_text().partition("apiVersion")[0], "it is explained"
        else:
            assert "$" not in str(value), key


def test_each_folder_has_one_data_source() -> None:
    """Grafana reads every file of a folder: two with one uid fight."""
    assert sorted(path.parent.name for path in SOURCES) == ["datasources", "datasources-influxdb1"]


def test_the_provider_reads_files_and_keeps_them() -> None:
    (path,) = PROVIDERS
    content = read(path)
    assert content["apiVersion"] == 1
    listed = content["providers"]
    assert isinstance(listed, list)
    (provider,) = listed
    assert isinstance(provider, dict)
    assert provider["type"] == "file"
    assert (provider["disableDeletion"], provider["allowUiUpdates"]) == (True, False)
    options = provider["options"]
    assert isinstance(options, dict)
    assert (options["foldersFromFilesStructure"], provider["folderUid"]) == (False, "gridward")
