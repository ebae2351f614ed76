"""A meter is put into the site file by one line that can be taken back, or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest
from brook import BROOK
from gateway.brook_site import ADDITION, SITE, site

from gridward.config import SiteFault
from gridward.meters import placing
from gridward.meters.meter import AddressRules
from gridward.meters.placing import Wish
from gridward.meters.sitefile import Addition, planned, taken_back, with_line, written
from gridward_kit import integration as registry
from gridward_kit.integration import Integration


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brook is installed here."""
    everyone: dict[str, Integration] = {**registry.integrations(), "brook": BROOK}
    for module in ("gridward.config", "gridward.run"):
        monkeypatch.setattr(f"{module}.integrations", lambda: everyone)


def test_one_line_is_added_and_every_other_byte_stays(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE)
    change, home = planned(file, ADDITION)
    added = "      - {id: flat_9, integration: brook, address: 9}\n"
    assert change.after.replace(added, "", 1) == SITE
    assert change.after.index(added) == SITE.index("\n  - id: other")
    assert [device.id for device in home.buses[0].devices] == ["flat_1", "flat_2", "flat_9"]
    assert file.read_text() == SITE
    assert [path.name for path in tmp_path.iterdir()] == ["site.yaml"]
    assert "+      - {id: flat_9" in change.shown()


@pytest.mark.parametrize(
    "text",
    [
        SITE.replace("id: meters", "id: somewhere"),
        "buses:\n  - {id: meters, devices: [{id: a}]}\n",
        "buses:\n  - id: meters\n    devices: []\n",
        "buses: !include buses.yaml\n",
        "",
    ],
)
def test_a_bus_that_no_line_can_be_added_to(text: str) -> None:
    with pytest.raises(ValueError, match="no list of devices"):
        with_line(text, ADDITION)


def test_the_last_line_needs_no_end() -> None:
    text = with_line(SITE.rstrip("\n"), replace(ADDITION, bus="other"))
    assert text.endswith("address: 3}\n      - {id: flat_9, integration: brook, address: 9}\n")


def test_a_device_that_the_gateway_would_not_take_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE)
    wrong = Addition("meters", "flat_9", (("integration", "brook"), ("adress", 9)))
    with pytest.raises(SiteFault) as caught:
        planned(file, wrong)
    assert {fault.file for fault in caught.value.faults} == {file}
    assert file.read_text() == SITE
    assert [path.name for path in tmp_path.iterdir()] == ["site.yaml"]


def test_what_was_written_can_be_taken_back_unless_somebody_else_wrote(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE)
    file.chmod(0o640)
    change = written(planned(file, ADDITION)[0], 1_795_000_000.0)
    assert change.backup is not None
    assert change.backup.read_text() == SITE
    assert file.read_text() == change.after
    assert file.stat().st_mode & 0o777 == 0o640
    taken_back(change)
    assert file.read_text() == SITE
    file.write_text(SITE + "# mine\n")
    with pytest.raises(ValueError, match="changed by somebody else"):
        written(change, 1_795_000_001.0)
    with pytest.raises(ValueError, match="what stood before is in"):
        taken_back(change)
    assert file.read_text() == SITE + "# mine\n"


def test_every_objection_is_told_at_once(tmp_path: Path) -> None:
    home, rules = site(tmp_path), AddressRules()
    said = placing.objections(home, Wish("meters", "flat_1", "DTSU666", 2), rules)
    assert said == [
        "the site has a device 'flat_1' already",
        "2 is for single-phase meters; three-phase begins at 100",
        "address 2 is that of flat_2 on bus meters",
    ]
    assert placing.objections(home, Wish("meters", "flat_3", "DDSU666", 1), rules) == [
        "1 is the address that meters leave the factory with",
        "address 1 is that of flat_1 on bus meters",
    ]
    assert "no bus 'cellar'" in placing.objections(home, Wish("cellar", "a", "DDSU666", 12), rules)[0]
    assert placing.objections(home, Wish("other", "flat_3", "DDSU666", 12), rules) == []


def test_a_site_says_where_its_addresses_begin_and_where_csv_goes(tmp_path: Path) -> None:
    home = site(tmp_path, SITE + "meters: {lowest_address: 2}\nrecord: {csv: logs}\n")
    assert (home.meters.lowest_address, home.record.csv) == (2, tmp_path / "logs")
    assert (site(tmp_path).meters.lowest_address, site(tmp_path).record.csv) == (10, None)
    with pytest.raises(SiteFault, match="a whole number from 2 to 99"):
        site(tmp_path, SITE + "meters: {lowest_address: 1}\n")
