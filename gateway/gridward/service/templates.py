"""The files under `provisioning/`, which come with the package."""

import importlib.resources
from string import Template


def text(name: str) -> str:
    """One of them as it is, as `mosquitto/gridward.conf`."""
    return importlib.resources.files("gridward").joinpath("provisioning", *name.split("/")).read_text("utf-8")


def filled(name: str, **values: str) -> str:
    """One of them with its `${names}` put in; raises KeyError for one that has no value."""
    return Template(text(name)).substitute(values)


def names(folder: str) -> list[str]:
    """What a folder of them holds; nothing where there is none."""
    place = importlib.resources.files("gridward").joinpath("provisioning", *folder.split("/"))
    return sorted(one.name for one in place.iterdir()) if place.is_dir() else []
