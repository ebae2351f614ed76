"""Gathers a site's support bundle and writes it as one zip."""

import asyncio
import io
import json
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gridward.api.tokens import FILE as TOKENS
from gridward.api.tokens import write_private
from gridward.config import load
from gridward.doctor import Answer, examine
from gridward.document import SECRETS, Node, Reader, SiteFault
from gridward.recorder.history import History
from gridward.report.redact import Redactor
from gridward.site import Site
from gridward_kit.clock import Clock, iso
from gridward_kit.kept import Json, Kept

EVENTS = 500
LINES = 2000
CAPTURE = 1_000_000  # bytes of the newest of a capture
JOURNAL = ("journalctl", "--no-pager", "--output=short-iso", f"--lines={LINES}", "--unit=gridward*")
README = """A report of `gridward report`. Secrets, credentials and the exact place are taken out; look
through it before you send it: names of devices, serial numbers and what the house did are in it.

  gridward simulate --from-report FILE    its captures as devices, to read and to test against
"""

Log = Callable[[], str]


def journal() -> str:
    """The newest lines of the system's journal; says why where there are none."""
    program = shutil.which(JOURNAL[0])
    if program is None:
        return "no journal on this computer\n"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program, *JOURNAL[1:]], capture_output=True, text=True, timeout=30, check=False
        )
    except subprocess.TimeoutExpired:
        return "the journal did not answer within 30 s\n"
    return done.stdout or done.stderr or "the journal holds nothing of gridward\n"


def gather(site_file: Path, clock: Clock, log: Log = journal) -> dict[str, str]:
    """The bundle's files by their names, all redacted. A site file with faults is told with its faults.

    Raises OSError where the site file cannot be read.
    """
    site_file.read_bytes()
    folder = site_file.parent
    redact = Redactor(secrets_of(site_file))
    home, told = _checked(site_file)
    found = {"README.txt": README, "check.txt": told, "versions.json": _versions(clock)}
    found |= {f"site/{path.name}": path.read_text("utf-8", "replace") for path in _yaml(folder)}
    found["doctor.txt"] = "\n".join(answer.line() for answer in _doctor(home)) + "\n"
    found["log.txt"] = log()
    found["identities.json"] = json.dumps(_identities(folder / "state"), indent=1)
    if home is not None:
        found["audit.jsonl"] = _audit(home, clock)
    files = {name: redact.text(text) for name, text in found.items()}
    return files | {name: redact.capture(text) for name, text in _captures(folder / "state" / "captures")}


def write(files: Mapping[str, str], target: Path) -> None:
    """One zip, for its owner's eyes; raises OSError."""
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as bundle:
        for name, text in sorted(files.items()):
            entry = ZipInfo(name)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
            bundle.writestr(entry, text)
    write_private(target, content.getvalue())


def secrets_of(site_file: Path) -> dict[str, str]:
    """All that is secret on this site by its name: what the secrets file and the token file hold."""
    folder = site_file.parent
    found: dict[str, str] = {}
    if (folder / SECRETS).is_file():
        found |= Reader(folder).secrets("", Node(site_file, 1, None))
    return found | dict(_leaves(_kept(folder / TOKENS), "token"))


def _kept(path: Path) -> dict[str, Json]:
    """What a state file holds; nothing where it is damaged or not ours to read, which doctor tells."""
    try:
        return Kept(path).content
    except (OSError, ValueError):
        return {}


def _leaves(content: Json, name: str) -> Iterator[tuple[str, str]]:
    match content:
        case dict(parts):
            for key, part in parts.items():
                yield from _leaves(part, f"{name}_{key}")
        case str(text):
            yield name, text


def _checked(site_file: Path) -> tuple[Site | None, str]:
    try:
        return load(site_file), "no fault\n"
    except SiteFault as fault:
        return None, f"{fault}\n"


def _yaml(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.y*ml") if not path.stem.startswith(Path(SECRETS).stem))


def _versions(clock: Clock) -> str:
    """What runs here: the packages and the system, and when that was."""
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    about: dict[str, Json] = {
        "at": iso(clock.time()),
        "system": platform.platform(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": dict(sorted(packages.items())),
    }
    return json.dumps(about, indent=1)


def _doctor(home: Site | None) -> list[Answer]:
    return asyncio.run(examine(home))


def _identities(state: Path) -> dict[str, Json]:
    """Who was found out to be at each id, as devices keep it."""
    found: dict[str, Json] = {}
    for path in sorted(state.glob("*.json")):
        if identity := _kept(path).get("identity"):
            found[path.stem] = identity
    return found


def _audit(home: Site, clock: Clock) -> str:
    try:
        events = History(home.record.store).events(0, clock.time() + 60, None, EVENTS)
    except (sqlite3.Error, OSError) as error:
        return json.dumps({"unreadable": str(error)}) + "\n"
    return "".join(json.dumps(dict(event.content), ensure_ascii=False) + "\n" for event in events)


def _captures(folder: Path) -> Iterator[tuple[str, str]]:
    """The newest of each line's capture, the older file before it."""
    for path in sorted(folder.glob("*.txt")):
        older = path.with_suffix(".old")
        parts = [one.read_text("ascii", "replace") for one in (older, path) if one.is_file()]
        text = "".join(parts)
        if len(text) > CAPTURE:
            text = text[-CAPTURE:].partition("\n")[2]
        yield f"captures/{path.name}", text
