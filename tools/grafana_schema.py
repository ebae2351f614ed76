"""Makes tests/dashboards/grafana_schema.json: JSON Schema out of the published types of @grafana/schema.

Wants npm. Run it for a new version of Grafana, and say that version here and in dashboards/README.md.
"""

import json
import subprocess
import tempfile
from pathlib import Path

TYPES, GENERATOR = "@grafana/schema@13.2.3", "ts-json-schema-generator@2.9.0"
PANELS = {
    "barchart": "barchart",
    "bargauge": "bargauge",
    "canvas": "canvas",
    "gauge": "gauge",
    "stat": "stat",
    "state-timeline": "statetimeline",
    "status-history": "statushistory",
    "table": "table",
    "text": "text",
    "timeseries": "timeseries",
}
PLAIN = frozenset(("bargauge", "canvas", "gauge", "stat", "text"))
"""Panels without field settings of their own."""
TARGET = Path(__file__).parents[1] / "tests" / "dashboards" / "grafana_schema.json"


def main() -> None:
    """Fetch both packages into a passing folder, and write the schema."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _run(
            "npm",
            "install",
            "--prefix",
            name,
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            TYPES,
            GENERATOR,
        )
        types = folder / "node_modules" / "@grafana" / "schema" / "dist" / "types" / "raw"
        composable = types / "composable"
        found: dict[str, object] = {
            "made of": TYPES,
            "licence": "Apache-2.0, Grafana Labs",
            "dashboard": _schema(folder, types / "dashboard" / "x", "Dashboard"),
            "options": {
                panel: _schema(folder, composable / place / "panelcfg" / "x", "Options")
                for panel, place in PANELS.items()
            },
            "custom": {
                panel: _schema(folder, composable / place / "panelcfg" / "x", "FieldConfig")
                for panel, place in PANELS.items()
                if panel not in PLAIN
            },
        }
    TARGET.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n")


def _schema(folder: Path, place: Path, root: str) -> object:
    program = folder / "node_modules" / ".bin" / "ts-json-schema-generator"
    types = place / "types.gen.d.ts"
    options = ("--no-type-check", "--jsDoc", "none", "--path", str(types), "--type", root)
    return json.loads(_run(str(program), *options))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    main()
