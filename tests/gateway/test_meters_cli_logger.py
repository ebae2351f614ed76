"""`gridward meters import` of a former logger: its list of meters, and its history."""

from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.meter_lines import folder, meters

from gridward.meters.logger import history
from gridward.recorder.history import History

__all__ = ["folder"]


def test_the_former_loggers_list_becomes_lines_of_the_site_file(folder: Path) -> None:
    (folder / "logger.yaml").write_text(
        "meters:\n"
        "  - {id: 12, name: flat_2, type: 1phase, enabled: true}\n"
        "  - {id: 101, name: lift, type: 3phase, enabled: false}\n"
    )
    said = meters("import", "logger.yaml").output
    assert "      - {id: flat_2, integration: chint, model: ddsu666, address: 12}" in said
    assert "      # - {id: lift, integration: chint, model: dtsu666, address: 101}" in said
    (folder / "logger.yaml").write_text(
        "meters:\n  - {id: 1, name: a, type: 1phase}\n  - {id: 50, name: B}\n"
    )
    wrong = meters("import", "logger.yaml")
    assert wrong.exit_code == 2
    assert "logger.yaml:2: found `1`; expected 1 is the address" in wrong.output
    assert "logger.yaml:3: found `B`; expected `name`" in wrong.output


def test_the_hour_that_autumn_has_twice_is_two_hours(tmp_path: Path) -> None:
    clocks = ("01:45", "02:00", "02:30", "02:00", "02:30", "03:00")
    rows = [
        f"2026-10-25 {clock}:00,{meter},{place}" for place, clock in enumerate(clocks) for meter in (10, 11)
    ]
    file = tmp_path / "day.csv"
    file.write_text("\n".join(("timestamp,meter_id,E_total_kWh", *rows, *reversed(rows[:2]))))
    found = history(file, ZoneInfo("Europe/Bratislava"))
    for device in ("meter_010", "meter_011"):
        at = [(row.at - 1_792_885_500) / 60 for row in found if row.device == device]
        assert at == [0, 15, 45, 75, 105, 135, 0]


def test_the_former_loggers_history_comes_into_the_store_once(folder: Path) -> None:
    (folder / "day.csv").write_text(
        "timestamp,meter_id,V_L1_V,I_L1_A,P_total_kW,E_total_kWh\n"
        "2026-11-20 10:00:00,10,231.4,1.2,0.277,1834.27\n"
        "2026-11-20 10:15:00,10,,1.3,-0.5,1834.30\n"
    )
    assert "2 rows read, 7 stored" in meters("import", "day.csv").output
    assert "2 rows read, 0 stored" in meters("import", "day.csv").output
    past = History(folder / "gridward.db")
    steps = past.history("meter_010", "power", 1_795_168_000, 1_795_178_000, 900)
    assert [step.last for step in steps] == [277.0, -500.0]
    assert len(past.history("meter_010", "voltage", 1_795_168_000, 1_795_178_000, 900)) == 1
    (folder / "day.csv").write_text("timestamp,meter_id,V_L1_V,Colour\nnow,10,a,1\n2026-11-20,10,a,1\n")
    wrong = meters("import", "day.csv").output
    assert "row 1, column 4: found `Colour`" in wrong
    assert "row 2, timestamp: found `now`" in wrong
    assert "row 3, column 3: found `a`" in wrong
