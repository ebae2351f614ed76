"""The part `tariff` of a site file: what a kWh costs, at all hours, by weekday and hour, or by a list."""

import re
from datetime import time

from gridward import values
from gridward.document import Plain
from gridward.energies.core import Tariff, Window
from gridward.section import Section
from gridward.values import Wrong

MOST = 1e6
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TOPIC = re.compile(r"[^\s#+\x00][^#+\x00]*")


def tariff(section: Section | None) -> Tariff | None:
    """The tariff, None where none is stated; faults go to the section's list."""
    if section is None:
        return None
    prices = section.part("prices")
    folder = section.node.file.parent
    csv = None if prices is None else prices.take("csv", values.text, None)
    topic = None if prices is None else prices.take("topic", mqtt_topic, None)
    if prices is not None:
        if (csv is None) == (topic is None):
            prices.faults.append(prices.node.fault("either `csv: prices.csv` or `topic: prices/day_ahead`"))
        prices.close()
    found = Tariff(
        currency=section.need("currency", _currency, "EUR", "three letters, as in EUR"),
        buy=section.need("import", values.number(0, MOST), 0.0, "the price of a kWh from the grid"),
        sell=section.take("export", values.number(-MOST, MOST), 0.0),
        windows=tuple(_window(part) for part in section.parts("windows")),
        csv=None if csv is None else str(folder / csv),
        topic=topic,
    )
    section.close()
    return found


def _window(section: Section) -> Window:
    every = frozenset(range(7))
    window = Window(
        days=section.take("days", _days, every),
        begin=section.need("from", _clock, time(), "a time of day, as in 22:00"),
        end=section.need("to", _clock, time(), "a time of day, as in 06:00"),
        buy=section.need("import", values.number(0, MOST), 0.0, "the price of a kWh from the grid"),
        sell=section.take("export", values.number(-MOST, MOST), None),
    )
    section.close()
    return window


def mqtt_topic(value: Plain) -> str:
    """A topic without wildcards."""
    if not isinstance(value, str) or len(value) > 200 or not TOPIC.fullmatch(value):
        raise Wrong("an MQTT topic without wildcards, as in prices/day_ahead")
    return value


def _days(value: Plain) -> frozenset[int]:
    if not isinstance(value, list) or not value or any(day not in DAYS for day in value):
        raise Wrong(f"a list of {', '.join(DAYS)}")
    return frozenset(DAYS.index(str(day)) for day in value)


def _clock(value: Plain) -> time:
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value):
        try:
            return time() if value == "24:00" else time.fromisoformat(value)
        except ValueError:
            pass
    raise Wrong('a time of day in quotes, as in "22:00"')


def _currency(value: Plain) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise Wrong("a currency's three letters, as in EUR")
    return value
