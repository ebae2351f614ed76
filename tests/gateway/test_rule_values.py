"""Values that a device does not take, and units that cannot be compared: told when a file is read, and again
when the rule acts."""

import json
from pathlib import Path

import pytest
from gateway.leased_house import ROOT
from gateway.rule_house import AMPERES, VOLTS, House
from gateway.ruled_site import SITE as RULED
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.document import SiteFault
from gridward.rules.condition import Compare
from gridward.rules.policy import Policy, Rule, Wish
from gridward.rules.taken import objection
from gridward_kit.duration import UNITS, seconds_of, written_seconds
from gridward_kit.entity import Number, Select, Switch
from gridward_kit.info import described
from gridward_kit.integration import integrations
from gridward_kit.kept import Json, Kept
from gridward_kit.point import Value

SITE = RULED + "  policy: own.yaml\n"
RULE = """\
version: 1
policy: own
settings: {amps: 18, low: 2, far: 320}
rules:
  - id: one
    says: For the test.
    when: {battery.voltage: {below: 50}}
    then: {inverter.max_charging_current: 20}
"""
BELOW, SET = "{battery.voltage: {below: 50}}", "{inverter.max_charging_current: 20}"


def site(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in RULE
    (folder / "own.yaml").write_text(RULE.replace(old, new) if old else RULE)
    (folder / "site.yaml").write_text(SITE)
    return folder / "site.yaml"


def faults(file: Path, *, starting: bool = False) -> list[str]:
    try:
        load(file, starting=starting)
    except SiteFault as error:
        return [str(fault) for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("below: 50", "below: battery.soc", 7, "found battery.soc in %; expected an entity in V"),
        ("below: 50", "between: [44, battery.soc]", 7, "found battery.soc in %; expected an entity in V"),
        ("below: 50", "below: {of: battery.soc, plus: 3}", 7, "found battery.soc in %"),
        ("below: 50", "below: {of: 3, plus: battery.soc}", 7, "found battery.soc in %"),
        ("below: 50", "below: battery.cycles", 7, "found battery.cycles without a unit; expected an entity"),
        (": 20}", ": far}", 8, "320 is not between 0 and 300"),
        (": 20}", ": -1}", 8, "-1 is not between 0 and 300"),
        (": 20}", ": 18.5}", 8, "18.5 is not 0 plus a multiple of 1"),
        (": 20}", ": {of: far, plus: 1}}", 8, "321 is not between 0 and 300"),
        (": 20}", ": true}", 8, "found `true`; expected a number or a setting's name"),
        (": 20}", ': "20"}', 8, "found `20`; expected a number or a setting's name"),
        (SET, "{inverter.battery_recharge_voltage: 47.5}", 8, "47.5 is not one of 44, 45"),
    ],
)
def test_it_is_a_fault_of_its_line(tmp_path: Path, old: str, new: str, line: int, expected: str) -> None:
    (fault,) = faults(site(tmp_path, old, new))
    assert fault.startswith(f"{tmp_path / 'own.yaml'}:{line}: ")
    assert expected in fault


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("below: 50", "below: inverter.battery_voltage"),
        ("below: 50", "below: {of: inverter.battery_voltage, plus: battery.soc, times: 0.01}"),
        ("below: 50", "below: {of: 50, plus: battery.soc, times: 0.01}"),
        (": 20}", ": {of: inverter.max_charging_current, plus: 10}}"),
        (": 20}", ": {of: battery.soc}}"),
        (": 20}", ": amps}"),
    ],
)
def test_what_can_be_right_is_no_fault(tmp_path: Path, old: str, new: str) -> None:
    assert faults(site(tmp_path, old, new)) == []


def ask(folder: Path) -> None:
    """The inverter was asked which currents it takes."""
    example = integrations()["axpert"].example
    assert example is not None
    identity: dict[str, Json] = {
        "model": example.model,
        "protocol": example.protocol,
        "facts": {**json.loads(json.dumps(dict(example.facts))), "QMCHGCR": ["2", "10", "20", "30"]},
    }
    Kept(folder / "state" / "inverter.json").save({"identity": identity})


@pytest.mark.parametrize("value", ["18", "amps", "{of: low, plus: 16}"])
def test_a_current_that_the_inverter_was_found_not_to_take(tmp_path: Path, value: str) -> None:
    file = site(tmp_path, ": 20}", f": {value}}}")
    assert faults(file) == []
    ask(tmp_path)
    (fault,) = faults(file)
    assert fault.startswith(f"{tmp_path / 'own.yaml'}:8: ")
    assert "18 is not one of 2, 10, 20, 30" in fault
    shown = CliRunner().invoke(app, ["rules", "show", str(file)])
    assert shown.exit_code == 2
    assert "18 is not one of 2, 10, 20, 30" in shown.output
    assert faults(file, starting=True) == []
    own = ["--site", str(file)]
    unheld = {("accept", "inverter"): "no longer bound", ("relay", "safe", "nobody"): "has no relay 'nobody'"}
    for words, said in unheld.items():  # the house runs all the same, and so do its commands
        assert said in CliRunner().invoke(app, [*words, *own]).output


def test_what_is_kept_of_the_inverter_may_be_broken(tmp_path: Path) -> None:
    file = site(tmp_path)
    ask(tmp_path)
    assert faults(file) == []
    (tmp_path / "state" / "inverter.json").write_text("{")
    assert faults(file) == []


ROWS = (
    Number("amperes", "", only=(2, 10, 20)),
    Number("volts", "", low=48, high=58.4, step=0.1),
    Select("source", "", options=("USB", "SUB")),
    Switch("on", ""),
)


@given(
    st.sampled_from(ROWS),
    st.one_of(st.floats(0, 70), st.integers(0, 70), st.sampled_from(["USB", "x", True])),
)
def test_what_a_device_says_of_its_settings_is_what_it_takes(
    row: Number | Select | Switch, value: Value
) -> None:
    try:
        row.accept(value)
        taken = not (isinstance(row, Number) and isinstance(value, bool))
    except ValueError:
        taken = isinstance(row, Switch) and not isinstance(value, str)  # it says nothing of its two values
    if isinstance(row, Switch):
        return
    assert (objection(described(row, writable=True), value) is None) == taken


async def test_a_rule_that_asks_for_what_the_device_does_not_take_writes_nothing(tmp_path: Path) -> None:
    rule = Rule("one", "More.", Compare(VOLTS, "above", 52.0), (Wish(AMPERES, 18.0),))
    house = House(tmp_path)
    amperes = described(Number("amperes", "", only=(2, 10, 20)), writable=True)
    info = {"v": 1, "kind": "inverter", "name": "inverter", "entities": {"amperes": amperes}}
    house.broker.publish(f"{ROOT}/inverter/info", json.dumps(info), retain=True)
    house.start(policy=Policy("tested", "d", rules=(rule,), settle=10.0))
    try:
        await house.live(30)
        assert house.sent("amperes") == []
        decided = json.loads(house.broker.said(f"{ROOT}/rules/decisions")[-1])["outputs"]["inverter.amperes"]
        assert decided["code"] == "refused"
        assert (
            "the device does not take inverter.amperes 18 A; it takes one of 2, 10, 20" in decided["reason"]
        )
        events = [json.loads(one) for one in house.broker.said(f"{ROOT}/audit")]
        assert [one["status"] for one in events if one["what"] == "inverter/amperes"] == ["refused"]
    finally:
        await house.stop()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2m", 120),
        ("90s", 90),
        ("1h", 3600),
        ("4min", 240),
        ("1.5 h", 5400),
        ({"minutes": 4}, 240),
        ({"hours": 1, "minutes": 30}, 5400),
        ({"milliseconds": 500}, 0.5),
        ("00:04:00", 240),
        ("0:04:00.5", 240.5),
        ("1:30", 5400),
        ("36:00:00", 129600),
    ],
)
@pytest.mark.parametrize("place", ["for", "lasts", "settle", "grace", "grid"])
def test_a_duration_is_written_alike_everywhere(
    tmp_path: Path, written: str | dict[str, int], seconds: float, place: str
) -> None:
    assert seconds_of(written) == seconds
    text = json.dumps(written)
    if place == "grid":
        file = site(tmp_path)
        file.write_text(SITE.replace("grid_switch: {}", f"grid_switch: {{for: {text}}}"))
    elif place in ("for", "lasts"):
        file = site(tmp_path, "    then", f"    {place}: {text}\n    then")
    else:
        where = {
            "settle": f"settle: {text}",
            "grace": f"outputs: {{inverter.max_charging_current: {{grace: {text}}}}}",
        }
        file = site(tmp_path, "rules:", f"{where[place]}\nrules:")
    found = faults(file)
    most = {"grid": 3600, "settle": 3600, "for": 7 * 86400}
    too_long = seconds > most.get(place, 86400)
    assert bool(found) == too_long
    assert all("a duration of at least" in one for one in found)


@pytest.mark.parametrize(
    "written",
    [
        "4",
        "4 lightyears",
        "00:60:00",
        "-1min",
        "1m2",
        "",
        ":",
        {},
        {"minutes": -1},
        {"min": True},
        {"min": 10**400},
        90,
        None,
        [],
    ],
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="00:04:00"):
        seconds_of(written)


@given(st.floats(0, 1e6), st.sampled_from(sorted(UNITS)))
def test_a_count_of_units_is_that_many_seconds(count: float, unit: str) -> None:
    assert seconds_of(f"{count:.3f}{unit}") == pytest.approx(float(f"{count:.3f}") * UNITS[unit])
    assert seconds_of({unit: count}) == pytest.approx(count * UNITS[unit])
    assert written_seconds(count) == count
