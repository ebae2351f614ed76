"""Site files and rule files that are nearly right: loaded, or told with file and line; never a traceback."""

import io
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from fuzz.budget import budget
from fuzz.houses import SITE
from fuzz.mangle import Tree, mangled_bytes, mangled_tree
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.planning.forecast import read_told
from gridward.planning.prices import read_csv, read_json
from gridward.policies.rulefile import SHIPPED, read_policy, shipped
from gridward.policies.storyfile import read_stories
from gridward.rules.catalogue import Catalogue
from gridward.site import DeviceSpec
from gridward_kit.integration import integrations

ZONE = ZoneInfo("Europe/Bratislava")
ROOT = Path(__file__).parents[2]
SITES = (
    "provisioning/example/site.yaml",
    "provisioning/simulated/site.yaml",
    "gateway/gridward/demo/site.yaml",
)
DEVICES = [
    DeviceSpec("inverter", "axpert", "Inverter", writable=True),
    DeviceSpec("bms", "daly", "Battery"),
]
CATALOGUE = Catalogue(
    DEVICES, {"battery": "bms", "pv": "inverter", "load": "inverter"}, "inverter", integrations()
)
RULES = (ROOT / "provisioning/example/rules.yaml").read_text("utf-8")


@cache
def tree(text: str) -> Tree:
    """A file's content as plain data; something stands in for what is included or secret."""
    text = re.sub(r"!include \w+\.yaml", "{mode: observe}", text).replace("!secret ", "secret-")
    found: Tree = YAML(typ="safe", pure=True).load(text)
    return found


def written(content: Tree) -> str:
    out = io.StringIO()
    YAML(typ="safe", pure=True).dump(content, out)
    return out.getvalue()


def told(faults: list[Fault]) -> None:
    """Every fault has a place and says what was found and what would be right."""
    assert faults, "refused without a word"
    for fault in faults:
        assert fault.line >= 1
        assert fault.found.strip()
        assert fault.expected.strip()


@pytest.mark.parametrize("site", [*SITES, "with every part"])
@budget(15)
@given(data=st.data())
def test_a_site_file_is_loaded_or_told(site: str, data: st.DataObject) -> None:
    text = SITE if site == "with every part" else (ROOT / site).read_text("utf-8")
    content = data.draw(mangled_tree(tree(text)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_bytes(written(content).encode("utf-8", "surrogatepass"))
        try:
            load(path)
        except SiteFault as fault:
            told(list(fault.faults))


@pytest.mark.parametrize("policy", shipped())
@budget(8)
@given(data=st.data())
def test_a_rule_file_is_read_or_told(policy: str, data: st.DataObject) -> None:
    content = data.draw(mangled_tree(tree((SHIPPED / f"{policy}.yaml").read_text("utf-8"))))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.yaml"
        path.write_bytes(written(content).encode("utf-8", "surrogatepass"))
        faults: list[Fault] = []
        read_policy(path, CATALOGUE, faults)
        if faults:
            told(faults)


@budget(10)
@given(data=st.data())
def test_an_included_part_is_told_in_its_own_file(data: st.DataObject) -> None:
    content = data.draw(mangled_tree(tree(RULES)))
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "provisioning/example", folder, dirs_exist_ok=True)
        secrets = Path(folder) / "secrets.yaml"
        secrets.write_text("mqtt_password: x\n")
        secrets.chmod(0o600)
        rules = Path(folder) / "rules.yaml"
        rules.write_bytes(written(content).encode("utf-8", "surrogatepass"))
        try:
            load(Path(folder) / "site.yaml")
        except SiteFault as fault:
            told(list(fault.faults))


@pytest.mark.parametrize("policy", ["axpert-lifepo4-16s", "schedule", "tariff"])
@budget(6)
@given(data=st.data())
def test_a_story_file_is_read_or_told(policy: str, data: st.DataObject) -> None:
    content = data.draw(mangled_tree(tree((SHIPPED / f"{policy}.stories.yaml").read_text("utf-8"))))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.stories.yaml"
        path.write_bytes(written(content).encode("utf-8", "surrogatepass"))
        faults: list[Fault] = []
        read_stories(path, integrations(), faults)
        if faults:
            told(faults)


HOURS = (
    '[{"start": "2026-11-21T12:00:00+01:00", "end": "2026-11-21T13:00:00+01:00", "value": 0.2},'
    ' {"start": "2026-11-21T13:00:00+01:00", "end": "2026-11-21T14:00:00+01:00", "value": -0.1}]'
)
ROWS = "start,end,price\n2026-11-21T12:00:00+01:00,2026-11-21T13:00:00+01:00,0.2\n2026-11-21 13:00,,0.1\n"
TOLD = '{"watts": {"2026-11-21 12:00:00": 1200, "2026-11-21 13:00:00": 1500}}'


@pytest.mark.parametrize(
    ("read", "good"),
    [
        pytest.param(lambda text: read_json(text, ZONE), HOURS, id="prices as JSON"),
        pytest.param(lambda text: read_csv(text, ZONE), ROWS, id="prices as CSV"),
        pytest.param(read_told, TOLD, id="a forecast"),
    ],
)
@budget(60)
@given(data=st.data())
def test_a_list_of_times_is_read_or_refused(
    read: Callable[[str], object], good: str, data: st.DataObject
) -> None:
    text = data.draw(mangled_bytes(good.encode())).decode("utf-8", "replace")
    try:
        read(text)
    except ValueError:
        return
