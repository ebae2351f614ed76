"""`gridward meters`: a fresh meter's way onto a site, command by command."""

from collections.abc import Callable, Mapping

import typer

from gridward.meters.cli.bench import batch, convert, full, scan, set_address, verify
from gridward.meters.cli.place import add
from gridward.meters.cli.records import (
    assign,
    export,
    import_,
    label,
    list_,
    pending,
    report,
    status,
)

app = typer.Typer(no_args_is_help=True, help="Meters before they are on a site: inventory and conversion.")
COMMANDS: Mapping[str, Callable[..., None]] = {
    "list": list_,
    "import": import_,
    "export": export,
    "assign": assign,
    "convert": convert,
    "scan": scan,
    "set-address": set_address,
    "verify": verify,
    "full": full,
    "batch": batch,
    "label": label,
    "add": add,
    "report": report,
    "pending": pending,
    "status": status,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
