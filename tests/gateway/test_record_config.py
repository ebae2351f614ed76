"""`record: influxdb` of the site file: one database or several, each with what its version needs."""

from pathlib import Path

import pytest

from gridward.config import SiteFault, load
from gridward.site import Database

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
record:
  influxdb:
"""


def read(folder: Path, lines: str) -> tuple[Database, ...]:
    (folder / "secrets.yaml").write_text("token: swordfish\n")
    (folder / "secrets.yaml").chmod(0o600)
    path = folder / "site.yaml"
    path.write_text(SITE + lines)
    return load(path).record.databases


def test_several_databases_each_with_a_name_of_its_own(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "    - {url: http://localhost:8086, version: 2, org: home, bucket: solar, token: !secret token}\n"
        "    - {url: http://localhost:8428/, version: 1, database: solar, rate: 5000}\n"
        "    - {url: https://far:8181, version: 3, database: solar, token: !secret token}\n",
    )
    assert [one.name for one in found] == ["localhost:8086/solar", "localhost:8428/solar", "far:8181/solar"]
    assert [one.rate for one in found] == [20_000.0, 5000.0, 20_000.0]
    assert "swordfish" not in repr(found)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("    {url: http://a, version: 1, bucket: solar}\n", ("`database: ...`", "`bucket`")),
        ("    {url: http://a, version: 2, org: o, bucket: b}\n", ("`token: ...`",)),
        ("    {url: http://a, version: 3, database: b, token: open}\n", ("!secret",)),
        ("    {url: http://a, version: 1, database: b, rate: 1}\n", ("readings per second",)),
        (
            "    - {url: http://a, version: 1, database: b}\n"
            "    - {url: http://a/, version: 1, database: b}\n",
            ("the same database twice",),
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path: Path, lines: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SiteFault) as told:
        read(tmp_path, lines)
    said = "\n".join(str(fault) for fault in told.value.faults)
    for word in words:
        assert word in said
