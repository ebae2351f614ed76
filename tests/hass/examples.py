"""The examples of docs/home-assistant.md, as a reader would paste them."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from gridward_kit.kept import Json

PAGE = Path(__file__).parents[2] / "docs" / "home-assistant.md"
BLOCK = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)
ENTITY = re.compile(r"\b(?:binary_sensor|button|number|select|sensor|switch|text)\.[a-z0-9_]+\b")
SERVICES = {"select.select_option"}


def blocks() -> dict[str, str]:
    """The page's YAML by the name in its first line."""
    return dict(BLOCK.findall(PAGE.read_text("utf-8")))


def dashboard() -> dict[str, Json]:
    """The example dashboard's content."""
    loaded: dict[str, Json] = YAML(typ="safe", pure=True).load(blocks()["dashboard"])
    return loaded


def automations() -> list[dict[str, Json]]:
    """The example automations."""
    loaded: list[dict[str, Json]] = YAML(typ="safe", pure=True).load(blocks()["automations.yaml"])
    return loaded


def named() -> set[str]:
    """Every entity that the page names, in an example or in its text."""
    return set(ENTITY.findall(PAGE.read_text("utf-8"))) - SERVICES
