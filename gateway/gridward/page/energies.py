"""Today's four figures and the stacked bar of who fed the house, as the site's energies say."""

from collections.abc import Mapping

from gridward.api.gateway import Gateway
from gridward.page import figures
from gridward.page.board import SITE
from gridward.page.parts import Tag

WORDS = {
    "pv_energy_today": "Produced",
    "load_energy_today": "Used",
    "grid_import_energy_today": "From grid",
    "grid_export_energy_today": "To grid",
}
SOURCES = ("sun", "battery", "grid")
NOTHING = "Today's energies appear when readings have been recorded."


def shares(energies: Mapping[str, float | None]) -> dict[str, float]:
    """The parts (adding up to 1) of the house's energy by source; none where not all are known."""
    fed = {name: value for name, value in energies.items() if value is not None}
    whole = sum(fed.values())
    return {name: value / whole for name, value in fed.items()} if whole > 0 else {}


class Energies:
    """The day so far."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        with Tag("section", dress="card today", aria_label="Today"):
            with Tag("dl", dress="figures"):
                self._figures = {key: self._figure(word) for key, word in WORDS.items()}
            with Tag("div", dress="stack", aria_hidden="true"):
                self._parts = {name: Tag("div", dress=name) for name in SOURCES}
            with Tag("div", dress="legend small soft"):
                self._legend = {name: Tag("span", "", name) for name in SOURCES}
        self.look()

    @staticmethod
    def _figure(word: str) -> Tag:
        with Tag("div"):
            Tag("dt", word)
            return Tag("dd", figures.DASH)

    def look(self) -> None:
        """Show what is so now; what is not known is a dash."""
        for key, shown in self._figures.items():
            shown.say(figures.energy(self._gateway.number(SITE, key)))
        found = shares({name: self._gateway.number(SITE, f"{name}_to_home_energy_today") for name in SOURCES})
        for name in SOURCES:
            share = found.get(name, 0.0)
            self._parts[name].set(style=f"width: {100 * share:.1f}%")
            self._legend[name].say(f"{figures.percent(100 * share)} {name}")
            self._legend[name].dress(name if found else "gone")
        if not found:
            first = self._legend["sun"]
            first.dress("")
            first.say(NOTHING)
