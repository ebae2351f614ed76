"""InfluxQL for panels: one text that InfluxDB 1, 2 and 3 run. Pure.

Only mean, last, max, min, count and non_negative_difference are used: all three versions have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gridward_kit.kept import Json

UID = "gridward"
SOURCE: Json = {"type": "influxdb", "uid": UID}
"""The provisioned data source; its uid is fixed."""

FRESH = "15m"
"""How old a value may be that a panel shows as present."""

PRESENT = f"time > ${{__to}}ms - {FRESH} AND time <= ${{__to}}ms"


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from: a measurement (the kind of device), and the device where one is chosen."""

    kind: str
    device: str | None = "$device"

    def where(self) -> str:
        """The condition on site and device; both are variables of the dashboard."""
        found = '"site" =~ /^$site$/'
        return found if self.device is None else f'{found} AND "device" =~ /^{self.device}$/'


@dataclass(frozen=True, slots=True)
class Query:
    """One target of a panel; `alias` names its series."""

    text: str
    form: str = "time_series"
    alias: str | None = "$col"

    def target(self, number: int) -> Json:
        """As a panel holds it."""
        found: dict[str, Json] = {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "query": self.text,
            "rawQuery": True,
            "resultFormat": self.form,
        }
        if self.alias is not None and self.form == "time_series":
            found["alias"] = self.alias
        return found


Column = tuple[str, str]
"""A field and the name under which it is shown."""


def over_time(source: Source, columns: Sequence[Column], how: str = "mean", fill: str = "null") -> Query:
    """Each field in steps of the panel's interval."""
    chosen = ", ".join(f'{how}("{key}") AS "{name}"' for key, name in columns)
    return Query(
        f'SELECT {chosen} FROM "{source.kind}" WHERE {source.where()} AND $timeFilter '  # noqa: S608
        f"GROUP BY time($__interval) fill({fill})"
    )


def states(source: Source, columns: Sequence[Column]) -> Query:
    """Words and flags over time; each stands until the next."""
    return over_time(source, columns, how="last", fill="none")


def latest(source: Source, columns: Sequence[Column], *, ever: bool = False) -> Query:
    """Each field's last value that is present at the range's end; with `ever` the last of the range."""
    chosen = ", ".join(f'last("{key}") AS "{name}"' for key, name in columns)
    when = "$timeFilter" if ever else PRESENT
    return Query(f'SELECT {chosen} FROM "{source.kind}" WHERE {source.where()} AND {when}')  # noqa: S608


def each_device(source: Source, columns: Sequence[Column]) -> Query:
    """A row for each device: the last value of each field in the range."""
    found = latest(source, columns, ever=True)
    return Query(f'{found.text} GROUP BY "device"', "table", None)


def many_over_time(source: Source, key: str, how: str = "mean", fill: str = "null") -> Query:
    """One field of many devices over time, a series for each."""
    return _each(source, f'{how}("{key}")', fill)


def gains_of_each(source: Source, key: str) -> Query:
    """What one counter of many devices gained in each interval."""
    return _each(source, f'non_negative_difference(last("{key}"))', "none")


def _each(source: Source, what: str, fill: str) -> Query:
    return Query(
        f'SELECT {what} FROM "{source.kind}" WHERE {source.where()} AND $timeFilter '  # noqa: S608
        f'GROUP BY time($__interval), "device" fill({fill})',
        alias="$tag_device",
    )


def together(source: Source, column: Column, how: str) -> Query:
    """The devices' last values of one field, taken together: their count or sum."""
    key, name = column
    return Query(
        f'SELECT {how}("n") AS "{name}" FROM (SELECT last("{key}") AS "n" FROM "{source.kind}" '  # noqa: S608
        f'WHERE {source.where()} AND {PRESENT} GROUP BY "device")'
    )


def by_interval(source: Source, columns: Sequence[Column]) -> Query:
    """What counters gained in each interval."""
    chosen = ", ".join(f'non_negative_difference(last("{key}")) AS "{name}"' for key, name in columns)
    return Query(
        f'SELECT {chosen} FROM "{source.kind}" WHERE {source.where()} AND $timeFilter '  # noqa: S608
        f"GROUP BY time($__interval) fill(none)"
    )


def by_day(source: Source, columns: Sequence[Column]) -> Query:
    """The last value of each local day; for what counts anew each day, month or year."""
    chosen = ", ".join(f'last("{key}") AS "{name}"' for key, name in columns)
    return Query(
        f'SELECT {chosen} FROM "{source.kind}" WHERE {source.where()} AND $timeFilter '  # noqa: S608
        f"GROUP BY time(1d) fill(none) tz('$__timezone')"
    )


def events(where: str, limit: int = 500, shown: Sequence[str] = ("what", "status", "by", "text")) -> Query:
    """The audit's events, newest first."""
    columns = ", ".join(f'"{name}"' for name in shown)
    return Query(
        f'SELECT {columns} FROM "audit" '  # noqa: S608
        f'WHERE "site" =~ /^$site$/ AND {where}$timeFilter ORDER BY time DESC LIMIT {limit}',
        "table",
        None,
    )
