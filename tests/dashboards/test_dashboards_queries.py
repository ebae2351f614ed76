"""Every query of every dashboard against a real InfluxDB with three days of the simulated site in it."""

from dashboards.asked import answer, filled, queries, shown, variables
from dashboards.lived import FLATS, Lived

from gridward_dashboards.written import FOLDERS

DASHBOARDS = [one for several in FOLDERS.values() for one in several]
TAGS = {"time", "site", "device", "integration"}


def test_every_query_answers_and_no_column_is_empty(lived: Lived) -> None:
    wrong, count = [], 0
    for dashboard in DASHBOARDS:
        for asked in queries(dashboard):
            count += 1
            rows = answer(lived.influx, asked.text)
            names = {key for row in rows for key in row} - TAGS
            wanted = {name for _, _, name in asked.columns}
            missing = {name for name in wanted | names if not shown(rows, name)}
            if not rows or missing:
                wrong.append(f"{asked.dashboard}: {asked.panel}: {sorted(missing)} of {asked.text}")
    assert wrong == []
    assert count > 200


def test_variables_offer_the_devices_of_their_kind(lived: Lived) -> None:
    offered = {}
    for dashboard in DASHBOARDS:
        templating = dashboard.content()["templating"]
        assert isinstance(templating, dict)
        listed = templating["list"]
        assert isinstance(listed, list)
        for variable in listed:
            assert isinstance(variable, dict)
            if variable["type"] == "query":
                rows = answer(lived.influx, filled(str(variable["query"]), variables(dashboard)))
                offered[dashboard.name, variable["name"]] = sorted(str(row["value"]) for row in rows)
    meters = sorted([f"flat_{number:02}" for number in range(1, FLATS + 1)] + ["grid_meter", "house_meter"])
    assert offered == {
        **{(dashboard.name, "site"): ["home"] for dashboard in DASHBOARDS},
        ("axpert", "device"): ["inverter"],
        ("axpert-one-click", "device"): ["inverter"],
        ("site", "inverter"): ["hybrid", "inverter"],
        ("site-one-click", "inverter"): ["hybrid", "inverter"],
        ("older", "inverter"): ["hybrid", "inverter"],
        ("srne", "device"): ["hybrid"],
        ("bms", "device"): ["bms"],
        ("meters", "device"): meters,
        ("health", "device"): ["bms", "grid_meter", "inverter", "recorder"],
    }


def test_annotations_are_the_audits_events(lived: Lived) -> None:
    found: dict[str, list[str]] = {}
    for dashboard in DASHBOARDS:
        annotations = dashboard.content()["annotations"]
        assert isinstance(annotations, dict)
        listed = annotations["list"]
        assert isinstance(listed, list)
        for one in listed:
            assert isinstance(one, dict)
            target = one["target"]
            assert isinstance(target, dict)
            rows = answer(lived.influx, filled(str(target["query"]), variables(dashboard)))
            assert all(str(row[str(target["textColumn"])]) for row in rows)
            found[str(one["name"])] = [str(row["what"]) for row in rows]
    assert found == {
        "Switches": ["rules/decision"],
        "Commands": ["inverter/output_source_priority", "inverter/charger_source_priority"],
        "Faults": ["rules/alarm_cells"],
    }


def test_for_a_device_that_is_absent_they_answer_with_nothing(lived: Lived) -> None:
    """So that a panel's own words for that stand."""
    for dashboard in DASHBOARDS:
        for asked in queries(dashboard, "nobody"):
            if "/^nobody$/" in asked.text:
                assert answer(lived.influx, asked.text) == [], asked.text
        for asked in queries(dashboard):
            nowhere = filled(asked.raw, {**variables(dashboard), "site": "nowhere"})
            assert answer(lived.influx, nowhere) == [], nowhere


def test_a_value_of_yesterday_does_not_pass_for_one_of_now(lived: Lived) -> None:
    """Two hours after the last reading the panels of what is now say that nothing is there."""
    two_hours = 7_200_000
    count = 0
    for dashboard in DASHBOARDS:
        given = variables(dashboard)
        for asked in queries(dashboard):
            if "${__to}ms - 15m" in asked.raw:
                end = lived.moments[-1].at + two_hours
                assert answer(lived.influx, filled(asked.raw, given, span=(lived.moments[0].at, end))) == []
                count += 1
    assert count > 80
