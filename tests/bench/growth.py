"""How cost grows with entities, devices and years: the costs at three sizes, and the exponent."""

import json
import math
import subprocess
import sys

from bench.figures import Row, load

PATIENCE = 240
WHOLE = ("all of it", "bytes")  # costs of the whole history
ENTITIES = {60: (10, 6), 600: (10, 60), 6000: (10, 600)}
DEVICES = {1: (1, 30), 10: (10, 30), 100: (100, 30)}
DAYS = (1, 30, 365)
MOST = 1.1  # the exponent at which cost grows as the house does, and a little
FLAT = 0.3  # at which it hardly grows: a day is asked for, and a message stored, whatever was before


def entities(effort: float) -> list[Row]:
    """Ten devices with 60, 600, 6,000 entities together."""
    sizes = dict(list(ENTITIES.items())[: 3 if effort >= 0.5 else 2])
    found = {size: _costs(*map(str, house)) for size, house in sizes.items()}
    return _rows(found, "entities")


def devices(effort: float) -> list[Row]:
    """1, 10, 100 devices of 30 entities."""
    sizes = dict(list(DEVICES.items())[: 3 if effort >= 0.5 else 2])
    found = {size: _costs(*map(str, house)) for size, house in sizes.items()}
    return _rows(found, "devices of 30 entities")


def histories(effort: float) -> list[Row]:
    """A day, 30 days, a year of four entities every 5 s."""
    found = {days: _costs("history", str(days)) for days in DAYS[: 3 if effort >= 0.5 else 2]}
    return _rows(found, "days of history", FLAT)


def _costs(*words: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.grown", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _rows(found: dict[int, dict[str, float]], what: str, most: float = MOST) -> list[Row]:
    sizes = sorted(found)
    rows = []
    for cost in found[sizes[0]]:
        costs = [found[size][cost] for size in sizes]
        exponent = math.log(costs[-1] / costs[-2]) / math.log(sizes[-1] / sizes[-2])
        ratio = costs[-1] / costs[0]
        bound = MOST if cost.startswith(WHOLE) else most
        rows.append(
            Row(
                f"{cost}; {', '.join(f'{size:,}' for size in sizes)} {what}",
                ", ".join(_told(cost, one) for one in costs),
                f"{ratio:.1f} times for {sizes[-1] / sizes[0]:,.0f}; exponent of the last step "
                f"{exponent:.2f}; {load()}",
                f"exponent {bound:g} or less",
                exponent <= bound,
                {**{str(size): found[size][cost] for size in sizes}, "exponent": exponent},
            )
        )
    return rows


def _told(cost: str, value: float) -> str:
    if "memory" in cost or "bytes" in cost:
        return f"{value / 1e6:.0f} MB" if value >= 1e7 else f"{value / 1e6:.1f} MB"
    return f"{1000 * value:.2f} ms" if value >= 1e-3 else f"{1e6 * value:.0f} µs"
