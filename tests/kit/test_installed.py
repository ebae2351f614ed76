"""Installed integrations: one that cannot be loaded stops itself only, and the self-check says so."""

import subprocess
import sys
import threading
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from gridward_kit import integration


def test_a_package_that_cannot_be_loaded_stops_itself_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    group = "gridward.integrations"
    spoilt = [
        EntryPoint("gone", "gridward_that_was_removed:INTEGRATION", group),
        EntryPoint("wrong", "gridward_kit.integration:FAST", group),
    ]
    monkeypatch.setattr(integration, "entry_points", lambda group: [*entry_points(group=group), *spoilt])
    found = integration.Installed()
    assert dict(found) == dict(integration.integrations())
    gone = "ModuleNotFoundError: No module named 'gridward_that_was_removed'"
    assert found.broken["gone"].startswith(gone)
    words = "gridward_kit.integration:FAST is not an Integration of the domain wrong"
    assert found.broken["wrong"] == f"TypeError: {words}"
    assert "gone" not in found
    assert found.get("wrong") is None
    assert "integration gone cannot be loaded; the others go on" in caplog.text


def test_only_what_is_asked_for_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    class Noted:
        def __init__(self, entry: EntryPoint) -> None:
            self.name, self.value, self._entry = entry.name, entry.value, entry

        def load(self) -> object:
            loaded.append(self.name)
            return self._entry.load()

    monkeypatch.setattr(integration, "entry_points", lambda group: map(Noted, entry_points(group=group)))
    found = integration.Installed()
    assert loaded == []
    assert found["daly"].domain == "daly"
    assert "daly" in found
    assert "nobody" not in found
    assert loaded == ["daly"]
    names = list(found)
    assert names == sorted(names)
    assert sorted(loaded) == names
    assert len(found) == len(names)
    assert len(loaded) == len(names)


def test_who_asks_while_another_thread_loads_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    second: list[str] = []
    answered = threading.Event()

    def ask() -> None:
        second.append(found["daly"].domain if "daly" in found else "nobody")
        answered.set()

    class Slow:
        def __init__(self, entry: EntryPoint) -> None:
            self.name, self.value, self._entry = entry.name, entry.value, entry

        def load(self) -> object:
            other.start()
            answered.wait(0.2)  # long enough for one who does not wait
            return self._entry.load()

    monkeypatch.setattr(integration, "entry_points", lambda group: map(Slow, entry_points(group=group)))
    found, other = integration.Installed(), threading.Thread(target=ask)
    assert found["daly"].domain == "daly"
    other.join()
    assert second == ["daly"]


def test_a_site_loads_the_integrations_that_it_names(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "version: 1\n"
        "site: {id: home, name: Home, time_zone: UTC, fail_safe: grid_connected}\n"
        "mqtt: {url: 'mqtt://127.0.0.1:1883'}\n"
        "buses: [{id: line, port: /dev/ttyUSB0, devices: [{id: bms, integration: daly}]}]\n"
        "roles: {battery: bms}\n"
    )
    program = (
        "import pathlib, sys\n"
        "from gridward.config import load\n"
        "import gridward.run\n"
        "assert 'amqtt' not in sys.modules\n"
        f"load(pathlib.Path({str(site)!r}))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('gridward_') and '.' not in name))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["gridward_daly", "gridward_kit"]
