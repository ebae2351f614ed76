"""The addresses of the page and what stands at each."""

from collections.abc import Callable

from fastapi import Request
from nicegui import ui

from gridward.page.auditview import audit
from gridward.page.cellview import cells
from gridward.page.chartview import Charts
from gridward.page.controlview import controls
from gridward.page.deviceview import devices
from gridward.page.entityview import device
from gridward.page.first import first
from gridward.page.parts import Tag
from gridward.page.shell import shell


def register() -> None:
    """Tell NiceGUI all views; once per process."""
    views: dict[str, Callable[..., None]] = {
        "/": _now,
        "/controls": _controls,
        "/charts": _charts,
        "/cells": _cells,
        "/devices": _devices,
        "/devices/{identifier}": _device,
        "/audit": _audit,
    }
    for path, view in views.items():
        ui.page(path)(view)


def _now(request: Request) -> None:
    with shell(request, "/") as gateway:
        first(gateway)


def _controls(request: Request) -> None:
    with shell(request, "/controls") as gateway:
        controls(gateway, request.state.caller)


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


def _device(request: Request, identifier: str) -> None:
    with shell(request, "/devices") as gateway:
        device(gateway, request.state.caller, identifier)


def _audit(request: Request, filter: str = "") -> None:  # noqa: A002 - the word in the address
    with shell(request, "/audit") as gateway:
        audit(gateway, filter)
