"""Who gets in: tokens, sessions, forged requests, prefix, certificate."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from gateway.plain_site import plain_site
from hypothesis import given
from hypothesis import strategies as st

from gridward.api.access import Role
from gridward.api.app import create_app
from gridward.api.attempts import ALL, EACH, Attempts
from gridward.api.login import _local
from gridward.api.tokens import LASTS, Tokens
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.history import History
from gridward.site import HttpSpec, Site
from gridward_kit.testing import MemoryBroker, TurnedClock

NAME = "gridward_home"


def site_in(folder: Path, prefix: str = "", listen: str = "loopback", port: int = 8480) -> Site:
    return replace(plain_site(folder), http=HttpSpec(listen=listen, port=port, prefix=prefix))


class Door:
    """An app, its clock and its token, asked as a browser would."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.clock = TurnedClock()
        self.tokens = Tokens(folder)
        self.token = self.tokens.made or ""
        link = MemoryBroker(self.clock).link("http")
        site = site_in(folder, prefix)
        live, commands = Live(link, self.clock), Commands(link, self.clock)
        self.app = create_app(site, live, commands, History(site.record.store), self.clock, self.tokens)

    def client(self, address: str = "192.0.2.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 5000))
        return httpx.AsyncClient(transport=transport, base_url="http://home")

    async def log_in(self, client: httpx.AsyncClient, token: str | None = None) -> httpx.Response:
        return await client.post("/login", data={"token": self.token if token is None else token})


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    async with door.client() as opened:
        yield opened


@pytest.mark.parametrize(
    "path", ["/api/v1/devices", "/api/v1/audit", "/api/v1/openapi.json", "/api/v1/nothing"]
)
async def test_the_api_is_closed(client: httpx.AsyncClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": f"{NAME}=forged.0"}):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert "Authorization: Bearer" in answer.json()["error"]


async def test_a_view_leads_to_the_login_and_back(door: Door, client: httpx.AsyncClient) -> None:
    sent = await client.get("/audit?filter=inverter")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?to=/audit%3Ffilter%3Dinverter")
    form = await client.get(sent.headers["location"])
    assert 'name="to" value="/audit?filter=inverter"' in form.text
    entered = await client.post("/login", data={"token": door.token, "to": "/audit?filter=inverter"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/audit?filter=inverter")


async def test_the_token_opens_and_a_wrong_one_does_not(door: Door, client: httpx.AsyncClient) -> None:
    wrong = await door.log_in(client, door.token[:-1])
    assert wrong.status_code == 401
    assert "This is not the token" in wrong.text
    assert not client.cookies
    assert (await door.log_in(client)).status_code == 303
    assert (await client.get("/api/v1/devices")).json() == []


async def test_a_session_cookie_is_strict_and_out_of_scripts_reach(
    door: Door, client: httpx.AsyncClient
) -> None:
    cookie = (await door.log_in(client)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert door.token not in cookie


async def test_a_bearer_token_needs_no_session(door: Door, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/session", headers={"Authorization": f"Bearer {door.token}"})
    assert answer.json() == {"by": "http:192.0.2.7", "role": "admin", "csrf": None}


async def test_logout_ends_the_cookie_everywhere_and_over_a_restart(
    door: Door, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await door.log_in(client)
    kept = client.cookies[NAME]
    csrf = (await client.get("/api/v1/session")).json()["csrf"]
    assert (await client.post("/logout", data={"csrf": "wrong"})).status_code == 403
    assert door.tokens.session(kept, door.clock.time()) is not None
    assert (await client.get("/api/v1/devices")).status_code == 200
    assert (await client.post("/logout", data={"csrf": csrf})).status_code == 303
    for tokens in (door.tokens, Tokens(tmp_path)):
        assert tokens.session(kept, door.clock.time()) is None


async def test_a_session_ends_by_itself(door: Door, client: httpx.AsyncClient) -> None:
    await door.log_in(client)
    door.clock.pass_by(LASTS - 1)
    assert (await client.get("/api/v1/devices")).status_code == 200
    door.clock.pass_by(2)
    assert (await client.get("/api/v1/devices")).status_code == 401


async def test_guessing_is_slowed_down_and_forgiven(door: Door, client: httpx.AsyncClient) -> None:
    for _ in range(EACH):
        assert (await door.log_in(client, "guess")).status_code == 401
    held = await door.log_in(client, "guess")
    assert held.status_code == 429
    assert int(held.headers["retry-after"]) > 0
    bearer = {"Authorization": "Bearer guess"}
    assert (await client.get("/api/v1/devices", headers=bearer)).status_code == 429
    async with door.client("192.0.2.8") as other:
        assert (await door.log_in(other, "guess")).status_code == 401
    door.clock.pass_by(int(held.headers["retry-after"]))
    assert (await door.log_in(client, "guess")).status_code == 401


async def test_guessing_locks_nobody_out_who_has_the_token(door: Door, client: httpx.AsyncClient) -> None:
    for number in range(ALL):
        async with door.client(f"192.0.2.{number}") as guesser:
            await door.log_in(guesser, "guess")
    for _ in range(EACH):
        await door.log_in(client, "guess")
    assert (await door.log_in(client, "guess")).status_code == 429
    bearer = {"Authorization": f"Bearer {door.token}"}
    assert (await client.get("/api/v1/devices", headers=bearer)).status_code == 200
    assert (await door.log_in(client)).status_code == 303
    assert (await client.get("/api/v1/devices")).status_code == 200


async def test_a_session_is_not_held_back_by_a_neighbours_guessing(
    door: Door, client: httpx.AsyncClient
) -> None:
    await door.log_in(client)
    async with door.client() as neighbour:
        for _ in range(EACH + 1):
            await door.log_in(neighbour, "guess")
    assert (await client.get("/api/v1/devices")).status_code == 200


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 20)), max_size=200))
def test_no_more_guesses_than_the_buckets_hold(tries: list[tuple[str, float]]) -> None:
    attempts, now, made = Attempts(), 0.0, 0
    for address, pause in tries:
        now += pause
        if attempts.wait(address, now) == 0:
            attempts.count(address, now)
            made += 1
    assert made <= ALL + now / 3 + 1
    assert made <= 6 * (EACH + now / 30 + 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://elsewhere"},
        {"Origin": "http://["},
    ],
)
async def test_another_sites_page_changes_nothing(
    door: Door, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post("/login", data={"token": door.token}, headers=headers)).status_code == 403
    await door.log_in(client)
    csrf = (await client.get("/api/v1/session")).json()["csrf"]
    wish = "/api/v1/devices/inverter/entities/output_source_priority"
    own = {"X-CSRF-Token": csrf}
    assert (await client.post(wish, json={"value": "SBU"}, headers=headers | own)).status_code == 403
    assert (await client.post(wish, json={"value": "SBU"})).status_code == 403
    assert (await client.post(wish, json={"value": "SBU"}, headers=own)).status_code == 404


async def test_a_link_from_elsewhere_brings_the_strict_cookie_by_reloading(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'http-equiv="refresh"' in answer.text


async def test_every_answer_keeps_the_browser_at_home(client: httpx.AsyncClient) -> None:
    for path in ("/", "/login", "/api/v1/devices", "/healthz"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


async def test_below_a_prefix_with_and_without_a_proxy_that_takes_it_off(tmp_path: Path) -> None:
    door = Door(tmp_path, "/solar")
    async with door.client() as client:
        for path in ("/solar/", "/"):
            assert (await client.get(path)).headers["location"] == "/solar/login"
        assert 'action="/solar/login"' in (await client.get("/solar/login")).text
        entered = await door.log_in(client)
        assert entered.headers["location"] == "/solar/"
        assert "Path=/solar" in entered.headers["set-cookie"]
        assert (await client.get("/solar/api/v1/devices")).status_code == 200
        assert (await client.get("/solarium/api/v1/devices")).status_code in (303, 401)


async def test_a_forwarded_prefix_is_not_believed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"X-Forwarded-Prefix": "/evil"})
    assert answer.headers["location"] == "/login"


@pytest.mark.parametrize(
    "to",
    [
        *("//elsewhere", "https://elsewhere/", "/\\elsewhere", "elsewhere", "//[", "///elsewhere"),
        *("/a\r\nSet-Cookie: x", "/\t/elsewhere", "", "/ b"),
    ],
)
def test_a_login_leads_nowhere_else(to: str) -> None:
    assert _local(to) == "/"


@given(st.text())
def test_no_cookie_is_a_session_by_chance(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    tokens = Tokens(tmp_path_factory.mktemp("tokens"))
    own = tokens.open(Role.ADMIN, 0.0)
    assert tokens.session(text, 0.0) is None
    assert tokens.session(own + text, 0.0) is None or text == ""
    assert tokens.session(own, 0.0) is not None


def test_a_new_token_ends_the_old_one_and_its_sessions(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    old, cookie = tokens.made or "", tokens.open(Role.ADMIN, 0.0)
    new = tokens.renew()
    assert (tokens.role_of(old), tokens.role_of(new), tokens.session(cookie, 0.0)) == (None, Role.ADMIN, None)


def test_a_token_that_another_process_makes_counts_at_once_and_stays(tmp_path: Path) -> None:
    serving = Tokens(tmp_path)
    old, session = serving.made or "", serving.session(serving.open(Role.ADMIN, 0.0), 0.0)
    assert session is not None
    new = Tokens(tmp_path).renew()
    assert (serving.role_of(old), serving.role_of(new)) == (None, Role.ADMIN)
    assert serving.session(session.cookie, 0.0) is None
    logged_in = serving.session(serving.open(Role.ADMIN, 0.0), 0.0)
    assert logged_in is not None
    serving.end(logged_in, 0.0)
    again = Tokens(tmp_path)
    assert (again.role_of(new), again.session(logged_in.cookie, 0.0)) == (Role.ADMIN, None)


@pytest.mark.parametrize("other", ['theme={"dark": true}', "a b=c", "x=\u00e9"])
async def test_cookies_of_other_programs_on_the_host_shut_nobody_out(
    door: Door, client: httpx.AsyncClient, other: str
) -> None:
    await door.log_in(client)
    own = f"{NAME}={client.cookies[NAME]}"
    client.cookies.clear()
    for cookies in (f"{other}; {own}", f"{own}; {other}"):
        answer = await client.get("/api/v1/session", headers=[(b"Cookie", cookies.encode("latin-1"))])
        assert answer.status_code == 200


async def test_health_is_open_and_says_when_nothing_is_heard(door: Door, client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    door.clock.pass_by(61)
    silent = await client.get("/healthz")
    assert silent.status_code == 503
    words = "no device has said anything for 61 s"
    assert json.loads(silent.text) == {"status": words, "error": words}, "a fault is told as any other"
