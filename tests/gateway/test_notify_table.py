"""Each alarm of the table: what raises it, what clears it, what leaves it as it is, and its sentence."""

from dataclasses import replace

import pytest

from gridward.notify.core import Found, Row
from gridward.notify.scene import Scene, Seen
from gridward.notify.table import ROWS
from gridward_kit.point import Value

BY_KEY = {row.key: row for row in ROWS}


def seen(kind: str, values: dict[str, Value], identifier: str = "one", **left: float) -> Seen:
    return Seen(id=identifier, name="The one", kind=kind, answers=True, silent=0.1, values=values, left=left)


def scene(*devices: Seen, **more: object) -> Scene:
    return replace(Scene(devices={one.id: one for one in devices}), **more)  # type: ignore[arg-type]


def look(key: str, at: Scene) -> list[Found]:
    return list(BY_KEY[key].look(at))


RELAY = seen("relay", {"position": "connected", "feedback": "connected", "locked": False}, "contactor")
ISLANDED = seen("relay", {"position": "islanded", "feedback": "islanded", "locked": False}, "contactor")
ROLES = {"load": "one", "grid_switch": "contactor"}
AWAY = replace(seen("battery", {}), answers=False, silent=75.0)
CASES: list[tuple[str, Scene, Scene, Scene | None, str]] = [
    (
        "silent",
        scene(AWAY, expected={"one": "BMS"}),
        scene(seen("battery", {"soc": 5}), expected={"one": "BMS"}),
        scene(AWAY, expected={"one": "BMS"}, broker=False),
        "BMS has not answered for 75 s.",
    ),
    (
        "silent",
        scene(expected={"one": "BMS"}),
        scene(seen("battery", {"soc": 5}), expected={"one": "BMS"}),
        None,
        "BMS has not answered since the gateway started.",
    ),
    (
        "grid_lost",
        scene(seen("rules", {"grid_present": "absent"}, "rules")),
        scene(seen("rules", {"grid_present": "present"}, "rules")),
        scene(seen("rules", {"grid_present": "unknown"}, "rules")),
        "The grid is gone.",
    ),
    (
        "grid_lost",
        scene(seen("inverter", {"grid_voltage": 0.0}), RELAY, roles=ROLES),
        scene(seen("inverter", {"grid_voltage": 231.0}), RELAY, roles=ROLES),
        scene(seen("inverter", {"grid_voltage": 0.0}), ISLANDED, roles=ROLES),
        "The grid is gone.",
    ),
    (
        "grid_lost",
        scene(seen("inverter", {"grid_voltage": 0.0}), roles={"load": "one"}),
        scene(seen("inverter", {"grid_voltage": 231.0}), roles={"load": "one"}),
        scene(seen("inverter", {"grid_voltage": 0.0}), roles=ROLES),
        "The grid is gone.",
    ),
    (
        "cell_spread",
        scene(seen("battery", {"cell_spread": 0.12})),
        scene(seen("battery", {"cell_spread": 0.02})),
        scene(seen("battery", {"cell_spread": 0.08})),
        "The cells of The one are 120 mV apart.",
    ),
    (
        "string_zero",
        scene(seen("inverter", {"pv_power": 900.0, "pv2_power": 0.0})),
        scene(seen("inverter", {"pv_power": 900.0, "pv2_power": 800.0})),
        scene(seen("inverter", {"pv_power": 200.0, "pv2_power": 0.0})),
        "String 2 of The one gives 0 W in sunshine.",
    ),
    (
        "string_zero",
        scene(seen("inverter", {"pv_power": 0.0}), sun=40.0),
        scene(seen("inverter", {"pv_power": 50.0}), sun=40.0),
        scene(seen("inverter", {"pv_power": 0.0}), sun=5.0),
        "The string of The one gives 0 W in sunshine.",
    ),
    (
        "rule",
        scene(seen("rules", {"alarm_contract_exceeded": True}, "rules")),
        scene(seen("rules", {"alarm_contract_exceeded": False, "mode": "on"}, "rules")),
        None,
        "Contract exceeded.",
    ),
    (
        "low_soc",
        scene(seen("site", {"soc": 12.0}, "site")),
        scene(seen("site", {"soc": 40.0}, "site")),
        scene(seen("site", {"soc": 17.0}, "site")),
        "The battery is at 12 %.",
    ),
    (
        "temperature",
        scene(seen("battery", {"temperature_max": 56})),
        scene(seen("battery", {"temperature_max": 30})),
        scene(seen("battery", {"temperature_max": 47})),
        "The one is at 56 °C.",
    ),
    (
        "temperature",
        scene(seen("inverter", {"heat_sink_temperature": 91})),
        scene(seen("inverter", {"heat_sink_temperature": 41})),
        scene(seen("inverter", {"heat_sink_temperature": 80})),
        "The one is at 91 °C.",
    ),
    (
        "problem",
        scene(seen("inverter", {"problem": True, "warnings": "fan locked"})),
        scene(seen("inverter", {"problem": False})),
        scene(seen("inverter", {"power": 4.0})),
        "The one reports a fault: fan locked.",
    ),
    (
        "problem",
        scene(seen("inverter", {"mode": "fault"})),
        scene(seen("inverter", {"mode": "line"})),
        None,
        "The one reports a fault: it does not say which.",
    ),
    (
        "contactor",
        scene(seen("relay", {"position": "islanded", "feedback": "connected"}, "contactor")),
        scene(RELAY),
        scene(seen("relay", {"position": "islanded"})),
        "The one is not as it should be: told islanded, stands connected.",
    ),
    (
        "contactor",
        scene(seen("relay", {"locked": True, "reason": "4 changes in an hour"})),
        scene(seen("relay", {"locked": False})),
        None,
        "The one is not as it should be: 4 changes in an hour.",
    ),
    (
        "write_budget",
        scene(seen("inverter", {"mode": "line"}, float_voltage=0.15)),
        scene(seen("inverter", {"mode": "line"}, float_voltage=0.9)),
        scene(seen("inverter", {"mode": "line"}, float_voltage=0.3)),
        "85% of the writes for float voltage of The one are used.",
    ),
    ("disk", scene(disk=0.86), scene(disk=0.5), scene(disk=0.83), "The disk is 86% full."),
    ("clock", scene(clock=False), scene(clock=True), scene(clock=None), "The clock is not synchronised."),
    ("broker", scene(broker=False), scene(broker=True), None, "The broker does not answer."),
    (
        "store",
        scene(recorder=True, store="the disk is full"),
        scene(recorder=True),
        scene(recorder=None),
        "Nothing is recorded: the disk is full.",
    ),
    (
        "store",
        scene(recorder=False),
        scene(recorder=True),
        scene(recorder=False, broker=False),
        "Nothing is recorded: the recorder does not run.",
    ),
    (
        "behind",
        scene(behind={"influx/home": (7200.0, "it is away")}),
        scene(behind={"influx/home": (0.0, "")}),
        scene(behind={"influx/home": (2000.0, "")}),
        "The database influx/home is 2 h behind, it is away.",
    ),
    (
        "drill",
        scene(drill=200.0),
        scene(drill=3.0),
        scene(drill=None),
        "The last drill of the contactor was 200 days ago; do `gridward relay drill`.",
    ),
    (
        "channel",
        scene(channels={"mail": "no way there"}),
        scene(channels={"mail": None}),
        None,
        "mail takes no message: no way there.",
    ),
]


@pytest.mark.parametrize(("key", "bad", "good", "between", "words"), CASES)
def test_an_alarm_is_raised_and_cleared_and_between_nothing_turns(
    key: str, bad: Scene, good: Scene, between: Scene | None, words: str
) -> None:
    (raised,) = [found for found in look(key, bad) if found.bad]
    assert not raised.good
    assert BY_KEY[key].raised.format(name=raised.name, value=raised.value) == words
    cleared = [found for found in look(key, good) if found.place == raised.place]
    assert [(found.bad, found.good) for found in cleared] == [(False, True)]
    if between is not None:
        assert not any(found.bad or found.good for found in look(key, between) if found.place == raised.place)


def test_every_alarm_of_the_table_has_its_case() -> None:
    assert {case[0] for case in CASES} == set(BY_KEY)
    assert len(BY_KEY) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_of_an_empty_site_nothing_is_wrong(row: Row) -> None:
    assert not any(found.bad for found in row.look(Scene()))
    assert row.hold > 0
    assert row.settle > 0
