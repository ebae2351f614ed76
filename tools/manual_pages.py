"""For MkDocs: pages that stand elsewhere in the tree are pages of the manual, and every link leads somewhere.

Each integration's README is the page of its devices, with the sources of its captured answers at the end.
A link to a file that is no page is written as the file's name; one that leads nowhere ends the build.
"""

import json
import re
from collections import Counter
from os.path import relpath
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TREE = Path(__file__).resolve().parent.parent
DOCS = TREE / "docs"
LINK = re.compile(r"(?P<image>!?)\[(?P<words>[^\]]*)\]\((?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "promises.md": "PROMISES.md",
    "more/architecture.md": "ARCHITECTURE.md",
    "more/contributing.md": "CONTRIBUTING.md",
    "more/security.md": "SECURITY.md",
    "more/changelog.md": "CHANGELOG.md",
    "more/grafana-dashboards.md": "dashboards/README.md",
}
TITLES = {
    "more/architecture.md": "Architecture",
    "more/contributing.md": "Contributing",
    "more/security.md": "Security",
    "more/changelog.md": "Changes",
    "more/grafana-dashboards.md": "The dashboards, panel by panel",
}


def sources() -> dict[str, Path]:
    """The pages that stand outside of the folder `docs`, by their path in the manual."""
    found = {page: TREE / path for page, path in ELSEWHERE.items() if (TREE / path).is_file()}
    for readme in sorted(TREE.glob("integrations/*/README.md")):
        if readme.parent.name != "kit":
            found[f"devices/{readme.parent.name}.md"] = readme
    return found


def place(page: str) -> Path:
    """The file that a page of the manual is made from."""
    return sources().get(page, DOCS / page)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill in the devices; what nobody has named comes under "More"."""
    nav = list(config.nav or [])
    devices = [page for page in sources() if page.startswith("devices/")]
    for entry in nav:
        if isinstance(entry, dict) and "Devices" in entry:
            entry["Devices"] = [{"All": "devices/index.md"}, *({_name(page): page} for page in devices)]
    named = set(re.findall(r"[\w/-]+\.md", repr(nav)))
    pages = [str(path.relative_to(DOCS)) for path in sorted(DOCS.rglob("*.md"))]
    more = [page for page in pages if page not in named]
    elsewhere = [{title: page} for page, title in TITLES.items() if page in sources()]
    config.nav = [*nav, {"More": [*more, *elsewhere]}]
    return config


def _name(page: str) -> str:
    heading = place(page).read_text("utf-8").splitlines()[0]
    name = heading.removeprefix("# ").removeprefix("Gridward: ").removeprefix("gridward-")
    return name[:1].upper() + name[1:]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere; pictures that they show are in `docs` already."""
    for page, path in sources().items():
        content = path.read_text("utf-8")
        if page.startswith("devices/"):
            content += checked(path.parent)
        files.append(File.generated(config, page, content=content))
    return files


def checked(integration: Path) -> str:
    """The section that says which answers an integration's tests read, by source; "" where there are none."""
    told: Counter[str] = Counter()
    for path in sorted(integration.glob("gridward_*/frames/**/*.json")):
        told.update(str(frame["source"]) for frame in json.loads(path.read_text("utf-8")))
    if not told:
        return ""
    rows = "\n".join(f"| {source} | {count} |" for source, count in told.most_common())
    return (
        f"\n## What it is checked against\n\n{told.total()} answers, each with the values that it gives. "
        f"None is from a device on a bench of ours.\n\n| source | answers |\n|---|---:|\n{rows}\n"
    )


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the tree into links between pages."""
    del config
    here = page.file.src_uri
    known = {place(uri).resolve(): uri for uri in files.src_uris}

    def linked(match: re.Match[str]) -> str:
        target, words = match["path"], match["words"]
        if not target or "://" in target or target.startswith("mailto:"):
            return match[0]
        path = (place(here).parent / target).resolve()
        if path in known:
            to = relpath(known[path], Path(here).parent)
            return f"{match['image']}[{words}]({to}{match['anchor'] or ''})"
        if not path.exists():
            raise PluginError(f"{here}: {target} leads nowhere")
        return words if words.startswith("`") else f"{words} (`{path.relative_to(TREE)}`)"

    pieces = FENCE.split(markdown)
    pieces = [LINK.sub(linked, text) if number % 2 == 0 else text for number, text in enumerate(pieces)]
    return "".join(pieces)
