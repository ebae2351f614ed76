"""One meter of the inventory: its record, its states and what each needs, its address. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum

DIGITS = 12
TYPES: Mapping[str, str] = {"DDSU666": "1phase", "DTSU666": "3phase"}
LOWEST, HIGHEST = 1, 247
FACTORY = 1


class State(StrEnum):
    """Where a meter is on its way."""

    UNASSIGNED = "Unassigned"
    ASSIGNED = "Assigned"
    CONVERTED = "Converted"
    SHIPPED = "Shipped"
    INSTALLED = "Installed"
    COMMISSIONED = "Commissioned"
    ARCHIVED = "Archived"


ORDER = tuple(State)
COLOURS: Mapping[State, str] = {
    State.UNASSIGNED: "grey",
    State.ASSIGNED: "yellow",
    State.CONVERTED: "light blue",
    State.SHIPPED: "blue",
    State.INSTALLED: "orange",
    State.COMMISSIONED: "green",
    State.ARCHIVED: "grey",
}
WAITS_FOR: Mapping[State, str] = {
    State.UNASSIGNED: "development team: assign site and address",
    State.ASSIGNED: "field operations: convert",
    State.CONVERTED: "field operations: test on the bus, ship",
    State.SHIPPED: "field installation: install",
    State.INSTALLED: "remote team: commission",
}
PATIENCE: Mapping[State, int] = {State.ASSIGNED: 7, State.INSTALLED: 2}
"""Days after which a meter in this state is overdue."""

NEEDS: Mapping[State, tuple[str, ...]] = {
    State.CONVERTED: ("verified", "labelled"),
    State.SHIPPED: ("tested",),
    State.INSTALLED: ("serial_matched",),
    State.COMMISSIONED: ("configured", "reading"),
}
PROOFS: Mapping[str, str] = {
    "verified": "a conversion that the tool verified (`gridward meters full`)",
    "labelled": "the label fixed to the meter (--proof labelled)",
    "tested": "a test on the bus that passed (`gridward meters verify`)",
    "serial_matched": "the serial number compared with the work order (--proof serial_matched)",
    "photo": "a photo with the label",
    "configured": "its entry in the site file (`gridward meters add`)",
    "reading": "a plausible reading (`gridward meters add`, or --proof reading)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A row of the inventory. Dates are those of the step, None where it was not taken or not told."""

    serial: str
    type: str
    site: str = ""
    building: str = ""
    address: int | None = None
    state: State = State.UNASSIGNED
    assigned_on: date | None = None
    assigned_by: str = ""
    converted_on: date | None = None
    converted_by: str = ""
    shipped_on: date | None = None
    shipped_by: str = ""
    installed_on: date | None = None
    installed_by: str = ""
    commissioned_on: date | None = None
    commissioned_by: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        serial_number(self.serial)
        if self.type not in TYPES:
            raise ValueError(f"{self.type!r} is no meter type: {' or '.join(TYPES)}")

    @property
    def phases(self) -> str:
        """`1phase` or `3phase`."""
        return TYPES[self.type]

    def reached(self, state: State) -> tuple[date | None, str]:
        """When and by whom the step to a state was taken."""
        name = state.name.lower()
        if f"{name}_on" not in NAMES:
            return None, ""
        on, by = getattr(self, f"{name}_on"), getattr(self, f"{name}_by")
        return (on if isinstance(on, date) else None), str(by)


NAMES = frozenset(field.name for field in fields(Meter))


def serial_number(text: str) -> str:
    """A serial number as it is; raises ValueError unless it has exactly twelve digits."""
    if len(text) != DIGITS or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no serial number: exactly {DIGITS} digits, {len(text)} given")
    return text


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses a site gives: single-phase up to 99, three-phase from 100 on.

    The operator's papers disagree on where single-phase begins, 2 or 10: addresses from 2 up to `lowest`
    are taken with a warning.
    """

    lowest: int = 10
    single_most: int = 99

    def span(self, phases: str) -> range:
        """The addresses that are given without being asked for."""
        return range(self.single_most + 1, HIGHEST + 1) if phases == "3phase" else self.single()

    def single(self) -> range:
        """Those of single-phase meters."""
        return range(self.lowest, self.single_most + 1)

    def fault(self, phases: str, address: int) -> str | None:
        """Why an address must not be given to such a meter."""
        if address == FACTORY:
            return "1 is the address that meters leave the factory with"
        if not LOWEST <= address <= HIGHEST:
            return f"{address} is no Modbus address: 2 to {HIGHEST}"
        if phases == "3phase" and address <= self.single_most:
            return f"{address} is for single-phase meters; three-phase begins at {self.single_most + 1}"
        if phases == "1phase" and address > self.single_most:
            return f"{address} is for three-phase meters; single-phase ends at {self.single_most}"
        return None

    def warning(self, phases: str, address: int) -> str | None:
        """What is unusual about an address that may be given."""
        if phases == "1phase" and FACTORY < address < self.lowest:
            return f"{address} is below {self.lowest}, where this site's addresses begin"
        return None

    def free(self, phases: str, taken: Set[int]) -> int | None:
        """The lowest address that is free; None where all are taken."""
        return next((one for one in self.span(phases) if one not in taken), None)


@dataclass(frozen=True, slots=True)
class Step:
    """A change of state that is to be made: by whom, when, why, and what is proven."""

    to: State
    by: str
    on: date
    reason: str = ""
    proven: frozenset[str] = frozenset()


def advanced(meter: Meter, step: Step) -> Meter:
    """The meter in its new state, stamped; raises ValueError with what is missing.

    Forward by one step needs what the step needs; back, a skip, or a step without its proofs needs a
    reason. From Converted to Installed in one step is usual where nothing is shipped: a note says so.
    """
    if not step.by.strip():
        raise ValueError("say who does it (--by NAME)")
    here, there = ORDER.index(meter.state), ORDER.index(step.to)
    if here == there:
        raise ValueError(f"{meter.serial} is {meter.state} already")
    if not step.reason.strip():
        if there < here or there > here + 1 or step.to is State.ARCHIVED:
            raise ValueError(f"from {meter.state} to {step.to} needs a reason (--reason)")
        missing = lacking(step.to, step.proven)
        if missing:
            raise ValueError(f"{meter.serial} cannot be {step.to} yet: it lacks {'; '.join(missing)}")
    if there >= ORDER.index(State.ASSIGNED) and step.to is not State.ARCHIVED:
        unknown = [name for name in ("site", "building", "address") if not getattr(meter, name)]
        if unknown:
            raise ValueError(f"{meter.serial} has no {', no '.join(unknown)}: assign it first")
    return _stamped(meter, step, here, there)


def lacking(to: State, proven: frozenset[str]) -> list[str]:
    """What the step to a state still needs, in words."""
    return [PROOFS[need] for need in NEEDS.get(to, ()) if need not in proven]


def _stamped(meter: Meter, step: Step, here: int, there: int) -> Meter:
    """Stamp the step; going back takes away the stamps of what is no longer so."""
    changes: dict[str, object] = {"state": step.to}
    name = step.to.name.lower()
    if f"{name}_on" in NAMES:
        changes |= {f"{name}_on": step.on, f"{name}_by": step.by}
    for state in ORDER[there + 1 : here + 1] if there < here else ():
        gone = state.name.lower()
        if f"{gone}_on" in NAMES:
            changes |= {f"{gone}_on": None, f"{gone}_by": ""}
    return replace(meter, **changes)  # type: ignore[arg-type]  # names and types are the dataclass's own


def overdue(meter: Meter, today: date) -> str | None:
    """Why somebody is late with this meter."""
    days = PATIENCE.get(meter.state)
    since, _ = meter.reached(meter.state)
    if days is None or since is None or (today - since).days <= days:
        return None
    what = "conversion" if meter.state is State.ASSIGNED else "commissioning"
    return f"{what} overdue: {meter.state} for {(today - since).days} days"


def colour(meter: Meter, today: date, rules: AddressRules) -> str:
    """The row's colour: red for what is overdue or has an address that must not be, else the state's."""
    wrong = meter.address is not None and rules.fault(meter.phases, meter.address) is not None
    if meter.state is not State.ARCHIVED and (wrong or overdue(meter, today)):
        return "red"
    return COLOURS[meter.state]
