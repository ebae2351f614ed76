"""`gridward rules`: what the rules are, and whether they do what their stories say."""

import io
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from ruamel.yaml import YAML

from gridward import rules_cli
from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.policies.rulefile import SHIPPED, shipped
from gridward.policies.storyfile import Stories, read_stories
from gridward.rehearsal.cli import register
from gridward.rules.expanded import expanded
from gridward.rules.story import play
from gridward_kit.arguments import BAD, USAGE, stop
from gridward_kit.integration import integrations

app = typer.Typer(no_args_is_help=True, help="The rules: what is done with the devices' settings, and when.")
register(app)
rules_cli.register(app)
SITE = Path("site.yaml")


@app.command()
def show(site: Annotated[Path, typer.Argument(metavar="[SITE.yaml]")] = SITE) -> None:
    """Print the site's policy with everything that its file leaves out."""
    try:
        home = load(site)
    except SiteFault as error:
        _stop(site, error.faults)
    if home.rules.policy is None:
        stop(BAD, f"{site} names no policy; shipped are {', '.join(shipped())}")
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 100
    yaml.dump(expanded(home.rules.policy), text)
    typer.echo(text.getvalue(), nl=False)


@app.command()
def test(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stories, or a shipped policy's name.")],
) -> None:
    """Play every story of a file to its policy: status 0 if all end as told, 3 if one does not."""
    if str(file) in shipped():
        file = SHIPPED / f"{file}.stories.yaml"
    faults: list[Fault] = []
    told = read_stories(file, integrations(), faults)
    if told is None or faults:
        _stop(file, tuple(faults))
    wrong = _play(told)
    count = len(told.stories)
    typer.echo(f"{file.name}: {count} stories, {wrong} of them otherwise than told")
    raise typer.Exit(BAD if wrong or not count else 0)


def _play(told: Stories) -> int:
    wrong = 0
    for story in told.stories:
        found = play(story, told.policy, told.zone)
        wrong += bool(found)
        typer.echo(f"{'no' if found else 'ok'}  {story.title}")
        for words in found:
            typer.echo(f"    {words}", err=True)
    return wrong


def _stop(file: Path, faults: tuple[Fault, ...]) -> NoReturn:
    for fault in faults:
        typer.echo(str(fault), err=True)
    stop(USAGE, f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
