"""The page in a real browser: a plant's scenes, the real rules and store, buttons that reach the inverter."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from gateway.page_seen import button, cards_of, fields, pressed, reading, segment, text, until
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from tools.browser import Served, chromium, emulate, logged_in, missing, scene, told

from gridward.page import figures

SITE = "site"
VIEWS = ("", "controls", "charts", "cells", "devices", "devices/inverter", "rules", "audit", "health")
PHONE = (390, 844)
BOXES = """
const boxes = [...document.querySelectorAll('.card, .top, .nav')].map((one) => one.getBoundingClientRect());
return boxes.map((box) => JSON.stringify(box));
"""
WATCH = """
window.changes = [];
new MutationObserver((seen) => seen.forEach((one) => {
  if (one.type === 'characterData') changes.push([one.oldValue, one.target.data]);
  if (one.type === 'attributes') changes.push([one.oldValue, one.target.getAttribute(one.attributeName)]);
})).observe(document.querySelector('.view'), {subtree: true, characterData: true, characterDataOldValue: true,
  attributes: true, attributeOldValue: true});
"""
pytestmark = pytest.mark.skipif(
    missing() is not None and not os.environ.get("CI"), reason=f"{missing()} is not installed"
)


@pytest.fixture(scope="module")
def noon() -> Iterator[Served]:
    with scene("sunny_noon", "on", "--prefix", "/solar", "--refuses", "charger_source_priority") as served:
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(browser: webdriver.Chrome, noon: Served) -> webdriver.Chrome:
    """A phone in which somebody has logged in."""
    emulate(browser, *PHONE, phone=True, dark=False)
    browser.delete_all_cookies()
    logged_in(browser, noon.url, noon.token)
    return browser


def test_nothing_is_shown_without_the_token(browser: webdriver.Chrome, noon: Served) -> None:
    browser.delete_all_cookies()
    for view in VIEWS:
        browser.get(noon.url + view)
        assert urlsplit(browser.current_url).path == "/solar/login"
        assert not browser.find_elements(By.CSS_SELECTOR, "nav, .card")
    browser.find_element(By.ID, "token").send_keys("not the token" + Keys.ENTER)
    assert until(browser, lambda seen: text(seen, "#problem")) == "This is not the token."


@pytest.mark.parametrize("key", ["pv_power", "load_power"])
def test_the_first_view_shows_what_is_so_now(page: webdriver.Chrome, noon: Served, key: str) -> None:
    def same(seen: webdriver.Chrome) -> bool:
        value = reading(noon, SITE, key)
        shown = text(seen, "svg .figure")
        return isinstance(value, int | float) and figures.power(value).replace("\u00a0", " ") in shown

    assert until(page, same)
    sentence = reading(noon, "rules", "sentence")
    assert isinstance(sentence, str)
    assert until(page, lambda seen: text(seen, "#sentence") == reading(noon, "rules", "sentence"))
    assert "disconnected" in text(page, "svg")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_view_fits_a_phone_without_scrolling(
    page: webdriver.Chrome, noon: Served, dark: bool
) -> None:
    emulate(page, *PHONE, phone=True, dark=dark)
    page.get(noon.url)
    until(page, lambda seen: "kWh" in text(seen, ".figures"))
    assert page.execute_script("return document.documentElement.scrollHeight <= innerHeight")
    nav = page.find_element(By.CSS_SELECTOR, ".nav").rect["y"]
    lowest = max(
        card.rect["y"] + card.rect["height"] for card in page.find_elements(By.CSS_SELECTOR, ".card")
    )
    assert lowest <= nav


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_view_is_wider_than_the_screen(page: webdriver.Chrome, noon: Served, width: int) -> None:
    emulate(page, width, 800, phone=width < 700, dark=False)
    for view in VIEWS:
        page.get(noon.url + view)
        until(page, lambda seen: seen.find_elements(By.CSS_SELECTOR, ".card"))
        assert page.execute_script("return document.documentElement.scrollWidth") <= width, view


def test_the_layout_stands_while_values_change(page: webdriver.Chrome) -> None:
    until(page, lambda seen: "kWh" in text(seen, ".figures"))
    before = page.execute_script(BOXES)
    page.execute_script(WATCH)
    until(page, lambda seen: len(seen.execute_script("return changes")) >= 3)
    assert page.execute_script(BOXES) == before
    assert [change for change in page.execute_script("return changes") if change[0] == change[1]] == []


def test_on_a_wide_screen_the_day_stands_beside(page: webdriver.Chrome, noon: Served) -> None:
    emulate(page, 1280, 800, phone=False, dark=False)
    page.get(noon.url)
    assert until(page, lambda seen: len(seen.find_elements(By.CSS_SELECTOR, ".beside svg path")) > 5)
    flow = page.find_element(By.CSS_SELECTOR, ".flow").rect
    assert page.find_element(By.CSS_SELECTOR, ".beside").rect["x"] >= flow["x"] + flow["width"]


def test_a_press_is_asked_once_confirmed_and_changes_the_inverter(
    page: webdriver.Chrome, noon: Served
) -> None:
    page.get(f"{noon.url}controls")
    until(page, lambda seen: pressed(seen, "output_source_priority") == "SBU")
    assert reading(noon, "inverter", "output_source_priority") == "SBU"
    segment(page, "output_source_priority", "SUB").click()
    question = until(page, lambda seen: text(seen, "[role=alertdialog] p"))
    assert "from the sun, and from the grid for the rest" in question
    assert reading(noon, "inverter", "output_source_priority") == "SBU"
    button(page, "Do it").click()
    until(page, lambda seen: "Confirmed, " in text(seen, "#output_source_priority .told"))
    until(page, lambda seen: pressed(seen, "output_source_priority") == "SUB")
    assert reading(noon, "inverter", "output_source_priority") == "SUB"


def test_enter_pressed_twice_leaves_it_and_sends_nothing(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}controls")
    until(page, lambda seen: pressed(seen, "mode") == "on")
    asked = segment(page, "grid_override", "connected")
    asked.send_keys(Keys.ENTER)
    until(page, lambda seen: seen.switch_to.active_element.text == "Leave it")
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Do it"
    button(page, "Leave it").send_keys(Keys.ENTER)
    until(page, lambda seen: not seen.find_elements(By.CSS_SELECTOR, "[role=alertdialog]"))
    assert page.switch_to.active_element == asked
    assert pressed(page, "grid_override") == "auto"
    assert reading(noon, "rules", "grid_override") == "auto"


def test_a_refusal_comes_back_with_its_reason(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}controls")
    segment(page, "charger_source_priority", "solar_first").click()
    refused = "Refused: the inverter says no in this mode"
    until(page, lambda seen: text(seen, "#charger_source_priority .told") == refused)
    assert pressed(page, "charger_source_priority") == "only_solar"


def test_a_press_by_keyboard_reaches_the_rules_and_the_audit(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}controls")
    until(page, lambda seen: pressed(seen, "mode") == "on")
    segment(page, "mode", "observe").send_keys(Keys.ENTER)
    until(page, lambda seen: pressed(seen, "mode") == "observe")
    page.get(f"{noon.url}audit?filter=rules/mode")
    until(page, lambda seen: "on → observe" in text(seen, ".audit tbody"))
    assert "page:127.0.0.1" in text(page, ".audit tbody tr:first-child")


def test_the_audit_follows_while_one_looks(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}audit")
    until(page, lambda seen: "rules/decision" in text(seen, ".audit tbody"))
    headers = {"Authorization": f"Bearer {noon.token}"}
    address = f"{noon.url}api/v1/devices/inverter/entities/battery_float_voltage"
    assert httpx.post(address, json={"value": 1}, headers=headers, timeout=20).status_code == 409
    until(page, lambda seen: "battery_float_voltage" in text(seen, ".audit tbody tr:first-child"))
    assert "refused" in text(page, ".audit tbody tr:first-child")


def test_the_health_view_tells_roles_store_and_devices(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}health")
    until(page, lambda seen: "not running" in text(seen, "#gateway"))  # the scene runs no recorder
    until(page, lambda seen: " MB" in text(seen, "#gateway") and "GB free" in text(seen, "#gateway"))
    cards = {card.find_element(By.TAG_NAME, "h2").text: card.text for card in cards_of(page)}
    assert {"This gateway", "Inverter", "BMS", "Grid contactor"} <= set(cards)
    assert "enough" in cards["Inverter"]


def test_the_audit_is_filtered_while_one_types(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}audit")
    until(page, lambda seen: "rules/decision" in text(seen, ".audit tbody"))
    page.find_element(By.ID, "filter").send_keys("nobody did this")
    until(page, lambda seen: text(seen, ".empty") == "Nothing matches.")
    assert page.find_element(By.ID, "filter").get_property("value") == "nobody did this"


def test_entities_are_found_by_their_words(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}devices/inverter")
    until(page, lambda seen: len(seen.find_elements(By.CSS_SELECTOR, ".rows tr")) > 100)
    page.find_element(By.ID, "search").send_keys("heat sink")
    until(page, lambda seen: text(seen, ".rows tr:not(.gone)").startswith("Heat sink temperature"))
    assert len([row for row in page.find_elements(By.CSS_SELECTOR, ".rows tr") if row.is_displayed()]) == 1


def test_a_devices_energies_are_reached_from_its_page_and_are_no_card(
    page: webdriver.Chrome, noon: Served
) -> None:
    page.get(f"{noon.url}devices")
    until(page, lambda seen: len(cards_of(seen)) >= 3)
    assert not [one for one in cards_of(page) if "energies" in one.text]
    page.get(f"{noon.url}devices/bms")
    link = until(page, lambda seen: seen.find_elements(By.LINK_TEXT, "Energies by day, month and year"))
    link[0].click()
    until(page, lambda seen: "Charged energy today" in text(seen, ".rows"))


def test_sixteen_cells_stand_on_one_scale(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}cells")
    rows = until(page, lambda seen: seen.find_elements(By.CSS_SELECTOR, ".cells .cell:not(.head)"))
    assert len(rows) == 16
    assert text(page, ".scale").split() == ["2.80", "V", "3.65", "V"]
    volts = [float(item.split()[0]) for item in (text(page, ".cell:not(.head) .volts")).split(" V") if item]
    highest = text(page, ".cell.highest .volts")
    assert float(highest.split()[0]) == max(volts)


def test_a_setting_among_the_entities_is_set_and_read_back(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}devices/inverter")
    until(page, lambda seen: len(seen.find_elements(By.CSS_SELECTOR, ".rows tr")) > 100)
    page.find_element(By.ID, "search").send_keys("max_charging_current")
    name = until(page, lambda seen: shown[0] if len(shown := fields(seen)) == 1 else None)
    Select(name).select_by_value("30")
    label = name.get_attribute("aria-label")
    until(page, lambda seen: seen.find_element(By.CSS_SELECTOR, f'[aria-label="Set {label}"]')).click()
    until(page, lambda seen: "Confirmed, " in text(seen, ".rows .told"))
    assert reading(noon, "inverter", "max_charging_current") == 30


def test_logging_out_elsewhere_closes_an_open_view(page: webdriver.Chrome, noon: Served) -> None:
    page.get(f"{noon.url}controls")
    segment(page, "mode", "off")
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    page.get(noon.url)
    button(page, "Log out").click()
    until(page, lambda seen: seen.find_elements(By.ID, "token"))
    page.close()
    page.switch_to.window(first)
    assert until(page, lambda seen: urlsplit(seen.current_url).path == "/solar/login")


def test_cut_off_it_shows_nothing_as_now_and_finds_the_login(page: webdriver.Chrome) -> None:
    until(page, lambda seen: seen.execute_script("return window.socket?.connected"))
    page.execute_script("window.socket.disconnect()")
    until(page, lambda seen: seen.find_elements(By.CSS_SELECTOR, ".view[inert]"))
    page.delete_all_cookies()
    until(page, lambda seen: urlsplit(seen.current_url).path == "/solar/login")


def test_logging_out_closes_the_page(page: webdriver.Chrome, noon: Served) -> None:
    button(page, "Log out").click()
    until(page, lambda seen: seen.find_elements(By.ID, "token"))
    page.get(noon.url)
    assert urlsplit(page.current_url).path == "/solar/login"


def test_nothing_leaves_the_host_and_nothing_goes_wrong(page: webdriver.Chrome, noon: Served) -> None:
    told(page)
    for view in VIEWS:
        page.get(noon.url + view)
        until(page, lambda seen: seen.find_elements(By.CSS_SELECTOR, ".card"))
    until(page, lambda seen: seen.execute_script("return window.did_handshake === true"))
    requests, faults = told(page)
    home = urlsplit(noon.url)
    away = [url for url in requests if urlsplit(url).netloc not in (home.netloc, "") and url[:5] != "data:"]
    outside = [
        url
        for url in requests
        if urlsplit(url).netloc == home.netloc and not urlsplit(url).path.startswith("/solar/")
    ]
    assert len(requests) > len(VIEWS)
    assert (away, outside, faults) == ([], [], [])


def test_a_lost_bms_is_the_sentence_and_its_values_are_dashes(browser: webdriver.Chrome) -> None:
    emulate(browser, *PHONE, phone=True, dark=True)
    with scene("broken_bms") as served:
        logged_in(browser, served.url, served.token)
        until(browser, lambda seen: "BMS" in text(seen, "#sentence.fault"))
        assert text(browser, ".soc") == figures.DASH
        assert figures.DASH in text(browser, "svg .absent .figure")
        assert "connected" in text(browser, "svg")
        assert reading(served, "bms", "soc") is None
        browser.get(f"{served.url}cells")
        until(browser, lambda seen: "does not answer" in text(seen, ".empty"))
        assert not browser.find_elements(By.CSS_SELECTOR, ".cell:not(.head)")
