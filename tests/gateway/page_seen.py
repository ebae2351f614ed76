"""What a person sees of a page in a browser, and what the API says beside it."""

from collections.abc import Callable
from typing import TypeVar

import httpx
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from tools.browser import PATIENCE, Served

T = TypeVar("T")


def until(page: webdriver.Chrome, look: Callable[[webdriver.Chrome], T | None]) -> T:
    """What `look` gives as soon as it is something; fails with a TimeoutException."""
    wait = WebDriverWait(page, PATIENCE, 0.1, ignored_exceptions=[StaleElementReferenceException])
    return wait.until(lambda driver: look(driver) or False)


def button(page: webdriver.Chrome, words: str) -> WebElement:
    """The button with these words, as soon as it can be pressed."""

    def shown(seen: webdriver.Chrome) -> WebElement | None:
        found = seen.find_elements(By.XPATH, f"//button[text()='{words}']")
        return next((one for one in found if one.is_displayed() and one.size["height"]), None)

    return until(page, shown)


def text(page: webdriver.Chrome, selector: str) -> str:
    return " ".join(found.text for found in page.find_elements(By.CSS_SELECTOR, selector)).replace(
        "\u00a0", " "
    )


def reading(served: Served, device: str, key: str) -> str | float | None:
    """What the API says of a value."""
    headers = {"Authorization": f"Bearer {served.token}"}
    answer = httpx.get(f"{served.url}api/v1/devices/{device}", headers=headers)
    value: str | float | None = answer.json()["values"].get(key)
    return value


def segment(page: webdriver.Chrome, key: str, option: str) -> WebElement:
    return until(
        page,
        lambda seen: next(iter(seen.find_elements(By.CSS_SELECTOR, f"#{key} [data-option={option}]")), None),
    )


def pressed(page: webdriver.Chrome, key: str) -> str | None:
    found = page.find_elements(By.CSS_SELECTOR, f"#{key} [aria-pressed=true]")
    return found[0].get_attribute("data-option") if found else None


def cards_of(page: webdriver.Chrome) -> list[WebElement]:
    return page.find_elements(By.CSS_SELECTOR, ".devices .card")


def fields(page: webdriver.Chrome) -> list[WebElement]:
    return [one for one in page.find_elements(By.CSS_SELECTOR, ".rows select") if one.is_displayed()]
