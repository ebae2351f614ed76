"""Puts the page on the API's app. NiceGUI is one per process: one app at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI
from nicegui import ui

from gridward.page import views

ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='8' "
    "fill='#1f5fae'/><path d='M18 4 8 18h6l-2 10 12-15h-7z' fill='#fff'/></svg>"
)


@cache
def _carrier() -> FastAPI:
    """The app that NiceGUI lives in for the process's whole life."""
    views.register()
    carrier = FastAPI(openapi_url=None)
    ui.run_with(
        carrier,
        title="Gridward",
        favicon=ICON,
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=10.0,
        message_history_length=100,
        show_welcome_message=False,
    )
    return carrier


def mount(app: FastAPI) -> None:
    """Serve the page below every path that the API does not have."""
    carrier = _carrier()
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(over: FastAPI) -> AsyncIterator[None]:
        async with carrier.router.lifespan_context(carrier), before(over):
            yield

    app.router.lifespan_context = lifespan
    app.mount("/", carrier)
