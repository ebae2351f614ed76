"""A headless Chromium that stays at home, and scenes for it to look at."""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.command import Command
from selenium.webdriver.support.ui import WebDriverWait

from gridward.broker import free_port

TREE = Path(__file__).parents[1]
PATIENCE = 20.0
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def missing() -> str | None:
    """Which program is not there, None if both are."""
    return next((name for name in ("chromium", "chromedriver") if shutil.which(name) is None), None)


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own, that logs what it requests."""
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def emulate(browser: webdriver.Chrome, width: int, height: int, *, phone: bool, dark: bool) -> None:
    """Have this size and theme."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def logged_in(browser: webdriver.Chrome, url: str, token: str) -> None:
    """Log in by the form; raises TimeoutException where the page does not open."""
    browser.get(url)
    browser.find_element(By.ID, "token").send_keys(token)
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, PATIENCE).until(lambda page: page.find_elements(By.CSS_SELECTOR, "nav a"))


def told(browser: webdriver.Chrome) -> tuple[list[str], list[str]]:
    """The addresses that were requested and the faults that were logged since the last call."""
    requests = []
    for entry in browser.execute(Command.GET_LOG, {"type": "performance"})["value"]:
        message = json.loads(entry["message"])["message"]
        match message["method"]:
            case "Network.requestWillBeSent":
                requests.append(str(message["params"]["request"]["url"]))
            case "Network.webSocketCreated":
                requests.append(str(message["params"]["url"]))
    said = browser.execute(Command.GET_LOG, {"type": "browser"})["value"]
    return requests, [str(entry["message"]) for entry in said if entry["level"] == "SEVERE"]


@dataclass(frozen=True, slots=True)
class Served:
    """A page to look at."""

    url: str
    token: str


@contextlib.contextmanager
def scene(name: str, mode: str = "on", *more: str) -> Iterator[Served]:
    """A scene of `tools.page_scene`, served in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tools.page_scene",
        name,
        "--mode",
        mode,
        "--port",
        str(free_port()),
        *more,
    ]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(  # noqa: S603
            command, cwd=TREE, stdin=pipe, stdout=pipe, stderr=said, text=True
        ) as process,
    ):
        assert process.stdout is not None and process.stdin is not None  # noqa: PT018, S101
        told = process.stdout.readline()
        if not told:
            said.seek(0)
            raise RuntimeError(f"the scene {name} did not start:\n{said.read()}")
        try:
            yield Served(**json.loads(told))
        finally:
            process.stdin.close()
            process.wait(20)
