"""Where the page listens and with what certificate."""

import asyncio
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from fastapi import FastAPI
from gateway.plain_site import plain_site
from gateway.test_api_access import Door

from gridward.api.app import create_app
from gridward.api.certificate import certificate
from gridward.api.serve import listening, run
from gridward.api.tokens import Tokens
from gridward.broker import free_port
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.history import History
from gridward.site import HttpSpec, Site
from gridward_kit.clock import SystemClock
from gridward_kit.testing import MemoryBroker


def site_in(folder: Path, port: int) -> Site:
    return replace(plain_site(folder), http=HttpSpec(port=port))


def test_the_certificate_is_made_once_and_names_the_host(tmp_path: Path) -> None:
    names = ("pi", "pi.local", "192.0.2.5")
    now = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    first = certificate(tmp_path, names, now)
    assert certificate(tmp_path, names, now + 86400) == first
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    loaded = x509.load_pem_x509_certificate(first.certificate.read_bytes())
    held = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(entry.value) for entry in held} == set(names)
    assert certificate(tmp_path, (*names, "192.0.2.6"), now).fingerprint != first.fingerprint
    later = certificate(tmp_path, names, now + 3 * 365 * 86400)
    assert later.fingerprint != first.fingerprint


def test_a_clock_of_1970_makes_a_certificate_that_is_good_today(tmp_path: Path) -> None:
    made = certificate(tmp_path, ("pi",), 86400.0)
    loaded = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    assert loaded.not_valid_before_utc <= datetime(2026, 6, 1, tzinfo=UTC) <= loaded.not_valid_after_utc


async def test_it_serves_over_its_own_tls_and_ends_when_cancelled(tmp_path: Path) -> None:
    clock, tokens = SystemClock(), Tokens(tmp_path)
    link, history = MemoryBroker(clock).link("http"), History(tmp_path / "gridward.db")
    app = create_app(site_in(tmp_path, 0), Live(link, clock), Commands(link, clock), history, clock, tokens)
    own = certificate(tmp_path, ("127.0.0.1",), clock.time())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    with listening(site_in(tmp_path, port=0)) as listener:
        port = listener.getsockname()[1]
        serving = asyncio.create_task(run(app, listener, context))
        trust = ssl.create_default_context(cafile=str(own.certificate))
        async with httpx.AsyncClient(verify=trust) as client:
            entered = await client.post(f"https://127.0.0.1:{port}/login", data={"token": tokens.made})
        assert entered.status_code == 303
        assert "Secure" in entered.headers["set-cookie"]
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_it_leaves_in_order_though_it_is_told_to_again_and_again() -> None:
    seen: list[str] = []
    asked = asyncio.Event()

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        seen.append("left")

    app = FastAPI(lifespan=life)

    @app.get("/slow")
    async def slow() -> str:
        asked.set()
        await asyncio.sleep(0.1)
        return "there"

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(run(app, listener, None))
        async with httpx.AsyncClient() as client:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/slow"))
            await asked.wait()
            while not serving.done():
                serving.cancel()
                await asyncio.sleep(0)
            assert (await asking).json() == "there"
    assert (serving.cancelled(), seen) == (True, ["left"])


def test_loopback_is_what_it_listens_on(tmp_path: Path) -> None:
    with listening(site_in(tmp_path, port=0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_told_in_words(tmp_path: Path) -> None:
    site = site_in(tmp_path, port=free_port())
    with listening(site), pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{site.http.port}"):
        listening(replace(site, name="Another"))


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False), (None, False)])
async def test_behind_a_proxy_with_tls_a_session_is_never_sent_in_the_clear(
    tmp_path: Path, scheme: str | None, secure: bool
) -> None:
    door = Door(tmp_path)
    async with door.client() as client:
        client.headers.update({} if scheme is None else {"X-Forwarded-Proto": scheme})
        cookie = (await door.log_in(client)).headers["set-cookie"]
    assert ("; Secure" in cookie) is secure
