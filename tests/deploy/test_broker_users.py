"""Passwords of the broker's users: made once, kept private, told apart by host, and never shown."""

import asyncio
import re
from pathlib import Path

import aiomqtt
import pytest
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import SiteFault, load
from gridward.service import users

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://192.0.2.1:1883", users: generated}
buses:
  - {id: line, port: /dev/ttyUSB0, devices: [{id: bms, integration: daly}]}
"""
HOSTS = "hosts: {one: ['bus:line'], two: [rules, plan, recorder, http, notify]}\n"


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def _words(path: Path) -> dict[str, str]:
    text = (path.parent / "secrets.yaml").read_text()
    return dict(re.findall(r'^broker_(\w+): "(.+)"$', text, re.MULTILINE))


def test_without_passwords_a_site_does_not_start_and_says_what_makes_them(site_file: Path) -> None:
    (site_file.parent / "secrets.yaml").write_text("other: 1\n")
    (site_file.parent / "secrets.yaml").chmod(0o600)
    with pytest.raises(SiteFault, match=r"site.yaml:3: .*broker_bus_line.*gridward service broker"):
        load(site_file)


def test_they_are_made_once_beside_other_secrets(site_file: Path) -> None:
    secrets = site_file.parent / "secrets.yaml"
    secrets.write_text("mine: untouched # by hand\n")
    secrets.chmod(0o600)
    made = users.make(load(site_file, complete=False))
    words = _words(site_file)
    assert set(made) == set(words) >= {"bus_line", "rules", "recorder", "http", "homeassistant", "doctor"}
    assert len(set(words.values())) == len(words)
    assert all(len(word) == 32 for word in words.values())
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert "mine: untouched # by hand\n" in secrets.read_text()
    site = load(site_file)
    assert not any(word in repr(site) + repr(site.broker) for word in words.values())
    assert users.make(site) == []
    assert users.make(site, ["http"]) == ["http"]
    again = _words(site_file)
    assert {name for name in words if words[name] != again[name]} == {"http"}
    with pytest.raises(ValueError, match="no user nobody"):
        users.make(site, ["nobody"])


def test_a_host_needs_its_own_roles_only(site_file: Path) -> None:
    site_file.write_text(SITE + HOSTS)
    secrets = site_file.parent / "secrets.yaml"
    secrets.write_text('broker_bus_line: "only this one"\n')
    secrets.chmod(0o600)
    site = load(site_file)

    async def client(user: str) -> None:
        site.broker.client(user, aiomqtt.Will("none"))

    asyncio.run(client("gridward-home-bus_line"))
    with pytest.raises(ValueError, match="no password of the broker's user gridward-home-rules"):
        asyncio.run(client("gridward-home-rules"))


@pytest.mark.parametrize(
    "mqtt", ["{url: embedded, users: generated}", '{url: "mqtt://a", users: generated, username: x}']
)
def test_what_does_not_go_together_is_told(site_file: Path, mqtt: str) -> None:
    site_file.write_text(re.sub(r"(?m)^mqtt: .*$", f"mqtt: {mqtt}", SITE))
    with pytest.raises(SiteFault, match="neither username nor password"):
        load(site_file)


def test_the_broker_s_files_are_written_and_the_same_again(site_file: Path, tmp_path: Path) -> None:
    command = ["service", "broker", str(site_file), "--folder", str(tmp_path / "broker")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    files = {path.name: path.read_text() for path in (tmp_path / "broker").iterdir()}
    assert set(files) == {"gridward.conf", "gridward.acl", "gridward.passwd"}
    assert "allow_anonymous false" in files["gridward.conf"]
    assert re.findall(r"^listener .*", files["gridward.conf"], re.MULTILINE) == ["listener 1883 127.0.0.1"]
    words = _words(site_file)
    assert not any(word in text for text in (*files.values(), done.output) for word in words.values())
    assert CliRunner().invoke(app, command).exit_code == 0
    assert {path.name: path.read_text() for path in (tmp_path / "broker").iterdir()} == files
