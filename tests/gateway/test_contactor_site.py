"""The contactor's company in a site file: generator, interlock, panel, drills; and what doctor says of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gridward.config import SiteFault, load
from gridward.drill import reports
from gridward.drill.processes import registered, running
from gridward.drill.steps import STEPS, Result, bound, unfit, unsafe
from gridward.site import Site
from gridward.survival import findings
from gridward_kit.point import Value

DAY = 86400.0
SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
buses:
  - {id: one, port: /dev/one, devices: [{id: inverter, integration: axpert}]}
  - {id: two, port: /dev/two, devices: [{id: bms, integration: daly}]}
devices:
  - {id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, feedback_pin: 16PAIRED}
  - {id: generator, integration: relay, driver: gpio, duty: generator, pin: 20, closed_when: high, OTHER}
roles: {pv: inverter, load: inverter, battery: bms, grid_switch: contactor}
rules: {mode: "on", grid_switch: {}}
generator: {interlock: hardware, name: Diesel}
panel: {led: 17, button: 27}
""".replace("PAIRED", ", interlock_with: generator").replace(
    "OTHER", "feedback_pin: 21, interlock_with: contactor"
)


def site(folder: Path, *swaps: tuple[str, str]) -> Site:
    text = SITE
    for before, after in swaps:
        assert before in text
        text = text.replace(before, after)
    path = folder / "site.yaml"
    path.write_text(text)
    return load(path)


def test_the_whole_site_is_taken(tmp_path: Path) -> None:
    home = site(tmp_path)
    assert home.panel is not None
    assert (home.panel.led, home.panel.button, home.panel.relay) == (17, 27, "contactor")
    assert "panel" in home.role_names()
    assert "panel" not in site(tmp_path, ("panel: {led: 17, button: 27}\n", "")).role_names()


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("generator: {interlock: hardware, name: Diesel}\n", "", "interlock: hardware"),
        ("interlock: hardware", "interlock: software", "`hardware`"),
        (", interlock_with: generator", "", "`interlock_with: generator` at `contactor`, too"),
        ("interlock_with: generator", "interlock_with: diesel", "the id of the other relay"),
        ("grid_switch: contactor", "grid_switch: generator", "not the generator's switch"),
        ("button: 27", "button: 26", "GPIO 26, in use by `contactor`"),
        ("led: 17", "led: 27", "a pin of its own"),
        ("led: 17", "led: 40", "from 0 to 27"),
        (", grid_switch: contactor", "", "a role `grid_switch`"),
        (
            "mqtt: {url: embedded}",
            "mqtt: {url: 'mqtt://pi.local'}\nhosts: {pi: [contactor], box: [panel]}",
            "panel and contactor on one host",
        ),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, before: str, after: str, fault: str) -> None:
    with pytest.raises(SiteFault) as told:
        site(tmp_path, (before, after))
    assert fault in "\n".join(map(str, told.value.faults))


def test_doctor_says_which_deaths_it_survives(tmp_path: Path) -> None:
    home = site(tmp_path)
    said = {what: good for good, what, _ in findings(home, 1e9)}
    words = "\n".join(said)
    for part in (
        "within 30 s",
        "ExecStopPost",
        "feedback contact",
        "opens by itself",
        "Diesel",
        "button on GPIO 27",
    ):
        assert part in words
    assert said["the contactor's drill: no drill was made yet"] is False
    assert said["contactor: nobody can release it on the page once it locked"] is False
    released = site(tmp_path, ("feedback_pin: 16,", "feedback_pin: 16, writable: true,"))
    assert (True, "contactor: a person can release it on the page once it locked", "") in findings(
        released, 1e9
    )
    without = list(findings(site(tmp_path, ("panel: {led: 17, button: 27}\n", "")), 1e9))
    assert any("no panel" in what for _, what, _ in without)


def result(after: float | None, skipped: str = "") -> Result:
    return Result("rules_hang", "The rules hang.", "2026-11-21T13:00:00.000Z", 40.0, after, skipped)


@pytest.mark.parametrize(
    ("after", "age", "good", "words"),
    [
        (12.0, 3, True, "3 days ago, passed"),
        (12.0, 181, False, "over 180 days"),
        (41.0, 3, False, "not passed"),
        (None, 3, False, "not passed"),
    ],
)
def test_the_last_drill_counts(
    tmp_path: Path, after: float | None, age: float, *, good: bool, words: str
) -> None:
    at = 1_795_000_000.0
    reports.write(tmp_path, at - 400 * DAY, "pi", "ann", [result(1.0)])
    file = reports.write(tmp_path, at, "pi", "ann", [result(after), result(None, "no logger")])
    standing, said = reports.standing(tmp_path, at + age * DAY)
    assert (standing, words in said) == (good, True)
    assert "left out" in file.with_suffix(".txt").read_text()
    (reports.folder(tmp_path) / "z.json").write_text("{half")
    assert [one.passed for one in reports.past(tmp_path)] == [True, good or age > 180]


def test_a_drill_that_tried_nothing_has_not_passed(tmp_path: Path) -> None:
    file = reports.write(tmp_path, 1e9, "pi", "ann", [result(None, "not wanted")])
    assert json.loads(file.read_text())["passed"] is False


WELL: dict[str, dict[str, Value]] = {
    "bms": {"soc": 70.0},
    "contactor": {"feedback": "islanded", "locked": False},
    "rules": {"mode": "on", "grid_present": "unknown"},
}


@pytest.mark.parametrize(
    ("device", "key", "value", "reason"),
    [
        ("bms", "soc", 39.0, "under 40 %"),
        ("bms", "soc", None, "does not say its level"),
        ("contactor", "feedback", None, "feedback contact"),
        ("contactor", "locked", True, "locked"),
        ("contactor", "locked", None, "locked"),
        ("rules", "mode", "observe", "not `on`"),
        ("rules", "grid_present", "absent", "grid is away"),
    ],
)
def test_what_is_unsafe_is_refused(device: str, key: str, value: Value | None, reason: str) -> None:
    assert not list(unsafe(WELL, "bms", "contactor"))
    known = {one: dict(values) for one, values in WELL.items()}
    known[device].pop(key)
    if value is not None:
        known[device][key] = value
    assert reason in "; ".join(unsafe(known, "bms", "contactor"))


def test_a_contactor_without_feedback_is_not_drilled(tmp_path: Path) -> None:
    home = site(tmp_path)
    assert list(unfit(home, critical_agreed=False)) == []
    alone = SITE.replace(", feedback_pin: 16", "").replace(", interlock_with: generator", "")
    alone = "\n".join(line for line in alone.splitlines() if "duty: generator" not in line)
    (tmp_path / "alone.yaml").write_text(alone)
    assert "no feedback contact" in "".join(unfit(load(tmp_path / "alone.yaml"), critical_agreed=False))


def test_every_step_has_a_bound_over_the_lease() -> None:
    assert all(bound(step, 30.0) > 30.0 for step in STEPS)


def test_a_process_is_known_while_it_lives(tmp_path: Path) -> None:
    with registered(tmp_path, ("rules",)):
        [one] = running(tmp_path)
        assert one.roles == ("rules",)
        file = tmp_path / "processes" / f"{one.pid}.json"
        content = json.loads(file.read_text())
        file.write_text(json.dumps({**content, "began": "1"}))
        assert running(tmp_path) == (), "another process that has its number now"
        assert not file.exists()
    assert running(tmp_path) == ()


def test_a_second_process_for_the_same_roles_is_turned_away(tmp_path: Path) -> None:
    child = "import sys; from pathlib import Path; from gridward.drill.processes import registered\n"
    child += "with registered(Path(sys.argv[1]), ('rules', 'http')): print('here', flush=True); input()"
    command = [sys.executable, "-c", child, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"here\n"
        with pytest.raises(ValueError, match=f"process {other.pid} runs rules of this site"):
            registered(tmp_path, ("bus:one", "rules")).__enter__()
        with registered(tmp_path, ("bus:one",)):
            assert len(running(tmp_path)) == 2
        file = tmp_path / "processes" / f"{other.pid}.json"
        before = {**json.loads(file.read_text()), "boot": "another"}
        file.write_text(json.dumps(before))
        assert running(tmp_path) == (), "it ran before the computer was started anew"
        other.communicate(b"\n")


STARTS = """\
version: 1
policy: own
rules:
  - id: start
    says: The bank is nearly empty.
    when: {battery.soc: {below: 15}}
    for: {minutes: 5}
    then: {generator.feed_house: true}
"""


def test_rules_start_a_generator_only_where_that_is_stated(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(STARTS)
    rules = ('rules: {mode: "on", grid_switch: {}}', 'rules: {mode: "on", grid_switch: {}, policy: own.yaml}')
    watched = ("interlock_with: contactor", "interlock_with: contactor, writable: true")
    with pytest.raises(SiteFault) as told:
        site(tmp_path, rules, watched)
    assert "a generator that only people start, or `level: 2`" in str(told.value.faults[0])
    stated = site(tmp_path, rules, (watched[0], f"{watched[1]}, level: 2"))
    assert stated.rules.policy is not None
    doubts = [what for good, what, _ in findings(stated, 1e9) if "never start it" in what and not good]
    assert doubts == [
        "Diesel: rules never start it: nobody says, with the contactor open, whether the grid is there"
    ]
    assert [ref.said for ref in stated.rules.policy.steered] == ["generator.feed_house"]


@pytest.mark.parametrize("key", ["position", "release"])
def test_rules_never_steer_the_contactor_itself(tmp_path: Path, key: str) -> None:
    (tmp_path / "own.yaml").write_text(STARTS.replace("generator.feed_house", f"contactor.{key}"))
    with pytest.raises(SiteFault, match="the contactor follows the conditions"):
        site(
            tmp_path,
            (
                'rules: {mode: "on", grid_switch: {}}',
                'rules: {mode: "on", grid_switch: {}, policy: own.yaml}',
            ),
            ("feedback_pin: 16,", "feedback_pin: 16, writable: true,"),
        )


def test_a_load_is_no_contactor(tmp_path: Path) -> None:
    load_switch = "{id: pump, integration: relay, driver: gpio, duty: load, pin: 5, closed_when: high}"
    more = ("roles:", f"  - {load_switch}\nroles:")
    assert any("stays as it is" in what for _, what, _ in findings(site(tmp_path, more), 1e9))
    with pytest.raises(SiteFault, match="not a load's switch"):
        site(tmp_path, more, ("grid_switch: contactor}", "grid_switch: pump}"))
