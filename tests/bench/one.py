"""One part of the bench in this process: `python -m bench.one NAME EFFORT FILE`; its rows go to the file."""

import json
import logging
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from bench.parts import PARTS

log = logging.getLogger(__name__)


def main(name: str, effort: float, to: Path) -> list[str]:
    """Measure, and write after each step what there is; which steps broke off, and why."""
    rows: list[dict[str, object]] = []
    faults = []
    for place in PARTS[name].steps:
        module, _, function = place.partition(":")
        try:
            rows += [asdict(row) for row in getattr(import_module(f"bench.{module}"), function)(effort)]
        except Exception as error:  # whatever one step broke off at, the next is measured
            log.exception("%s broke off", place)
            faults.append(f"{function}: {type(error).__name__}: {error}")
        to.write_text(json.dumps(rows))
    return faults


if __name__ == "__main__":
    sys.exit("; ".join(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))) or 0)
