"""The confirmation page in a real browser: from a dashboard's link to the value that was read back."""

import os
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tools.browser import PATIENCE, chromium, emulate, missing, scene, told

pytestmark = pytest.mark.skipif(
    missing() is not None and not os.environ.get("CI"), reason=f"{missing()} is not installed"
)


def test_a_link_leads_over_the_login_to_a_press_that_is_confirmed(tmp_path: Path) -> None:
    with (
        scene("sunny_noon", "on", "--prefix", "/gateway") as served,
        chromium(tmp_path / "profile") as browser,
    ):
        emulate(browser, 390, 844, phone=True, dark=True)
        browser.get(served.url + "confirm?command=output_source_usb&device=inverter")
        browser.find_element(By.ID, "token").send_keys(served.token)
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        assert browser.find_element(By.TAG_NAME, "h1").text == "Output source: USB"
        assert "The inverter feeds the house from the grid" in browser.find_element(By.TAG_NAME, "main").text
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        assert browser.execute_script("return document.activeElement.textContent") == "Do it"
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        wait = WebDriverWait(browser, PATIENCE, 0.1, ignored_exceptions=(StaleElementReferenceException,))
        wait.until(lambda page: "Confirmed: read back" in page.page_source)
        steps = wait.until(lambda page: [item.text for item in page.find_elements(By.CSS_SELECTOR, "ol li")])
        assert steps[0].startswith("Asked")
        assert steps[-1].endswith("s")
        browser.back()
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        wait.until(lambda page: "Confirmed: read back" in page.page_source)
        requests, faults = told(browser)
        assert faults == []
        own = served.url.removesuffix("gateway/")
        assert all(url.startswith((own, "data:", "chrome:")) for url in requests), requests
