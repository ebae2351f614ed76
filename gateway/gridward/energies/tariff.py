"""The part `tariff` of a site file: what a kWh costs, the same at all hours."""

import re

from gridward import values
from gridward.document import Plain
from gridward.energies.core import Tariff
from gridward.section import Section
from gridward.values import Wrong

MOST = 1e6


def tariff(section: Section | None) -> Tariff | None:
    """The tariff, None where none is stated; faults go to the section's list."""
    if section is None:
        return None
    found = Tariff(
        currency=section.need("currency", _currency, "EUR", "three letters, as in EUR"),
        buy=section.need("import", values.number(0, MOST), 0.0, "the price of a kWh from the grid"),
        sell=section.take("export", values.number(-MOST, MOST), 0.0),
    )
    section.close()
    return found


def _currency(value: Plain) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise Wrong("a currency's three letters, as in EUR")
    return value
