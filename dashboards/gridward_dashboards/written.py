"""The dashboards as files: what is written, and whether what lies there is current."""

import json
from collections.abc import Mapping
from pathlib import Path

from gridward_dashboards import alerts
from gridward_dashboards.axpert import AXPERT_DASHBOARD, AXPERT_ONE_CLICK
from gridward_dashboards.bms import BMS_DASHBOARD
from gridward_dashboards.dashboard import Dashboard
from gridward_dashboards.health import HEALTH_DASHBOARD
from gridward_dashboards.meters import METERS_DASHBOARD
from gridward_dashboards.older import OLDER_DASHBOARD
from gridward_dashboards.rules import RULES_DASHBOARD
from gridward_dashboards.site import SITE_DASHBOARD, SITE_ONE_CLICK
from gridward_dashboards.srne import SRNE_DASHBOARD
from gridward_dashboards.stats import STATS_DASHBOARD
from gridward_dashboards.ticked import BEGIN, END, tables

FOLDER = Path(__file__).parents[1]

DASHBOARDS: tuple[Dashboard, ...] = (
    SITE_DASHBOARD,
    AXPERT_DASHBOARD,
    BMS_DASHBOARD,
    STATS_DASHBOARD,
    SRNE_DASHBOARD,
    METERS_DASHBOARD,
    RULES_DASHBOARD,
    HEALTH_DASHBOARD,
)


ONE_CLICK: tuple[Dashboard, ...] = (SITE_ONE_CLICK, AXPERT_ONE_CLICK)
ALERTS = Path("provisioning") / "grafana" / "alerting" / "gridward.yaml"
FOLDERS = {"json": DASHBOARDS, "one-click": ONE_CLICK, "older": (OLDER_DASHBOARD,)}


def files(folder: Path = FOLDER) -> Mapping[Path, str]:
    """What belongs into each generated file; of the README only the part between its marks is."""
    found = {
        folder / name / f"{one.name}.json": json.dumps(one.content(), indent=1, ensure_ascii=False) + "\n"
        for name, dashboards in FOLDERS.items()
        for one in dashboards
    }
    readme = folder / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    own = {readme: f"{before}{BEGIN}\n{tables()}{END}{after}", folder.parent / ALERTS: alerts.text()}
    return {**found, **own}


def stale(folder: Path = FOLDER) -> list[Path]:
    """The generated files that are not current, and those that nothing writes any more."""
    wanted = files(folder)
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    there = [path for name in FOLDERS for path in sorted((folder / name).glob("*.json"))]
    return changed + [path for path in there if path not in wanted]


def write(folder: Path = FOLDER) -> None:
    """Write all of them, and remove those of dashboards that are no more."""
    for path, text in files(folder).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in stale(folder):
        path.unlink()
