"""A store that has lived for some time, filled through its own ways: added, committed, summed up, let go."""

from pathlib import Path

from gridward.recorder.store import Parcel, Store
from gridward.site import Keep

PAST = 1_764_547_200.0  # midnight UTC; where the filled time begins
DAY = 86400.0
RAW = 30.0  # days for which readings are kept as they came
BATCH = 720


def filled(path: Path, days: float, every: float, devices: int, entities: int) -> Store:
    """Readings every so many seconds; of what is older than 30 days one a minute: no more is kept of it."""
    store, keep, seq = Store(path), Keep(), 0
    at, end = PAST, PAST + days * DAY
    while at < end:
        old = end - at > RAW * DAY
        step = max(60.0, every) if old else every
        for device in range(devices):
            values = {f"value_{key}": 50.0 + key + seq % 100 / 100 for key in range(entities)}
            store.add(Parcel(f"device_{device}", "past", seq + 1, at, values, 1))
        seq += 1
        at += step
        if seq % BATCH == 0:
            _upkeep(store, at, keep)
    _upkeep(store, end, keep)
    return store


def _upkeep(store: Store, now: float, keep: Keep) -> None:
    store.commit()
    while store.roll(now):
        pass
    while store.retain(now, keep):
        pass
