"""The flow as SVG: four nodes around the inverter, a line each, and the grid's switch."""

from gridward.page import figures, flow, sentences
from gridward.page.board import Board
from gridward.page.flow import CENTRES, HUB, MIDDLE, NAMES, RADIUS, Name
from gridward.page.parts import Tag

WORDS: dict[Name, str] = {"sun": "Sun", "grid": "Grid", "house": "House", "battery": "Battery"}
GLYPHS: dict[Name, str] = {
    "sun": "M0 -3.5a3.5 3.5 0 1 0 .01 0M0 -8.5v1.6M0 8.5v-1.6M-8.5 0h1.6M8.5 0h-1.6M-6 -6l1.1 1.1"
    "M6 6l-1.1 -1.1M6 -6l-1.1 1.1M-6 6l1.1 -1.1",
    "grid": "M-5 9L0 -9L5 9M-8 -3.5h16M-6 1.5h12M-3 1.5L3.6 5M3 1.5L-3.6 5",
    "house": "M-9 0L0 -8L9 0M-6.5 -2v10h13v-10M-2 8v-5h4v5",
    "battery": "M-9 -5h16v10h-16zM7 -2h2.5v4h-2.5M-5.5 -2v4M-2 -2v4M1.5 -2v4",
}
ARROWS = {
    (1, 0): "M-5 -6L6 0L-5 6z",
    (-1, 0): "M5 -6L-6 0L5 6z",
    (0, 1): "M-6 -5L0 6L6 -5z",
    (0, -1): "M-6 5L0 -6L6 5z",
}
LEFT = {"sun", "battery"}


class Drawing:
    """The flow's elements; `show` brings them up to date."""

    def __init__(self) -> None:
        with Tag("svg", viewBox="0 0 360 336", role="img") as self._svg:
            for name in NAMES:
                Tag("path", dress="rail", d=flow.track(name))
            self._moving = {name: Tag("path", dress="still", d=flow.track(name)) for name in NAMES}
            self._arrows = {name: Tag("path", dress="gone") for name in NAMES}
            x, y = CENTRES["grid"]
            left = x + RADIUS + 18
            Tag("path", dress="gap", d=f"M{left} {y} h22")
            self._lever = Tag("path", dress="lever")
            for end in (left, left + 22):
                Tag("circle", dress="contact", cx=end, cy=y, r=3)
            Tag("circle", dress="hub", cx=MIDDLE[0], cy=MIDDLE[1], r=HUB)
            Tag(
                "path",
                d="M-5 3q2.5 -9 5 -3t5 -3",
                dress="glyph hub",
                transform=f"translate({MIDDLE[0]} {MIDDLE[1]})",
            )
            self._nodes = {name: _Node(name) for name in NAMES}

    def show(self, board: Board) -> None:
        """Draw the powers of this moment."""
        powers = board.powers
        watts = {"sun": powers.sun, "grid": powers.grid, "house": powers.house, "battery": powers.battery}
        told = []
        for name in NAMES:
            self._line(name, flow.line(name, powers))
            state = flow.state(name, powers)
            self._nodes[name].show(watts[name], state, board.ages[name], dead=state == "no voltage")
            told.append(f"{WORDS[name]} {figures.power(watts[name])} {state}".rstrip())
        self._lever.set(d=flow.lever(powers.position))
        self._lever.dress("lever" if powers.position else "lever unknown")
        self._svg.set(aria_label="; ".join(told))

    def _line(self, name: Name, line: flow.Line) -> None:
        moves = {1: "towards", -1: "away", 0: "still"}[line.direction]
        self._moving[name].dress(f"moving {name} {moves}" if line.direction else "still")
        self._moving[name].set(stroke_width=line.width)
        arrow = self._arrows[name]
        arrow.dress(f"arrow {name}" if line.direction else "gone")
        if line.direction:
            (x, y), (mx, my) = CENTRES[name], MIDDLE
            across, down = (mx > x) - (mx < x), (my > y) - (my < y)
            reach = RADIUS + 10 if line.direction < 0 else abs(mx - x) + abs(my - y) - HUB - 9
            place = (x + across * reach, y + down * reach)
            turned = ARROWS[(across * line.direction, down * line.direction)]
            arrow.set(d=turned, transform=f"translate({place[0]} {place[1]})")


class _Node:
    """One circle with its glyph, figure and words."""

    def __init__(self, name: Name) -> None:
        x, y = CENTRES[name]
        with Tag("g") as self._group:
            Tag("circle", dress=f"ring {name}", cx=x, cy=y, r=RADIUS)
            Tag("path", dress=f"glyph {name}", d=GLYPHS[name], transform=f"translate({x} {y - 14})")
            self._figure = Tag("text", dress="figure", x=x, y=y + 16)
            if name in LEFT:
                place, dress = (x + RADIUS + 12, y - 2), "left"
            else:
                place, dress = (x, y + RADIUS + 18), ""
            Tag("text", WORDS[name], f"caption {dress}", x=place[0], y=place[1])
            self._state = Tag("text", dress=f"since {dress}", x=place[0], y=place[1] + 16)

    def show(self, watts: float | None, state: str, age: float | None, *, dead: bool) -> None:
        self._figure.say(figures.power(None if watts is None else abs(watts)))
        told = state if watts is not None or state else sentences.absent(age)
        self._state.say(told)
        self._group.dress("absent" if watts is None else "dead" if dead else "")
