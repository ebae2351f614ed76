"""A command by its name as it would be asked for now: whose entity, what will happen, or why it cannot be."""

from gridward.api.desk import Press
from gridward.api.gateway import Gateway
from gridward.api.named import COMMANDS, GROUPS, PROPOSALS
from gridward.live import LiveDevice
from gridward.page import rulewords, sentences
from gridward.page.choices import timed
from gridward.rules import asked

RULES = "rules"
GONE = "there is no such proposal: it was answered, or its time is over"


class Unready(ValueError):
    """Why there is nothing to ask for, in words, and the status that says so over HTTP."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def ready(gateway: Gateway, name: str, device: str | None = None, proposal: str | None = None) -> Press:
    """The command of this name; without a device that of the site's role. Raises Unready."""
    if name in PROPOSALS:
        return _answer(gateway, name, proposal)
    command = COMMANDS.get(name)
    if command is None:
        raise Unready(404, f"there is no command {name[:64]!r}")
    target = _target(gateway, command.kind, device)
    row = target.entities.get(command.entity)
    (group,) = (one for one in GROUPS.values() if command in one.commands)
    if row is None:
        raise Unready(404, f"{target.name} has no {group.title}")
    options = row.get("options")
    if not isinstance(options, list) or command.value not in options:
        name = rulewords.text(row, "name") or group.title
        raise Unready(404, f"{target.name}: {name} cannot be set to {command.title}")
    _usable(gateway, target)
    stands = gateway.fresh(target.id, command.entity)
    return Press(
        name=name,
        device=target.id,
        entity=command.entity,
        value=command.value,
        title=f"{group.title}: {command.title}",
        place=target.name,
        does=timed(command.does, gateway.site),
        asks=command.asks,
        stands=None if stands is None else str(stands),
    )


def _target(gateway: Gateway, kind: str, device: str | None) -> LiveDevice:
    found = gateway.live.devices.get(device) if device else gateway.device(kind)
    if found is None or found.kind != kind:
        raise Unready(404, f"this site has no {kind}{f' {device[:64]!r}' if device else ''}")
    return found


def _usable(gateway: Gateway, target: LiveDevice) -> None:
    if target.info.get("writable") is not True:
        raise Unready(409, f"the site file does not say writable: true for {target.name}")
    if not target.available:
        raise Unready(409, sentences.away(target.name, target.age(gateway.clock.monotonic())).rstrip("."))


def _answer(gateway: Gateway, name: str, identifier: str | None) -> Press:
    """The answer to a proposal; without an id to the only one that is open."""
    found = [one for one in asked.proposals(gateway.live.rules) if one.get("status") == "open"]
    if identifier is not None:
        found = [one for one in found if one.get("id") == identifier]
    if not found:
        raise Unready(404, GONE if identifier is not None else "nothing is proposed now")
    if len(found) > 1:
        raise Unready(409, f"{len(found)} proposals are open; answer each by its own button")
    one, said = found[0], PROPOSALS[name]
    wish = asked.answer(gateway.live.rules, str(one.get("id")), said)
    if wish is None:
        raise Unready(404, GONE)
    change = f"{rulewords.value(one, 'before')} → {rulewords.value(one, 'value')}"
    return Press(
        name=name,
        device=RULES,
        entity=wish.entity,
        value=wish.value,
        title=f"{said.capitalize()}: {rulewords.text(one, 'output')} {change}",
        place=f"Proposed by {rulewords.text(one, 'rule')}",
        does=rulewords.text(one, "reason"),
        asks=True,
    )
