"""Installed integrations: one that cannot be loaded stops itself only, and the self-check says so."""

from importlib.metadata import EntryPoint, entry_points

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
    found, broken = integration._loaded.__wrapped__()
    assert found == dict(integration.integrations())
    assert broken["gone"].startswith("ModuleNotFoundError: No module named 'gridward_that_was_removed'")
    assert broken["wrong"] == "TypeError: gridward_kit.integration:FAST is not an Integration"
    assert "integration gone cannot be loaded; the others go on" in caplog.text
