"""Writes the software bill of materials from the lock: CycloneDX 1.6 JSON, the same for the same lock."""

import argparse
import json
import re
import sys
import tomllib
import uuid
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TREE = Path(__file__).parents[1]
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;\\]+)(?P<rest>(?:[^\n]*\\\n)+[^\n]*)", re.MULTILINE
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
Part = dict[str, object]


def bill(lock: str, version: str) -> Part:
    """The bill of a lock; what only tests and tools need has the scope `excluded`."""
    needed = runtime()
    parts = [_component(found, needed) for found in ENTRY.finditer(lock)]
    about = {"type": "application", "name": "gridward", "version": version, "bom-ref": f"gridward@{version}"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, version + lock)}",
        "version": 1,
        "metadata": {"component": about},
        "components": parts,
    }


def _component(found: re.Match[str], needed: frozenset[str]) -> Part:
    name, version = found["name"], found["version"]
    place = f"pkg:pypi/{name}@{version}"
    hashes = [{"alg": "SHA-256", "content": content} for content in HASH.findall(found["rest"])]
    part: Part = {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": version,
        "purl": place,
        "scope": "required" if name in needed else "excluded",
        # one distribution has many files: each with its own hash, as the installer checks them
        "externalReferences": [{"type": "distribution", "url": place, "hashes": hashes}],
    }
    licence = _licence(name)
    return part if licence is None else {**part, "licenses": [{"expression": licence}]}


def _licence(name: str) -> str | None:
    """The licence as an SPDX expression, where the installed package states one."""
    try:
        about = distribution(name).metadata
    except PackageNotFoundError:
        return None
    told = about["License-Expression"]
    return str(told) if told else None


def runtime() -> frozenset[str]:
    """All that the packages of this tree need to run, by what is installed here."""
    projects = [*TREE.glob("integrations/*/pyproject.toml"), TREE / "gateway" / "pyproject.toml"]
    open_ = [need for path in projects for need in tomllib.loads(path.read_text())["project"]["dependencies"]]
    found: set[str] = set()
    while open_:
        need = Requirement(open_.pop())
        name = canonicalize_name(need.name)
        extras = need.extras or {""}
        if name in found or (need.marker and not any(need.marker.evaluate({"extra": one}) for one in extras)):
            continue
        found.add(name)
        try:
            open_ += _wanted(distribution(name).requires or [], extras)
        except PackageNotFoundError:
            continue  # of another system: it stands in the lock with its marker
    return frozenset(found)


def _wanted(requires: list[str], extras: set[str]) -> list[str]:
    """Those requirements that hold here with these extras, without their markers."""
    found = []
    for text in requires:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {*extras, ""}):
            need.marker = None
            found.append(str(need))
    return found


def main() -> None:
    """Write it to the named file, or to the output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path)
    target = parser.parse_args().to
    lock, version = (TREE / "requirements.lock").read_text(), (TREE / "VERSION").read_text().strip()
    text = json.dumps(bill(lock, version), indent=1) + "\n"
    if target is None:
        sys.stdout.write(text)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


if __name__ == "__main__":
    main()
