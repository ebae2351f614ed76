"""What a journal or a container's log gets: each message on one line, however long, with its time."""

import logging
import re

import pytest

from gridward.cli import logs


def test_a_message_is_one_line_with_time_and_level(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    level = logging.root.level
    try:
        logs()
        logging.getLogger("gridward.rules").warning("rules: %s", "observed " * 30)
    finally:
        logging.root.setLevel(level)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING rules: (observed ){30}", line)
