"""The inventory: meters and every change to them, in tables of the local store."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

from gridward.meters.meter import NAMES, ORDER, AddressRules, Meter, State, Step, advanced
from gridward.recorder.rollup import transaction
from gridward.recorder.schema import STEPS, open_store

COLUMNS = tuple(field.name for field in fields(Meter))
DATES = frozenset(name for name in NAMES if name.endswith("_on"))


@dataclass(frozen=True, slots=True)
class Event:
    """A change: `kind` is `changed`, `proof`, `conversion` or `back`; `at` in seconds since 1970."""

    serial: str
    at: float
    who: str
    kind: str
    what: str
    before: str | None = None
    after: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Who changes something, when (seconds since 1970), and for what reason."""

    who: str
    at: float
    reason: str = ""


class Inventory:
    """The meters in a store's file. Each change is on disk, with who and when, before it returns.

    Opens the file for each act, so that gateway, command line and page may use it side by side. Raises
    ValueError for what may not be; sqlite3.Error, OSError, NewerStore or ForeignFile where the store
    cannot be used.
    """

    def __init__(self, path: Path, rules: AddressRules) -> None:
        self.path = path
        self.rules = rules

    def all(self) -> list[Meter]:
        """Every meter, by site and address."""
        with self._reading() as connection:
            return _meters(connection)

    def get(self, serial: str) -> Meter | None:
        """The meter of this serial number, None where there is none."""
        with self._reading() as connection:
            return _get(connection, serial)

    def need(self, serial: str) -> Meter:
        """The meter of this serial number; raises ValueError where there is none."""
        meter = self.get(serial)
        if meter is None:
            raise ValueError(f"the inventory has no meter {serial}; `gridward meters import` brings some in")
        return meter

    def taken(self, site: str) -> dict[int, str]:
        """The addresses in use at a site, and by which meter."""
        return {
            meter.address: meter.serial
            for meter in self.all()
            if meter.site == site and meter.address is not None and meter.state is not State.ARCHIVED
        }

    def add(self, meters: Iterable[Meter], why: Why) -> int:
        """Take in new meters, and those that changed, all or none; how many did."""
        changed = []
        with self._writing() as connection:
            for meter in meters:
                before = _get(connection, meter.serial)
                if before != meter:
                    changed.append((before, meter))
            for before, _ in changed:  # two meters may change addresses with each other
                if before is not None:
                    connection.execute("UPDATE meters SET address = NULL WHERE serial = ?", (before.serial,))
            for before, meter in changed:
                self._put(connection, before, meter, why)
        return len(changed)

    def assign(
        self, serial: str, place: tuple[str, str], address: int | None, step: Step, at: float
    ) -> Meter:
        """Give a meter its site, building and address, by default the lowest that is free."""
        with self._writing() as connection:
            meter = _get(connection, serial)
            if meter is None:
                raise ValueError(f"the inventory has no meter {serial}")
            if meter.state not in (State.UNASSIGNED, State.ASSIGNED) and not step.reason:
                raise ValueError(f"{serial} is {meter.state}; to assign it anew needs a reason (--reason)")
            site, building = place
            taken = {
                other.address
                for other in _meters(connection)
                if other.serial != serial
                and other.site == site
                and other.address is not None
                and other.state is not State.ARCHIVED
            }
            chosen = self.rules.free(meter.phases, taken) if address is None else address
            if chosen is None:
                raise ValueError(f"no address is free at {site} for a {meter.phases} meter")
            placed = replace(meter, site=site, building=building, address=chosen)
            if placed.state is not State.ASSIGNED:
                placed = advanced(placed, replace(step, to=State.ASSIGNED))
            else:
                placed = replace(placed, assigned_on=step.on, assigned_by=step.by)
            self._put(connection, meter, placed, Why(step.by, at, step.reason))
            return placed

    def advance(self, serial: str, step: Step, at: float) -> Meter:
        """Take a meter to another state; what is proven in the inventory counts beside the step's own."""
        with self._writing() as connection:
            meter = _get(connection, serial)
            if meter is None:
                raise ValueError(f"the inventory has no meter {serial}")
            for proof in sorted(step.proven):
                _note(connection, Event(serial, at, step.by, "proof", proof))
            proven = step.proven | _proven(connection, serial)
            moved = advanced(meter, replace(step, proven=proven))
            self._put(connection, meter, moved, Why(step.by, at, step.reason))
            return moved

    def note(self, event: Event) -> None:
        """Keep an event that changes no column: a proof, or how far a conversion came."""
        with self._writing() as connection:
            _note(connection, event)

    def proven(self, serial: str) -> frozenset[str]:
        """What is proven since the meter last went back."""
        with self._reading() as connection:
            return _proven(connection, serial)

    def events(self, serial: str | None = None) -> list[Event]:
        """The changes of one meter or of all, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT serial, ts, who, kind, what, before, after, reason FROM meter_events "
                "WHERE ? IS NULL OR serial = ? ORDER BY id",
                (serial, serial),
            ).fetchall()
        return [Event(row[0], row[1] / 1000, *row[2:]) for row in rows]

    def _put(self, connection: sqlite3.Connection, before: Meter | None, after: Meter, why: Why) -> None:
        """Write a meter and what changed in it; a step back or another address takes its proofs away."""
        if not why.who.strip():
            raise ValueError("say who does it (--by NAME)")
        self._judge(before, after)
        updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
        try:
            connection.execute(
                f"INSERT INTO meters ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608
                f"ON CONFLICT (serial) DO UPDATE SET {updates}",
                _row(after),
            )
        except sqlite3.IntegrityError:
            taken = f"{after.serial}: address {after.address} at {after.site} is taken by another meter"
            raise ValueError(taken) from None
        old, new = ({} if before is None else _texts(before)), _texts(after)
        for name in COLUMNS:
            if old.get(name) != new[name]:
                change = (name, old.get(name), new[name], why.reason)
                _note(connection, Event(after.serial, why.at, why.who, "changed", *change))
        if before is not None and _proves_no_more(before, after):
            _note(connection, Event(after.serial, why.at, why.who, "back", after.state, reason=why.reason))

    def _judge(self, before: Meter | None, after: Meter) -> None:
        """Raise ValueError for an address that must not be given; one that stands already may stay."""
        if after.address is None or after.state is State.ARCHIVED:
            return
        fault = self.rules.fault(after.phases, after.address)
        if fault is not None and (before is None or before.address != after.address):
            raise ValueError(f"{after.serial}: {fault}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The store, or an empty one in memory where there is none yet: looking makes no file."""
        if self.path.exists():
            connection = open_store(self.path)
        else:
            connection = sqlite3.connect(":memory:")
            connection.executescript("".join(STEPS))
        with closing(connection):
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(open_store(self.path)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            with transaction(connection):
                yield connection


def _proves_no_more(before: Meter, after: Meter) -> bool:
    """Whether what was proven of a meter is so no more: it went back, or has another address."""
    moved = before.address is not None and before.address != after.address
    return moved or ORDER.index(after.state) < ORDER.index(before.state)


def _row(meter: Meter) -> list[str | int | None]:
    row: list[str | int | None] = []
    for name, value in asdict(meter).items():
        row.append(value.isoformat() if name in DATES and value is not None else value)
    return row


def _texts(meter: Meter) -> dict[str, str | None]:
    return {
        name: None if value in (None, "") else str(value)
        for name, value in zip(COLUMNS, _row(meter), strict=True)
    }


def _meters(connection: sqlite3.Connection, serial: str | None = None) -> list[Meter]:
    rows = connection.execute(
        f"SELECT {', '.join(COLUMNS)} FROM meters WHERE ? IS NULL OR serial = ? "  # noqa: S608 - our own names
        "ORDER BY site, address IS NULL, address, serial",
        (serial, serial),
    )
    return [_meter(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _meter(row: dict[str, str | int | None]) -> Meter:
    told: dict[str, object] = dict(row)
    told["state"] = State(str(row["state"]))
    for name in DATES:
        told[name] = None if row[name] is None else date.fromisoformat(str(row[name]))
    return Meter(**told)  # type: ignore[arg-type]  # the table's columns are the record's


def _get(connection: sqlite3.Connection, serial: str) -> Meter | None:
    return next(iter(_meters(connection, serial)), None)


def _note(connection: sqlite3.Connection, event: Event) -> None:
    connection.execute(
        "INSERT INTO meter_events (serial, ts, who, kind, what, before, after, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.serial,
            round(event.at * 1000),
            event.who,
            event.kind,
            event.what,
            event.before,
            event.after,
            event.reason,
        ),
    )


def _proven(connection: sqlite3.Connection, serial: str) -> frozenset[str]:
    rows = connection.execute(
        "SELECT what FROM meter_events WHERE serial = ? AND kind = 'proof' AND id > "
        "coalesce((SELECT max(id) FROM meter_events WHERE serial = ? AND kind = 'back'), 0)",
        (serial, serial),
    )
    return frozenset(row[0] for row in rows)
