"""Serves API and page inside the running event loop until it is cancelled."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from gridward.api.app import create_app
from gridward.api.tokens import Tokens
from gridward.commands import Commands
from gridward.live import Live
from gridward.recorder.history import History
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.mqtt import Link

log = logging.getLogger(__name__)

PATIENCE = 2  # s that open connections get when we stop
BACKLOG = 128


class _Server(uvicorn.Server):
    """Leaves the process's signals, and its end, to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # it has logged why
            raise RuntimeError("http: the app did not start") from None


async def run_http(site: Site, link: Link, clock: Clock) -> None:
    """The `http` role on its own connection. What it says may end in a journal: never the token."""
    tokens = Tokens(site.folder)
    if tokens.made is not None:
        log.info("http: the page has a new access token; `gridward token --new` shows you one")
    await serve(site, Live(link, clock), Commands(link, clock), History(site.record.store), clock, tokens)


async def serve(
    site: Site, live: Live, commands: Commands, history: History, clock: Clock, tokens: Tokens
) -> None:
    """Serve API and page. Raises OSError when the port is taken; ends cleanly when cancelled."""
    from gridward.page.mount import mount  # noqa: PLC0415 - NiceGUI costs 20 MB: only who serves it pays

    app = create_app(site, live, commands, history, clock, tokens)
    mount(app)
    with listening(site) as listener:
        await run(app, listener, tls(site, clock))


def listening(site: Site) -> socket.socket:
    """The listening socket of the site's `http`; raises OSError that names address and port."""
    host = "0.0.0.0" if site.http.listen == "lan" else "127.0.0.1"  # noqa: S104 - TLS, asked for by the owner
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, site.http.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        words = f"http: cannot listen on {host}:{site.http.port}: {error.strerror}; set another http.port"
        raise OSError(error.errno, words) from None
    return listener


def tls(site: Site, clock: Clock) -> ssl.SSLContext | None:
    """What the local network is served with; None on loopback. Raises OSError."""
    if site.http.listen != "lan":
        return None
    from gridward.api.certificate import certificate, host_names  # noqa: PLC0415 - 9 MB that loopback saves

    own = certificate(site.folder, host_names(), clock.time())
    log.info("http: certificate's SHA-256 fingerprint %s", own.fingerprint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(own.certificate, own.key)
    return context


async def run(app: FastAPI, listener: socket.socket, context: ssl.SSLContext | None) -> None:
    """Serve an app on a listening socket until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        backlog=BACKLOG,
        timeout_graceful_shutdown=PATIENCE,
    )
    config.load()
    if context is not None:
        config.ssl = context
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    scheme, (host, port) = "https" if context else "http", listener.getsockname()[:2]
    log.info("http: serving %s://%s:%s", scheme, host, port)
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        while not serving.done():  # cancelled again, it shall not be cut short: it knows its end itself
            with suppress(asyncio.CancelledError):
                await asyncio.wait((serving,))
        raise
