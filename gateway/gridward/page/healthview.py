"""What the program itself is like: lines, what waits for the store, write budgets, broker, store, disk."""

import asyncio
import shutil
import sqlite3
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from nicegui import ui

from gridward import payload
from gridward.api.gateway import Gateway
from gridward.drill import reports
from gridward.live import LiveDevice
from gridward.page import board, figures, sentences
from gridward.page.alarmview import AlarmList
from gridward.page.deviceview import ENERGIES, errors, state, writes_left
from gridward.page.parts import Tag
from gridward.page.sentences import Said
from gridward.page.shell import every_second
from gridward_kit.kept import Json
from gridward_kit.mqtt import role_topic

LOOK = 10.0  # s between two looks at disk and store
OWN = "http"
FULL = 0.85  # of the disk


def health(gateway: Gateway) -> None:
    """A card for this gateway and one for each device that tells its health."""
    alarms = AlarmList(gateway)
    with Tag("div", dress="devices"):
        own = _Own(gateway)
        cards: dict[str, _Card] = {}
        holder = Tag("div", dress="same")

    def look() -> None:
        known = gateway.live.devices.items()
        told = [key for key, one in known if one.health and one.kind != ENERGIES]
        if sorted(cards) != sorted(told):
            holder.clear()
            cards.clear()
            with holder:
                cards.update({key: _Card(gateway, key) for key in sorted(told)})
        for card in cards.values():
            card.look()
        own.look()
        alarms.look()

    every_second(look)
    ui.timer(LOOK, own.measure)
    ui.timer(0.1, own.measure, once=True)


class _Facts:
    """Words and what is so, as pairs that keep their place."""

    def __init__(self, *words: str) -> None:
        self._facts: dict[str, Tag] = {}
        with Tag("dl", dress="pairs"):
            for word in words:
                Tag("dt", word)
                self._facts[word] = Tag("dd", figures.DASH)

    def say(self, word: str, text: str) -> None:
        """Show what is so."""
        self._facts[word].say(text)


class _Own:
    """This gateway: broker, roles, store, disk, versions."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        with Tag("section", dress="card device", id="gateway"):
            with Tag("div", dress="title"):
                Tag("h2", "This gateway")
            self._mark = Tag("span", dress="mark small", role="status")
            self._facts = _Facts(
                "Broker", "Roles", "Store", "Since", "Databases", "Disk", "Drill", "Versions"
            )
            self._facts.say("Versions", f"Gridward {version('gridward')}, SQLite {sqlite3.sqlite_version}")

    def look(self) -> None:
        """Show what the broker says now."""
        gateway = self._gateway
        lost = missing(gateway)
        said = board.unrecorded(gateway)
        connected = gateway.commands.connected
        where = gateway.site.broker.where
        self._facts.say("Broker", f"{where}, connected" if connected else f"{where}, not connected")
        running = f"not running: {', '.join(lost)}" if lost else "all run"
        self._facts.say("Roles", running if connected else figures.DASH)
        self._facts.say(
            "Databases", "; ".join(map(following, gateway.live.databases.values())) or figures.DASH
        )
        good = connected and not lost and said is None
        top = Said("All is well", "good") if good else Said(said or "Something is missing", "fault")
        self._mark.say(top.text)
        self._mark.dress(f"mark small {top.tone}")

    def _drill(self) -> str:
        """When the contactor's drill was made last, with a warning where that is too long ago."""
        site = self._gateway.site
        if site.rules.grid_switch is None or site.rules.grid_switch.relay is None:
            return figures.DASH
        good, words = reports.standing(site.folder, self._gateway.clock.time())
        return words if good else f"{words}: do `gridward relay drill`"

    async def measure(self) -> None:
        """Look at disk and store."""
        path = self._gateway.site.record.store
        disk, size = await asyncio.to_thread(measured, path)
        self._facts.say("Drill", await asyncio.to_thread(self._drill))
        self._facts.say("Disk", disk)
        self._facts.say("Store", size)
        try:
            since = await self._gateway.past.since()
        except OSError as error:
            self._facts.say("Since", str(error))
            return
        now, zone = self._gateway.clock.time(), self._gateway.site.time_zone
        self._facts.say("Since", figures.at_clock(since, zone, now) if since else figures.DASH)


class _Card:
    """One device: whether it answers, its line's errors, its spool, its write budgets."""

    def __init__(self, gateway: Gateway, identifier: str) -> None:
        self._gateway, self._id = gateway, identifier
        with Tag("section", dress="card device"):
            with Tag("div", dress="title"):
                self._name = Tag("h2", identifier)
            self._state = Tag("span", dress="mark small")
            self._facts = _Facts("Line errors", "Waits for store", "Given up", "Writes left")

    def look(self) -> None:
        """Show what its newest health says."""
        known = self._gateway.live.devices.get(self._id)
        if known is None:
            return
        said = state(self._gateway, known)
        self._name.say(known.name)
        self._state.say(said.text)
        self._state.dress(f"mark small {said.tone}")
        for word, text in told(known).items():
            self._facts.say(word, text)


def told(known: LiveDevice) -> dict[str, str]:
    """What a device's health says, in words."""
    spool = known.health.get("spool")
    waiting, dropped = (_count(spool, key) for key in ("waiting", "dropped"))
    return {
        "Line errors": errors(known),
        "Waits for store": figures.DASH if waiting is None else sentences.counted(waiting, "message"),
        "Given up": figures.DASH if dropped is None else sentences.counted(dropped, "message"),
        "Writes left": writes_left(known),
    }


def _count(content: Json | Mapping[str, Json], key: str) -> int | None:
    value = content.get(key) if isinstance(content, Mapping) else None
    return value if isinstance(value, int) else None


def following(content: Mapping[str, Json]) -> str:
    """How a database that follows the store stands, in words."""
    waiting, refused = _count(content, "waiting") or 0, _count(content, "refused") or 0
    reason = payload.text(content, "reason")
    parts = [f"{sentences.counted(waiting, 'reading')} wait" if waiting else "up to date"]
    parts += [f"{refused} refused"] if refused else []
    parts += [f"{reason}; {payload.text(content, 'remedy') or ''}"] if reason else []
    return f"{payload.text(content, 'database') or 'a database'}: {', '.join(parts)}"


def missing(gateway: Gateway) -> list[str]:
    """The roles of the site file that the broker does not have, but for this page's own."""
    site = gateway.site
    wanted = [bus.role for bus in site.buses] + [f"device:{item.id}" for item in site.devices]
    topics = [role_topic(role) for role in (*wanted, *site.services) if role != OWN]
    return [topic for topic in topics if gateway.live.online(topic) is not True]


def measured(store: Path) -> tuple[str, str]:
    """How full the store's disk is, and how large the store; in words where it cannot be told."""
    try:
        usage = shutil.disk_usage(store.parent)
        size = sum(file.stat().st_size for file in store.parent.glob(f"{store.name}*"))
    except OSError as error:
        return str(error), figures.DASH
    share = usage.used / usage.total
    warning = ", nearly full" if share >= FULL else ""
    return f"{share:.0%} used{warning}, {usage.free / 1e9:.1f} GB free", f"{size / 1e6:.1f} MB"
