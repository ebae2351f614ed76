"""A house lived through with its rules: what is counted, what is kept to, what stands side by side."""

import json
import re
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from gateway.rehearsed import written
from mutations import broken
from tools.rehearsal_report import BEGIN, lived, write
from typer.testing import CliRunner

from gridward.cli import app
from gridward.document import SiteFault
from gridward.rehearsal.figures import rows, to_json
from gridward.rehearsal.house import House
from gridward.rehearsal.page import page
from gridward.rehearsal.sites import beside, trial_of
from gridward.rehearsal.trial import Span, Trial, rehearse
from gridward.rules import engine, grid_switch
from gridward.rules.inputs import Inputs

RUN = CliRunner()
TREE = Path(__file__).resolve().parents[2]
WINTER = Span(days=2, start=date(2026, 1, 10))


def sized(trial: Trial, battery_kwh: float = 14.3, pv_kw: float = 3.0, standby: float = 95.0) -> Trial:
    plant = replace(trial.site.plant, battery_kwh=battery_kwh, pv_kw=pv_kw, standby=standby)
    return replace(trial, site=replace(trial.site, plant=plant))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return trial_of(written(tmp_path_factory.mktemp("site")))


def test_the_figures_add_up(trial: Trial) -> None:
    found = rehearse(trial, WINTER)
    assert found.length == 2
    assert found.grid == pytest.approx(sum(day.grid for day in found.daily))
    assert found.pv == pytest.approx(sum(day.pv for day in found.daily))
    assert found.load == pytest.approx(sum(day.load for day in found.daily))
    assert len(found.switches) == sum(day.switches for day in found.daily)
    assert sum(found.writes.values()) == sum(day.writes for day in found.daily) == sum(found.rules.values())
    assert found.soc_min == min(day.soc_min for day in found.daily)
    assert found.currency == "EUR"
    assert found.cost == pytest.approx(0.18 * found.grid)
    assert found.autarky == pytest.approx(100 * (1 - found.grid / (found.load + found.losses)))
    assert found.unserved == 0


def test_the_same_is_lived_through_twice(trial: Trial) -> None:
    once, again = (replace(rehearse(trial, WINTER), seconds=0.0) for _ in range(2))
    assert once == again
    other = rehearse(trial, replace(WINTER, seed=2))
    assert other.load != once.load


def test_readings_and_reasons_at_which_nobody_looks_change_nothing(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 6, 1, 12, tzinfo=trial.site.time_zone)
    few = House.of(trial.site, moment, 1).sources(0.0)
    brief = rehearse(trial, WINTER)
    monkeypatch.setattr(House, "_measure_less", lambda *_: None)
    said: list[str] = []

    def told(inputs: engine.Inputs, *rest: Any) -> tuple[tuple[engine.Decision, ...], engine.Memory]:  # noqa: ANN401
        assert not inputs.worded
        found = engine.decide(replace(inputs, worded=True), *rest)
        said.extend(one.reason for one in found[0] if one.code == "write")
        return found

    def switched(inputs: Inputs, *rest: Any) -> grid_switch.Decision:  # noqa: ANN401
        assert not inputs.worded
        found = decide(replace(inputs, worded=True), *rest)
        assert found.reasons
        return found

    decide = grid_switch.decide
    monkeypatch.setattr("gridward.rehearsal.trial.decide", told)
    monkeypatch.setattr(grid_switch, "decide", switched)
    whole = House.of(trial.site, moment, 1).sources(0.0)
    for device, source in whole.items():
        assert few[device].values.items() <= source.values.items()
        assert few[device].keys == source.keys
    assert sum(len(one.values) for one in few.values()) < sum(len(one.values) for one in whole.values()) / 2
    assert replace(rehearse(trial, WINTER), seconds=0.0) == replace(brief, seconds=0.0)
    assert said
    assert all(said)


def test_a_rule_that_asks_for_a_cell_is_told_it(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "cells.yaml").write_text("""\
version: 1
policy: cells
rules:
  - id: third
    says: The third cell is there.
    when: {battery.cell_3_voltage: {above: 2}}
    then: {inverter.max_charging_current: 20}
""")
    found = rehearse(beside(str(tmp_path / "cells.yaml"), trial), replace(WINTER, days=1))
    assert found.rules == {"third": 1}


def test_the_grid_stays_when_nothing_renews_the_lease(trial: Trial) -> None:
    site = trial.site
    assert site.rules.grid_switch is not None
    never = replace(site.rules.grid_switch, island_above=90.0, connect_below=50.0)
    off = Trial("off", replace(site, rules=replace(site.rules, grid_switch=never)))
    assert rehearse(off, WINTER).switches == ()
    assert rehearse(off, WINTER).islanded == 0
    assert len(rehearse(trial, WINTER).switches) > 0


def test_the_relay_keeps_its_dwell_and_its_limits(trial: Trial) -> None:
    with broken("rules_switch_without_end"):
        thin = rehearse(sized(trial, battery_kwh=2.0, pv_kw=1.0), replace(WINTER, days=3))
    assert len(thin.switches) > 10
    assert thin.switches_hour <= 4
    assert thin.switches_day <= 12
    assert thin.locks > 0
    islanding = thin.switches[::2]
    connecting = thin.switches[1::2]
    assert islanding[0] >= 600
    assert all(off - on >= 600 for on, off in zip(connecting, islanding[1:], strict=False))


def test_size_tells(trial: Trial) -> None:
    june = Span(days=2, start=date(2026, 6, 10))
    dark = rehearse(sized(trial, pv_kw=0.0), june)
    assert dark.pv == 0
    assert dark.self_consumption is None
    assert dark.grid > rehearse(trial, june).grid
    assert rehearse(sized(trial, standby=1000.0), june).load > 2 * dark.load


def test_a_command_keeps_to_bounds_and_wear(trial: Trial) -> None:
    house = _house(trial)
    policy = trial.site.rules.policy
    assert policy is not None
    ref = next(ref for ref in policy.steered if ref.key == "max_charging_current")
    assert house.command(ref, 20.0, "rules:business", 0.0) is None
    assert house.plant.inverter_settings()[ref.key] == 20.0
    assert "60 s between writes" in str(house.command(ref, 30.0, "rules:business", 30.0))
    assert house.command(ref, 99_999.0, "rules:business", 100.0) is not None
    assert house.plant.inverter_settings()[ref.key] == 20.0
    refused = 0
    for number in range(40):
        said = house.command(ref, 10.0 + 10 * (number % 2), "rules:business", 1000.0 + 61 * number)
        refused += said is not None
    assert refused == 21


def _house(trial: Trial) -> House:
    return House.of(trial.site, datetime(2026, 6, 1, tzinfo=trial.site.time_zone), 1)


def test_a_second_inverter_is_said_to_be_absent(tmp_path: Path) -> None:
    file = written(tmp_path)
    text = file.read_text().replace("devices:\n  - id: contactor", "PLACE", 1)
    more = (
        "  - {id: spare_line, port: /dev/serial/by-path/spare, devices: [{id: spare, integration: axpert}]}\n"
    )
    file.write_text(text.replace("PLACE", f"{more}devices:\n  - id: contactor"))
    house = _house(trial_of(file))
    assert house.absent == ("spare",)
    assert "spare" not in house.sources(0.0)


def test_prices_of_the_hour_count(tmp_path: Path) -> None:
    file = written(tmp_path)
    flat = rehearse(trial_of(file), replace(WINTER, days=1))
    night = 'tariff: {currency: EUR, import: 0.18, windows: [{from: "22:00", to: "06:00", import: 0.09}]}'
    file.write_text(re.sub("^tariff: .*$", night, file.read_text(), flags=re.MULTILINE))
    cheap = rehearse(trial_of(file), replace(WINTER, days=1))
    assert flat.grid == cheap.grid
    assert flat.cost is not None
    assert cheap.cost is not None
    assert 0.5 * flat.cost < cheap.cost < flat.cost


def test_faults_in_the_plant_are_told_with_their_line(tmp_path: Path) -> None:
    file = written(tmp_path, more="plant: {battery_kwh: 0.1, pv_kv: 3}\n")
    with pytest.raises(SiteFault) as fault:
        trial_of(file)
    told = " ".join(str(one) for one in fault.value.faults)
    assert "0.5 to 1000 kWh" in told
    assert "nearest: `pv_kw`" in told


def test_two_stand_side_by_side(trial: Trial) -> None:
    small = Trial("small <b>", sized(trial, battery_kwh=3.0).site)
    results = [rehearse(one, WINTER) for one in (trial, small)]
    table = {row.name: row.values for row in rows(results)}
    assert table["Grid energy"] == tuple(f"{one.grid:,.1f}" for one in results)
    assert len(table["Contactor switched"]) == 2
    text = page(results)
    assert "small &lt;b&gt;" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text.count("<svg") == text.count("</svg>") == 5
    assert "nan" not in text


def test_the_command_line_tells_all(tmp_path: Path) -> None:
    site = written(tmp_path)
    report = tmp_path / "report.html"
    words = ["rules", "rehearse", str(site), "--days", "1", "--start", "2026-03-01", "--battery-kwh", "5"]
    done = RUN.invoke(app, [*words, "--against", "axpert-lifepo4-16s", "--json", "--html", str(report)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [one["title"] for one in found] == ["site", "axpert-lifepo4-16s"]
    assert found[0]["start"] == "2026-03-01"
    assert found[0]["daily"] == found[1]["daily"]
    assert report.read_text().startswith("<!doctype html>")
    slots = tmp_path / "slots.json"
    slots.write_text('{"slots": [{"end": "2026-03-01T06:00", "power": 800}]}')
    night = ["rules", "rehearse", str(site), *words[3:], "--against", "schedule", "--json", "--no-budget"]
    plain, charged = (
        json.loads(RUN.invoke(app, more).stdout)[1] for more in (night, [*night, "--schedule", str(slots)])
    )
    assert charged["grid"] > plain["grid"]
    assert charged["rules"] != plain["rules"], (charged["rules"], plain["rules"])
    assert charged["beyond"] == 0
    slots.write_text('{"slots": [{"end": "2026-03-01T06:00"}]}')
    assert RUN.invoke(app, [*night, "--schedule", str(slots)]).exit_code == 2
    shown = RUN.invoke(app, words)
    assert "Autarky" in shown.stdout
    assert RUN.invoke(app, [*words, "--step", "7"]).exit_code == 2
    assert RUN.invoke(app, [*words, "--against", str(tmp_path / "none.yaml")]).exit_code == 2


def test_the_originals_rules_load_and_run(trial: Trial) -> None:
    other = beside(str(TREE / "docs" / "rehearsal" / "original.yaml"), trial)
    assert other.title == "original"
    policy = other.site.rules.policy
    assert policy is not None
    assert len(policy.rules) == 12
    both = [rehearse(one, Span(days=3, start=date(2026, 2, 25))) for one in (trial, other)]
    assert to_json(both[0])["load"] == to_json(both[1])["load"]
    assert sum(both[1].writes.values()) > 0


def test_a_short_slice_of_the_report_is_made_as_the_one_in_the_docs(tmp_path: Path) -> None:
    shutil.copytree(TREE / "docs" / "rehearsal", tmp_path / "rehearsal")
    stands = (TREE / "docs" / "rehearsal.md").read_text("utf-8")
    (tmp_path / "rehearsal.md").write_text(stands, "utf-8")
    results = lived(tmp_path, Span(days=1))
    write(tmp_path, results)
    made = (tmp_path / "rehearsal.md").read_text("utf-8")
    assert made != stands
    assert made.split(BEGIN)[0] == stands.split(BEGIN)[0]
    for row in rows(results):
        assert f"| {row.name} | {row.unit} | {' | '.join(row.values)} |" in made
        if not row.name.startswith(("Written", "Refused")):
            assert f"| {row.name} | {row.unit} | " in stands
    for name in ("grid", "soc", "switches"):
        plot = ElementTree.fromstring((tmp_path / "rehearsal" / f"{name}.svg").read_text("utf-8"))  # noqa: S314  # our own
        assert plot.tag == "{http://www.w3.org/2000/svg}svg"
