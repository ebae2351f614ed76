"""`gridward service`: a site as a service of its machine."""

from pathlib import Path
from typing import Annotated

import typer

from gridward.api.tokens import write_private
from gridward.config import load
from gridward.document import SiteFault
from gridward.service import database, mosquitto, users
from gridward.service.cli import installing
from gridward.site import Site
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.clock import SystemClock

app = typer.Typer(no_args_is_help=True, help="A site as a service of its machine.")

app.command()(installing.install)
app.command()(installing.remove)

SiteArgument = Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.")]
SITE = Path("site.yaml")
AdminToken = Annotated[
    Path | None,
    typer.Option("--admin-token-file", exists=True, dir_okay=False, help="What InfluxDB 3 was started with."),
]


def site_of(path: Path, *, complete: bool = True) -> Site:
    """The site of this file; ends with its faults where it has some."""
    try:
        return load(path, complete=complete)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))


@app.command()
def broker(
    site: SiteArgument = SITE,
    folder: Annotated[Path, typer.Option(help="Where the broker's files are written.")] = Path("broker"),
    tls: Annotated[
        bool, typer.Option("--tls", help="Listen on the network, too: port 8883 with TLS.")
    ] = False,
    inside: Annotated[bool, typer.Option("--inside", help="In a container: listen on its network.")] = False,
    renew: Annotated[list[str] | None, typer.Option(help="A user who gets a new password; again.")] = None,
) -> None:
    """Make passwords for the broker's users, and write Mosquitto's files. Again: only what is missing."""
    home = site_of(site, complete=False)
    if home.broker.users is None:
        stop(USAGE, f"{site}: `mqtt:` does not say `{{users: {users.GENERATED}}}`")
    try:
        made = users.make(home, renew or ())
        home = site_of(site)
        where = folder.absolute()
        listeners = mosquitto.listeners(home, where, SystemClock().time(), tls=tls, inside=inside)
        for name, content in mosquitto.files(home, where, listeners).items():
            write_private(where / name, content.encode())
    except ValueError as error:
        stop(USAGE, str(error))
    except OSError as error:
        stop(BAD, str(error))
    typer.echo(f"{where}: {len(home.broker.users or {})} users, {len(made)} with a new password")


@app.command("database")
def database_(
    url: Annotated[str, typer.Option(help="A fresh InfluxDB.")] = "http://127.0.0.1:8086",
    keep: Annotated[int, typer.Option(min=0, help="Days that readings are kept; 0 is for ever.")] = 0,
    admin: AdminToken = None,
) -> None:
    """Set a fresh InfluxDB up, and print what goes into site file, secrets and Grafana's environment."""
    try:
        ready = database.prepare(url, keep * 86400, admin)
    except OSError as error:
        stop(BAD, str(error))
    typer.echo(f"# the site file, under record: influxdb:\n{ready.site_text()}\n# secrets.yaml")
    for name, word in ready.secrets.items():
        typer.echo(f'{name}: "{word}"')
    typer.echo("\n# Grafana's environment")
    for name, word in ready.grafana.items():
        typer.echo(f'{name}="{word}"')


@app.command("database-token")
def database_token(file: Annotated[Path, typer.Argument(help="Where it is written.")]) -> None:
    """Make the admin token file that a fresh InfluxDB 3 is started with; one that is there stays."""
    try:
        database.offline_token(file)
    except OSError as error:
        stop(BAD, str(error))


@app.command("containers")
def containers_(
    site: Annotated[Path, typer.Option(help="The site's folder.")] = Path("/data"),
    broker_folder: Annotated[Path, typer.Option("--broker", help="The broker's.")] = Path("/broker"),
    grafana: Annotated[Path, typer.Option(help="Grafana's.")] = Path("/grafana"),
    proxy: Annotated[Path, typer.Option(help="The proxy's.")] = Path("/proxy"),
    influxdb: Annotated[str, typer.Option(help="A fresh InfluxDB.")] = "http://influxdb:8086",
    admin: AdminToken = None,
    patience: Annotated[float, typer.Option(min=0, help="Seconds that a simulated house gets to come.")] = 30,
) -> None:
    """The first start in containers: make every secret, and the files that the others start with."""
    from gridward.service import containers  # noqa: PLC0415 - nobody else needs the plant

    places = containers.Places(site, broker_folder, grafana, proxy)
    try:
        simulate = not (site / containers.SITE).exists() and containers.stands(containers.HOUSE, patience)
        home = containers.begin(places, influxdb, admin, simulate=simulate)
    except SiteFault as error:
        stop(USAGE, "\n".join(str(fault) for fault in error.faults))
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
    typer.echo(
        f"{home.name}: all is made; Grafana's password of `admin` is in {grafana / containers.PASSWORD}"
    )


@app.command()
def simulated(
    site: SiteArgument = SITE,
    address: Annotated[str, typer.Option(help="Where it listens.")] = "127.0.0.1",
    wait: Annotated[bool, typer.Option("--wait", help="Until the site file is there.")] = False,
) -> None:
    """Serve a site's devices, simulated, on the TCP ports that its file says they have."""
    from gridward.cli import until_stopped  # noqa: PLC0415 - it has this command, too
    from gridward.service.simulated import serve, there  # noqa: PLC0415

    async def work() -> None:
        if wait:
            await there(site)
        await serve(site_of(site, complete=False), address)

    try:
        until_stopped(work())
    except (OSError, ValueError) as error:
        stop(BAD, str(error))
