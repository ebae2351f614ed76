"""What the documents say that one will see, the programs do say; what may be asked for is there."""

import re
import shlex
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from ruamel.yaml import YAML

from gridward.api import proposals, routes
from gridward.service.mosquitto import TLS
from gridward_kit.integration import Identity, integrations
from gridward_kit.scan import Finding, site_lines

TREE = Path(__file__).parents[2]
DOCS = TREE / "docs"
COMPOSE = sorted((TREE / "docker").glob("compose*.yaml"))
QUOTED = re.compile(r'"([^"]+)"')
CONTINUED = re.compile(r'"\s*\n\s*f?"')  # a string that goes on in the next line
ASKED = re.compile(r"`(GET|POST) (/api/v1/[^`?\s]*)")
TAKING = {"--profile", "--entrypoint", "--site"}  # options of compose, and of ours, with a word of their own


def rows(page: str) -> list[list[str]]:
    """The rows of a page's tables, by cells."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]


def told() -> list[str]:
    """Each message that the page of symptoms quotes; what a program puts in stands there as `...`."""
    return [words for cells in rows("troubleshooting.md") for words in QUOTED.findall(cells[0])]


@pytest.fixture(scope="module")
def sources() -> str:
    """All that the programs can say: their sources, each string in one line."""
    roots = ("gateway/gridward", "integrations/*/gridward_*", "dashboards/gridward_dashboards")
    files = [path for root in roots for path in sorted(TREE.glob(f"{root}/**/*.py"))]
    return CONTINUED.sub("", "\n".join(path.read_text("utf-8") for path in files))


def unsaid(words: str, sources: str) -> list[str]:
    return [piece for piece in re.split(r"\s*\.\.\.\s*", words) if piece not in sources]


def test_each_symptom_in_quotes_is_said_by_a_program(sources: str) -> None:
    assert len(told()) > 15
    assert {words: pieces for words in told() if (pieces := unsaid(words, sources))} == {}
    assert unsaid("the coffee ... is cold", sources) == ["the coffee", "is cold"]


def test_what_a_scan_prints_is_what_the_page_of_the_pi_shows() -> None:
    axpert = integrations()["axpert"]
    port = "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0"
    known = Identity("VMIII-5000", "PI30", "92931909100001", "", "Voltronic Power")
    found = Finding(port, axpert, known, axpert.line)
    shown = f"{found.words()}\n\nFor the site file:\n\nbuses:\n{site_lines([found])}\n"
    assert f"```text\n{shown}```" in (DOCS / "house" / "pi.md").read_text("utf-8")


def test_the_listener_that_is_cut_out_of_the_brokers_file_is_all_of_it() -> None:
    page = (DOCS / "house" / "network.md").read_text("utf-8")
    assert f"tail -n {len(TLS.splitlines())} /etc/mosquitto/network/gridward.conf" in page
    template = (TREE / "provisioning" / "mosquitto" / "gridward.conf").read_text("utf-8")
    assert template.rstrip().endswith("${listeners}")


def test_each_address_that_is_named_is_served() -> None:
    served: set[tuple[str, str]] = set()
    routers: tuple[APIRouter, ...] = (routes.router, proposals.router)
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            served |= {(method, re.sub(r"\{\w+\}", "*", route.path)) for method in route.methods or ()}
    named = {
        (method, re.sub(r"/[A-Z]+$", "/*", path))
        for page in sorted(DOCS.glob("**/*.md"))
        for method, path in ASKED.findall(page.read_text("utf-8"))
    }
    assert ("POST", "/api/v1/rules/proposals/*") in named
    assert named - served == set()


def composed() -> list[str]:
    """Each call of `docker compose` that the documents show, with the variables before it."""
    pages = [TREE / "README.md", *sorted(DOCS.glob("**/*.md"))]
    call = re.compile(r"(?:\w+=\S+ )*docker compose [^`\n#&]+")
    return [line.strip() for page in pages for line in call.findall(page.read_text("utf-8"))]


def wrong(line: str) -> str | None:
    """A variable, a profile or a service that the compose files do not have; None where all are there."""
    text = "".join(path.read_text("utf-8") for path in COMPOSE)
    services = YAML(typ="safe", pure=True).load(COMPOSE[-1])["services"]
    before, _, after = line.partition("docker compose ")
    for variable in re.findall(r"(\w+)=", before):
        if f"${{{variable}:" not in text:
            return f"no variable {variable}"
    words = shlex.split(after)
    profiles = {name for service in services.values() for name in service.get("profiles", ())}
    if "--profile" in words and words[words.index("--profile") + 1] not in profiles:
        return "no such profile"
    places = [
        word
        for number, word in enumerate(words)
        if not word.startswith("-") and words[number - 1] not in TAKING
    ]
    if places[0] in ("exec", "run") and places[1] not in services:
        return f"no service {places[1]}"
    return None


def test_each_call_of_compose_names_what_is_there() -> None:
    assert len(composed()) >= 5
    assert {line: fault for line in composed() if (fault := wrong(line))} == {}
    assert wrong("docker compose exec kitchen gridward scan") == "no service kitchen"
    assert wrong("COFFEE=1 docker compose up") == "no variable COFFEE"
    assert wrong("docker compose --profile kitchen up") == "no such profile"


def test_each_variable_of_the_containers_is_read_with_the_value_that_is_usual() -> None:
    text = "".join(path.read_text("utf-8") for path in COMPOSE)
    named = {
        name: re.findall(r"`([^`]+)`", cells[1]) or cells[1].split(", ")
        for cells in rows("installing.md")
        for name in re.findall(r"`([A-Z_]+)`", cells[0])
    }
    assert {"SITE", "INFLUXDB", "HTTPS_PORT"} <= set(named)
    assert [name for name in named if f"${{{name}:" not in text] == []
    usual = {name: value for name in named for value in re.findall(rf"\${{{name}:-([^}}]+)}}", text)}
    assert usual["INFLUXDB"] in named["INFLUXDB"]
    assert usual["HTTPS_PORT"] in named["HTTPS_PORT"]
