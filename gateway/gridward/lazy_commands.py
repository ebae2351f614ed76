"""Commands whose modules are loaded when they are called: each call pays for its own imports only."""

from collections.abc import Mapping
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


def lazily(elsewhere: Mapping[str, str]) -> type[TyperGroup]:
    """A group that also has these commands: their names, and where each is, as `package.module:name`."""

    class Lazy(TyperGroup):
        """Its own commands first, then those elsewhere, in the order given."""

        def list_commands(self, ctx: object) -> list[str]:
            return [*(name for name in self.commands if name not in elsewhere), *elsewhere]

        def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
            """None for an unknown name; all are loaded then, so that near ones can be proposed."""
            if cmd_name not in self.commands:
                for name in [cmd_name] if cmd_name in elsewhere else elsewhere:
                    self.commands.update(_loaded(name, elsewhere[name]))
            found = self.commands.get(cmd_name)
            return found if isinstance(found, TyperCommand | TyperGroup) else None

    return Lazy


def _loaded(name: str, where: str) -> Mapping[str, TyperCommand | TyperGroup]:
    """What is there, a function or a group of commands, as a command of this name."""
    module, _, attribute = where.partition(":")
    found = getattr(import_module(module), attribute)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    commands = get_group(alone).commands.items()
    return {key: one for key, one in commands if isinstance(one, TyperCommand | TyperGroup)}
