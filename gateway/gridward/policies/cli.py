"""`gridward rules`: what the rules are, and whether they do what their stories say."""

import io
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from ruamel.yaml import YAML

from gridward import rules_cli
from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.policies.rulefile import SHIPPED, shipped, top_of
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
    settings = home.rules.grid_switch
    switch = (
        "absent: no contactor; all else is done"
        if settings is None or settings.relay is None
        else settings.relay
    )
    yaml.dump({"mode": home.rules.mode, "grid_switch": switch, **expanded(home.rules.policy)}, text)
    typer.echo(text.getvalue(), nl=False)


@app.command()
def test(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Stories, the rule file that they lie beside, or a shipped policy's name."
        ),
    ],
) -> None:
    """Play every story of a file to its policy: status 0 if all end as told, 3 if one does not."""
    file = SHIPPED / f"{file}.stories.yaml" if str(file) in shipped() else _stories(file)
    faults: list[Fault] = []
    told = read_stories(file, integrations(), faults)
    if told is None or faults:
        _stop(file, tuple(faults))
    wrong = _play(told)
    count = len(told.stories)
    typer.echo(
        f"{file.name}: {count} {'story' if count == 1 else 'stories'}, {wrong} of them otherwise than told"
    )
    raise typer.Exit(BAD if wrong or not count else 0)


def _stories(file: Path) -> Path:
    """The file itself, or of a rule file the stories beside it."""
    top = top_of(file, []) if file.is_file() else None
    if top is None or "rules" not in top.entries or "stories" in top.entries:
        return file
    beside = file.with_name(f"{file.stem}.stories.yaml")
    if not beside.is_file():
        stop(USAGE, f"{file} holds rules; their stories lie beside it, in {beside.name}, which is not there")
    return beside


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
