"""The demo, as a newcomer meets it: a summary by itself, and a button on the page that moves an inverter."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tools.browser import PATIENCE, chromium, emulate, logged_in, missing

from gridward.broker import free_port

GRIDWARD = str(Path(sys.executable).with_name("gridward"))


def test_it_ends_by_itself_with_a_summary_and_status_0() -> None:
    done = subprocess.run(
        [GRIDWARD, "demo", "--for", "25", "--json", "--port", str(free_port())],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["readings_taken"] > 300
    assert summary["states_published"] > 40
    assert summary["readings_stored"] > 300
    assert summary["commands_confirmed"] == 2, summary
    assert summary["decisions"] >= 1
    assert "Traceback" not in done.stderr
    assert "ERROR" not in done.stderr, done.stderr


@pytest.fixture
def demo() -> Iterator[tuple[str, str]]:
    """A running demo: the page's address and its token."""
    process = subprocess.Popen(
        [GRIDWARD, "demo", "--port", str(free_port())], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    url = token = None
    for line in process.stderr:
        url = url or ((found := re.search(r"http://127\S+", line)) and found.group(0))
        if found := re.search(r"token: (\S+)", line):
            token = found.group(1)
            break
    assert url
    assert token
    try:
        yield url, token
    finally:
        process.terminate()
        process.communicate()


def test_a_button_on_the_page_moves_the_simulated_inverter(demo: tuple[str, str], tmp_path: Path) -> None:
    if missing():
        pytest.skip(f"{missing()} is not installed")
    url, token = demo
    with chromium(tmp_path) as browser:
        emulate(browser, 1280, 900, phone=False, dark=False)
        logged_in(browser, url, token)
        wait = WebDriverWait(browser, 3 * PATIENCE)
        browser.get(f"{url.rstrip('/')}/controls")
        row = "#output_source_priority"
        stands = f"{row} button[aria-pressed=true]"
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, stands))
        assert browser.find_element(By.CSS_SELECTOR, stands).get_attribute("data-option") == "SBU"
        browser.find_element(By.CSS_SELECTOR, f"{row} button[data-option=SUB]").click()
        yes = "[role=alertdialog] button.main"
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, yes))
        browser.find_element(By.CSS_SELECTOR, yes).click()
        wait.until(
            lambda page: (
                "confirmed" in page.find_element(By.CSS_SELECTOR, f"{row} [role=status]").text.lower()
            )
        )
        wait.until(
            lambda page: page.find_element(By.CSS_SELECTOR, stands).get_attribute("data-option") == "SUB"
        )
        browser.get(f"{url.rstrip('/')}/audit")
        wait.until(lambda page: "SUB" in page.find_element(By.CSS_SELECTOR, "table.audit").text)


def test_an_expert_captures_a_line_from_the_page(demo: tuple[str, str], tmp_path: Path) -> None:
    if missing():
        pytest.skip(f"{missing()} is not installed")
    url, token = demo
    with chromium(tmp_path) as browser:
        emulate(browser, 1280, 900, phone=False, dark=False)
        logged_in(browser, url, token)
        wait = WebDriverWait(browser, 3 * PATIENCE)
        browser.get(f"{url.rstrip('/')}/devices/inverter")

        def said(words: str) -> str:
            card = wait.until(lambda page: page.find_element(By.ID, "capture"))
            wait.until(lambda _: words in (card.get_attribute("textContent") or ""))
            return str(card.get_attribute("textContent"))

        def press() -> None:
            button = browser.find_element(By.CSS_SELECTOR, "#capture .button")
            browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
            button.click()

        said("It is off.")
        browser.find_element(By.CSS_SELECTOR, "#capture summary").click()
        press()
        yes = "[role=alertdialog] button.main"
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, yes))
        browser.find_element(By.CSS_SELECTOR, yes).click()
        found = re.search(r"It is on: (\S+) on the host", said("It is on: "))
        assert found
        capture = Path(found.group(1))
        wait.until(lambda _: capture.stat().st_size > 2000)
        press()
        said("It is off.")
        replayed = subprocess.run(
            [GRIDWARD, "decode", "axpert", "--capture", str(capture)],
            check=True,
            capture_output=True,
            text=True,
        )
        values = [json.loads(line).get("values", {}) for line in replayed.stdout.splitlines()]
        assert any("output_power" in item for item in values)
