"""Reports of drills: one dated JSON file each beside the state, with a text for people."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gridward.drill.steps import Result
from gridward_kit.clock import iso

DAY = 86400.0
OLD = 180.0  # days


@dataclass(frozen=True, slots=True)
class Past:
    """A drill that was made: when (seconds since 1970), and whether every step of it passed."""

    file: Path
    at: float
    passed: bool
    steps: tuple[str, ...]


def folder(site: Path) -> Path:
    """Where a site's reports lie."""
    return site / "state" / "drills"


def write(site: Path, at: float, host: str, by: str, results: Sequence[Result]) -> Path:
    """Keep a drill; gives the JSON's path. Raises OSError."""
    stamp = iso(at)
    done = [one for one in results if not one.skipped]
    passed = bool(done) and all(one.passed for one in done)
    place = folder(site)
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{stamp[:19].replace(':', '-')}Z.json"
    steps = [{**asdict(one), "passed": one.passed} for one in results]
    content = {"v": 1, "at": stamp, "host": host, "by": by, "passed": passed, "steps": steps}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    verdict = "passed" if passed else "NOT PASSED"
    head = f"Drill of the contactor on {host} at {stamp}, by {by}: {verdict}"
    file.with_suffix(".txt").write_text("\n".join([head, *(one.line() for one in results), ""]), "utf-8")
    return file


def past(site: Path) -> tuple[Past, ...]:
    """The drills that were made, oldest first; files that are none are left out."""
    found = []
    for file in folder(site).glob("*.json"):
        try:
            content = json.loads(file.read_text("utf-8"))
            at = datetime.fromisoformat(content["at"]).astimezone(UTC).timestamp()
            steps = tuple(str(step["name"]) for step in content["steps"] if step["passed"])
            found.append(Past(file, at, content["passed"] is True, steps))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return tuple(sorted(found, key=lambda one: one.at))


def standing(site: Path, now: float) -> tuple[bool, str]:
    """Whether the last drill is good enough, and in words what there is to say of it."""
    made = past(site)
    if not made:
        return False, "no drill was made yet"
    days = max(0.0, now - made[-1].at) / DAY
    words = f"last drill {days:.0f} days ago, {'passed' if made[-1].passed else 'not passed'}"
    return made[-1].passed and days <= OLD, words + (f"; over {OLD:.0f} days" if days > OLD else "")
