"""Asks whether a locked dependency has a known weakness: 0 none, 1 there is one, 77 nobody could be asked.

The first of them is asked for alone: where no advisories are known of it, none are of the others either.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).parents[1]
LOCK = TREE / "requirements.lock"
AUDIT = (sys.executable, "-m", "uv", "tool", "run", "pip-audit")
HOW = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")
NOT_RUN = 77
PATIENCE = 300  # s


def verdict(output: str, trouble: str) -> tuple[int, str]:
    """Status and words for what pip-audit said."""
    try:
        told = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (trouble.strip().splitlines() or ["it said nothing"])[-1]
        return (
            NOT_RUN,
            f"not run: no answer from the advisories ({last}); on a computer with a network: make audit",
        )
    weak = [
        f"{one['name']} {one['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or '-'}"
        for one in told
        for found in one.get("vulns", [])
    ]
    skipped = [f"{one['name']} ({one['skip_reason']})" for one in told if "skip_reason" in one]
    asked = f"{len(told) - len(skipped)} dependencies asked for, {len(weak)} known weaknesses"
    if not skipped:
        return (1 if weak else 0), "\n".join([*weak, asked])
    unknown = f"not run: {len(skipped)} of {len(told)} dependencies are not known there, first {skipped[0]}"
    return (1 if weak else NOT_RUN), "\n".join([*weak, unknown, asked])


def first(lock: str) -> str:
    """The lock's first package, with its hashes."""
    found = re.search(r"^\S+==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    return found.group() if found else ""


def asked(command: tuple[str, ...], lock: Path) -> tuple[int, str]:
    """What the advisories say of all that a lock names."""
    line = (*command, "--requirement", str(lock), *HOW)
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return verdict("", str(error))
    return verdict(done.stdout, done.stderr)


def main(command: tuple[str, ...] = AUDIT) -> int:
    """Ask, and print the answer."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / LOCK.name
        one.write_text(first(LOCK.read_text("utf-8")), "utf-8")
        status, words = asked(command, one)
    if status != NOT_RUN:
        status, words = asked(command, LOCK)
    sys.stdout.write(f"{words}\n")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
