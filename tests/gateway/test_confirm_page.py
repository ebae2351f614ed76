"""The page behind a dashboard's links: what it says, who may press, once, and what it shows afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from gateway.button_house import ButtonHouse, hidden, proposal, site_in

from gridward.api.access import Role
from gridward.api.desk import WAITS
from gridward.api.named import COMMANDS, GROUPS
from gridward.page.choices import CONTROLS
from gridward.recorder.lines import annotations
from gridward.site import GridSwitchSettings, RulesSpec

SUB = "/confirm?command=output_source_sub&device=inverter"


@pytest.fixture
def house(tmp_path: Path) -> ButtonHouse:
    return ButtonHouse(tmp_path)


@pytest.fixture
async def client(house: ButtonHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as opened:
        await house.log_in(opened)
        yield opened


def test_the_list_is_the_pages_controls() -> None:
    assert {(one.kind, one.entity, one.value) for one in COMMANDS.values()} == {
        (control.role, control.key, option) for control in CONTROLS for option in control.choices
    }
    assert set(GROUPS) == {"output_source", "charger_source", "grid", "rules"}
    assert {name for name, one in COMMANDS.items() if one.asks} >= {
        "output_source_usb",
        "grid_connected",
        "grid_islanded",
        "rules_on",
    }


async def test_a_press_is_shown_from_asked_to_confirmed_with_its_seconds(
    house: ButtonHouse, client: httpx.AsyncClient
) -> None:
    shown = await client.get(SUB)
    assert "Output source: SUB" in shown.text
    assert "The inverter feeds the house from the sun, and from the grid for the rest." in shown.text
    assert "<dd>SBU</dd>" in shown.text
    assert house.written == [], "showing changes nothing"
    sent = await client.post("/confirm", data=hidden(shown.text))
    assert sent.status_code == 303
    await house.turn(0.5)
    waits = await client.get(sent.headers["location"])
    assert waits.headers["refresh"] == "1"
    assert "Accepted" in waits.text
    assert "Waiting for an answer" in waits.text
    await house.turn(2)
    done = await client.get(sent.headers["location"])
    assert "refresh" not in done.headers
    assert "Confirmed: read back" in done.text
    assert "2.0\u00a0s" in done.text
    assert house.written == [("output_source_priority", "SUB")]
    (event,) = house.audited()
    assert (event["by"], event["status"], event["value"]) == ("page:192.0.2.7", "confirmed", "SUB")
    assert event["seconds"] == 2.0
    (line,) = annotations("home", [(1_000, event)])
    assert line.endswith('by="page:192.0.2.7",seconds=2.0 1000'), "and the dashboards show it"


async def test_a_refusal_is_shown_with_its_reason(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    house.refuses = "SUB"
    sent = await client.post("/confirm", data=hidden((await client.get(SUB)).text))
    await house.turn(3)
    assert "Refused: the inverter says no in this mode" in (await client.get(sent.headers["location"])).text
    assert house.written == []


async def test_it_acts_once_however_often_it_is_sent(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    fields = hidden((await client.get(SUB)).text)
    places = {(await client.post("/confirm", data=fields)).headers["location"] for _ in range(3)}
    assert len(places) == 1
    await house.turn(3)
    assert (await client.post("/confirm", data=fields)).headers["location"] in places
    assert len(house.written) == 1


@pytest.mark.parametrize("field", ["csrf", "id"])
async def test_without_the_pages_own_fields_nothing_is_sent(
    house: ButtonHouse, client: httpx.AsyncClient, field: str
) -> None:
    fields = hidden((await client.get(SUB)).text)
    for wrong in ("", "00" * 16, None):
        changed = {**fields, field: wrong} if wrong is not None else {"x": fields[field]}
        refused = await client.post("/confirm", data={key: str(value) for key, value in changed.items()})
        assert refused.status_code == (403 if field == "csrf" or wrong is None else 409)
    await house.turn(3)
    assert house.written == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere"}],
)
async def test_another_sites_page_cannot_press(
    house: ButtonHouse, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    fields = hidden((await client.get(SUB)).text)
    assert (await client.post("/confirm", data=fields, headers=headers)).status_code == 403
    await house.turn(3)
    assert house.written == []


async def test_an_id_is_good_for_its_own_session_and_ten_minutes(
    house: ButtonHouse, client: httpx.AsyncClient
) -> None:
    fields = hidden((await client.get(SUB)).text)
    async with house.client("192.0.2.8") as other:
        await house.log_in(other)
        own = hidden((await other.get(SUB)).text)
        stolen = {"csrf": own["csrf"], "id": fields["id"]}
        assert (await other.post("/confirm", data=stolen)).status_code == 409
        placed = (await client.post("/confirm", data=fields)).headers["location"]
        assert (await other.get(placed)).status_code == 404
        house.clock.pass_by(WAITS)
        late = await other.post("/confirm", data=own)
        assert late.status_code == 409
        assert "older than 10 minutes" in late.text


async def test_a_viewer_sees_it_and_cannot_press(house: ButtonHouse) -> None:
    async with house.client() as viewer:
        await house.log_in(viewer, Role.VIEWER)
        page = (await viewer.get(SUB)).text
        assert "this needs operator" in page
        assert "<button" not in page
        assert (await viewer.post("/confirm", data={"csrf": "", "id": ""})).status_code == 403


async def test_who_is_not_logged_in_is_led_to_the_login_and_back(house: ButtonHouse) -> None:
    async with house.client() as stranger:
        sent = await stranger.get(SUB)
        assert sent.status_code == 303
        assert sent.headers["location"].startswith("/login?to=/confirm%3Fcommand%3Doutput_source_sub")
        assert (await stranger.post("/confirm", data={})).status_code == 401
        wanted = SUB.partition("?")[2]
        entered = await stranger.post("/login", data={"token": house.tokens.made or "", "to": SUB})
        assert entered.headers["location"].endswith(wanted)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("command=format_disk", "There is no command"),
        ("", "There is no command"),
        ("command=output_source_sub&device=rules", "This site has no inverter"),
        ("command=charger_source_utility_first", "Charger cannot be set to Utility first"),
        ("command=proposal_approve", "Nothing is proposed now"),
        ("command=%3Cscript%3E", "&lt;script&gt;"),
    ],
)
async def test_what_cannot_be_asked_for_is_told_in_words(
    client: httpx.AsyncClient, query: str, words: str
) -> None:
    shown = await client.get(f"/confirm?{query}")
    assert shown.status_code == 404
    assert words in shown.text
    assert "<button" not in shown.text
    assert "<script" not in shown.text


async def test_a_device_that_is_away_or_stands_so_offers_no_button(
    house: ButtonHouse, client: httpx.AsyncClient
) -> None:
    stands = await client.get("/confirm?command=output_source_sbu")
    assert "It stands so already." in stands.text
    assert "<button" not in stands.text
    house.inverter.lost("no answer")
    away = await client.get(SUB)
    assert (away.status_code, "No answer from Inverter" in away.text) == (409, True)


async def test_a_proposal_is_approved_by_its_id(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    house.propose(proposal("7f"))
    page = (await client.get("/confirm?command=proposal_approve")).text
    assert "Approve: inverter.output_source_priority SBU → SUB" in page
    assert "The bank is well, &lt;so&gt; the sun carries the house." in page
    await client.post("/confirm", data=hidden(page))
    await house.turn(3)
    assert house.written == [("inverter_output_source_priority_proposal", "approve 7f")]
    gone = await client.get("/confirm?command=proposal_decline&proposal=99")
    assert (gone.status_code, "its time is over" in gone.text) == (404, True)


async def test_of_several_proposals_one_is_chosen(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    house.propose(proposal("7f"), proposal("80", "USB"), proposal("81", status="approved"))
    page = (await client.get("/confirm?command=proposal_approve")).text
    assert "command=proposal_approve&amp;proposal=80" in page
    assert "proposal=81" not in page
    assert "SBU → USB" in (await client.get("/confirm?command=proposal_approve&proposal=80")).text


async def test_behind_a_proxy_all_addresses_have_its_prefix(tmp_path: Path) -> None:
    house = ButtonHouse(tmp_path, site_in(tmp_path, "/gateway"))
    async with house.client() as client:
        await house.log_in(client)
        page = await client.get(f"/gateway{SUB}")
        assert 'action="/gateway/confirm"' in page.text
        assert 'href="/gateway/controls"' in page.text
        sent = await client.post("/gateway/confirm", data=hidden(page.text))
        assert sent.headers["location"].startswith("/gateway/confirm/")


@pytest.mark.parametrize(("override", "words"), [(3600.0, "for 60 minutes"), (7200.0, "for 2\u00a0h")])
async def test_how_long_a_wish_lasts_is_the_sites_own_time(
    tmp_path: Path, override: float, words: str
) -> None:
    rules = RulesSpec(grid_switch=GridSwitchSettings("bms", "inverter", override=override))
    house = ButtonHouse(tmp_path, site_in(tmp_path, rules=rules))
    async with house.client() as client:
        await house.log_in(client)
        assert words in (await client.get("/confirm?command=grid_connected")).text
