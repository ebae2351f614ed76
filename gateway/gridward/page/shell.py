"""What every view has around it: style, the site's name, the time, the ways to the other views."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fastapi import Request
from nicegui import ui

from gridward.api.access import Role
from gridward.api.gateway import Caller, Gateway
from gridward.page.parts import Tag

STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")
VIEWS = {
    "/": "Now",
    "/controls": "Controls",
    "/charts": "Charts",
    "/cells": "Cells",
    "/devices": "Devices",
    "/rules": "Rules",
    "/audit": "Audit",
    "/health": "Health",
}
EVERY = 1.0
CUT_OFF = """<script>
let cutOff = 0;
setInterval(() => {
  const lost = document.getElementById("popup")?.ariaHidden === "false";
  document.querySelectorAll("main.view, .q-dialog").forEach((part) => part.toggleAttribute("inert", lost));
  if (!lost || ++cutOff % 3) return;
  fetch("PREFIX/api/v1/session").then((answer) => answer.status === 401 && location.reload(), () => {});
}, 1000);
</script>"""
"""While the gateway is not reached nothing can be pressed and nothing looks like now; who is logged out
meanwhile is led to the login, which a refused socket alone would not do."""


@contextmanager
def shell(request: Request, here: str) -> Iterator[Gateway]:
    """The frame of a view; what is made inside stands in its middle."""
    gateway: Gateway = request.state.gateway
    ui.page_title(f"{VIEWS[here]} · {gateway.site.name}")
    ui.add_head_html(f"<style>{STYLE}</style>{CUT_OFF.replace('PREFIX', gateway.site.http.prefix)}")
    with Tag("div", dress="shell"):
        _bar(gateway, request.state.caller, here)
        with Tag("main", dress="view first" if here == "/" else "view"):
            yield gateway


def every_second(look: Callable[[], None]) -> None:
    """Have `look` called now and once a second while somebody watches."""
    look()
    ui.timer(EVERY, look, immediate=False)


def _bar(gateway: Gateway, caller: Caller, here: str) -> None:
    prefix = gateway.site.http.prefix
    with Tag("header", dress="bar"):
        Tag("h1", gateway.site.name)
        with Tag("nav", dress="nav", aria_label="Views"):
            for path, word in VIEWS.items():
                link = Tag("a", word, href=prefix + path)
                if path == here:
                    link.set(aria_current="page")
        if caller.role is Role.VIEWER:
            Tag("span", "Viewer: nothing can be switched", "soft small", id="role")
        clock = Tag("span", dress="clock soft small")
        if caller.session is not None:
            with Tag("form", method="post", action=f"{prefix}/logout"):
                Tag("input", type="hidden", name="csrf", value=gateway.tokens.csrf(caller.session))
                Tag("button", "Log out", "plain", type="submit")

    def look() -> None:
        local = datetime.fromtimestamp(gateway.clock.time(), gateway.site.time_zone)
        clock.say(f"{local:%H:%M}")
        if not gateway.welcome(caller):
            ui.run_javascript(f"location.assign({json.dumps(f'{prefix}/login')})")

    every_second(look)
