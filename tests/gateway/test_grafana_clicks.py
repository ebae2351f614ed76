"""Clicks in a dashboard: who is taken for a viewer, and everything that is not taken."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from gateway.button_house import PROXY, ButtonHouse, hidden, proposal, site_in
from gateway.grafana_stand import Stand, standing

from gridward.grafana.spec import GrafanaSpec
from gridward.grafana.viewer import VALUE, Stranger, viewer
from gridward_kit.kept import Json

OF_GRAFANA = {"X-Grafana-Action": "1", "Origin": PROXY, "Content-Type": "application/json"}
PATH = "/gateway/api/v1/commands"
CHARGER: Json = {"command": "charger_source_only_solar", "device": "inverter"}
ISLAND: Json = {"command": "grid_islanded", "confirmed": True}
ANNA, EVE, ADMIN = "a" * 32, "e" * 32, "0" * 32


@pytest.fixture
def grafana() -> Iterator[Stand]:
    with standing() as stand:
        stand.user(ANNA, "anna", "Editor")
        stand.user(EVE, "eve", "Viewer")
        stand.user(ADMIN, "admin", "", isGrafanaAdmin=True)
        yield stand


@pytest.fixture
def house(tmp_path: Path, grafana: Stand) -> ButtonHouse:
    spec = GrafanaSpec(grafana.url, "Editor", PROXY)
    return ButtonHouse(tmp_path, site_in(tmp_path, "/gateway", grafana=spec))


@pytest.fixture
async def client(house: ButtonHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as opened:
        opened.headers.update(OF_GRAFANA)
        opened.cookies.set("grafana_session", ANNA)
        yield opened


async def click(house: ButtonHouse, client: httpx.AsyncClient, body: Json = CHARGER) -> httpx.Response:
    """A click, and the seconds that a device takes."""
    sent = asyncio.create_task(client.post(PATH, json=body))
    while not sent.done():
        await asyncio.sleep(0.01)
        await house.turn(0.5)
    return sent.result()


async def test_a_viewers_click_is_confirmed_and_bears_the_name(
    house: ButtonHouse, client: httpx.AsyncClient, grafana: Stand
) -> None:
    answer = await click(house, client)
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("seconds") >= 2
    assert told == {
        "command": "charger_source_only_solar",
        "status": "confirmed",
        "reason": "",
        "value": "only_solar",
        "by": "grafana:anna",
    }
    assert house.written == [("charger_source_priority", "only_solar")]
    (event,) = house.audited()
    assert (event["by"], event["what"], event["status"]) == (
        "grafana:anna",
        "inverter/charger_source_priority",
        "confirmed",
    )
    assert [one.path for one in grafana.asked] == ["/api/user", "/api/user/orgs"]
    assert {one.cookie for one in grafana.asked} == {f"grafana_session={ANNA}"}, "no other cookie goes there"


async def test_what_switches_power_has_to_be_asked_first(
    house: ButtonHouse, client: httpx.AsyncClient
) -> None:
    refused = await click(house, client, {"command": "grid_islanded"})
    assert (refused.status_code, "switches power" in refused.json()["error"]) == (409, True)
    assert house.written == []
    assert (await click(house, client, ISLAND)).json()["status"] == "confirmed"
    assert house.written == [("grid_override", "islanded")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Grafana-Action": ""}, 403),
        ({"X-Grafana-Action": "0"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://house.example"}, 403),
        ({"Origin": f"{PROXY}.elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Cookie": ""}, 401),
        ({"Cookie": "grafana_session=" + "f" * 32}, 401),
        ({"Cookie": f"grafana_session={EVE}"}, 403),
        ({"Cookie": f"other={ANNA}"}, 401),
    ],
)
async def test_what_another_page_or_a_stranger_sends_is_refused(
    house: ButtonHouse, headers: dict[str, str], status: int
) -> None:
    own = {**OF_GRAFANA, "Cookie": f"grafana_session={ANNA}", **headers}
    async with house.client() as stranger:
        answer = await stranger.post(PATH, json=ISLAND, headers=own)
    assert answer.status_code == status
    assert answer.json()["error"]
    await house.turn(5)
    assert house.written == []
    assert house.audited() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_a_post_is_taken_and_no_other_origin_is_let_in(
    house: ButtonHouse, client: httpx.AsyncClient, method: str
) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Origin": "https://elsewhere.example"}
    answer = await client.request(method, PATH, headers=asks, params={"command": "grid_islanded"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert house.written == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"command=grid_islanded", 422, "JSON"),
        (b"[]", 422, "object"),
        (b'{"command": 5}', 422, "command"),
        (b'{"command": "grid_islanded", "confirmed": "yes"}', 422, "confirmed"),
        (b'{"command": "grid_islanded", "value": "connected"}', 422, "value"),
        (b'{"command": "format_disk"}', 404, "no command 'format_disk'"),
        (b'{"command": "output_source_priority"}', 404, "no command"),
        (b'{"command": "charger_source_utility_first"}', 404, "Charger cannot be set to Utility first"),
        (b'{"command": "grid_islanded", "device": "inverter", "confirmed": true}', 404, "no rules"),
        (b'{"command": "x", "id": "../../etc"}', 422, "id"),
        (b'{"command": "' + b"x" * 5000 + b'"}', 413, "too long"),
    ],
)
async def test_only_commands_of_the_list_by_their_names(
    house: ButtonHouse, client: httpx.AsyncClient, body: bytes, status: int, words: str
) -> None:
    answer = await client.post(PATH, content=body)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert house.written == []


async def test_a_command_id_is_good_once_for_whoever_sends_it(
    house: ButtonHouse, client: httpx.AsyncClient
) -> None:
    assert isinstance(CHARGER, dict)
    body: Json = {**CHARGER, "id": "once-0001"}
    assert (await click(house, client, body)).status_code == 200
    again = await click(house, client, body)
    assert (again.status_code, "came before" in again.json()["error"]) == (409, True)
    client.cookies.set("grafana_session", ADMIN)
    assert (await click(house, client, body)).status_code == 409
    assert len(house.written) == 1


async def test_a_double_click_acts_once(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    first = asyncio.create_task(client.post(PATH, json=CHARGER))
    second = asyncio.create_task(client.post(PATH, json=CHARGER))
    while not (first.done() and second.done()):
        await asyncio.sleep(0.01)
        await house.turn(0.5)
    assert sorted([first.result().status_code, second.result().status_code]) == [200, 409]
    assert len(house.written) == 1


async def test_who_clicks_too_much_waits(client: httpx.AsyncClient) -> None:
    answers = [await client.post(PATH, json={"command": "nothing"}) for _ in range(25)]
    assert [one.status_code for one in answers] == [404] * 20 + [429] * 5
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_a_refusal_and_a_slow_device_are_told(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    house.refuses = "only_solar"
    refused = await click(house, client)
    assert (refused.status_code, refused.json()["reason"]) == (409, "the inverter says no in this mode")


async def test_an_admin_by_role_alone(grafana: Stand, tmp_path: Path) -> None:
    spec = GrafanaSpec(grafana.url, "Admin", PROXY)
    strict = ButtonHouse(tmp_path, site_in(tmp_path, "/gateway", grafana=spec))
    async with strict.client() as client:
        client.headers.update(OF_GRAFANA)
        client.cookies.set("grafana_session", ANNA)
        refused = await click(strict, client)
        assert refused.status_code == 403
        assert refused.json()["error"] == "anna is Editor in Grafana; this takes Admin"
        client.cookies.set("grafana_session", ADMIN)
        assert (await click(strict, client)).json()["by"] == "grafana:admin"


async def test_without_an_origin_of_its_own_the_requests_host_counts(grafana: Stand, tmp_path: Path) -> None:
    house = ButtonHouse(tmp_path, site_in(tmp_path, "/gateway", grafana=GrafanaSpec(grafana.url, "Editor")))
    async with house.client(base="http://pi.local:3000") as client:
        client.headers.update({**OF_GRAFANA, "Origin": "http://pi.local:3000"})
        client.cookies.set("grafana_session", ANNA)
        assert (await click(house, client)).status_code == 200
        for elsewhere in ("http://pi.local:3001", "http://[", "null"):
            client.headers["Origin"] = elsewhere
            assert (await click(house, client)).status_code == 403


async def test_the_page_behind_a_link_bears_grafanas_name_too(house: ButtonHouse) -> None:
    async with house.client() as client:
        await house.log_in(client)
        for cookie, by in ((ANNA, "page:anna"), ("f" * 32, "page:192.0.2.7")):
            client.cookies.set("grafana_session", cookie)
            page = await client.get("/gateway/confirm?command=output_source_sub")
            sent = await client.post("/gateway/confirm", data=hidden(page.text))
            await house.turn(3)
            house.inverter.read({"output_source_priority": "SBU"})
            house.inverter.publish()
            assert by in (await client.get(sent.headers["location"])).text
            assert house.audited()[-1]["by"] == by


async def test_two_presses_of_one_page_at_once_are_one(house: ButtonHouse) -> None:
    async with house.client() as client:
        await house.log_in(client)
        client.cookies.set("grafana_session", ANNA)
        page = await client.get("/gateway/confirm?command=output_source_sub")
        fields = hidden(page.text)
        both = await asyncio.gather(*(client.post("/gateway/confirm", data=fields) for _ in range(2)))
        assert len({sent.headers["location"] for sent in both}) == 1
        await house.turn(3)
    assert house.written == [("output_source_priority", "SUB")]


async def test_a_proposal_is_approved_by_a_click(house: ButtonHouse, client: httpx.AsyncClient) -> None:
    house.propose(proposal("7f"), proposal("80"))
    body: Json = {"command": "proposal_approve", "confirmed": True}
    assert isinstance(body, dict)
    assert (await click(house, client, body)).status_code == 409
    answer = await click(house, client, {**body, "proposal": "7f"})
    assert answer.json()["status"] == "confirmed"
    assert house.written == [("inverter_output_source_priority_proposal", "approve 7f")]


@pytest.mark.parametrize("spec", [None, GrafanaSpec("http://127.0.0.1:1")])
async def test_it_is_off_unless_the_site_file_says_so(tmp_path: Path, spec: GrafanaSpec | None) -> None:
    house = ButtonHouse(tmp_path, site_in(tmp_path, grafana=spec))
    async with house.client() as client:
        headers = {**OF_GRAFANA, "Cookie": f"grafana_session={ANNA}"}
        answer = await client.post("/api/v1/commands", json=ISLAND, headers=headers)
    assert (answer.status_code, "`buttons: Editor`" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, {"message": "database is locked"}), "answers 500"),
        ((302, {}), "answers 302"),
        ((200, {"login": 5}), "does not say who"),
        ((200, {"login": "a\nb", "orgId": 1}), "does not say who"),
    ],
)
async def test_a_grafana_that_does_not_answer_lets_nobody_in(
    house: ButtonHouse, client: httpx.AsyncClient, grafana: Stand, answer: tuple[int, Json], words: str
) -> None:
    grafana.users["x"] = ({}, [])
    grafana.answer = lambda asked: answer if asked.path == "/api/user" else (200, [])  # type: ignore[method-assign]
    refused = await click(house, client, ISLAND)
    assert (refused.status_code, words in refused.json()["error"]) == (503, True)
    assert house.written == []


def test_a_viewers_role_is_that_of_the_organisation_that_is_looked_at(grafana: Stand) -> None:
    spec = GrafanaSpec(grafana.url)
    assert viewer(spec, EVE).role == "Viewer", "Admin in another one"
    assert viewer(spec, ADMIN).may("Admin")
    grafana.user("gone", "gone", "Admin", isDisabled=True)
    with pytest.raises(Stranger, match="shut this user out"):
        viewer(spec, "gone")
    with pytest.raises(OSError, match="does not answer"):
        viewer(replace(spec, url="http://127.0.0.1:1"), EVE)


@pytest.mark.parametrize("cookie", ["", "a b", "a;b=c", 'a"b', "a\r\nX-Evil: 1", "a\u00e9", "x" * 5000])
def test_a_cookie_goes_on_as_nothing_but_a_cookie(grafana: Stand, cookie: str) -> None:
    with pytest.raises(Stranger):
        viewer(GrafanaSpec(grafana.url), cookie)
    assert grafana.asked == []
    assert VALUE.fullmatch(ANNA)
