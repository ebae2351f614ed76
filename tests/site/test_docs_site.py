"""The manual is built strictly, every link in it leads somewhere, and it fetches nothing from elsewhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

TREE = Path(__file__).parents[2]
MKDOCS = str(Path(sys.executable).with_name("mkdocs"))
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}


class Links(HTMLParser):
    """The addresses of a page, those that a browser fetches by itself apart, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value for key, value in attrs if value is not None}
        self.anchors |= {found[key] for key in ("id", "name") if key in found}
        if tag in LOADED and LOADED[tag] in found:
            self.fetched.append(found[LOADED[tag]])
        elif tag == "link" and found.get("rel") != "canonical" and "href" in found:
            self.fetched.append(found["href"])
        elif tag == "a" and "href" in found:
            self.links.append(found["href"])


def built(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [MKDOCS, "build", "--strict", "--quiet", "--site-dir", str(folder), *words]
    told = {**os.environ, "NO_MKDOCS_2_WARNING": "true"}
    return subprocess.run(command, cwd=TREE, env=told, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Links]:
    """Each page of the built manual."""
    folder = tmp_path_factory.mktemp("manual")
    done = built(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: Links(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def leads_nowhere(page: Path, link: str, pages: dict[Path, Links]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return True
    known = pages.get(target)
    return bool(parts.fragment) and known is not None and unquote(parts.fragment) not in known.anchors


def test_every_link_leads_somewhere(pages: dict[Path, Links]) -> None:
    missing = [
        f"{page.name}: {link}"
        for page, found in pages.items()
        if page.name != "404.html"  # its links are from the server's root
        for link in (*found.links, *found.fetched)
        if leads_nowhere(page, link, pages)
    ]
    assert missing == []


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Links]) -> None:
    fetched = {link for found in pages.values() for link in found.fetched if "//" in link}
    assert fetched == set()


def test_each_integration_has_its_page_from_its_readme(pages: dict[Path, Links]) -> None:
    have = {path.stem for path in pages if path.parent.name == "devices"}
    folders = {path.parent.name for path in TREE.glob("integrations/*/README.md")}
    assert have == folders - {"kit"} | {"index"}
    (axpert,) = (path for path in pages if path.parts[-2:] == ("devices", "axpert.html"))
    text = axpert.read_text("utf-8")
    assert "output_source_priority" in text
    assert "jblance/mpp-solar pi30.py" in text.partition("What it is checked against")[2]


def test_each_page_can_be_reached(pages: dict[Path, Links]) -> None:
    (begin,) = (path for path in pages if path.name == "index.html" and path.parent.name != "devices")
    reached, todo = set(), [begin]
    while todo:
        page = todo.pop()
        reached.add(page)
        targets = ((page.parent / urlsplit(link).path).resolve() for link in pages[page].links)
        todo += [path for path in targets if path in pages and path not in reached and path not in todo]
    apart = {path.name for path in pages if path not in reached}
    assert apart <= {"404.html", "report.html"}


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# A\n\n[gone](gone.md)\n")
    config = tmp_path / "mkdocs.yml"
    hook = TREE / "tools" / "manual_pages.py"
    config.write_text(f"site_name: A\nstrict: true\nhooks: [{hook}]\nnav: [index.md]\n")
    done = built(tmp_path / "site", "--config-file", str(config))
    assert done.returncode != 0
    assert "gone.md leads nowhere" in done.stdout + done.stderr
