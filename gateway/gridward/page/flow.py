"""Where power flows between sun, grid, house and battery, and how it is drawn. Pure.

The drawing is 360 wide and 336 high; every line runs between a node's rim and the middle.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

MOVES = 5.0  # W: below it a line stands still; what a shunt's or a meter's noise amounts to
DEAD = 50.0  # V: below it there is no grid
FULL = 6000.0  # W at which a line has its full thickness
THIN, THICK = 2.0, 9.0

Name = Literal["sun", "grid", "house", "battery"]
Position = Literal["connected", "islanded"]

NAMES: tuple[Name, ...] = ("sun", "grid", "house", "battery")
CENTRES: dict[Name, tuple[int, int]] = {
    "sun": (180, 48),
    "grid": (50, 168),
    "house": (310, 168),
    "battery": (180, 288),
}
MIDDLE = (180, 168)
RADIUS = 40
HUB = 15


@dataclass(frozen=True, slots=True)
class Powers:
    """Watts, signed as `keys.py` says; None where the value is absent. `position` is the feedback."""

    sun: float | None = None
    grid: float | None = None
    house: float | None = None
    battery: float | None = None
    position: Position | None = None
    grid_voltage: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """How a line looks: `direction` 1 towards the middle, -1 away from it, 0 at rest."""

    direction: int
    width: float


def line(name: Name, powers: Powers) -> Line:
    """The line between a node and the middle. That of an open or unknown grid switch never moves."""
    watts = {"sun": powers.sun, "grid": powers.grid, "house": powers.house, "battery": powers.battery}[name]
    if watts is None or abs(watts) < MOVES:
        return Line(0, THIN)
    if name == "grid" and powers.position != "connected":
        return Line(0, THIN)
    towards = watts > 0 if name in ("sun", "grid") else watts < 0
    return Line(1 if towards else -1, width(watts))


def width(watts: float) -> float:
    """Thickness by power in half steps, so that it does not tremble with every watt."""
    share = min(1.0, abs(watts) / FULL)
    return round(2 * (THIN + (THICK - THIN) * sqrt(share))) / 2


def track(name: Name) -> str:
    """The SVG path of a line, from the node's rim to the middle's; the grid's leaves room for its switch."""
    x, y = CENTRES[name]
    mx, my = MIDDLE
    across, down = (mx > x) - (mx < x), (my > y) - (my < y)
    start = (x + across * (RADIUS + 3), y + down * (RADIUS + 3))
    end = (mx - across * (HUB + 2), my - down * (HUB + 2))
    return f"M{start[0]} {start[1]} L{end[0]} {end[1]}"


def lever(position: Position | None) -> str:
    """The SVG path of the grid's switch: closed, open, or half lifted and dotted where unknown."""
    x, y = CENTRES["grid"]
    left = x + RADIUS + 18
    match position:
        case "connected":
            return f"M{left} {y} L{left + 22} {y}"
        case "islanded":
            return f"M{left} {y} L{left + 18} {y - 15}"
        case None:
            return f"M{left} {y} L{left + 21} {y - 7}"


def state(name: Name, powers: Powers) -> str:
    """What a node does, in words beside it: direction and state are never told by colour alone."""
    match name:
        case "sun":
            return "no sun" if powers.sun is not None and powers.sun < MOVES else ""
        case "house":
            return ""
        case "battery":
            if powers.battery is None:
                return ""
            return (
                "resting" if abs(powers.battery) < MOVES else "charging" if powers.battery > 0 else "giving"
            )
        case "grid":
            return _grid(powers)


def _grid(powers: Powers) -> str:
    if powers.grid_voltage is not None and powers.grid_voltage < DEAD:
        return "no voltage"
    match powers.position:
        case "islanded":
            return "disconnected"
        case "connected":
            if powers.grid is None or abs(powers.grid) < MOVES:
                return "connected"
            return "importing" if powers.grid > 0 else "exporting"
        case None:
            return "switch unknown"
