"""Self-checks of integrations, in the manner of Home Assistant's hassfest: every fault is a sentence.

`check` runs them over every installed integration and, with a checkout at hand, over its files too.
Those of an integration take its value and yield what is wrong.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path

from gridward_kit import tree as checkout
from gridward_kit.classes import BINARY_SENSOR, NOT_NUMBERS, SENSOR, STATES
from gridward_kit.entity import (
    BinarySensor,
    Button,
    Category,
    Entity,
    Number,
    Quantity,
    Select,
    Sensor,
    Switch,
)
from gridward_kit.frames import Frame, frames_of, package
from gridward_kit.integration import Integration, integrations
from gridward_kit.keys import BINARY, CANONICAL, synonym
from gridward_kit.point import Derived

KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
RESERVED = frozenset(("at", "availability", "info", "lease", "v"))
DANGEROUS = re.compile(
    r"(^|_)(battery_type|over_voltage|under_voltage|cut_?off|firmware|factory|reset|calibrat\w*"
    r"|output_voltage|output_frequency|output_mode|mosfet|soc)(_|$)"
)
SETTABLE = (Number, Select, Switch, Button)

Faults = Iterator[str]


def check(tree: Path | None) -> list[str]:
    """Every fault of every installed integration, and of the checkout where one is given, as sentences."""
    installed = integrations()
    found = [f"{domain}: {fault}" for domain, each in installed.items() for fault in faults(each)]
    found += [f"{name}: cannot be loaded: {why}" for name, why in installed.broken.items()]
    return found + (checkout.faults(tree) if tree is not None else [])


def faults(integration: Integration) -> list[str]:
    """What is wrong with one integration."""
    return list(chain.from_iterable(one(integration) for one in CHECKS))


def rows(integration: Integration) -> tuple[Entity, ...]:
    """Every row that any model can have."""
    return integration.entities({})


def check_keys(integration: Integration) -> Faults:
    """Keys are unique and snake_case, names unique and in sentence case; the state object's own are free."""
    table = rows(integration)
    if not table:
        yield "has no entities"
    for what, words in (("key", [row.key for row in table]), ("name", [row.name for row in table])):
        yield from (f"{what} {word!r} stands twice" for word, count in Counter(words).items() if count > 1)
    for row in table:
        if not KEY.fullmatch(row.key):
            yield f"key {row.key!r} is not snake_case"
        if row.key in RESERVED:
            yield f"key {row.key!r} is a name of the protocol between roles"
        if not row.name or row.name[0].islower() or row.name != row.name.strip():
            yield f"{row.key}: the name {row.name!r} is not in sentence case"


def check_canonical(integration: Integration) -> Faults:
    """A canonical key has its canonical quantity, and no key is another word for a canonical one."""
    if integration.kind not in CANONICAL:
        yield f"kind {integration.kind!r} is not one of {', '.join(CANONICAL)}"
    known = CANONICAL.get(integration.kind, {})
    for row in rows(integration):
        meant = synonym(integration.kind, row.key)
        if meant is not None:
            yield f"{row.key}: the canonical key is {meant!r}"
        if row.key in BINARY.get(integration.kind, ()) and not isinstance(row, BinarySensor | Switch):
            yield f"{row.key}: is canonically on or off"
        if row.key in known and not _same(row, known[row.key]):
            yield f"{row.key}: {_said(row.quantity)} is canonically {_said(known[row.key])}"


def _same(row: Entity, canonical: Quantity) -> bool:
    if isinstance(row, BinarySensor | Switch | Button):
        return False
    if isinstance(row, Select):
        return canonical.device_class == "enum"
    mine, other = row.quantity, canonical
    if (mine.device_class, mine.unit) != (other.device_class, other.unit):
        return False
    return isinstance(row, Number) or mine.state_class == other.state_class


def _said(quantity: Quantity) -> str:
    words = (quantity.device_class, quantity.unit, quantity.state_class)
    return " ".join(word for word in words if word) or "text"


def check_quantities(integration: Integration) -> Faults:
    """Device class, unit and state class fit each other in every release of Home Assistant since 2023."""
    for row in rows(integration):
        yield from (f"{row.key}: {fault}" for fault in _quantity(row))


def _quantity(row: Entity) -> Faults:
    quantity = row.quantity
    if isinstance(row, BinarySensor):
        if row.device_class is not None and row.device_class not in BINARY_SENSOR:
            yield f"device class {row.device_class!r} is not one of a binary sensor"
        return
    if not isinstance(row, Sensor | Number):
        return
    if quantity.state_class is not None and quantity.state_class not in STATES:
        yield f"state class {quantity.state_class!r} is unknown"
    if isinstance(row, Sensor) and bool(row.options) != (quantity.device_class == "enum"):
        yield "an enum has options, and only an enum"
    if quantity.device_class is None:
        return
    allowed = SENSOR.get(quantity.device_class)
    if allowed is None or (isinstance(row, Number) and quantity.device_class in NOT_NUMBERS):
        yield f"device class {quantity.device_class!r} is not one that every release takes"
        return
    if quantity.unit not in allowed.units:
        yield f"unit {quantity.unit!r} does not belong to the class {quantity.device_class!r}"
    if isinstance(row, Sensor) and quantity.state_class not in (None, *allowed.states):
        yield f"state class {quantity.state_class!r} does not belong to the class {quantity.device_class!r}"


def check_categories(integration: Integration) -> Faults:
    """What is only read is never `config`, what is set never `diagnostic`: Home Assistant refuses it."""
    for row in rows(integration):
        if isinstance(row, SETTABLE):
            if row.category is Category.DIAGNOSTIC:
                yield f"{row.key}: a control cannot be diagnostic"
        elif row.category is Category.CONFIG:
            yield f"{row.key}: what is only read cannot be config"


def check_settings(integration: Integration) -> Faults:
    """Every settable row says its bounds or options, how it is written and where it is read back."""
    table = rows(integration)
    units = {row.key: row.quantity.unit for row in table if isinstance(row, Number)}
    for row in table:
        if not isinstance(row, SETTABLE):
            if row.setting is not None:
                yield f"{row.key}: has a setting but is only read"
            continue
        if isinstance(row, Number) and row.under and units.get(row.under) != row.quantity.unit:
            yield f"{row.key}: is under {row.under!r}, which is no number in the same unit here"
        yield from (f"{row.key}: {fault}" for fault in _bounds(row))
        if integration.dialect is None:
            continue
        if row.setting is None:
            yield f"{row.key}: does not say how it is set, nor its wear"
        if row.at is None and not isinstance(row, Button):
            yield f"{row.key}: cannot be read back"


def _bounds(row: Entity) -> Faults:
    if isinstance(row, Select) and not row.options:
        yield "has no options"
    if isinstance(row, Number) and not row.only:
        if row.low >= row.high:
            yield f"its bounds {row.low:g} to {row.high:g} hold nothing"
        if row.step < 0.001:
            yield f"its step {row.step:g} is under 0.001, which Home Assistant refuses"


def check_dangers(integration: Integration) -> Faults:
    """What can harm the battery or the house when set wrongly is expert, and expert rows are off."""
    for row in rows(integration):
        if isinstance(row, SETTABLE) and DANGEROUS.search(row.key) and not row.expert:
            yield f"{row.key}: is dangerous to set and not marked expert"
        if row.expert and row.enabled:
            yield f"{row.key}: is expert and not off (enabled=False)"


def check_derived(integration: Integration) -> Faults:
    """What a derived row needs is in the table, and above it where it is derived too."""
    table = rows(integration)
    known = {row.key for row in table if not isinstance(row.at, Derived)}
    for row in table:
        if isinstance(row.at, Derived):
            yield from (
                f"{row.key}: needs {key!r}, which no row gives it" for key in row.at.needs if key not in known
            )
            known.add(row.key)


def check_parts(integration: Integration) -> Faults:
    """A device on a line has all that the framework calls; one without has `serve`."""
    wired = {
        "identify": integration.identify,
        "dialect": integration.dialect,
        "decode": integration.decode,
        "simulator": integration.simulator,
        "example": integration.example,
    }
    missing = [name for name, part in wired.items() if part is None]
    if integration.serve is None and missing:
        yield f"has neither `serve` nor {', '.join(f'`{name}`' for name in missing)}"
    home = package(integration.domain)
    if not (files(home) / "py.typed").is_file():
        yield f"its package {home} has no py.typed"


def check_frames(integration: Integration) -> Faults:
    """Captured frames are there, say where they come from, and name keys and units of the table."""
    if integration.decode is None:
        return
    try:
        captured = frames_of(integration.domain)
    except ValueError as error:
        yield f"captured frames: {error}"
        return
    if not captured:
        yield "has no captured frames (frames/*.json)"
    table = rows(integration)
    units = {row.key: None if isinstance(row, BinarySensor) else row.quantity.unit for row in table}
    for frame in captured:
        yield from (f"frame {frame.place}: {fault}" for fault in _frame(frame, units))


def _frame(frame: Frame, units: dict[str, str | None]) -> Faults:
    if frame.error not in (None, "BadFrame", "Refused"):
        yield f"its error {frame.error!r} is neither BadFrame nor Refused"
    if (frame.error is None) != bool(frame.values):
        yield "needs either `values` or `error`"
    for key, (_, unit) in frame.values.items():
        if key not in units:
            yield f"no row has the key {key!r}"
        elif unit != units[key]:
            yield f"{key} is in {unit!r}, its row in {units[key]!r}"


CHECKS: Iterable[Callable[[Integration], Faults]] = (
    check_parts,
    check_keys,
    check_canonical,
    check_quantities,
    check_categories,
    check_settings,
    check_dangers,
    check_derived,
    check_frames,
)
