"""Who changed what, when, and what came of it."""

import logging

from nicegui import ui

from gridward.api.gateway import Gateway
from gridward.api.told import told_why
from gridward.audit.why import explained
from gridward.page import figures, sentences
from gridward.page.parts import Tag
from gridward.recorder.history import Event

log = logging.getLogger(__name__)

SPAN = 7 * 86400.0
MOST = 200
AGAIN = 3.0
TONES = {"confirmed": "good", "unchanged": "good", "refused": "warning", "failed": "fault"}


def audit(gateway: Gateway, wanted: str) -> None:
    """The newest events of the last week, with a filter that can be shared as a link."""
    Listed(gateway, wanted)


class Listed:
    """The list; it is made anew only when something was added or another filter is wanted."""

    def __init__(self, gateway: Gateway, wanted: str) -> None:
        self._gateway, self._wanted = gateway, wanted
        self._seen: tuple[int, str, float] | None = None
        self._why = Tag("p", dress="gone")
        Tag("label", "Filter the audit", "only-read", for_="filter")
        search = Tag("input", dress="search", id="filter", type="search", autocomplete="off")
        search.set(defaultValue=wanted)  # `value` would be set again with every update, over what is typed
        search.set(placeholder="Filter: a device, a person, a word of the reason")
        search.on("input", self._filter, js_handler="(event) => emit(event.target.value)", throttle=0.3)
        with Tag("section", dress="card", aria_label="Audit"):
            self._empty = Tag("p", "Reading the audit …", "empty")
            self._table = Tag("table", dress="rows audit gone")
        ui.timer(AGAIN, self.look)

    async def look(self) -> None:
        """Show the newest that match; the audit is read again only when something was added to it."""
        now, past = self._gateway.clock.time(), self._gateway.past
        try:
            seen = (await past.audited(), self._wanted, figures.midnight(now, self._gateway.site.time_zone))
            if seen == self._seen:
                return
            events = await past.events(
                now - SPAN, now + 60, lambda event: self._matches(self._row(event, now)), MOST
            )
        except OSError as error:
            log.warning("the audit cannot be read: %s", error)
            self._empty.say(f"The audit cannot be read: {error}")
            return
        self._seen = seen
        await self._explain()
        rows = [(self._row(event, now), explained(event)) for event in reversed(events)]
        self._show(rows, "Nothing matches." if self._wanted else "Nothing was changed in the last 7 days.")

    async def _explain(self) -> None:
        """Say on top why the contactor stands as it does, where the site has one."""
        if "grid_switch" not in self._gateway.site.roles:
            return
        try:
            self._why.say(" ".join(await told_why(self._gateway, "contactor", None)))
        except OSError as error:
            self._why.say(f"The audit cannot be read: {error}")
        self._why.dress("card")

    async def _filter(self, event: object) -> None:
        self._wanted = str(getattr(event, "args", "") or "")
        await self.look()

    def _row(self, event: Event, now: float) -> tuple[str, ...]:
        told = event.content
        what, status = str(told.get("what", "")), str(told.get("status", ""))
        before, after = told.get("before"), told.get("after", told.get("asked", told.get("value")))
        change = " → ".join(
            sentences.shown(item) for item in (before, after) if isinstance(item, str | int | float | bool)
        )
        when = figures.at_clock(event.at, self._gateway.site.time_zone, now)
        return (when, what, change, str(told.get("by", "")), status, str(told.get("reason") or ""))

    def _matches(self, row: tuple[str, ...]) -> bool:
        return all(word in " ".join(row).lower() for word in self._wanted.lower().split())

    def _show(self, rows: list[tuple[tuple[str, ...], list[str]]], empty: str) -> None:
        self._empty.dress("gone" if rows else "empty")
        self._empty.say(empty)
        self._table.dress("rows audit" if rows else "gone")
        self._table.clear()
        with self._table:
            with Tag("thead"), Tag("tr"):
                for title in ("What", "When", "Change", "Who", "Result", "Reason"):
                    Tag("th", title, "soft small", scope="col")
            with Tag("tbody"):
                for (when, what, change, by, status, reason), more in rows:
                    with Tag("tr"):
                        Tag("td", what, "what")
                        Tag("td", when, "when")
                        Tag("td", change)
                        Tag("td", by, "soft")
                        with Tag("td"):
                            Tag("span", status, f"mark {TONES.get(status, '')}")
                        with Tag("td", dress="reason"):
                            Tag("span", reason)
                            if more:
                                with Tag("details"):
                                    Tag("summary", "Why", "soft small")
                                    Tag("p", " ".join(more), "small")
