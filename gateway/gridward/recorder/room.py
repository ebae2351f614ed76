"""What gives way where the disk fills up: captures (see the kit), then old history, then what waits."""

import shutil
from dataclasses import replace
from pathlib import Path

from gridward.site import DAY, Keep

TIGHT, ENOUGH = 0.05, 400_000_000  # of the disk, or bytes
RAW, MINUTES = 3 * DAY, 90 * DAY


def kept(keep: Keep, folder: Path) -> Keep:
    """How long the history is kept now: where the disk is nearly full readings three days, minutes ninety.

    Three days is what databases may be away without loss. Raises OSError where there is no such folder.
    """
    disk = shutil.disk_usage(folder)
    if disk.free >= min(TIGHT * disk.total, ENOUGH):
        return keep
    return replace(keep, raw=_shorter(keep.raw, RAW), minutes=_shorter(keep.minutes, MINUTES))


def _shorter(wanted: float | None, most: float) -> float:
    return most if wanted is None else min(wanted, most)
