"""The battery's cells as bars on one scale."""

from gridward.api.gateway import Gateway
from gridward.page import cells as model
from gridward.page import figures
from gridward.page.cells import Cells
from gridward.page.parts import Tag
from gridward.page.shell import every_second


def cells(gateway: Gateway) -> None:
    """Build the view and keep it up to date."""
    Rows(gateway)


class Rows:
    """One row a cell; rows are made once for as many cells as the battery has."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rows: dict[int, _Row] = {}
        self._limits = _limits(gateway)
        with Tag("section", dress="card cells", aria_label="Cells"):
            with Tag("div", dress="title"):
                Tag("h2", "Cells")
                self._words = Tag("span", dress="soft small", role="status")
            self._head = Tag("div", dress="gone")
            self._list = Tag("div", dress="cells")
            self._empty = Tag("p", dress="gone")
        every_second(self.look)

    def look(self) -> None:
        """Show the cells of this moment."""
        found = self._read()
        self._empty.dress("gone" if found else "empty")
        if found is None:
            self._empty.say(self._why())
            self._words.say("")
            self._head.dress("gone")
            self._list.clear()
            self._rows = {}
            return
        if list(self._rows) != [cell.number for cell in found.cells]:
            self._make(found)
        for cell in found.cells:
            self._rows[cell.number].show(cell)
        high, low = found.highest, found.lowest
        self._words.say(
            f"Highest: cell {high.number}, {high.volts:.3f}\u00a0V. Lowest: cell {low.number}, "
            f"{low.volts:.3f}\u00a0V. {round(found.spread * 1000)}\u00a0mV apart."
        )

    def _read(self) -> Cells | None:
        known = self._gateway.device("battery")
        if known is None:
            return None
        return model.cells(known.fresh(self._gateway.clock.monotonic()), self._limits)

    def _why(self) -> str:
        known = self._gateway.device("battery")
        if "battery" not in self._gateway.site.roles:
            return (
                "This site names no battery. Add a BMS to a bus of the site file, and say who it is: "
                "roles: {battery: bms}."
            )
        if known is None or not known.available:
            return f"{known.name if known else 'The BMS'} does not answer, so no cell is shown."
        return f"{known.name} tells no single cells."

    def _make(self, found: Cells) -> None:
        self._list.clear()
        self._head.clear()
        self._head.dress("cell head")
        with self._head:
            Tag("span", "")
            with Tag("div", dress="scale"):
                for volts, place in zip(found.limits, (found.low, found.high), strict=True):
                    Tag("span", f"{volts:.2f}\u00a0V").set(style=f"left: {100 * place:.2f}%")
            Tag("span", "Voltage", "volts")
            Tag("span", "To previous", "step")
        with self._list:
            self._rows = {cell.number: _Row(cell.number, found) for cell in found.cells}


class _Row:
    def __init__(self, number: int, found: Cells) -> None:
        with Tag("div", dress="cell") as self._row:
            Tag("span", str(number), "soft")
            with Tag("div", dress="track"):
                self._fill = Tag("div", dress="fill")
                self._name = Tag("span", dress="name").set(
                    style=f"left: calc({100 * found.low:.2f}% + .4rem)"
                )
                for place in (found.low, found.high):
                    Tag("div", dress="limit").set(style=f"left: {100 * place:.2f}%")
            self._volts = Tag("span", dress="volts")
            self._step = Tag("span", dress="step")

    def show(self, cell: model.Cell) -> None:
        """Show one cell."""
        self._row.dress(f"cell {cell.mark}".rstrip())
        self._name.say(cell.mark)
        self._fill.set(style=f"width: {100 * cell.place:.1f}%")
        self._volts.say(f"{cell.volts:.3f}\u00a0V")
        millivolts = None if cell.step is None else round(cell.step * 1000)
        sign = "" if not millivolts else "+" if millivolts > 0 else figures.MINUS
        self._step.say("" if millivolts is None else f"{sign}{abs(millivolts)}\u00a0mV")


def _limits(gateway: Gateway) -> tuple[float, float]:
    settings = gateway.site.rules.grid_switch
    return (settings.cell_min if settings else model.LOWEST, model.HIGHEST)
