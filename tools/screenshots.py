"""Makes screenshots into docs/images: every view of the sunny noon, the first view of the other scenes.

Each on a desktop and a phone in light, and on a phone in dark. Of the scenes of `tools.page_scene`; with
`--url URL --token TOKEN --scene NAME` of a running gateway, under that name. Needs Chromium and its
driver.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver

TREE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TREE))
from tools.browser import Served, chromium, emulate, logged_in, scene  # noqa: E402

IMAGES = TREE / "docs" / "images"
SCENES = {"sunny_noon": "on", "outage_at_dusk": "observe", "broken_bms": "on"}
VIEWS = {
    "first-view": "",
    "controls": "controls",
    "charts": "charts",
    "cells": "cells",
    "devices": "devices",
    "device": "devices/inverter",
    "rules": "rules",
    "audit": "audit",
    "health": "health",
}
SUNNY, FIRST = "sunny_noon", "first-view"
PHONE, DESKTOP = (390, 844), (1280, 800)
SHAPES = {
    "desktop-light": (DESKTOP, False, False),
    "phone-light": (PHONE, True, False),
    "phone-dark": (PHONE, True, True),
}
DRAWN = 3.0  # s from the view's load until its charts stand


def shoot(browser: webdriver.Chrome, served: Served, name: str, views: dict[str, str]) -> None:
    """One picture of each view in each shape."""
    prefix = "" if name == SUNNY else f"{name.replace('_', '-')}-"
    for view, path in views.items():
        for shape, (size, phone, dark) in SHAPES.items():
            emulate(browser, *size, phone=phone, dark=dark)
            browser.get(served.url + path)
            time.sleep(DRAWN)
            target = IMAGES / f"{prefix}{view}-{shape}.png"
            if not browser.save_screenshot(str(target)):
                raise OSError(f"{target} cannot be written")
            sys.stdout.write(f"{target.relative_to(TREE)}\n")


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="a running gateway's page, with a slash at its end")
    parser.add_argument("--token")
    parser.add_argument("--scene", action="append", help="only this scene; or the running one's name")
    parser.add_argument("--view", action="append", choices=list(VIEWS), help="only this view")
    wanted = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)

    def views(scene: str) -> dict[str, str]:
        usual = VIEWS if scene == SUNNY else (FIRST,)
        return {name: path for name, path in VIEWS.items() if name in (wanted.view or usual)}

    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
        if wanted.url:
            served = Served(wanted.url, wanted.token or "")
            logged_in(browser, served.url, served.token)
            running = (wanted.scene or ["running"])[0]
            shoot(browser, served, running, views(running))
            return
        for name, mode in SCENES.items():
            if not wanted.scene or name in wanted.scene:
                with scene(name, mode) as served:
                    logged_in(browser, served.url, served.token)
                    shoot(browser, served, name, views(name))


if __name__ == "__main__":
    main()
