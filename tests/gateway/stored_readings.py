"""Readings of a battery in a store, its sums and its upkeep, all at once."""

from gridward.recorder.store import Parcel, Store
from gridward.site import Keep
from gridward_kit.point import Value

HOUR = 3600.0
NOON = 1_795_003_200.0
"""Midday of a day in November 2026 (UTC), a whole hour."""


def parcel(
    seq: int, at: float | None, values: dict[str, Value], device: str = "bms", boot: str = "b"
) -> Parcel:
    return Parcel(device, boot, seq, at, values, oldest=1)


def fill(store: Store, values: dict[float, float], key: str = "voltage", first: int = 1) -> None:
    """Store one reading a message, at seconds after noon."""
    for seq, (offset, value) in enumerate(values.items(), first):
        store.add(parcel(seq, NOON + offset, {key: value}))
    store.commit()


def roll_all(store: Store, now: float) -> int:
    hours = 0
    while store.roll(now):
        hours += 1
    return hours


def retain_all(store: Store, now: float, keep: Keep) -> int:
    rows = 0
    while gone := store.retain(now, keep):
        rows += gone
    return rows
