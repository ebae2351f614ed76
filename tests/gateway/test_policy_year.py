"""Each shipped policy, and all of them together, keeps its limits: a day of each season, and a whole year.

Writes of settings, changes of the contactor, the bank's cells, and power for the house.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from gateway.rehearsed import written

from gridward.planning.slots import Schedule, Slot
from gridward.policies.rulefile import shipped
from gridward.rehearsal.sites import trial_of
from gridward.rehearsal.tally import Result
from gridward.rehearsal.trial import Span, Trial, rehearse

BUDGET = 20  # writes of one setting a day
YEARLY = 7320  # writes that the settings' memory is meant to bear in a year
FEW = 4  # writes of one setting a day, on the mean of many days
WAIT = 4.0  # minutes that the grid switch waits on a low bank
SEASONS = (date(2026, 1, 10), date(2026, 3, 28), date(2026, 6, 20), date(2026, 10, 24))
QUARTERS = (date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1))
TOGETHER = "axpert-lifepo4-16s, peak-shaving, reserve-and-shed, schedule, tariff"
POLICIES = (*shipped(), TOGETHER)
NIGHT = 'tariff: {currency: EUR, import: 0.30, windows: [{from: "22:00", to: "06:00", import: 0.12}]}'
CONTROLLER = """\
  - {id: more, port: /dev/serial/by-path/more, devices: [{id: controller, integration: srne, writable: true}]}
"""
LOADS = """\
loads:
  - {id: pump, device: controller, entity: dc_load, priority: 3}
plant: {loads: {pump: 60}}
"""


def trial(folder: Path, policies: str) -> Trial:
    """The demo's house with what these policies need: a cheap night, loads to shed, a bank of their cells."""
    file = written(folder)
    text = file.read_text().replace("policy: axpert-lifepo4-16s", f"policies: [{policies}]", 1)
    text = re.sub("^tariff: .*$", NIGHT, text, flags=re.MULTILINE)
    text = re.sub("connect_below: .*, logger", "logger", text)  # its defaults: they follow the policy's cells
    if "reserve-and-shed" in policies:
        text = (
            text.replace("devices:\n  - id: contactor", f"{CONTROLLER}devices:\n  - id: contactor", 1) + LOADS
        )
    file.write_text(text)
    found = trial_of(file)
    policy = found.site.rules.policy
    assert policy is not None
    cells = policy.cells or 16
    plant = replace(found.site.plant, cells=cells, battery_kwh=14.336 * cells / 16)
    return replace(found, site=replace(found.site, plant=plant))


def nightly(span: Span, found: Trial) -> Schedule:
    """Charge each night for an hour, discharge each evening."""

    def slots() -> Iterator[Slot]:
        for number in range(span.days):
            day = datetime.combine(span.start, datetime.min.time(), found.site.time_zone)
            begin = (day + timedelta(days=number)).timestamp()
            yield Slot(begin + 2 * 3600, begin + 3 * 3600, "charge", 1500.0)
            yield Slot(begin + 18 * 3600, begin + 20 * 3600, "discharge")

    return tuple(slots())


def lived(folder: Path, policies: str, *spans: Span) -> list[Result]:
    found = trial(folder, policies)
    slots = "schedule" in policies
    return [rehearse(replace(found, slots=nightly(span, found)) if slots else found, span) for span in spans]


def keeps_its_limits(found: Result) -> None:
    """What holds of any time. Nothing was refused, so the devices' own budget was kept, too."""
    assert found.refused == {}
    assert all(count <= BUDGET * found.length for count in found.writes.values()), found.writes
    assert found.switches_hour <= 4
    assert found.switches_day <= 12
    assert found.low_minutes <= WAIT + 1
    assert found.cell_min > 2.8
    assert found.unserved < 0.01 * found.load


def told(policies: str, results: list[Result]) -> None:
    days = sum(one.length for one in results)
    writes = sum(sum(one.writes.values()) for one in results)
    changes = sum(len(one.switches) for one in results)
    print(f"{policies}: {days} days, {writes} writes, {changes} changes of the contactor")


@pytest.mark.parametrize("policies", POLICIES)
def test_a_day_of_each_season_keeps_the_limits(tmp_path: Path, policies: str) -> None:
    results = lived(tmp_path, policies, *(Span(days=1, start=start) for start in SEASONS))
    for found in results:
        keeps_its_limits(found)
    told(policies, results)


@pytest.mark.soak
@pytest.mark.parametrize("quarter", range(4))
@pytest.mark.parametrize("policies", POLICIES)
def test_a_year_keeps_the_limits_and_needs_little_of_the_budget(
    tmp_path: Path, policies: str, quarter: int
) -> None:
    """A quarter each time: a test that runs for more than five minutes is taken for one that hangs."""
    start, end = QUARTERS[quarter : quarter + 2]
    (found,) = lived(tmp_path, policies, Span(days=(end - start).days, start=start))
    told(policies, [found])
    keeps_its_limits(found)
    assert sum(found.writes.values()) <= YEARLY / 4
    assert all(count <= FEW * found.length for count in found.writes.values()), found.writes


def test_a_policy_that_writes_at_every_chance_would_be_seen(tmp_path: Path) -> None:
    """The limits are such as a bad policy runs into."""
    (tmp_path / "own.yaml").write_text("""\
version: 1
policy: own
outputs: {inverter.output_source_priority: {per_day: 1000, apart: 1s}}
rules:
  - id: there
    says: There.
    when: {inverter.output_source_priority: SBU}
    then: {inverter.output_source_priority: USB}
  - id: back
    says: And back.
    when: {inverter.output_source_priority: USB}
    then: {inverter.output_source_priority: SBU}
""")
    found, free = lived(tmp_path, "own.yaml", Span(days=1), Span(days=1, limited=False))
    assert len(found.refused) == 1, "one setting, one reason"
    assert sum(found.refused.values()) > 200
    with pytest.raises(AssertionError):
        keeps_its_limits(found)
    assert free.refused == {}
    assert free.beyond > 900
    with pytest.raises(AssertionError):
        keeps_its_limits(free)
