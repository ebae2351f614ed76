"""The inventory as a sheet: CSV and XLSX, out and in. A sheet with a fault changes nothing."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from gridward.meters.meter import TYPES, AddressRules, Meter, State, serial_number

TITLES: Mapping[str, str] = {
    "serial": "Meter Serial Number",
    "type": "Meter Type",
    "site": "Site Name",
    "building": "Building/Customer",
    "address": "Assigned Modbus Address",
    "state": "Status",
    "assigned_on": "Date Assigned",
    "assigned_by": "Assigned By",
    "converted_on": "Date Converted",
    "converted_by": "Converted By",
    "shipped_on": "Date Shipped",
    "shipped_by": "Shipped By",
    "installed_on": "Date Installed",
    "installed_by": "Installed By",
    "commissioned_on": "Date Commissioned",
    "commissioned_by": "Commissioned By",
    "notes": "Notes",
}
NEEDED = ("serial", "type", "site", "building", "address", "state")
FORMULA = ("=", "+", "-", "@")
LONGEST = 1000

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class SheetFault:
    """One thing wrong in a sheet: its row and column, as a person counts them."""

    row: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: found {self.found}; expected {self.expected}"


class FaultySheet(Exception):
    """A sheet that was not imported, with every fault in it."""

    def __init__(self, faults: Sequence[SheetFault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def write(path: Path, meters: Iterable[Meter]) -> None:
    """Write a sheet, CSV or XLSX by the file's name; raises ValueError for another, OSError."""
    rows = [[_shown(meter, name) for name in TITLES] for meter in meters]
    if path.suffix.lower() == ".xlsx":
        _write_xlsx(path, rows)
    elif path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(TITLES.values())
            writer.writerows([_text(cell) for cell in row] for row in rows)
    else:
        raise ValueError(f"{path}: a sheet is .csv or .xlsx")


def _shown(meter: Meter, name: str) -> Cell:
    value: Cell = getattr(meter, name)
    return str(value) if isinstance(value, State) else value


def _text(cell: Cell) -> str:
    return "" if cell is None else _harmless(cell.isoformat() if isinstance(cell, date) else str(cell))


def _harmless(text: str) -> str:
    """A text that no program takes for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


def _write_xlsx(path: Path, rows: list[list[Cell]]) -> None:
    from openpyxl import Workbook  # noqa: PLC0415 - 10 MB that only who writes a sheet pays

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Meters")
    sheet.freeze_panes = "A2"
    sheet.append(list(TITLES.values()))
    for row in rows:
        sheet.append([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    book.save(path)


def read(path: Path, rules: AddressRules, others: Iterable[Meter] = ()) -> list[Meter]:
    """The meters of a sheet; `others` are in the inventory already.

    Raises FaultySheet with every fault in it, OSError, ValueError for a file that is no sheet.
    """
    rows = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    return judged(rows, rules, others)


def _read_csv(path: Path) -> list[list[Cell]]:
    if path.suffix.lower() != ".csv":
        raise ValueError(f"{path}: a sheet is .csv or .xlsx")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [[_unquoted(cell) for cell in row] for row in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: no CSV in UTF-8 ({error})") from None


def _read_xlsx(path: Path) -> list[list[Cell]]:
    from zipfile import BadZipFile  # noqa: PLC0415

    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{path}: no XLSX ({error})") from None
    try:
        sheet = book.worksheets[0]
        return [[_plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()


def _plain(cell: object) -> Cell:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, str):
        return _unquoted(cell)
    return cell if cell is None or isinstance(cell, int | float | date) else str(cell)


def judged(rows: Sequence[Sequence[Cell]], rules: AddressRules, others: Iterable[Meter] = ()) -> list[Meter]:
    """The meters of rows with their titles first; raises FaultySheet with every fault."""
    faults: list[SheetFault] = []
    names = _header(rows[0] if rows else (), faults)
    meters: list[tuple[int, Meter]] = []
    for number, row in enumerate(rows[1:], 2):
        if any(cell not in (None, "") for cell in row):
            found = _Row(number, dict(zip(names, row, strict=False)), faults).meter()
            if found is not None:
                meters.append((number, found))
    if not faults and not meters:
        faults.append(SheetFault(2, TITLES["serial"], "no meter", "at least one row"))
    faults += _together(meters, rules, others)
    if faults:
        raise FaultySheet(sorted(faults, key=lambda fault: fault.row))
    return [meter for _, meter in meters]


def _header(row: Sequence[Cell], faults: list[SheetFault]) -> list[str]:
    """The record's names of the titles in the first row; an unknown one is a fault, so is one missing."""
    known = {title.lower(): name for name, title in TITLES.items()}
    names: list[str] = []
    for place, cell in enumerate(row, 1):
        title = str(cell or "").strip()
        name = known.get(title.lower(), "")
        if not name and title:
            faults.append(SheetFault(1, f"column {place}", f"`{title}`", "one of the inventory's titles"))
        elif name in names:
            faults.append(SheetFault(1, f"column {place}", f"`{title}` twice", "each title once"))
        names.append(name or f"?{place}")
    missing = [TITLES[name] for name in NEEDED if name not in names]
    faults += [SheetFault(1, "titles", "nothing", f"the column `{title}`") for title in missing]
    return names


class _Row:
    """One row while it is read: each cell that is wrong adds a fault."""

    def __init__(self, number: int, cells: Mapping[str, Cell], faults: list[SheetFault]) -> None:
        self._number, self._cells, self._faults = number, cells, faults

    def meter(self) -> Meter | None:
        """The row's meter; None where a cell is wrong."""
        before = len(self._faults)
        told: dict[str, object] = {"serial": self._serial(), "type": self._type(), "state": self._state()}
        told["address"] = self._address()
        for name in TITLES:
            if name.endswith("_on"):
                told[name] = self._date(name)
            elif name not in told:
                told[name] = self._text(name)
        if told["state"] not in (State.UNASSIGNED, State.ARCHIVED):
            for name in ("site", "building", "address"):
                if told[name] in (None, "") and name in self._cells:
                    self._fault(name, f"a value: the meter is {told['state']}")
        if len(self._faults) > before or not told["serial"] or told["type"] not in TYPES:
            return None
        return Meter(**told)  # type: ignore[arg-type]  # each was judged above

    def _fault(self, name: str, expected: str) -> None:
        cell = self._cells.get(name)
        found = "nothing" if cell in (None, "") else f"`{str(cell)[:60]}`"
        self._faults.append(SheetFault(self._number, TITLES[name], found, expected))

    def _serial(self) -> str:
        text = self._whole("serial")
        try:
            return serial_number(text)
        except ValueError:
            if "serial" in self._cells:
                shape = f"exactly 12 digits ({len(text)} given; as text, or a leading 0 is lost)"
                self._fault("serial", shape)
            return ""

    def _type(self) -> str:
        text = self._text("type").upper()
        if text not in TYPES and "type" in self._cells:
            self._fault("type", " or ".join(TYPES))
        return text

    def _state(self) -> State:
        text = self._text("state").capitalize()
        try:
            return State(text)
        except ValueError:
            if "state" in self._cells:
                self._fault("state", f"one of {', '.join(State)}")
            return State.UNASSIGNED

    def _address(self) -> int | None:
        text = self._whole("address")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            self._fault("address", "a whole number from 2 to 247")
            return None
        return int(text)

    def _whole(self, name: str) -> str:
        """A cell of digits, whether it is stored as a text or as a number."""
        cell = self._cells.get(name)
        if isinstance(cell, float) and cell.is_integer():
            return str(int(cell))
        return "" if cell is None else str(cell).strip()

    def _text(self, name: str) -> str:
        text = self._whole(name)
        if len(text) > LONGEST or not text.replace("\n", "").replace("\t", "").isprintable():
            self._fault(name, f"a text of at most {LONGEST} printable characters")
            return ""
        return text

    def _date(self, name: str) -> date | None:
        cell = self._cells.get(name)
        if cell in (None, "") or isinstance(cell, date):
            return cell if isinstance(cell, date) else None
        try:
            return date.fromisoformat(str(cell).strip())
        except ValueError:
            self._fault(name, "a date as 2026-11-21")
            return None


def _together(
    meters: Sequence[tuple[int, Meter]], rules: AddressRules, others: Iterable[Meter]
) -> Iterable[SheetFault]:
    """What is wrong between rows, and between the sheet and the inventory."""
    rows: dict[str, int] = {}
    for number, meter in meters:
        if meter.serial in rows:
            found = f"`{meter.serial}` as in row {rows[meter.serial]}"
            yield SheetFault(number, TITLES["serial"], found, "each meter once")
        rows.setdefault(meter.serial, number)
    kept = [(f"{other.serial} in the inventory", other) for other in others if other.serial not in rows]
    owners: dict[tuple[str, int], str] = {}
    for where, meter in [*kept, *((f"row {number}", meter) for number, meter in meters)]:
        if meter.address is None or meter.state is State.ARCHIVED:
            continue
        owner = owners.setdefault((meter.site, meter.address), where)
        row = rows.get(meter.serial, 0)
        fault = rules.fault(meter.phases, meter.address)
        if row and fault is not None:
            yield SheetFault(row, TITLES["address"], f"`{meter.address}`", f"another address: {fault}")
        if row and owner != where:
            found = f"`{meter.address}` at {meter.site}, as {owner}"
            yield SheetFault(row, TITLES["address"], found, "an address that is free")
