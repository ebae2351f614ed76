"""What the audit answers: `verify`, `list`, `export` and `why`, on the files alone."""

import json
from pathlib import Path

import pytest
from follower_bench import Following, Influx
from typer.testing import CliRunner

from gridward.audit.snapshot import snapshot
from gridward.audit.trail import Event as Happened
from gridward.audit.trail import Trail, files, folder_of
from gridward.audit.why import contactor, setting, why
from gridward.cli import app
from gridward.recorder.history import Event
from gridward.recorder.lines import annotations
from gridward.recorder.store import Store
from gridward.rules.inputs import Source
from gridward.site import Database
from gridward_kit.clock import iso
from gridward_kit.kept import Json

START = 1_795_003_200.0
SITE = """version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1"}
buses:
  - {id: line, port: "socket://127.0.0.1:1", devices: [{id: inverter, integration: axpert}]}
"""


def event(at: float, what: str, by: str, status: str, **more: Json) -> Event:
    content: dict[str, Json] = {"v": 1, "at": iso(at), "what": what, "by": by, "status": status, **more}
    return Event(at, content)


STORY = [
    event(START, "contactor/position", "lease", "ordered", before="connected", after="islanded",
          reason="renewed by the rules"),
    event(START + 600, "rules/decision", "rules", "decided", before="islanded", after="connected",
          reason="battery at 51.0 V, under 51.2 V for 4 minutes",
          inputs={"battery.voltage": [51.04, 1.5], "grid.voltage": [None, None]},
          suppressed=["stay_on_sun"], policy="house", digest="0123456789abcdef"),
    event(START + 601, "contactor/position", "lease", "ordered", before="islanded", after="connected",
          reason="the rules did not renew"),
    event(START + 900, "rules/grid_override", "page:192.0.2.7", "refused", asked="islanded", value="auto",
          reason="a cell is at 2.70 V"),
    event(START + 1000, "inverter/output_source_priority", "rules:night", "decided",
          before="SUB", after="SBU", reason="it is night", inputs={"battery.soc": [80, 2.0]}),
    event(START + 1002, "inverter/output_source_priority", "rules:business", "confirmed", asked="SBU",
          before="SUB", value="SBU", reason=""),
    event(START + 1100, "inverter/output_source_priority", "page:192.0.2.7", "failed", asked="USB",
          before="SBU", value="SBU", reason="no answer"),
]  # fmt: skip


def said(events: list[Event], now: float = START + 4200) -> str:
    return " ".join(why(contactor("contactor"), events, now, lambda at: f"t{at - START:.0f}"))


def test_why_the_contactor_stands_as_it_does() -> None:
    told = said(STORY)
    assert told.startswith("The contactor is connected since t601 (60 min ago).")
    assert "The contactor's lease did it. The rules did not renew." in told
    assert "The rules decided at t600: Battery at 51.0 V, under 51.2 V for 4 minutes." in told
    assert (
        "Read then, under 2 s before where no age is said: battery.voltage 51.04, grid.voltage not known."
        in told
    )
    assert "Held back: stay_on_sun." in told
    assert "Policy: house (0123456789ab)." in told
    assert said(STORY[:1]) == (
        "The contactor is islanded since t0 (70 min ago). The contactor's lease did it. Renewed by the rules."
    )
    assert said([]) == "The audit tells of no change of the contactor."
    assert said(STORY[1:2]).startswith(
        "The audit tells of no change of the contactor. "
        "The rules decided at t600: connected. Battery at 51.0 V, under 51.2 V for 4 minutes."
    )


def test_why_a_setting_stands_as_it_does_and_what_was_tried_since() -> None:
    subject = setting("inverter", "output_source_priority")
    told = why(subject, STORY, START + 1200, lambda at: f"t{at - START:.0f}")
    assert told == [
        "inverter output source priority is SBU since t1002 (3 min ago).",
        "The rules did it. The rule night decided at t1000: It is night.",
        "Read then, under 2 s before where no age is said: battery.soc 80 (2 s old).",
        "At t1100 a person at the page (192.0.2.7) asked for USB: failed, no answer.",
    ]


def test_a_proposal_that_a_person_approved_is_the_reason() -> None:
    what = "inverter/output_source_priority"
    story = [
        event(
            START, what, "page:192.0.2.7", "proposal_approved", before="SUB", after="SBU", reason="Cheap now."
        ),
        event(START + 2, what, "rules:optimisation", "confirmed", before="SUB", value="SBU", reason=""),
    ]
    told = why(
        setting("inverter", "output_source_priority"), story, START + 60, lambda at: f"t{at - START:.0f}"
    )
    assert told[1].endswith("A person at the page (192.0.2.7) decided at t0: Cheap now.")


def test_who_approved_is_told_beside_the_rule_that_wrote() -> None:
    what = "inverter/output_source_priority"
    step = {"before": "SUB", "after": "SBU", "reason": "Cheap now."}
    story = [
        event(START, what, "page:192.0.2.7", "proposal_approved", rule="cheap", **step),
        event(START + 1, what, "rules:cheap", "decided", **step),
        event(START + 2, what, "rules:optimisation", "confirmed", before="SUB", value="SBU", reason=""),
    ]
    subject = setting("inverter", "output_source_priority")
    assert why(subject, story, START + 60, lambda at: f"t{at - START:.0f}")[1:] == [
        "The rules did it. The rule cheap decided at t1: Cheap now.",
        "A person at the page (192.0.2.7) approved it at t0.",
    ]
    other = [event(START, what, "page:192.0.2.7", "proposal_approved", rule="other", **step), *story[1:]]
    assert "approved" not in " ".join(why(subject, other, START + 60, iso))


def filled(folder: Path) -> Path:
    path = folder / "site.yaml"
    path.write_text(SITE)
    trail = Trail(folder_of(folder / "gridward.db"), 8192)
    for one in STORY:
        trail.append([Happened(round(one.at * 1000), 1.0, one.content)])
    store = Store(folder / "gridward.db")
    store.copy_audit(trail)
    store.close()
    trail.close()
    return path


def run(site: Path, *words: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, [*words, "--site", str(site)])
    assert done.exit_code == status, done.output
    return done.output


def test_the_command_line_lists_filters_exports_and_answers(tmp_path: Path) -> None:
    site = filled(tmp_path)
    assert "7 entries, none changed; 7 compared" in run(site, "audit", "verify")
    assert len(run(site, "audit", "list").splitlines()) == len(STORY)
    assert len(run(site, "audit", "list", "--by", "page:").splitlines()) == 2
    later = iso(START + 1000)
    found = [json.loads(line) for line in run(site, "audit", "list", "--from", later, "--json").splitlines()]
    assert [one["status"] for one in found] == ["decided", "confirmed", "failed"]
    assert len(run(site, "audit", "list", "--what", "contactor/", "--to", later).splitlines()) == 2
    exported = run(site, "audit", "export").splitlines()
    assert [json.loads(line)["number"] for line in exported] == list(range(1, 8))
    assert "The contactor is connected since 2026-11-18" in run(site, "why", "contactor")
    assert "output source priority is SBU" in run(site, "why", "inverter", "output_source_priority")
    assert "say which setting" in run(site, "why", "inverter", status=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace(b"page:192.0.2.7", b"page:192.0.2.8", 1), "entry 4 was edited"),
        (lambda text: b"\n".join(text.split(b"\n")[1:]), "entry 1 is not in its place"),
        (lambda text: b"\n".join(text.split(b"\n")[:6]) + b"\n", "entry 7 is deleted at the end"),
    ],
)
def test_verify_names_the_entry_with_status_3(tmp_path: Path, change: object, words: str) -> None:
    site = filled(tmp_path)
    (path,) = [one for one in files(folder_of(tmp_path / "gridward.db")) if one.read_bytes().strip()]
    assert callable(change)
    path.write_bytes(change(path.read_bytes().rstrip(b"\n") + b"\n"))
    assert words in run(site, "audit", "verify", status=3)


def test_no_audit_yet_is_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    assert "there is no audit yet" in run(tmp_path / "site.yaml", "audit", "verify", status=3)


def test_annotations_of_one_moment_stay_apart() -> None:
    told = annotations("home", [(5, dict(STORY[0].content)), (5, dict(STORY[2].content))])
    assert told[0].startswith("audit,site=home,device=contactor text=")
    assert [line.rpartition(" ")[2] for line in told] == ["5", "6"]


async def test_events_reach_influxdb_as_annotations_once(tmp_path: Path) -> None:
    server = Influx(tmp_path)
    server.start()
    try:
        server.tell("CREATE DATABASE solar")
        place = Following(tmp_path, Database(server.url, 1, "solar"))
        trail = Trail(folder_of(place.path), 8192)
        for one in STORY:
            trail.append([Happened(round(one.at * 1000), 1.0, one.content)])
        place.store.copy_audit(trail)
        for _ in range(3):
            place.pass_by(10, {"soc": 80})
            await place.catch_up()
        rows = server.rows('SELECT text, status, "by", device, site FROM audit')
        assert [row["status"] for row in rows] == [one.content["status"] for one in STORY]
        assert [row["time"] for row in rows] == [round(one.at * 1000) for one in STORY]
        assert rows[2]["text"] == "contactor/position islanded → connected: the rules did not renew"
        assert (rows[3]["device"], rows[3]["by"], rows[3]["site"]) == ("rules", "page:192.0.2.7", "home")
        place.store.close()
        place.open()
        await place.catch_up()
        assert place.store.owed_events(place.database.name, 9) == [], "where it stands outlives a restart"
        place.store.close()
        trail.close()
    finally:
        server.stop()


def test_what_the_grid_switch_saw_is_told_with_ages() -> None:
    sources = {
        "battery": Source(
            "the BMS", fresh=True, age=0.44, values={"voltage": 51.2}, keys=frozenset({"voltage", "soc"})
        ),
        "inverter": Source("the inverter", age=70.0, values={"mode": "line"}, keys=frozenset({"mode"})),
        "required:fridge": Source("the fridge"),
    }
    assert snapshot(sources) == {
        "battery.voltage": [51.2, 0.4],
        "battery.soc": [None, 0.4],
        "inverter.mode": [None, 70.0],
        "required:fridge": [None, None],
    }
