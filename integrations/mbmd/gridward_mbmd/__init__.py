"""Meters behind a running mbmd, read over its HTTP interface."""

from collections.abc import Callable, Mapping

import voluptuous as vol

from gridward_kit.integration import Fact, Integration
from gridward_mbmd.answers import KEY
from gridward_mbmd.behind import EVERY, PORT, serve
from gridward_mbmd.entities import ENTITIES

__all__ = ["INTEGRATION"]


def host(value: Fact) -> Fact:
    """A host's name or address."""
    if not isinstance(value, str) or not value or not value.isprintable() or set(value) & set(" /@"):
        raise vol.Invalid("a host's name or address, such as 192.0.2.4")
    return value


def meter(value: Fact) -> Fact:
    """The key of a meter, as mbmd lists it."""
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise vol.Invalid("a meter as mbmd's /api/last names it, such as SDM2301.1")
    return value


def tcp_port(value: Fact) -> Fact:
    """A TCP port's number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise vol.Invalid("a port from 1 to 65535")
    return value


def interval(value: Fact) -> Fact:
    """A time such as `5s`, or a number of seconds, from 1 s to ten minutes."""
    text = value.removesuffix("s").strip() if isinstance(value, str) else value
    try:
        seconds = float(text) if isinstance(text, str | int | float) and not isinstance(text, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 1 <= seconds <= 600:
        raise vol.Invalid("a time from 1s to 600s, such as 5s")
    return seconds


OPTIONS: Mapping[vol.Marker, Callable[[Fact], Fact]] = {
    vol.Required("host", description="the host that mbmd runs on"): host,
    vol.Optional("port", default=PORT): tcp_port,
    vol.Optional("meter"): meter,
    vol.Optional("every", default=EVERY): interval,
    vol.Optional("average", default=False): bool,
    vol.Optional("invert", default=False): bool,
}

INTEGRATION = Integration(
    domain="mbmd",
    name="Meter behind mbmd",
    kind="meter",
    entities=lambda _options: ENTITIES,
    poll=EVERY,
    options=OPTIONS,
    serve=serve,
)
