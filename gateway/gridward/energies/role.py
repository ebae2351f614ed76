"""Feeds the energies of the site from its devices' fresh values, and keeps them in the store."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from gridward.energies import stored
from gridward.energies.core import Sample, Settings, State, step
from gridward.energies.entities import rows, shown
from gridward.recorder.trouble import Faulty, explain
from gridward.rules.inputs import Source
from gridward_kit.clock import Clock
from gridward_kit.point import Value
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

KEEP_EVERY = 30.0
FIRST = 5.0  # the recorder opens the store first, and makes or migrates it
MOST_COUNTED = 1e9  # kWh

FLOWS = {"pv": "pv_power", "load": "load_power", "battery": "battery_power", "grid": "grid_power"}
COUNTERS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("pv", "inverter"): {"pv": "pv_energy"},
    ("pv", "meter"): {"pv": "import_energy"},
    ("load", "inverter"): {"load": "load_energy"},
    ("load", "meter"): {"load": "import_energy"},
    ("grid", "meter"): {"grid_import": "import_energy", "grid_export": "export_energy"},
}
"""The counter of each energy, by role and kind of who plays it."""


class Energies:
    """The energies of one site. What is shown is on disk: not even a power cut makes a counter fall."""

    def __init__(self, store: Path, clock: Clock, settings: Settings) -> None:
        self.rows = rows(None if settings.tariff is None else settings.tariff.currency)
        self.keys = frozenset(row.key for row in self.rows)
        self._store, self._clock, self._settings = store, clock, settings
        self._state: State | None = None
        self._told = ""

    def take(
        self, flows: Mapping[str, Value], sources: Mapping[str, Source], price: float | None = None
    ) -> None:
        """Take in the site's powers of this moment, the counters of who measures them, and the price of a
        kWh where a list tells it."""
        if self._state is None:
            return
        powers = {name: float(flows[key]) for name, key in FLOWS.items() if key in flows}
        now = self._clock.time()
        wall = now if now >= SANE else None
        sample = Sample(self._clock.monotonic(), wall, powers, counters(sources), price)
        self._state = step(self._state, sample, self._settings)

    async def keep(self) -> dict[str, Value] | None:
        """Load or save; the values that are on disk now, None where the store does not take them."""
        state = self._state
        try:
            if state is None:
                self._state = state = await asyncio.to_thread(stored.load, self._store)
            else:
                await asyncio.to_thread(stored.save, self._store, state)
        except Faulty as error:
            trouble = explain(error)
            self._tell(f"energies: {trouble.reason}; {trouble.remedy}")
            return None
        except ValueError as error:
            self._tell(f"energies: {error}; the row of the store's table `energies` is broken, remove it")
            return None
        self._told = ""
        return shown(state)

    def end(self) -> None:
        """Save what came since the last time, before the program ends."""
        if self._state is not None:
            try:
                stored.save(self._store, self._state)
            except Faulty as error:
                self._tell(f"energies: {explain(error).reason}")

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            log.error("%s", sentence)
        self._told = sentence


def counters(sources: Mapping[str, Source]) -> dict[str, float]:
    """The fresh counters in Wh by energy."""
    found: dict[str, float] = {}
    for role, source in sources.items():
        for energy, key in COUNTERS.get((role, source.kind or ""), {}).items():
            value = source.number(key, 0.0, MOST_COUNTED)
            if value is not None:
                found[energy] = 1000 * value
    return found
