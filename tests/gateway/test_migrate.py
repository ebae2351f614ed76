"""A two-Pi installation with scripts of its own becomes a site of ours."""

import re
from pathlib import Path

import pytest
from gateway import two_pis_of_old
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.migrate.found import look
from gridward.migrate.written import written
from gridward.recorder.exchange import Span, readings
from gridward_kit.arguments import BAD, USAGE

SECRET = "hunter2"


def old(folder: Path) -> Path:
    return two_pis_of_old.written(folder / "two_pis")


def migrate(into: Path, *words: str, folder: Path | None = None, status: int = 0) -> str:
    folder = folder or old(into.parent)
    result = CliRunner().invoke(app, ["migrate", str(folder), "--into", str(into), *words])
    assert result.exit_code == status, result.output
    return result.output


def test_two_pis_become_a_site_that_loads(tmp_path: Path) -> None:
    said = migrate(tmp_path / "new")
    site = load(tmp_path / "new" / "site.yaml")
    assert {bus.id: (bus.port, bus.devices[0].integration) for bus in site.buses} == {
        "inverter_line": ("/dev/ttyUSB0", "axpert"),
        "bms_line": ("/dev/ttyUSB1", "daly"),
    }
    others = {device.id: device for device in site.devices}
    assert others["contactor"].options["pin"] == 26
    assert others["logger"].options["host"] == "192.168.1.40"
    assert others["grid_meter"].options["host"] == "192.168.1.41"
    assert site.time_zone.key == "Europe/Bratislava"
    assert site.rules.mode == "observe"
    switch, policy = site.rules.grid_switch, site.rules.policy
    assert switch is not None
    assert (switch.connect_below, switch.island_above, switch.logger) == (51.0, 51.8, "logger")
    assert policy is not None
    assert {name: policy.settings[name] for name in ("to_utility", "full", "bulk_low", "soc_low")} == {
        "to_utility": 50.4,
        "full": 54.5,
        "bulk_low": 53.8,
        "soc_low": 20,
    }
    assert policy.settings["bulk_high"] == 55.2, "552 V is a slip; the shipped value stands"
    assert "float_low: 53.7 (rpi4/rules.py:5), 53.6 (rpi4/settings.sh:3) do not agree" in said
    assert "rpi4/crontab.txt:5: `upload_photos.sh` (0 3 * * *): not known here" in said


def test_the_history_comes_over_as_far_as_the_scripts_say_what_is_what(tmp_path: Path) -> None:
    into = tmp_path / "new"
    said = migrate(into)
    assert "what 2 of 4 columns mean is not known" in said
    found = [(one.device, one.key, one.value) for one in readings(into / "gridward.db", Span())]
    assert sorted(found) == [
        ("inverter", "battery_voltage", 53.2),
        ("inverter", "battery_voltage", 53.3),
        ("inverter", "battery_voltage", 53.3),
        ("inverter", "grid_voltage", 229.8),
        ("inverter", "grid_voltage", 230.1),
    ]
    first = next(iter(readings(into / "gridward.db", Span())))
    assert first.ts == 1_717_236_000_000, "noon in Bratislava in summer is ten in UTC"
    mapping = into / "import-axpert_2024.yaml"
    text = mapping.read_text()
    assert "# var3: # 7 to 8; the scripts say 'flags of nobody knows what'" in text
    assert "# var4: # always empty" in text
    migrate(into)
    assert len(list(readings(into / "gridward.db", Span()))) == 5, "the same file again is the same readings"
    mapping.write_text(text.replace("  # var3:", "  var3: {key: heat_sink_temperature, scale: 0.5}"))
    migrate(into)
    found = [(one.device, one.key, one.value) for one in readings(into / "gridward.db", Span())]
    assert len(found) == 8
    assert ("inverter", "heat_sink_temperature", 3.5) in found


def test_a_dry_run_writes_nothing_and_a_second_run_overwrites_nothing(tmp_path: Path) -> None:
    into = tmp_path / "new"
    said = migrate(into, "--dry-run")
    assert "Would be written" in said
    assert not into.exists()
    migrate(into)
    before = {path.name: path.read_bytes() for path in into.glob("*.yaml")}
    (into / "rules.yaml").write_text("mode: off\ngrid_switch: {}\n")
    said = migrate(into)
    assert "stands already" in said
    assert said.endswith(f"Written into {into}: no file\n")
    assert (into / "rules.yaml").read_text() == "mode: off\ngrid_switch: {}\n"
    assert (into / "secrets.yaml").read_bytes() == before["secrets.yaml"]


def test_the_documented_order_is_a_site_at_every_step(tmp_path: Path) -> None:
    into = tmp_path / "new"
    assert "`gridward relay drill`" in migrate(into)
    whole, path = (into / "site.yaml").read_text(), into / "site.yaml"
    without = re.sub(r"(?m)^  - id: contactor\n(    .*\n)+", "", whole).replace(
        ", grid_switch: contactor", ""
    )
    path.write_text(without.replace("rules: !include", "# rules: !include").replace(", writable: true", ""))
    reading = load(path)
    assert not any(device.writable for device in reading.all_devices())
    assert reading.rules.policy is None
    path.write_text(without.replace("integration: daly, name: Battery, writable: true", "integration: daly"))
    rules = (into / "rules.yaml").read_text()
    deciding = load(path)
    assert [device.id for device in deciding.all_devices() if device.writable] == ["inverter"]
    assert deciding.rules.mode == "observe"
    assert deciding.rules.policy is not None
    assert deciding.rules.grid_switch is not None
    assert deciding.rules.grid_switch.relay is None, "nothing of the contactor's yet"
    (into / "rules.yaml").write_text(rules.replace("mode: observe", "mode: on"))
    assert load(path).rules.mode == "on", "its policy sets the inverter, without a contactor"
    path.write_text(whole)
    last = load(path).rules.grid_switch
    assert last is not None
    assert last.relay == "contactor"


def test_no_secret_is_shown_or_written(tmp_path: Path) -> None:
    said = migrate(tmp_path / "new")
    written_files = [path for path in (tmp_path / "new").iterdir() if path.is_file()]
    assert SECRET not in said + "".join(path.read_bytes().decode("latin-1") for path in written_files)
    assert "rpi4/axpert_poll.py:6: a password or token; it is not copied" in said
    secrets = tmp_path / "new" / "secrets.yaml"
    assert secrets.stat().st_mode & 0o077 == 0
    assert re.fullmatch(r"mqtt_password: [\w-]{32}\n", secrets.read_text())


def test_a_folder_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    said = migrate(tmp_path / "new", folder=tmp_path / "old", status=BAD)
    assert "nothing" in said
    migrate(tmp_path / "other", "--time-zone", "Mars/Base", status=USAGE)


def test_two_pins_and_a_port_of_nobody_are_left_to_the_person(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "a.sh").write_text("stty -F /dev/ttyUSB3 9600\n")
    (folder / "relay.py").write_text("relay = LED(26)\nrelay_other = LED(17)\n")
    said = migrate(tmp_path / "new", folder=folder)
    assert "a.sh:1: /dev/ttyUSB3: nothing around says what is on it" in said
    assert "more than one pin is named: 17 (relay.py:2), 26 (relay.py:1)" in said
    assert load(tmp_path / "new" / "site.yaml").devices == ()


@given(st.text(max_size=300))
def test_no_script_breaks_it(text: str) -> None:
    outcome = written(look([("axpert.py", text)]), None)
    assert "site.yaml" in outcome.files


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("version: 1\ntime: created\ncolumns: {var1: grid_voltage}\n", "no `device`"),
        ("version: 1\ndevice: a\ncolumns: {var1: b, var2: b}\n", "b twice"),
        ("version: 1\ndevice: a\ncolumns: {var1: 'No Key'}\n", "an id of 1 to 40"),
        ("- 1\n", "a mapping with"),
    ],
)
def test_a_faulty_mapping_is_told_by_line(tmp_path: Path, mapping: str, words: str) -> None:
    migrate(tmp_path / "new")
    file = tmp_path / "map.yaml"
    file.write_text(mapping)
    site = tmp_path / "new" / "site.yaml"
    dump = str(tmp_path / "two_pis" / "rpi4" / "axpert_2024.csv")
    result = CliRunner().invoke(app, ["record", "import", dump, "--map", str(file), "--site", str(site)])
    assert result.exit_code == USAGE
    assert words in result.output.replace("\n", " ")
