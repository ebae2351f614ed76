"""The row `Controls`: what stands, read back, what can be asked for, and what became of it.

A link shows the gateway's own page, where the viewer is known and asked. At one click a panel's action
asks the gateway directly, on the same origin, and it learns from Grafana who clicked. Neither way has a
secret in the dashboard.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from gridward.api.named import GROUPS, PROPOSALS, Command, Group
from gridward_dashboards import canvas
from gridward_dashboards.look import BATTERY, CHARGER, FAULT, MODES, OVERRIDE, SOURCE, SUN, Looks
from gridward_dashboards.look import GRID as GRID_COLOUR
from gridward_dashboards.panel import WITHOUT_TIME, stat, table
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, events, latest
from gridward_dashboards.values import word
from gridward_dashboards.words import text
from gridward_kit.kept import Json

LOOKS = {
    "output_source_priority": SOURCE,
    "charger_source_priority": CHARGER,
    "grid_override": OVERRIDE,
    "mode": MODES,
}
STATUS = Looks(
    words={
        "accepted": ("asked", SUN),
        "confirmed": ("confirmed", BATTERY),
        "unchanged": ("stood so already", BATTERY),
        "refused": ("refused", FAULT),
        "failed": ("failed", FAULT),
        "expired": ("expired", SUN),
        "decided": ("decided", GRID_COLOUR),
        "observed": ("would decide", SUN),
        "proposal_made": ("proposed", SUN),
        "proposal_approved": ("approved", BATTERY),
        "proposal_declined": ("declined", SUN),
        "proposal_expired": ("expired", SUN),
        "raised": ("alarm", FAULT),
        "cleared": ("all clear", BATTERY),
    }
)
ANSWERS = (
    word("what", "what"),
    word("status", "status", STATUS),
    word("by", "by"),
    word("text", "text"),
)
ASKED = (*ANSWERS[:3], Value("seconds", "seconds", Looks("s", 1)), ANSWERS[3])
PROPOSED = (word("proposal", "proposal"), word("by", "by"), word("text", "text"))
PROPOSAL = "${__data.fields.proposal}"
ACTIONS = "${gateway}/api/v1/commands"
CANVAS = "A red one switches power, and is asked about first. What stands is read back."
ABSENT = {"inverter": "No inverter in this range", "rules": "The rules say nothing in this range"}


def address(command: Command, device: str | None) -> str:
    """The gateway's page for a command; several inverters are told apart by their name."""
    target = "" if device is None else f"&device={device}"
    return f"${{gateway}}/confirm?command={command.name}{target}"


def links(group: Group, device: str | None) -> list[Json]:
    """A data link for each choice."""
    return [
        {"title": f"{command.title}: {command.does}", "url": address(command, device), "targetBlank": True}
        for command in group.commands
    ]


def _standing(group: Group, device: str | None, title: str) -> Panel:
    shown = word(group.entity, group.title, LOOKS[group.entity])
    source = Source(group.kind, device if group.kind == "inverter" else None)
    about = "As read back. A click offers what can be asked for; the gateway's page asks again, and answers."
    return stat(
        title,
        latest(source, [shown.column], ever=True),
        [shown],
        ABSENT[group.kind],
        Size(6, 4),
        about=about,
        links=links(group, device if group.kind == "inverter" else None),
        background=True,
    )


def buttons(title: str, groups: Sequence[Group], device: str | None, *, proposals: bool = False) -> Panel:
    """A link for each choice, in words."""
    rows = []
    for group in groups:
        own = device if group.kind == "inverter" else None
        choices = " &nbsp; ".join(
            f'<a href="{escape(address(command, own))}" target="_blank" '
            f'title="{escape(command.does)}">{command.title}</a>'
            for command in group.commands
        )
        rows.append(f"<p><b>{group.title}</b><br>{choices}</p>")
    if proposals:
        answers = (
            f'<a href="${{gateway}}/confirm?command={name}" target="_blank">{said.capitalize()}</a>'
            for name, said in PROPOSALS.items()
        )
        rows.append(f"<p><b>Proposals of the rules</b><br>{' &nbsp; '.join(answers)}</p>")
    rows.append('<p><a href="${gateway}/rules" target="_blank">All outputs of the rules, by hand</a></p>')
    return text(title, "\n".join(rows), Size(8, 10), html=True)


def action(title: str, does: str, asked: dict[str, Json]) -> dict[str, Json]:
    """A button that asks the gateway; Grafana asks for the confirmation first."""
    return {
        "type": "fetch",
        "title": title,
        "confirmation": f"{title}: {does}",
        "oneClick": False,
        "fetch": {
            "method": "POST",
            "url": ACTIONS,
            "headers": [["Content-Type", "application/json"]],
            "queryParams": [],
            "body": json.dumps({**asked, "confirmed": True}),
        },
    }


def _wish(command: Command, device: str | None) -> dict[str, Json]:
    return {"command": command.name, **({} if device is None else {"device": device})}


def _button(command: Command, device: str | None) -> dict[str, Json]:
    return action(command.title, command.does, _wish(command, device))


def _choices(group: Group, device: str | None) -> canvas.Choices:
    own = device if group.kind == "inverter" else None
    stands = word(group.entity, group.title, LOOKS[group.entity])
    presses = [
        canvas.Press(command, json.dumps(_wish(command, own)), {**_button(command, own), "oneClick": True})
        for command in group.commands
    ]
    query = latest(Source(group.kind, own), [stands.column], ever=True)
    return canvas.Choices(group, query, stands, tuple(presses))


def _clicks(group: Group, device: str | None) -> Panel:
    own = device if group.kind == "inverter" else None
    stands, asks = word(group.entity, group.title, LOOKS[group.entity]), word(group.entity, "Ask for")
    query = latest(Source(group.kind, own), [stands.column, asks.column], ever=True)
    return table(
        f"{group.title}: stands at, ask for",
        replace(query, form="table", alias=None),
        [stands],
        ABSENT[group.kind],
        Size(12, 4),
        actions={"Ask for": [_button(command, own) for command in group.commands]},
        steps=[WITHOUT_TIME],
    )


def _proposals(*, click: bool) -> Panel:
    """What the rules proposed; each is answered by its id, on the gateway's page or at one click."""
    query = events("\"status\" = 'proposal_made' AND ", 10, [item.key for item in PROPOSED])
    pages: list[Json] = []
    buttons: list[Json] = []
    for name, said in PROPOSALS.items():
        title = f"{said.capitalize()} this proposal"
        url = f"${{gateway}}/confirm?command={name}&proposal={PROPOSAL}"
        pages.append({"title": title, "url": url, "targetBlank": True})
        buttons.append(
            action(title, "What became of it is told below.", {"command": name, "proposal": PROPOSAL})
        )
    return table(
        "Proposals",
        query,
        PROPOSED,
        "Nothing was proposed in this range",
        Size(24, 5),
        about="A click on its id answers it. What was answered, or is too old, is told so.",
        links=None if click else {"proposal": pages},
        actions={"proposal": buttons} if click else None,
    )


def row(device: str, *, click: bool = False) -> Row:
    """For the inverter that this variable chooses, the grid and the rules; at one `click`, or by links."""
    groups = [GROUPS[name] for name in ("output_source", "charger_source", "grid", "rules")]
    done = '"status" =~ /^(confirmed|unchanged|refused|failed|expired)$/ AND '
    query = events(done, 20, [item.key for item in ASKED])
    became = table("What became of it", query, ASKED, "No command in this range", Size(16, 10))
    if click:
        shown = tuple(_clicks(group, device) for group in groups)
        choices = [_choices(group, device) for group in groups]
        pressed = canvas.buttons("Buttons", choices, ACTIONS, ABSENT["inverter"], CANVAS)
        beside = replace(_proposals(click=True), width=12, height=pressed.height)
        return Row("Controls", (pressed, beside, *shown, replace(became, width=24)))
    standing = tuple(_standing(group, device, f"{group.title} stands at") for group in groups)
    asks = buttons("Ask for", groups, device)
    return Row("Controls", (*standing, asks, became, _proposals(click=False)))
