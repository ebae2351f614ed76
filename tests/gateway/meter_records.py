"""Records of meters as tests of the inventory need them."""

from dataclasses import replace
from datetime import date

from gridward.meters.meter import AddressRules, Meter, State

TODAY = date(2026, 11, 21)
RULES = AddressRules()
SERIAL = "200322016690"


def meter(serial: str = SERIAL, **changes: object) -> Meter:
    return replace(Meter(serial=serial, type="DDSU666"), **changes)  # type: ignore[arg-type]


ASSIGNED = meter(
    site="Ridge", building="Flat 2", address=12, state=State.ASSIGNED, assigned_on=TODAY, assigned_by="Ann"
)
