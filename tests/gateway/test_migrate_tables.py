"""The original system's tables of numbered columns are known by themselves."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from gridward.cli import app
from gridward.migrate.known import FOLDER, TABLES, table
from gridward.recorder.exchange import Span, readings
from gridward.recorder.mapping import read_mapping
from gridward_kit.arguments import BAD
from gridward_kit.entity import BinarySensor, Select, Sensor, Switch
from gridward_kit.integration import integrations

OF = {"bms": "daly", "sdm230": "mbmd"}
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1883"}
record: {store: gridward.db}
buses:
  - {id: a, port: /dev/ttyUSB0, devices: [{id: bank, integration: daly}]}
"""
BMS: Mapping[int, object] = {
    1: 53.1,
    3: -12.5,
    4: 53.158,
    13: 2,
    14: 1,
    15: "0",
    17: 148.85,
    22: "00010000",
    41: "0" * 64,
    **dict.fromkeys(range(24, 40), 3.321),
}
"""A row as the old script wrote it: the SoC of 50 % and 140 Ah of 280 behind its line."""


def dump(folder: Path, name: str, *rows: Mapping[int, object]) -> Path:
    path, count = folder / f"{name}.csv", TABLES[name.rsplit("_", maxsplit=1)[-1].lower()]
    lines = [",".join(["created", *(f"var{number}" for number in range(1, count + 1))])]
    for minute, row in enumerate(rows):
        cells = (str(row.get(number, "NULL")) for number in range(1, count + 1))
        lines.append(",".join([f"2024-06-01 12:{minute:02}:00", *cells]))
    path.write_text("\n".join([*lines, ""]))
    return path


def imported(folder: Path, file: Path, *words: str) -> dict[tuple[str, str], object]:
    (folder / "site.yaml").write_text(SITE)
    result = CliRunner().invoke(
        app, ["record", "import", str(file), "--site", str(folder / "site.yaml"), *words]
    )
    assert result.exit_code == 0, result.output
    assert "a table of the original system" in result.output
    return {(one.device, one.key): one.value for one in readings(folder / "gridward.db", Span())}


def test_the_battery_comes_over_by_its_numbers(tmp_path: Path) -> None:
    found = imported(tmp_path, dump(tmp_path, "axpert_BMS", BMS))
    assert {device for device, _ in found} == {"bank"}, "the only battery of the site file"
    values = {key: value for (_, key), value in found.items()}
    assert values["voltage"] == 53.1
    assert values["current"] == -12.5
    assert values["power"] == pytest.approx(-663.75)
    assert values["soc"] == pytest.approx(50.0, abs=0.01)
    assert values["remaining_capacity"] == pytest.approx(140.0, abs=0.05)
    assert values["state"] == "discharging"
    assert (values["charge_mosfet"], values["discharge_mosfet"]) == (1, 0)
    assert values["cell_16_voltage"] == 3.321
    assert len(values) == 8 + 16
    first = next(iter(readings(tmp_path / "gridward.db", Span())))
    assert first.ts == 1_717_236_000_000, "noon in Bratislava in summer is ten in UTC"
    assert {one.form for one in readings(tmp_path / "gridward.db", Span()) if one.key == "charge_mosfet"} == {
        "flag"
    }


def test_the_inverter_comes_over_in_words_and_with_what_it_did_not_say(tmp_path: Path) -> None:
    qpigs = dump(tmp_path, "QPIGS", {9: 53.0, 10: 2, 13: 5.0, 14: 240.0, 16: 12}, {9: 53.0, 10: 2})
    values = imported(tmp_path, qpigs)
    assert values["inverter", "pv_power"] == 1200.0
    assert values["inverter", "battery_current"] == -10
    assert values["inverter", "battery_power"] == -530.0
    assert len([one for one in readings(tmp_path / "gridward.db", Span()) if one.key == "pv_power"]) == 1
    imported(tmp_path, dump(tmp_path, "QMOD", {1: "B"}, {1: "X"}))
    values = imported(tmp_path, dump(tmp_path, "QPIRI", {11: 55.2, 17: 2, 18: "3.0"}), "--device", "other")
    assert values["inverter", "mode"] == "battery"
    assert values["other", "output_source_priority"] == "SBU"
    assert values["other", "charger_source_priority"] == "only_solar"
    assert values["other", "battery_bulk_voltage"] == 55.2


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_an_entity_of_ours_and_its_words_are_its_options(name: str, tmp_path: Path) -> None:
    columns = read_mapping(FOLDER / f"{name}.yaml", ZoneInfo("UTC"))
    integration = integrations()[OF.get(name, "axpert")]
    known = {row.key: row for row in integration.entities({})}
    for key in (*columns.keys.values(), *(made.key for made in columns.made)):
        assert key in known, key
    for key, cell in columns.cells.items():
        row = known[key]
        if isinstance(row, BinarySensor | Switch):
            assert set(cell.words.values()) == {False, True}
        elif cell.words:
            assert isinstance(row, Sensor | Select)
            assert set(cell.words.values()) <= set(row.options), key
    numbers = {f"var{number}" for number in range(1, TABLES[name] + 1)}
    assert columns.keys.keys() <= numbers
    told = (FOLDER / f"{name}.yaml").read_text()
    assert all(f"{number}:" in told for number in numbers - {f"var{one}" for one in range(43, 49)})
    assert table(dump(tmp_path, name)) == FOLDER / f"{name}.yaml"


def test_other_tables_are_not_taken_for_one(tmp_path: Path) -> None:
    for name, header in (
        ("QPIGS", "created,var1,var2"),
        ("VIEW1", "h,var1,var2"),
        ("other", "created,var1"),
        ("BMS", "created,var1,soc"),
        ("empty", ""),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"{header}\n")
        assert table(path) is None, name


def test_migrate_takes_them_without_a_word(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    dump(old, "BMS", BMS)
    (old / "view.csv").write_text("h,var1\n2024-06-01 12:00:00,1\n")
    result = CliRunner().invoke(app, ["migrate", str(old), "--into", str(tmp_path / "new")])
    assert result.exit_code in (0, BAD), result.output
    assert "BMS.csv: as bms 1 rows: 24 new readings, 0 there already" in result.output
    assert "BMS.csv: what" not in result.output
    assert "var41" in (tmp_path / "new" / "import-BMS.yaml").read_text()


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("columns: {var1: {key: state, words: {0: 1}}}", "what each cell means"),
        ("columns: {var1: a}\nmade: {b: {product: [a, c]}}", "of two that are there"),
        ("columns: {var1: a, var2: c}\nmade: {a: {product: [a, c]}}", "a new key"),
        ("columns: {var1: a}\nmade: {b: {product: [a]}}", "two keys"),
    ],
)
def test_a_faulty_mapping_of_words_or_made_keys_is_told(tmp_path: Path, part: str, words: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    mapping = tmp_path / "map.yaml"
    mapping.write_text(f"version: 1\ndevice: bank\ntime: created\n{part}\n")
    said = [str(dump(tmp_path, "BMS", BMS)), "--map", str(mapping), "--site", str(tmp_path / "site.yaml")]
    result = CliRunner().invoke(app, ["record", "import", *said])
    assert result.exit_code != 0
    assert words in result.output.replace("\n", " ")
