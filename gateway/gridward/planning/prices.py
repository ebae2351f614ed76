"""What a kWh from the grid costs from when to when: by the tariff's windows, or by a list. Pure.

Times are seconds since 1970, so days of 23, 24 and 25 hours need no care; local times only come in and go.
"""

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from gridward.energies.core import Tariff
from gridward_kit.kept import Json

QUARTER = 900.0
HOUR = 3600.0
LENGTHS = (QUARTER, HOUR / 2, HOUR)
MOST = 20_000
HIGHEST = 1e6


class NoList(ValueError):
    """What cannot be a list of prices, in words."""


@dataclass(frozen=True, slots=True, order=True)
class Price:
    """Currency per kWh from `start` up to before `end`."""

    start: float
    end: float
    price: float


Prices = tuple[Price, ...]
"""In order of time; no two overlap. There may be gaps: what is not told is absent."""


def at(prices: Sequence[Price], moment: float) -> float | None:
    """The price at a moment; None where the list does not cover it."""
    return next((one.price for one in prices if one.start <= moment < one.end), None)


def day(moment: float, zone: ZoneInfo, after: int = 0) -> tuple[float, float]:
    """Begin and end of the local day of a moment, or of one some days after it."""
    date = datetime.fromtimestamp(moment, zone).date() + timedelta(days=after)
    begin, end = (datetime.combine(date + timedelta(days=more), time(), zone) for more in (0, 1))
    return begin.timestamp(), end.timestamp()


def of_tariff(tariff: Tariff, start: float, end: float, zone: ZoneInfo) -> Prices:
    """The windows' prices by quarters of an hour."""
    first, last = math.floor(start / QUARTER), math.ceil(end / QUARTER)
    return tuple(
        Price(
            step * QUARTER, (step + 1) * QUARTER, tariff.at(datetime.fromtimestamp(step * QUARTER, zone))[0]
        )
        for step in range(first, last)
    )


def rank(prices: Sequence[Price], moment: float, zone: ZoneInfo) -> float | None:
    """Which share of the local day (0 to 1) is cheaper than now; None unless the whole day is known."""
    now = at(prices, moment)
    begin, end = day(moment, zone)
    today = [one for one in prices if one.start < end and one.end > begin]
    known = sum(min(one.end, end) - max(one.start, begin) for one in today)
    if now is None or known < end - begin - 1:
        return None
    cheaper = sum(min(one.end, end) - max(one.start, begin) for one in today if one.price < now)
    return cheaper / (end - begin)


def read_json(payload: str, zone: ZoneInfo) -> Prices:
    """A list `[{"start": ISO, "price": 0.21}, ...]`, each with an `end` or up to the next; raises NoList."""
    try:
        content: Json = json.loads(payload)
    except (ValueError, RecursionError):
        raise NoList("the list of prices is not JSON") from None
    if not isinstance(content, list):
        raise NoList('expected a list such as [{"start": "2026-11-21T00:00+01:00", "price": 0.21}]')
    rows = []
    for item in content:
        if not isinstance(item, dict):
            raise NoList(f"{item!r} is no price with a `start`")
        rows.append((item.get("start"), item.get("end"), item.get("price")))
    return _list(rows, zone)


def read_csv(text: str, zone: ZoneInfo) -> Prices:
    """Columns `start` and `price`, perhaps `end`, with a comma or semicolon between; raises NoList."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines:
        raise NoList("the file of prices is empty")
    between = ";" if ";" in lines[0] else ","
    reader = csv.DictReader(lines, delimiter=between)
    try:
        if not {"start", "price"} <= set(reader.fieldnames or ()):
            raise NoList("the file of prices has no columns `start` and `price` in its first line")
        rows = ((row["start"], row.get("end") or None, _figure(row["price"])) for row in reader)
        return _list(rows, zone)
    except csv.Error as error:
        raise NoList(f"the file of prices is no table: {error}") from None


def _figure(text: str | None) -> Json:
    try:
        return float((text or "").strip().replace(",", "."))
    except ValueError:
        return text


def _list(rows: Iterable[tuple[Json, Json, Json]], zone: ZoneInfo) -> Prices:
    """Prices in order; local times that come twice go on from the row before."""
    begun: list[tuple[float, float | None, float]] = []
    for start, end, price in rows:
        if len(begun) >= MOST:
            raise NoList(f"more than {MOST} prices")
        if isinstance(price, bool) or not isinstance(price, int | float) or not abs(price) <= HIGHEST:
            raise NoList(f"{price!r} is no price of a kWh")
        moment = _moment(start, zone, begun[-1][0] if begun else -math.inf)
        begun.append((moment, None if end is None else _moment(end, zone, moment), float(price)))
    begun.sort(key=lambda row: row[0])
    found: list[Price] = []
    usual = min((later[0] - one[0] for one, later in pairwise(begun)), default=HOUR)
    if begun and usual <= 0:
        raise NoList("two prices start at the same time")
    length = next((item for item in LENGTHS if item >= usual), HOUR)
    for place, (start, end, price) in enumerate(begun):
        after = begun[place + 1][0] if place + 1 < len(begun) else math.inf
        stop = min(after, start + length) if end is None else end
        if not start < stop <= after:
            raise NoList("two prices overlap, or one ends before it starts")
        found.append(Price(start, stop, price))
    return tuple(found)


def _moment(value: Json, zone: ZoneInfo, before: float) -> float:
    try:
        told = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if told is None:
            raise ValueError
        if told.tzinfo is not None:
            return told.timestamp()
        first, second = (told.replace(tzinfo=zone, fold=fold).astimezone(UTC).timestamp() for fold in (0, 1))
    except (ValueError, OverflowError):
        raise NoList(f"{value!r} is no time such as 2026-11-21T00:00") from None
    return second if first <= before < second else first
