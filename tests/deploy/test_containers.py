"""What runs in containers, held to our own rules; and the first start, against a real InfluxDB 1."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
CLOSED = ("read_only", "cap_drop", "security_opt", "mem_limit", "user")


def configured(environment: dict[str, str]) -> dict[str, Any]:
    """The compose file as Debian's docker-compose reads it, with the simulated house."""
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    command = [program, "-f", str(DOCKER / "compose.yaml"), "--profile", "simulated", "config"]
    environment = {"PATH": "/usr/bin:/bin", **environment}
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert found.returncode == 0, found.stderr
    read: dict[str, Any] = YAML(typ="safe").load(found.stdout)
    return read


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return configured({})


def test_every_service_is_closed(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"mosquitto", "influxdb", "grafana", "proxy", "gridward", "simulated", "init"} <= set(services)
    for name, service in services.items():
        assert all(service.get(key) for key in CLOSED), name
        assert service["cap_drop"] == ["ALL"], name
        assert not str(service["user"]).startswith(("0", "root")), name
        assert service.get("network_mode") is None, name
        assert not service.get("privileged"), name
        assert not service.get("devices"), name
        assert re.search(r":\d+\.\d+", service["image"]), f"{name}: {service['image']} is not pinned"
        assert not any("docker.sock" in json.dumps(volume) for volume in service.get("volumes", ())), name
        ended = service["restart"] == "no" or name == "simulated"
        assert ended or "healthcheck" in service, name


def test_only_broker_and_proxy_are_reached_from_outside_with_tls(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if service.get("ports")}
    assert set(ports) == {"mosquitto", "proxy"}
    assert ["8883" in json.dumps(ports["mosquitto"]), "8443" in json.dumps(ports["proxy"])] == [True, True]
    assert compose["networks"]["inside"]["internal"] is True
    inside = {name for name, service in compose["services"].items() if "outside" not in service["networks"]}
    assert {"influxdb", "grafana", "init", "simulated"} <= inside


def test_no_secret_stands_in_the_file_and_grafana_asks_nobody_at_start(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for key, value in (service.get("environment") or {}).items():
            secret = re.search(r"PASSWORD|TOKEN|SECRET", key) and not key.endswith("__FILE")
            assert not secret, f"{name}: {key}={value}"
    grafana = compose["services"]["grafana"]["environment"]
    assert grafana["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert grafana["GF_ANALYTICS_CHECK_FOR_UPDATES"] == "false"
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert grafana["GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED"] == "true"
    assert grafana["GF_SECURITY_DISABLE_GRAVATAR"] == "true"


def test_grafana_knows_the_address_that_its_one_click_buttons_ask(compose: dict[str, Any]) -> None:
    def root(services: dict[str, Any]) -> str:
        return str(services["grafana"]["environment"]["GF_SERVER_ROOT_URL"])

    assert root(compose["services"]) == "https://localhost:8443/"
    other = configured({"HTTPS_HOST": "pi.local", "HTTPS_PORT": "443"})["services"]
    assert root(other) == "https://pi.local:443/"


def test_grafanas_first_page_is_the_site_and_not_news_of_its_maker(compose: dict[str, Any]) -> None:
    grafana = compose["services"]["grafana"]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    mounts = dict(volume.split(":")[1::-1] for volume in grafana["volumes"])
    shown = json.loads((Path(mounts[str(home.parent)]) / home.name).read_text())
    assert shown["uid"] == "gridward-site"


def test_own_device_nodes_are_named_one_by_one() -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    files = ["-f", str(DOCKER / "compose.yaml"), "-f", str(DOCKER / "compose.devices.yaml")]
    environment = {"PATH": "/usr/bin:/bin", "INVERTER": "/dev/hidraw0", "BMS": "/dev/ttyUSB0"}
    found = subprocess.run(
        [program, *files, "config"], capture_output=True, text=True, env=environment, check=False
    )
    assert found.returncode == 0, found.stderr
    gateway = YAML(typ="safe").load(found.stdout)["services"]["gridward"]
    assert sorted(gateway["devices"]) == ["/dev/hidraw0:/dev/inverter", "/dev/ttyUSB0:/dev/bms"]
    assert gateway["cap_drop"] == ["ALL"]


def test_the_image_is_built_as_we_want_it() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    bases = [rest for word, rest in instructions if word == "FROM"]
    assert all(
        re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+(@sha256:\w{64})?( AS \w+)?", base) for base in bases
    ), bases
    assert "ADD" not in [word for word, _ in instructions]
    assert [rest for word, rest in instructions if word == "USER"][-1] == "10001:10001"
    assert "curl" not in text
    installs = [
        line
        for word, rest in instructions
        if word == "RUN"
        for line in rest.split("&&")
        if "pip install" in line
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)
    copied = [word for _, rest in instructions for word in rest.split() if word.endswith(".lock")]
    assert all((ROOT / name).exists() for name in copied if name.startswith("docker/"))


def test_the_image_holds_what_the_packages_link_to() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    copied = [Path(source) for source in re.findall(r"^COPY ([\w/]+) /build/", text, re.MULTILINE)]
    taken = [Path(line[1:]) for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"]
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
    links = [
        path for part in ("gateway", "integrations") for path in (ROOT / part).rglob("*") if path.is_symlink()
    ]
    assert len(links) > 5
    for link in links:
        target = link.resolve().relative_to(ROOT)
        for kept in (copied, taken):
            assert any(target.is_relative_to(one) for one in kept), f"{link} leads to {target}, not in {kept}"


def test_one_variable_says_which_influxdb(compose: dict[str, Any], tmp_path: Path) -> None:
    assert (
        configured({"INFLUXDB": "influxdb:3.11-core"})["services"]["influxdb"]["image"]
        == "influxdb:3.11-core"
    )
    services = compose["services"]
    database, owner = services["influxdb"], services["volumes"]
    for place in database["volumes"]:  # the image's folder would say whose an empty volume is, else
        assert re.fullmatch(r"influxdb:/var/lib/influxdb[23]?:nocopy", place)
    assert owner["user"] == database["user"]
    for name in ("influxd", "influxdb3"):  # an image has one of them
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" "$INFLUXDB3_PLUGIN_DIR"\n')
        (tmp_path / name).chmod(0o755)
        environment = {"PATH": str(tmp_path), "INFLUXDB3_PLUGIN_DIR": "/plugins"}
        run = subprocess.run(
            database["entrypoint"], capture_output=True, text=True, env=environment, check=True
        )
        words = run.stdout.split()
        assert words[0] == name
    assert "/plugins" not in words
    token = Path(words[words.index("--admin-token-file") + 1])
    assert f"influxdb:{token.parent}:nocopy" in database["volumes"]
    assert Path(owner["command"][-1]).name == Path(services["init"]["command"][-1]).name == token.name
    assert "influxdb:/influxdb:ro" in services["init"]["volumes"]


def _versions(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE))


def test_the_images_locks_are_part_of_the_lock() -> None:
    every = _versions(ROOT / "requirements.lock")
    for name in ("requirements.lock", "build.lock"):
        own = _versions(DOCKER / name)
        assert own
        assert own.items() <= every.items(), set(own.items()) - set(every.items())
        blocks = (DOCKER / name).read_text().split("\n")
        assert sum("--hash=sha256:" in line for line in blocks) >= len(own)
    needs: set[str] = set()
    for project in (*ROOT.glob("integrations/*/pyproject.toml"), ROOT / "gateway" / "pyproject.toml"):
        needs.update(tomllib.loads(project.read_text())["project"]["dependencies"])
    named = {canonicalize_name(Requirement(need).name) for need in needs}
    assert {name for name in named if not name.startswith("gridward")} <= set(
        _versions(DOCKER / "requirements.lock")
    )
