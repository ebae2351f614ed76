"""The first view: one sentence, the flow, the battery, today; on a wide screen the charts beside it."""

from nicegui import ui

from gridward.api.gateway import Gateway
from gridward.page import figures, sentences
from gridward.page.board import Board, board
from gridward.page.chartview import Charts
from gridward.page.drawing import Drawing
from gridward.page.energies import Energies
from gridward.page.parts import Tag
from gridward.page.shell import every_second

WIDE = 992  # px: from here on the charts stand beside the flow
AGAIN = 5.0  # s between looks at the energies


def first(gateway: Gateway) -> None:
    """Build the view and keep it up to date."""
    with Tag("div", dress="tops"):
        top = Tag("p", dress="top", role="status", id="sentence")
        alarm = Tag("p", dress="gone", role="alert", id="alarm")
        night = Tag("p", dress="gone", id="tonight")
    with Tag("section", dress="card flow", aria_label="Power now"):
        drawing = Drawing()
    bank = Bank()
    energies = Energies(gateway)
    beside = Tag("section", dress="card beside", aria_label="The last 24 hours")

    def look() -> None:
        now = board(gateway)
        top.say(now.top.text)
        top.dress(f"top {now.top.tone}")
        alarm.say(now.alarm or "")
        alarm.dress("top alarm fault" if now.alarm else "gone")
        night.say(now.tonight or "")
        night.dress("night small soft" if now.tonight else "gone")
        drawing.show(now)
        bank.show(now)

    async def widen() -> None:
        if await ui.run_javascript("window.innerWidth") >= WIDE:
            with beside:
                await Charts(gateway).follow()

    every_second(look)
    ui.timer(AGAIN, energies.look)
    ui.timer(0.1, widen, once=True)


class Bank:
    """Battery per cent, how long it lasts, and how far its cells are apart."""

    def __init__(self) -> None:
        with Tag("section", dress="card bank", aria_label="Battery"):
            self._soc = Tag("div", dress="soc")
            with Tag("div", dress="about"):
                self._lasts = Tag("div")
                self._spread = Tag("div", dress="mark small hidden")
            with Tag("div", dress="gauge", aria_hidden="true") as self._gauge:
                self._level = Tag("div")

    def show(self, now: Board) -> None:
        """Show the battery of this moment."""
        self._soc.say(figures.percent(now.soc))
        self._soc.dress("soc absent" if now.soc is None else "soc")
        self._lasts.say(sentences.battery(now.powers.battery, now.hours_left))
        spread = sentences.spread(now.spread)
        self._spread.say(spread.text if spread else "No cells read")
        self._spread.dress(f"mark small {spread.tone}" if spread else "mark small")
        self._level.set(style=f"width: {now.soc or 0:.0f}%")
        low = now.soc is not None and now.soc <= sentences.LOW_SOC
        self._gauge.dress("gauge low" if low else "gauge")
