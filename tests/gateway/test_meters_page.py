"""The inventory and a conversion in a real browser, with a simulated fresh meter on the adapter."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from gridward.meters.inventory import Inventory
from gridward.meters.meter import AddressRules

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.browser import PATIENCE, chromium, emulate, logged_in, missing, told

T = TypeVar("T")

pytestmark = pytest.mark.skipif(
    missing() is not None and not os.environ.get("CI"), reason=f"{missing()} is not installed"
)


@dataclass
class Served:
    url: str
    token: str
    adapter: str
    serial: str
    folder: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(Path(__file__).with_name("meter_page.py")), str(folder)]
    path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert process.stdout
    found = json.loads(process.stdout.readline())
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{found['url']}healthz")
            break
        except httpx.ConnectError:
            time.sleep(0.1)
    try:
        yield Served(found["url"], found["token"], found["adapter"], found["serial"], folder)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, served: Served) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        emulate(opened, 1280, 800, phone=False, dark=False)
        logged_in(opened, served.url, served.token)
        yield opened


def until(page: webdriver.Chrome, look: Callable[[webdriver.Chrome], T | None]) -> T:
    wait = WebDriverWait(page, PATIENCE, 0.1, ignored_exceptions=[StaleElementReferenceException])
    return wait.until(lambda driver: look(driver) or False)


def rows(page: webdriver.Chrome) -> list[str]:
    return [row.text for row in page.find_elements(By.CSS_SELECTOR, ".meters tbody tr")]


def test_nothing_is_shown_or_printed_without_the_token(served: Served) -> None:
    for view in ("meters", "meters/convert", "meters/labels", f"meters/{served.serial}"):
        answer = httpx.get(served.url + view)
        assert answer.status_code == 303
        assert served.serial not in answer.text


def test_the_inventory_with_its_filters(browser: webdriver.Chrome, served: Served) -> None:
    browser.get(f"{served.url}meters")
    assert len(until(browser, lambda page: rows(page) if len(rows(page)) == 14 else None)) == 14
    late = browser.find_elements(By.CSS_SELECTOR, ".meters tr.late")
    assert all("overdue" in row.text for row in late)
    chips = {chip.text: chip for chip in browser.find_elements(By.CSS_SELECTOR, "button.chip")}
    count = next(int(words.rpartition(" ")[2]) for words in chips if words.startswith("Overdue"))
    assert count == len(late) > 0
    next(chip for words, chip in chips.items() if words.startswith("Installed")).click()
    shown = until(browser, lambda page: rows(page) if 0 < len(rows(page)) < 14 else None)
    assert all("Installed" in row for row in shown)
    browser.find_element(By.ID, "filter").send_keys("nobody of this name")
    until(browser, lambda page: "Nothing matches." in page.find_element(By.CSS_SELECTOR, ".wide").text)


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_view_of_meters_is_wider_than_the_screen(
    browser: webdriver.Chrome, served: Served, width: int
) -> None:
    emulate(browser, width, 800, phone=width < 700, dark=width == 390)
    for view in ("meters", "meters/convert", f"meters/{served.serial}"):
        browser.get(served.url + view)
        until(browser, lambda page: page.find_elements(By.CSS_SELECTOR, ".card"))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, view
    emulate(browser, 1280, 800, phone=False, dark=False)


def test_what_is_missing_is_said(browser: webdriver.Chrome, served: Served) -> None:
    browser.get(f"{served.url}meters/convert")
    until(browser, lambda page: page.find_elements(By.CSS_SELECTOR, f"option[value='{served.serial}']"))
    browser.find_element(By.ID, "start").click()
    until(browser, lambda page: "say which adapter" in page.find_element(By.CSS_SELECTOR, ".told").text)
    assert browser.find_element(By.ID, "start").is_enabled()


def test_a_meter_is_converted_with_a_live_log(browser: webdriver.Chrome, served: Served) -> None:
    browser.get(f"{served.url}meters/convert")
    until(browser, lambda page: page.find_elements(By.CSS_SELECTOR, f"option[value='{served.serial}']"))
    browser.find_element(By.ID, "port").send_keys(served.adapter)
    Select(browser.find_element(By.ID, "meter")).select_by_value(served.serial)
    browser.find_element(By.ID, "by").send_keys("Ann")
    time.sleep(0.3)
    browser.find_element(By.ID, "start").click()

    def asked(page: webdriver.Chrome) -> str | None:
        found = page.find_elements(By.CSS_SELECTOR, ".ask h2")
        return found[0].text if found else None

    def gone_on(before: str) -> Callable[[webdriver.Chrome], str | None]:
        def look(page: webdriver.Chrome) -> str | None:
            words = asked(page)
            return words if words and words != before else None

        return look

    first = until(browser, asked)
    assert "becomes" in first
    browser.find_element(By.CSS_SELECTOR, "[data-answer=yes]").click()
    second = until(browser, gone_on(first))
    assert "cut its supply for 10 to 30 s" in second
    browser.find_element(By.CSS_SELECTOR, "[data-answer=yes]").click()
    until(browser, lambda page: "label: Modbus Address" in page.find_element(By.CSS_SELECTOR, ".log").text)
    inventory = Inventory(served.folder / "gridward.db", AddressRules())
    assert inventory.proven(served.serial) == {"verified"}
    assert any(event.who.startswith("Ann (page:") for event in inventory.events(served.serial))
    assert (served.folder / "meters" / f"{served.serial}.html").is_file()
    browser.get(f"{served.url}meters/{served.serial}")
    until(browser, lambda page: "verified" in page.find_element(By.CSS_SELECTOR, ".pairs").text)
    browser.get(f"{served.url}meters/labels")
    assert served.serial in browser.find_element(By.TAG_NAME, "body").text
    requests, faults = told(browser)
    assert faults == []
    assert [url for url in requests if url.startswith("http") and not url.startswith(served.url)] == []
