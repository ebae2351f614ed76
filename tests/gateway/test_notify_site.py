"""`notify:` in the site file: whom to tell, when and when not, and how a fault in it is told."""

from pathlib import Path

import pytest

from gridward.config import SiteFault, load
from gridward.notify.spec import NotifySpec, Recipient, Weekly
from gridward.site import Site

SITE = """version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1"}
notify:
"""


def loaded(folder: Path, part: str, secrets: str = "phone: ntfys://ntfy.sh/house\n") -> Site:
    (folder / "site.yaml").write_text(SITE + part)
    path = folder / "secrets.yaml"
    path.write_text(secrets)
    path.chmod(0o600)
    return load(folder / "site.yaml", {})


def test_the_site_file_says_whom_when_and_when_not(tmp_path: Path) -> None:
    part = "  to:\n    - {name: phone, url: !secret phone, least: fault}\n"
    part += "  quiet: 22:00-07:00\n  weekly: sunday 09:00\n"
    spec = loaded(tmp_path, part).notify
    assert spec == NotifySpec(
        (Recipient("phone", "ntfys://ntfy.sh/house", "fault"),), (22 * 60, 7 * 60), Weekly(6, 9 * 60)
    )


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("  quiet: at night\n", "site.yaml:5: found `at night`; expected two times of day, as 22:00-07:00"),
        ("  quiet: 22:00-22:00\n", "expected two times that differ"),
        ("  weekly: someday 09:00\n", "site.yaml:5: found `someday 09:00`; expected a day and a time"),
        ("  to:\n    - {name: a, url: ntfys://ntfy.sh/x}\n", "!secret"),
        ("  to:\n    - {name: a}\n", "!secret"),
        (
            "  to:\n    - {name: a, url: !secret phone}\n    - {name: a, url: !secret phone}\n",
            "`a` a second time",
        ),
        ("  too: []\n", "nearest: `to`"),
    ],
)
def test_every_fault_is_told_with_its_line(tmp_path: Path, part: str, words: str) -> None:
    with pytest.raises(SiteFault) as caught:
        loaded(tmp_path, part)
    assert words in str(caught.value)


def test_an_address_that_apprise_does_not_know_is_told_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SiteFault) as caught:
        loaded(tmp_path, "  to:\n    - {name: a, url: !secret phone}\n", "phone: canary://canary\n")
    assert "an address that Apprise knows" in str(caught.value)
    assert "canary" not in str(caught.value)
