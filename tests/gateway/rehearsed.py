"""Site files for rehearsals: the demo's house with what a test wants of it."""

import importlib.resources
from pathlib import Path

SHARE = "rules:\n  mode: observe\n"


def written(folder: Path, policy: str = "axpert-lifepo4-16s", more: str = "", name: str = "site") -> Path:
    """The demo's site file with this policy; `more` is put below it."""
    text = importlib.resources.files("gridward.demo").joinpath("site.yaml").read_text("utf-8")
    assert SHARE in text
    file = folder / f"{name}.yaml"
    file.write_text(text.replace(SHARE, f"{SHARE}  policy: {policy}\n") + more)
    return file
