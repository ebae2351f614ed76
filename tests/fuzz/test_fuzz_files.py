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
from gridward.policies.siterules import catalogue_of
from gridward.policies.storyfile import read_stories
from gridward.service import users
from gridward.site import DeviceSpec, LoadSpec
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
    DeviceSpec("meter", "eastron", "Meter"),
    DeviceSpec(
        "pump",
        "relay",
        "Pump",
        {"driver": "gpio", "pin": 20, "closed_when": "high", "duty": "load"},
        writable=True,
    ),
]
ROLES = {"battery": "bms", "pv": "inverter", "load": "inverter", "grid": "meter"}
CATALOGUE = catalogue_of(DEVICES, ROLES, integrations(), [LoadSpec("pump", "Pump", "pump", "switch")])
RULES = (ROOT / "provisioning/example/rules.yaml").read_text("utf-8")
INCLUDED = {
    "!include rules.yaml": "{mode: observe}",
    "!include influxdb.yaml": "{version: 1, url: 'http://influxdb:8086', database: house}",
    "${time_zone}": "Europe/Bratislava",
    "${longitude}": "17.1",
    "${broker}": "broker",
    "${house}": "house",
}
TAG = "secret-"


def site_text(site: str) -> str:
    """A site file that stands alone: with what it includes, and with what the first start fills in."""
    text = SITE if site == "with every part" else (ROOT / site).read_text("utf-8")
    for said, meant in INCLUDED.items():
        text = text.replace(said, meant)
    return text


@cache
def secrets(site: str) -> bytes:
    """The secrets that this file asks for, those of the broker's users too."""
    text = site_text(site)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "secrets.yaml"
        path.write_text("".join(f"{name}: word\n" for name in ["spare", *re.findall(r"!secret (\w+)", text)]))
        path.chmod(0o600)
        (Path(folder) / "site.yaml").write_text(text)
        users.make(load(Path(folder) / "site.yaml", complete=False))
        return path.read_bytes()


def loaded(site: str, content: Tree) -> None:
    """Load a site file of this content; raises SiteFault."""
    with TemporaryDirectory() as folder:
        beside = Path(folder) / "secrets.yaml"
        beside.write_bytes(secrets(site))
        beside.chmod(0o600)
        path = Path(folder) / "site.yaml"
        text = re.sub(rf"\b{TAG}(\w+)", r"!secret \1", written(content))
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        load(path)


@cache
def tree(text: str) -> Tree:
    """A file's content as plain data; a word stands for a secret."""
    found: Tree = YAML(typ="safe", pure=True).load(text.replace("!secret ", TAG))
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
    try:
        loaded(site, data.draw(mangled_tree(tree(site_text(site)))))
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
    '[{"start": "2026-11-21T12:00:00+01:00", "end": "2026-11-21T13:00:00+01:00", "price": 0.2},'
    ' {"start": "2026-11-21T13:00:00+01:00", "end": "2026-11-21T14:00:00+01:00", "price": -0.1}]'
)
ROWS = "start,end,price\n2026-11-21T12:00:00+01:00,2026-11-21T13:00:00+01:00,0.2\n2026-11-21 13:00,,0.1\n"
TOLD = '[{"start": "2026-11-21T12:00+01:00", "end": "2026-11-21T13:00+01:00", "pv": 1200, "load": 900}]'
LISTS = [
    pytest.param(lambda text: read_json(text, ZONE), HOURS, id="prices as JSON"),
    pytest.param(lambda text: read_csv(text, ZONE), ROWS, id="prices as CSV"),
    pytest.param(read_told, TOLD, id="a forecast"),
]


@pytest.mark.parametrize(("read", "good"), LISTS)
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


@pytest.mark.parametrize("site", [*SITES, "with every part"])
def test_a_site_file_is_good_before_it_is_mangled(site: str) -> None:
    loaded(site, tree(site_text(site)))


@pytest.mark.parametrize("policy", shipped())
def test_a_rule_file_is_good_before_it_is_mangled(policy: str) -> None:
    faults: list[Fault] = []
    read_policy(SHIPPED / f"{policy}.yaml", CATALOGUE, faults)
    assert faults == []


@pytest.mark.parametrize(("read", "good"), LISTS)
def test_a_list_of_times_is_good_before_it_is_mangled(read: Callable[[str], object], good: str) -> None:
    assert read(good)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        pytest.param("policy: axpert-lifepo4-16s", f"policy: {'a' * 300}", id="a policy"),
        pytest.param("rules: {", f"rules: !include {'a' * 300} # {{", id="an included file"),
    ],
)
def test_a_name_that_no_file_can_have_is_told(tmp_path: Path, said: str, instead: str) -> None:
    """Found by fuzzing: the system refuses to look for it."""
    path = tmp_path / "site.yaml"
    assert said in SITE
    path.write_text(SITE.replace(said, instead))
    with pytest.raises(SiteFault, match="a file that is there"):
        load(path)


def test_so_is_one_that_a_policy_extends(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("version: 1\npolicy: own\nextends: " + "\U0001f50b" * 100)
    faults: list[Fault] = []
    read_policy(path, CATALOGUE, faults)
    assert ["a file that is there" in fault.expected for fault in faults] == [True]


def test_prices_of_one_moment_are_refused_though_one_has_no_end() -> None:
    """Found by fuzzing: a time and the lack of one cannot be put in order."""
    rows = "start,end,price\n2026-11-21 13:00,2026-11-21 14:00,0.2\n2026-11-21 13:00,,0.1\n"
    with pytest.raises(ValueError, match="two prices start at the same time"):
        read_csv(rows, ZONE)
