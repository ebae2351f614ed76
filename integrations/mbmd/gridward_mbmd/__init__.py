"""Meters behind a running mbmd, read over its HTTP interface."""

from collections.abc import Callable, Mapping

import voluptuous as vol

from gridward_kit.integration import Fact, Integration
from gridward_kit.network import host, interval, tcp_port
from gridward_mbmd.answers import KEY
from gridward_mbmd.behind import EVERY, PORT, serve
from gridward_mbmd.entities import ENTITIES

__all__ = ["INTEGRATION"]


def meter(value: Fact) -> Fact:
    """The key of a meter, as mbmd lists it."""
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise vol.Invalid("a meter as mbmd's /api/last names it, such as SDM2301.1")
    return value


OPTIONS: Mapping[vol.Marker, Callable[[Fact], Fact]] = {
    vol.Required("host", description="the host that mbmd runs on"): host,
    vol.Optional("port", default=PORT): tcp_port,
    vol.Optional("meter"): meter,
    vol.Optional("every", default=EVERY): interval(600, EVERY),
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
