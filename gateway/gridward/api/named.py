"""What can be asked for by its name, from a dashboard: a fixed list, made of the page's controls. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward.page.choices import CONTROLS, Control
from gridward.rules.proposals import APPROVE, DECLINE

STEMS = {
    "output_source_priority": "output_source",
    "charger_source_priority": "charger_source",
    "grid_override": "grid",
    "mode": "rules",
}
PROPOSALS = {f"proposal_{said}": said for said in (APPROVE, DECLINE)}
"""The two commands that answer a proposal, and what is said to it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its name: whose entity it sets (a kind of device), to what, what it is called.

    `does` says in a sentence what will happen; `asks`: it switches power, so that a person is asked first.
    """

    name: str
    kind: str
    entity: str
    value: str
    title: str
    does: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The commands that set one entity."""

    title: str
    kind: str
    entity: str
    commands: tuple[Command, ...]


def _group(control: Control) -> Group:
    made = (
        Command(
            name=f"{STEMS[control.key]}_{option.lower()}",
            kind=control.role,
            entity=control.key,
            value=option,
            title=choice.word,
            does=choice.asks or choice.does,
            asks=choice.asks is not None,
        )
        for option, choice in control.choices.items()
    )
    return Group(control.title, control.role, control.key, tuple(made))


GROUPS: Mapping[str, Group] = {STEMS[control.key]: _group(control) for control in CONTROLS}
COMMANDS: Mapping[str, Command] = {one.name: one for group in GROUPS.values() for one in group.commands}
