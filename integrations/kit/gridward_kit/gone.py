"""Devices that left the site file: what Home Assistant was told of them is taken back."""

import logging
from collections.abc import Collection
from pathlib import Path

from gridward_kit.info import Setup
from gridward_kit.kept import Kept
from gridward_kit.mqtt import Link

log = logging.getLogger(__name__)

CARRIERS = ("bus_", "device_")  # roles of the site file's devices; other roles' devices are their own


def owner(setup: Setup, role: str) -> str | None:
    """The site file's device with which this one comes and goes; None for one of a service."""
    if setup.card is not None:
        return setup.card[0]
    return setup.id if role.startswith(CARRIERS) else None


def clear_gone(link: Link, folder: Path, known: Collection[str]) -> None:
    """Take back the discovery of all that was announced from this folder for devices not known any more."""
    for path in sorted(folder.glob("*.json")):
        try:
            kept = Kept(path)
        except ValueError:
            continue  # told by who reads it
        of = kept.content.get("owner")
        if isinstance(of, str) and of not in known:
            log.info("%s is gone: cleared in Home Assistant", path.stem)
            withdraw(link, kept)


def withdraw(link: Link, kept: Kept) -> None:
    """Clear what was announced from this file, and forget that it was."""
    announced = kept.content.get("announced")
    for topic in announced if isinstance(announced, list) else []:
        if isinstance(topic, str):
            link.publish(topic, "", retain=True)
    try:
        kept.save({"announced": None, "owner": None})
    except OSError as error:
        log.error("%s: cannot be written: %s; free some disk", kept.path, error)
