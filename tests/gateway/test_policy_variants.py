"""The policy of 16 cells for other banks: the same rules, voltages a cell, and what the inverter takes."""

from pathlib import Path

import pytest
from gateway.ruled_site import SITE as RULED

from gridward.config import load
from gridward.document import Fault, SiteFault
from gridward.policies.rulefile import SHIPPED, read_policy
from gridward.policies.siterules import catalogue_of
from gridward.policies.thresholds import per_cells
from gridward.rules.policy import Policy
from gridward.site import DeviceSpec
from gridward_axpert.fitting import fitted
from gridward_axpert.settings import BATTERY_VOLTAGES, RATINGS
from gridward_axpert.unit import Unit
from gridward_kit.integration import integrations

DEVICES = [DeviceSpec("inverter", "axpert", "Inverter", writable=True), DeviceSpec("bms", "daly", "Battery")]
CATALOGUE = catalogue_of(DEVICES, {"battery": "bms", "load": "inverter"}, integrations())
PER_CELL = ("to_utility", "grid_off", "full", "float_low", "bulk_low", "float_high", "bulk_high")
RISING = ("to_utility", "grid_off", "float_low", "bulk_low", "full", "float_high", "bulk_high")
SITE = RULED + "  policy: POLICY\n"


def read(name: str, folder: Path = SHIPPED) -> tuple[Policy, list[Fault]]:
    faults: list[Fault] = []
    return read_policy(folder / f"{name}.yaml", CATALOGUE, faults), faults


BASE, _ = read("axpert-lifepo4-16s")


@pytest.mark.parametrize("cells", [8, 15])
def test_a_variant_is_the_same_rules_with_the_voltages_of_its_cells(cells: int) -> None:
    policy, faults = read(f"axpert-lifepo4-{cells}s")
    assert not faults
    assert policy.cells == cells
    assert [rule.id for rule in policy.rules] == [rule.id for rule in BASE.rules]
    for name in PER_CELL:
        volts, original = policy.settings[name], BASE.settings[name]
        assert isinstance(volts, float)
        assert isinstance(original, float)
        assert 0 <= original / 16 - volts / cells < 0.1 / cells  # never over the original's volts a cell
    rising = [float(policy.settings[name]) for name in RISING]
    assert rising == sorted(rising)
    assert policy.settings["cell_max"] == 3.53
    assert policy.digest != BASE.digest


@pytest.mark.parametrize(("cells", "nominal"), [(8, 24.0), (15, 48.0), (16, 48.0)])
def test_an_inverter_for_that_voltage_takes_all_that_the_rules_set(cells: int, nominal: float) -> None:
    policy, _ = read(f"axpert-lifepo4-{cells}s")
    unit = Unit(nominal=nominal)
    rows = {row.key: fitted(row, unit) for row in RATINGS if row.key in BATTERY_VOLTAGES}
    wishes = [wish for rule in policy.rules for wish in rule.then if wish.output.key in rows]
    values = [(wish.output.key, wish.value) for wish in wishes if isinstance(wish.value, float)]
    assert len(values) > 10
    for key, volts in values:
        assert rows[key].accept(volts) == volts


def test_scaling_goes_downwards_and_keeps_what_is_exact() -> None:
    assert per_cells(51.2, 8, 16) == 25.6
    assert per_cells(54.5, 8, 16) == 27.2
    assert per_cells(55.2, 15, 16) == 51.7
    assert per_cells(50.6, 16, 16) == 50.6


@pytest.mark.parametrize(("cells", "low", "high"), [(16, 51.2, 51.8), (15, 48.0, 48.5), (8, 25.6, 25.9)])
def test_the_grid_switch_follows_the_policy_s_cells(
    cells: int, low: float, high: float, tmp_path: Path
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.replace("POLICY", f"axpert-lifepo4-{cells}s"))
    found = load(site).rules.grid_switch
    assert found is not None
    assert (found.connect_below, found.island_above) == (low, high)
    kept = site.read_text()
    own = round(high + 0.1 * cells, 1)
    site.write_text(kept.replace("grid_switch: {}", f"grid_switch: {{island_above: {own}}}"))
    stated = load(site).rules.grid_switch
    assert stated is not None
    assert (stated.connect_below, stated.island_above) == (low, own)
    foreign = 51.2 if cells == 8 else 25.6
    site.write_text(kept.replace("grid_switch: {}", f"grid_switch: {{connect_below: {foreign}}}"))
    with pytest.raises(SiteFault, match=f"for {cells} LiFePO4 cells"):
        load(site)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("extends: axpert-lifepo4-16\n", 3, "nearest: `axpert-lifepo4-16s`"),
        ("extends: axpert-lifepo4-8s\n", 3, "does not extend another one"),
        ("extends: axpert-lifepo4-16s\ncells: 0\n", 4, "a whole number"),
        ("extends: axpert-lifepo4-16s\nsettings: {ful: 54}\n", 4, "nearest: `full`"),
        ("extends: axpert-lifepo4-16s\nrules: []\n", 4, "one of the keys"),
        ("extends: axpert-lifepo4-16s\ncells: 8\nsettings: {redischarge_low: 26.3}\n", None, "another value"),
        ("extends: axpert-lifepo4-16s\nsettings: {bulk_high: 56}\n", None, "52.8 to 55.2, its envelope"),
    ],
)
def test_a_faulty_variant_is_told(tmp_path: Path, text: str, line: int | None, expected: str) -> None:
    (tmp_path / "own.yaml").write_text(f"version: 1\npolicy: own\n{text}")
    _, faults = read("own", tmp_path)
    assert any(expected in fault.expected and line in (None, fault.line) for fault in faults), faults


def test_a_site_without_a_policy_for_its_cells_states_what_it_likes(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    text = SITE.replace("  policy: POLICY\n", "")
    site.write_text(text.replace("{}", "{connect_below: 25.6, island_above: 25.9}"))
    found = load(site).rules.grid_switch
    assert found is not None
    assert found.connect_below == 25.6
