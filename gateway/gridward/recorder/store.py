"""The local store's writer: telemetry in batches, each message once; the audit at once and for certain."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gridward.audit.trail import Trail
from gridward.recorder import copies, rollup
from gridward.recorder.history import Event, History, Series, Step
from gridward.recorder.lifetime import Lifetime
from gridward.recorder.outbox import Outbox
from gridward.recorder.receipts import Receipts
from gridward.recorder.rollup import HOUR, transaction
from gridward.recorder.rows import Counted, Row, forms, insert, keep_receipts, load, unknown
from gridward.recorder.schema import connect, open_store
from gridward.recorder.watch import Overwritten, Watch, identify, whole
from gridward.site import Keep
from gridward_kit.kept import Json
from gridward_kit.point import Value

FORGET = 90 * 24 * HOUR
HANDED_ON = 72 * HOUR
LIFETIME = ("lived", "aged")

Sender = tuple[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """What a device's `info` says of its series: kind, integration, and the unit of each key."""

    kind: str | None = None
    integration: str | None = None
    units: Mapping[str, str | None] = field(default_factory=dict)


class Vanished(Exception):
    """The store's file was removed or replaced while it was open."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One telemetry message. `at` is when it was read (s since 1970), None if it cannot be stored.

    `oldest` is the lowest number of this boot that the sender still holds, if it says so;
    `received` the monotonic time (s) of receipt. With a `kind` of its own it needs no acknowledgement;
    `old` are a file's readings, of which some may be there already.
    """

    device: str
    boot: str
    seq: int
    at: float | None
    values: Mapping[str, Value]
    oldest: int | None = None
    received: float = 0.0
    kind: str | None = None
    old: bool = False


@dataclass(slots=True)
class _Open:
    """What belongs to one opening of the file."""

    telemetry: sqlite3.Connection
    audit: sqlite3.Connection
    inode: int
    outbox: Outbox
    watch: Watch
    series: dict[tuple[str, str, str], int] = field(default_factory=dict)
    receipts: dict[Sender, Receipts] = field(default_factory=dict)
    described: dict[str, "About"] = field(default_factory=dict)
    copied: int | None = None


class Store:
    """The store at a path, opened when first needed. One thread at a time may write.

    Whatever raises (sqlite3.Error, OSError, NewerStore, ForeignFile, Vanished) leaves the file as it was
    and what was added still to be committed. `counted` tells what became of all readings so far. `followers`
    names the databases that follow it; None leaves those that the file knows.
    """

    def __init__(self, path: Path, followers: Iterable[str] | None = None) -> None:
        self.path = path
        self.followers = None if followers is None else tuple(followers)
        self.read = History(path)
        self.counted = Counted()
        self._pending: list[Parcel] = []
        self._about: dict[str, About] = {}
        self._opened: _Open | None = None
        self._suspect = False

    def describe(self, device: str, about: About) -> None:
        """Have a device's series, those to come too, carry what is known about it; raises as above."""
        self._about[device] = about
        opened = self._open()
        if opened.described.get(device) == about:
            return
        with transaction(opened.telemetry):
            opened.telemetry.executemany(
                "UPDATE series SET unit = ?, kind = ?, integration = ? WHERE device = ? AND key = ?",
                [(unit, about.kind, about.integration, device, key) for key, unit in about.units.items()],
            )
        opened.described[device] = about

    def add(self, parcel: Parcel) -> None:
        """Take a message for the next commit; one that came before changes nothing."""
        self._pending.append(parcel)

    @property
    def waiting(self) -> int:
        """How many messages the next commit writes."""
        return len(self._pending)

    def commit(self, *, durable: bool = False) -> dict[Sender, int]:
        """Write what was added in one transaction; the numbers that may be acknowledged now, by sender.

        A power cut may take back the newest commits; `durable`: not this one, nor any before it.
        """
        if not self._pending:
            return {}
        opened = self._open()
        try:
            opened.telemetry.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with transaction(opened.telemetry):
                senders, counted = self._write(opened)
        except BaseException:
            opened.receipts.clear()
            opened.series.clear()
            raise
        self._pending, self.counted = [], self.counted + counted
        complete = {sender: opened.receipts[sender].complete for sender in senders}
        return {sender: seq for sender, seq in complete.items() if seq is not None}

    def audit(self, at: float, content: Mapping[str, Json]) -> None:
        """Write one audit event, on disk before this returns; the same event again changes nothing."""
        copies.put(self._open().audit, round(at * 1000), content)

    def unchained(self) -> list[tuple[int, dict[str, Json]]]:
        """Audit events (ms, content) that the store alone has, oldest first; raises as above."""
        return copies.unchained(self._open().audit)

    def copy_audit(self, trail: Trail) -> None:
        """Hold a copy of every entry on record, with its number and hash; raises as above."""
        opened = self._open()
        opened.copied = copies.copy(opened.audit, trail, opened.copied)

    def owed_events(self, name: str, most: int) -> list[tuple[int, int, dict[str, Json]]]:
        """The next audit entries (number, ms, event) that a database has not had; raises as above."""
        return copies.owed(self._open().telemetry, name, most)

    def had_events(self, name: str, number: int) -> None:
        """A database has had all audit entries up to this one; raises as above."""
        copies.had(self._open().telemetry, name, number)

    def roll(self, now: float) -> bool:
        """Sum up one hour that is over, if there is one; whether there was."""
        return rollup.roll(self._open().telemetry, round(now * 1000))

    def retain(self, now: float, keep: Keep) -> int:
        """Delete a slice of what is older than its time; how many rows went, 0 when nothing is left to.

        Readings that every following database has are kept for 72 hours, others as long as `keep` says.
        """
        opened = self._open()
        if opened.outbox.places:
            keep = _handed_on(opened, round(now * 1000), keep)
        with transaction(opened.telemetry):
            edge = round(now * 1000) - FORGET
            opened.telemetry.execute("DELETE FROM received WHERE at < ?", (edge,))
        return rollup.retain(opened.telemetry, round(now * 1000), keep)

    @property
    def outbox(self) -> Outbox:
        """What the following databases have not had; raises as above."""
        return self._open().outbox

    def look(self) -> None:
        """See that the file is still the one that is open; raises Overwritten or Vanished."""
        watch = self._open().watch
        try:
            watch.look()
        except Overwritten:
            self._suspect = True
            raise

    def lifetime(self) -> Lifetime:
        """How far this store's time has come; where none is noted its newest reading. Raises as above."""
        lived, aged = (rollup.mark(self._open().telemetry, name) for name in LIFETIME)
        begin = self.newest() if lived is None else lived / 1000
        return Lifetime(begin, begin if aged is None else aged / 1000)

    def live_on(self, lifetime: Lifetime) -> None:
        """Note how far its time has come; raises as above."""
        telemetry = self._open().telemetry
        with transaction(telemetry):
            for name, value in zip(LIFETIME, (lifetime.lived, lifetime.aged), strict=True):
                if value is not None:
                    rollup.set_mark(telemetry, name, round(value * 1000))

    def newest(self) -> float | None:
        """The time of the newest reading (s since 1970); None while there is none."""
        row = self._open().telemetry.execute("SELECT max(ts) FROM raw").fetchone()
        return None if row[0] is None else float(row[0]) / 1000

    def series(self, device: str | None = None) -> tuple[Series, ...]:
        return self.read.series(device)

    def history(self, device: str, key: str, start: float, end: float, step: float) -> list[Step]:
        return self.read.history(device, key, start, end, step)

    def events(self, start: float, end: float) -> list[Event]:
        return self.read.events(start, end)

    def count(self) -> int:
        return self.read.count()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._opened is not None:
            self._opened.audit.close()
            self._opened.telemetry.close()
            self._opened = None

    def _open(self) -> _Open:
        if self._opened is None:
            telemetry = open_store(self.path)
            try:
                self._suspect = self._suspect and not whole(telemetry)
                identify(telemetry)
                outbox = Outbox(telemetry, self.followers)
            except BaseException:
                telemetry.close()
                raise
            inode, watch = self.path.stat().st_ino, Watch(self.path)
            self._opened = _Open(telemetry, connect(self.path, "FULL"), inode, outbox, watch)
        elif not self.path.exists() or self.path.stat().st_ino != self._opened.inode:
            self.close()
            raise Vanished(f"{self.path} was removed or replaced while in use; it is opened anew")
        return self._opened

    def _write(self, opened: _Open) -> tuple[dict[Sender, None], Counted]:
        rows, old, again = list[Row](), list[Row](), 0
        touched: dict[Sender, int] = {}
        for parcel in self._pending:
            if parcel.kind is not None:
                rows += self._rows(opened, parcel)
                continue
            sender = (parcel.device, parcel.boot)
            receipts = opened.receipts.get(sender)
            if receipts is None:
                receipts = opened.receipts[sender] = load(opened.telemetry, sender)
            if parcel.at is None:
                continue
            touched[sender] = max(round(parcel.at * 1000), touched.get(sender, 0))
            if receipts.add(parcel.seq, parcel.oldest, parcel.received):
                (old if parcel.old else rows).extend(self._rows(opened, parcel))
            else:
                again += len(forms(parcel.values))
        fresh = unknown(opened.telemetry, old)
        rows += fresh
        counted = insert(opened.telemetry, rows) + Counted(there=again + len(old) - len(fresh))
        opened.outbox.note(row[:2] for row in rows)
        for sender, ts in touched.items():
            keep_receipts(opened.telemetry, sender, opened.receipts[sender], ts)
        return dict.fromkeys(touched), counted

    def _rows(self, opened: _Open, parcel: Parcel) -> list[Row]:
        ts = round(1000 * (parcel.at or 0.0))
        return [(ts, self._series(opened, parcel, *one), one[2]) for one in forms(parcel.values)]

    def _series(self, opened: _Open, parcel: Parcel, key: str, form: str, _: Value) -> int:
        name = (parcel.device, key, form)
        if name not in opened.series:
            about = self._about.get(parcel.device, About())
            execute = opened.telemetry.execute
            execute(
                "INSERT OR IGNORE INTO series (device, key, form, unit, kind, integration) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (*name, about.units.get(key), parcel.kind or about.kind, about.integration),
            )
            row = execute("SELECT id FROM series WHERE device = ? AND key = ? AND form = ?", name).fetchone()
            opened.series[name] = int(row[0])
        return opened.series[name]


def _handed_on(opened: _Open, now: int, keep: Keep) -> Keep:
    """How long readings are kept where databases have had them, and never longer than `keep` says."""
    owed = opened.outbox.oldest()
    edge = now - HANDED_ON if owed is None else min(now - HANDED_ON, owed)
    seconds = (now - edge) / 1000
    return replace(keep, raw=seconds if keep.raw is None else min(seconds, keep.raw))
