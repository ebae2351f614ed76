"""The addresses of the page and what stands at each."""

from collections.abc import Callable

from fastapi import Request
from nicegui import app, ui
from starlette.responses import HTMLResponse, Response

from gridward.api.confirm import page
from gridward.api.gateway import Gateway
from gridward.page import metersview
from gridward.page.auditview import audit
from gridward.page.cellview import cells
from gridward.page.chartview import Charts
from gridward.page.controlview import controls
from gridward.page.convertview import Bench
from gridward.page.deviceview import devices
from gridward.page.entityview import device
from gridward.page.first import first
from gridward.page.healthview import health
from gridward.page.parts import Tag
from gridward.page.rulesview import rules
from gridward.page.scheduleview import schedule
from gridward.page.shell import shell


def register() -> None:
    """Tell NiceGUI all views; once per process."""
    views: dict[str, Callable[..., object]] = {
        "/": _now,
        "/controls": _controls,
        "/schedule": _schedule,
        "/charts": _charts,
        "/cells": _cells,
        "/devices": _devices,
        "/devices/{identifier}": _device,
        "/meters": _meters,
        "/meters/convert": _convert,
        "/meters/labels": _labels,
        "/meters/{serial}": _meter,
        "/rules": _rules,
        "/audit": _audit,
        "/health": _health,
    }
    for path, view in views.items():
        ui.page(path)(view)
    app.exception_handler(404)(_nowhere)


async def _nowhere(request: Request, _: Exception) -> Response:
    gateway: Gateway = request.state.gateway
    back = f'<p><a class="button" href="{gateway.site.http.prefix}/">To the first view</a></p>'
    return page(gateway, "Nothing is here", f"There is no page at {request.url.path[:100]}.", back, 404)


def _now(request: Request) -> None:
    with shell(request, "/") as gateway:
        first(gateway)


def _controls(request: Request) -> None:
    with shell(request, "/controls") as gateway:
        controls(gateway, request.state.caller)
        with Tag("p", dress="soft small"):
            Tag("a", "Schedule and plan of the battery", href=f"{gateway.site.http.prefix}/schedule")


def _schedule(request: Request) -> None:
    with shell(request, "/controls") as gateway:
        ui.page_title(f"Schedule · {gateway.site.name}")
        schedule(gateway, request.state.caller)


def _charts(request: Request) -> None:
    with shell(request, "/charts") as gateway, Tag("section", dress="card", aria_label="The last 24 hours"):
        charts = Charts(gateway)
        ui.timer(0.1, charts.follow, once=True)


def _cells(request: Request) -> None:
    with shell(request, "/cells") as gateway:
        cells(gateway)


def _devices(request: Request) -> None:
    with shell(request, "/devices") as gateway:
        devices(gateway)
        with Tag("p", dress="soft small"):
            Tag("a", "Meters to be converted and installed", href=f"{gateway.site.http.prefix}/meters")


def _meters(request: Request) -> None:
    with shell(request, "/devices") as gateway:
        ui.page_title(f"Meters · {gateway.site.name}")
        metersview.Listed(gateway)


def _convert(request: Request) -> None:
    with shell(request, "/devices") as gateway:
        ui.page_title(f"Convert · {gateway.site.name}")
        Bench(gateway, request.state.caller)


async def _labels(request: Request) -> HTMLResponse:
    return await metersview.labels(request.state.gateway)


async def _meter(request: Request, serial: str) -> None:
    with shell(request, "/devices") as gateway:
        ui.page_title(f"{serial} · {gateway.site.name}")
        await metersview.meter(gateway, serial)


def _device(request: Request, identifier: str) -> None:
    with shell(request, "/devices") as gateway:
        device(gateway, request.state.caller, identifier)


def _rules(request: Request) -> None:
    with shell(request, "/rules") as gateway:
        rules(gateway, request.state.caller)


def _audit(request: Request, filter: str = "") -> None:  # noqa: A002 - the word in the address
    with shell(request, "/audit") as gateway:
        audit(gateway, filter)


def _health(request: Request) -> None:
    with shell(request, "/health") as gateway:
        health(gateway)
