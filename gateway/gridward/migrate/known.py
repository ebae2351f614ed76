"""The original system's own tables, whose columns are only numbered: known by name and number of columns.

Facts: its public SQL and scripts. What the columns of QPIWS hold is in none of our entities.
"""

import csv
import re
from pathlib import Path

TABLES = {"bms": 49, "qpigs": 16, "qpiri": 26, "qmod": 1, "q1": 27, "sdm230": 13}
"""How many numbered columns each has."""
UNIQUE = 10  # from so many columns on their number alone tells the table
NUMBERED = re.compile(r"var\d+", re.IGNORECASE)
FOLDER = Path(__file__).parent / "tables"


def table(path: Path) -> Path | None:
    """The mapping of a dump that is one of those tables; raises OSError."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = [name.strip() for name in next(csv.reader(file), []) if name.strip()]
    columns = {name for name in names if NUMBERED.fullmatch(name)}
    words = set(re.split(r"[^a-z0-9]+", path.stem.lower()))
    for name, count in TABLES.items():
        fits = columns == {f"var{number}" for number in range(1, count + 1)} and "created" in names
        if fits and (name in words or count > UNIQUE):
            return FOLDER / f"{name}.yaml"
    return None
