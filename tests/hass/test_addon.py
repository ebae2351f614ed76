"""The add-on: what the Supervisor reads of it, and what it makes of what the Supervisor says."""

import re
from pathlib import Path
from typing import cast

import pytest
import voluptuous as vol
from ruamel.yaml import YAML

from gridward import addon
from gridward.document import SiteFault
from gridward_kit.integration import integrations
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "addon"
ELEMENT = re.compile(
    r"(?:bool|email|url|port|device(?:\(subsystem=[a-z]+\))?|(?:str|password)(?:\(\d*,\d*\))?"
    r"|int(?:\(-?\d*,-?\d*\))?|float(?:\([\d.]*,[\d.]*\))?|match\((?P<match>.*)\)|list\((?P<list>.+)\))\??"
)
VERSION = vol.Match(r"^\d+\.\d+\.\d+$")
ARCH = vol.In(("aarch64", "amd64"))
MAPPED = ("addon_config", "ssl", "share", "media", "data", "backup", "homeassistant_config")
OPTION = vol.Any(
    vol.Match(ELEMENT.pattern + "$"), [vol.Any(vol.Match(ELEMENT.pattern + "$"), {str: str})], {str: str}
)
CONFIG = vol.Schema(  # as the developer documentation lists it; a key that is not used here is left out
    {
        vol.Required("name"): str,
        vol.Required("version"): VERSION,
        vol.Required("slug"): vol.Match(r"^[-_.A-Za-z0-9]+$"),
        vol.Required("description"): str,
        vol.Required("arch"): [ARCH],
        "url": vol.Url(),
        "startup": vol.In(("initialize", "system", "services", "application", "once")),
        "boot": vol.In(("auto", "manual", "manual_only")),
        "init": bool,
        "stage": vol.In(("stable", "experimental", "deprecated")),
        "timeout": vol.All(int, vol.Range(10, 300)),
        "ingress": bool,
        "ingress_port": vol.All(int, vol.Range(0, 65535)),
        "panel_icon": vol.Match(r"^mdi:[a-z-]+$"),
        "panel_title": str,
        "panel_admin": bool,
        "watchdog": vol.Match(r"^(?:https?|\[PROTO:\w+\]|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$"),
        "services": [vol.Match(r"^(mqtt|mysql):(provide|want|need)$")],
        "uart": bool,
        "usb": bool,
        "tmpfs": bool,
        "backup": vol.In(("hot", "cold")),
        "map": [{vol.Required("type"): vol.In(MAPPED), "read_only": bool, "path": str}],
        "options": dict,
        "schema": {str: OPTION},
    }
)
IMAGE = vol.Match(r"^([a-zA-Z\-\.:\d{}]+/)*?([\-\w{}]+)/([\-\w{}]+)(:[\.\-\w{}]+)?$")
BUILD = vol.Schema({vol.Required("build_from"): {ARCH: IMAGE}, "args": {str: str}, "labels": {str: str}})
YARD = vol.Schema({vol.Required("name"): str, "url": vol.Url(), "maintainer": str})
WORDS = vol.Schema({"configuration": {str: {vol.Required("name"): str, "description": str}}})
FOUND = addon.Given(
    "Europe/Bratislava", "/api/hassio_ingress/Zx-9_k", 8099, Broker("mqtt://core-mosquitto:1883", "u", "p")
)


def read(name: str) -> dict[str, Json]:
    loaded: dict[str, Json] = YAML(typ="safe", pure=True).load((FOLDER / name).read_text("utf-8"))
    return loaded


def part(content: dict[str, Json], key: str) -> dict[str, Json]:
    return cast("dict[str, Json]", content[key])


def fits(typ: Json, value: Json) -> None:
    """Whether the Supervisor takes a value for an option of this type; raises vol.Invalid."""
    if isinstance(typ, list):
        assert isinstance(value, list)
        for one in value:
            fits(typ[0], one)
    elif isinstance(typ, dict):
        assert isinstance(value, dict)
        missing = {
            key for key, of in typ.items() if isinstance(of, str) and not of.endswith("?")
        } - value.keys()
        if missing or not value.keys() <= typ.keys():
            raise vol.Invalid(f"missing {missing}, or unknown among {sorted(value)}")
        for key, one in value.items():
            fits(typ[key], one)
    else:
        _fits_element(str(typ), value)


def _fits_element(typ: str, value: Json) -> None:
    found = ELEMENT.fullmatch(typ)
    assert found, typ
    if found["match"]:
        vol.Match(found["match"])(str(value))
    elif found["list"]:
        vol.In(found["list"].split("|"))(value)
    else:
        vol.Schema({"bool": bool, "int": int, "str": str}.get(re.split(r"\W", typ)[0], vol.Coerce(float)))(
            value
        )


def example() -> dict[str, Json]:
    """The options in DOCS.md."""
    found = re.search(r"```yaml\n(.*?)```", (FOLDER / "DOCS.md").read_text("utf-8"), re.DOTALL)
    assert found
    loaded: dict[str, Json] = YAML(typ="safe", pure=True).load(found[1])
    return loaded


def test_the_supervisor_takes_its_files() -> None:
    YARD(YAML(typ="safe", pure=True).load((ROOT / "repository.yaml").read_text("utf-8")))
    config, build = CONFIG(read("config.yaml")), BUILD(read("build.yaml"))
    version = (ROOT / "VERSION").read_text().strip()
    assert config["version"] == version
    assert build["build_from"].keys() == set(config["arch"])
    assert all(image.endswith(f":{version}") for image in build["build_from"].values())
    fits(config["schema"], config["options"])
    assert WORDS(read("translations/en.yaml"))["configuration"].keys() == config["schema"].keys()
    assert f":{config['ingress_port']}/" in config["watchdog"]


def test_every_integration_that_is_on_a_line_can_be_chosen() -> None:
    devices = cast("list[dict[str, str]]", part(read("config.yaml"), "schema")["devices"])
    found = ELEMENT.fullmatch(devices[0]["integration"])
    assert found
    assert found["list"].split("|") == sorted(
        name for name, one in integrations().items() if one.dialect is not None
    )


def test_the_documented_options_are_a_house(tmp_path: Path) -> None:
    fits(read("config.yaml")["schema"], example())
    site = addon.site_of(example(), FOUND, tmp_path, tmp_path)
    assert [[device.id for device in bus.devices] for bus in site.buses] == [
        ["inverter"],
        ["grid_meter", "house_meter"],
    ]
    assert site.roles["grid"] == "grid_meter"
    assert site.tariff is not None
    assert (site.http.listen, site.http.prefix) == ("loopback", FOUND.entry)
    assert site.broker is FOUND.broker
    assert str(site.time_zone) == FOUND.zone


def test_a_wrong_option_is_told_and_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(SiteFault, match="nobody"):
        addon.site_of(example() | {"roles": {"pv": "nobody"}}, FOUND, tmp_path, tmp_path)
    with pytest.raises(vol.Invalid):
        fits(read("config.yaml")["schema"], example() | {"devices": [{"id": "Bad id", "port": "x"}]})


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    example_site = (ROOT / "gateway" / "gridward" / "demo" / "site.yaml").read_text("utf-8")
    (tmp_path / "site.yaml").write_text(example_site)
    site = addon.site_of(example(), FOUND, tmp_path, tmp_path)
    assert site.id == "demo"
    assert site.folder == tmp_path
    assert site.broker is FOUND.broker
    assert site.http.prefix == FOUND.entry


def test_the_supervisor_is_asked_for_broker_zone_and_path() -> None:
    answers: dict[str, dict[str, Json]] = {
        "/addons/self/info": {"ingress_entry": "/api/hassio_ingress/Zx-9_k/", "ingress_port": 8099},
        "/info": {"timezone": "Europe/Bratislava"},
        "/services/mqtt": {
            "host": "core-mosquitto",
            "port": 8883,
            "ssl": True,
            "username": "addons",
            "password": "p",
        },
    }
    found = addon.given(lambda path: answers[path])
    assert (found.zone, found.entry, found.port) == (FOUND.zone, FOUND.entry, 8099)
    assert (found.broker.url, found.broker.username) == ("mqtts://core-mosquitto:8883", "addons")
    with pytest.raises(KeyError):
        addon.given(lambda path: answers[path] if path != "/services/mqtt" else {})
