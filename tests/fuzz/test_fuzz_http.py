"""The HTTP interface against its own OpenAPI: whatever is sent is answered in words, never with a 500."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import schemathesis
from fuzz.budget import budget
from gateway.api_house import House
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from gridward.api.access import Role

T = TypeVar("T")
LOST = 2000  # turns of 5 s after which nobody waits any more
PATIENCE = 30.0  # s for the store's thread, which a busy machine may keep waiting
UNKNOWN = {502, 503}  # the device failed, or the part that knows does not run: said in words


class Running:
    """The app of a house with one device, its clock turned on until each answer is there."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self.house = self.run(self._made(folder))
        document = self.house.client.get("/api/v1/openapi.json")
        schema = schemathesis.openapi.from_dict(self.run(document).json())
        found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        self.ways = {f"{one.method} {one.path}": one for one in found}

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self._loop.run_until_complete(work)

    @staticmethod
    async def _made(folder: Path) -> House:
        return House(folder)

    def ask(self, method: str, url: str, role: Role = Role.ADMIN, **said: object) -> httpx.Response:
        """One request, by a token that is made for it: one may void what the next would come with."""
        token = self.house.gateway.tokens.renew(role)
        headers = httpx.Headers({**dict(said.pop("headers", None) or {})})  # type: ignore[call-overload]
        headers["Authorization"] = f"Bearer {token}"
        self.house.clock.pass_by(120)
        request = self.house.client.build_request(method, url, headers=headers, **said)  # type: ignore[arg-type]
        return self.run(self._sent(request))

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        sending = asyncio.ensure_future(self.house.client.send(request))
        for _ in range(LOST):
            if sending.done():
                break
            await self.house.clock.turn(5)
        await asyncio.wait((sending,), timeout=PATIENCE)
        assert sending.done(), "never answered"
        return sending.result()

    def close(self) -> None:
        self.run(self.house.client.aclose())
        self._loop.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("running"))
    yield made
    made.close()


def in_words(answer: httpx.Response) -> None:
    """A fault is told in words, as JSON."""
    if (
        answer.request.method != "HEAD"
        and answer.status_code >= 400
        and answer.headers.get("content-type", "").startswith("application/json")
    ):
        assert json.loads(answer.text).keys() & {"error", "reason"}, answer.text


@budget(40)
@given(data=st.data())
def test_every_way_answers_as_the_openapi_says(running: Running, data: st.DataObject) -> None:
    assert len(running.ways) > 12
    way = running.ways[data.draw(st.sampled_from(sorted(running.ways)))]
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = data.draw(way.as_strategy(mode))
    said = case.as_transport_kwargs(base_url="http://home")
    sent: dict[str, object] = {
        key: said[key] for key in ("params", "json", "headers", "cookies") if key in said
    }
    if "data" in said:
        sent["content"] = said["data"]
    try:
        answer = running.ask(said["method"], said["url"], data.draw(st.sampled_from(Role)), **sent)
    except (httpx.InvalidURL, UnicodeEncodeError, ValueError):
        return  # a client cannot send this
    in_words(answer)
    if answer.status_code not in UNKNOWN:
        case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])


PATHS = [
    *(
        "/",
        "/login",
        "/logout",
        "/confirm",
        "/confirm/x",
        "/healthz",
        "/api/v1/commands",
        "/api/v1/tokens/viewer",
    ),
    *(
        "/api/v1/devices/inverter",
        "/api/v1/devices/inverter/entities/output_source_priority",
        "/api/v1/history",
    ),
    *(
        "/api/v1/schedule",
        "/api/v1/rules/overrides/all",
        "/api/v1/rules/proposals/a1",
        "/api/v1/nothing",
        "//x",
        "/..",
    ),
]
HEADERS = [
    "Cookie",
    "Origin",
    "Host",
    "Accept",
    "Content-Type",
    "X-CSRF-Token",
    "X-Grafana-Action",
    "Sec-Fetch-Site",
]
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@budget(40)
@given(data=st.data())
def test_whatever_is_sent_anywhere_is_answered_in_words(running: Running, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "X"]))
    headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), printable, max_size=3))
    good = json.dumps({"value": "SUB", "command": "rules_on", "token": "x"}).encode()
    body = data.draw(
        st.just(good) | st.binary(max_size=60) | st.just(b"[" * 5000) | st.just(b'{"value":' + b"9" * 5000)
    )
    query = data.draw(
        st.dictionaries(st.sampled_from(["start", "end", "what", "command", "to"]), printable, max_size=2)
    )
    answer = running.ask(
        method, data.draw(st.sampled_from(PATHS)), headers=headers, content=body, params=query
    )
    assert answer.status_code < 500 or answer.status_code in UNKNOWN, answer.text
    in_words(answer)
