"""What the commands share: where the inventory is, who works, and how a fault ends a command."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from gridward.config import load
from gridward.document import SiteFault
from gridward.meters.inventory import Inventory, Why
from gridward.meters.meter import AddressRules, Meter
from gridward.meters.sheet import FaultySheet
from gridward.meters.toolline import PortTrouble
from gridward.meters.workshop import Workshop, commission
from gridward.recorder.trouble import Faulty, explain
from gridward.site import Site
from gridward_kit.arguments import BAD, NO, USAGE, stop
from gridward_kit.clock import SystemClock
from gridward_kit.errors import DeviceError

SITE = Path("site.yaml")
STORE = Path("gridward.db")

SiteFile = Annotated[
    Path | None, typer.Option("--site", help="The site file; site.yaml here where there is one.")
]
Store = Annotated[Path | None, typer.Option(help="The store that holds the inventory, if not the site's.")]
By = Annotated[str, typer.Option("--by", help="Who does it; the user who is logged in.")]
AtSite = Annotated[str | None, typer.Option("--at", help="Only meters of this site, by its name.")]
Serial = Annotated[str, typer.Argument(help="Serial number, 12 digits.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """The inventory that a command works with, and the site file where there is one."""

    inventory: Inventory
    folder: Path
    zone: tzinfo
    home: Site | None
    file: Path | None
    clock: SystemClock

    @property
    def today(self) -> date:
        """The day where the site is."""
        return datetime.fromtimestamp(self.clock.time(), self.zone).date()

    def meters(self, at: str | None = None) -> list[Meter]:
        """The inventory's meters, of one site where it is named."""
        return [meter for meter in self.inventory.all() if at in (None, meter.site)]

    def why(self, by: str, reason: str = "") -> Why:
        """Who changes something now, and for what reason."""
        return Why(by, self.clock.time(), reason)

    def workshop(self, port: str) -> Workshop:
        """A workshop on a port; raises ValueError where no integration can convert."""
        return Workshop(
            url=port,
            inventory=self.inventory,
            commission=commission(),
            clock=self.clock,
            folder=self.folder,
            zone=self.zone,
            home=self.home,
        )


def desk(site: Path | None, store: Path | None) -> Desk:
    """The desk by the options; the store is the site's, the option's, or one in this folder."""
    file = site or (SITE if SITE.is_file() else None)
    home = None if file is None else load(file)
    lowest = AddressRules().lowest if home is None else home.meters.lowest_address
    path = store or (STORE if home is None else home.record.store)
    zone = UTC if home is None else home.time_zone
    folder = path.parent / "meters" if home is None else home.folder / "meters"
    return Desk(Inventory(path, AddressRules(lowest)), folder, zone, home, file, SystemClock())


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong ends the command with its words: 2 for a wish that may not be, 3 for what failed."""
    try:
        yield
    except FaultySheet as error:
        for sheet_fault in error.faults:
            typer.echo(str(sheet_fault), err=True)
        stop(USAGE, f"{len(error.faults)} fault{'s' * (len(error.faults) > 1)}; nothing was imported")
    except SiteFault as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        stop(USAGE, f"{len(error.faults)} fault{'s' * (len(error.faults) > 1)} in the site file")
    except PortTrouble as error:
        stop(BAD, str(error))
    except DeviceError as error:
        stop(NO, str(error))
    except ValueError as error:
        stop(USAGE, str(error))
    except FileNotFoundError as error:
        stop(USAGE, f"{error.filename}: no such file")
    except Faulty as error:
        trouble = explain(error)
        stop(BAD, f"{trouble.reason}; {trouble.remedy}")


def operator() -> str:
    """Who is logged in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


WHO = operator()
