"""A recorded week, decided again by the same rules: each decision comes out as it did."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
from gateway.rehearsed import written
from gateway.test_replay import BANK, INVERTER, SETTINGS, STORY, Night, of

from gridward.rehearsal.replay import replay
from gridward.rehearsal.sites import trial_of
from gridward_kit.point import Value
from gridward_kit.testing import START

DAY = 86400
LASTS = round(float(os.environ.get("DAYS") or 7) * DAY)
MORNING: Mapping[str, Mapping[str, Value]] = {"bms": BANK, "inverter": INVERTER, "settings": SETTINGS}


def days(chance: Random) -> Iterator[tuple[int, Mapping[str, Mapping[str, Value]]]]:
    """The story of one night on each day, by other pauses each time, and all as before in the morning."""
    for morning in range(0, LASTS, DAY):
        at = morning
        yield at, MORNING
        for change in STORY.values():
            at += chance.randint(300, DAY // 6)
            yield at, change


@pytest.mark.soak
def test_a_recorded_week_is_decided_alike(tmp_path: Path) -> None:
    """DAYS=1 for one; a day takes some minutes."""
    story = dict(days(Random(7)))
    week = Night(tmp_path, trial_of(written(tmp_path)).site, story, LASTS)
    asyncio.run(week.live_through())
    week.store()
    found = replay(week.site, START, START + LASTS)
    assert of(found.now) == of(found.then)
    assert found.only_now == found.only_then == ()
    assert {one.what for one in found.then} >= {"grid_switch", "inverter/output_source_priority"}
    print(f"{LASTS / DAY:g} days: {found.alike} decisions, all alike")
