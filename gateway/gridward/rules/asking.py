"""Reads a rule's conditions from its file; every fault is told with its place, and the rest read on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from gridward import values
from gridward.document import Fault, Node, Plain
from gridward.rules.amount import Amount
from gridward.rules.calendar import DAYS, Dates, Hours, day_of, hour_of
from gridward.rules.catalogue import Catalogue, Found, Unknown
from gridward.rules.condition import (
    COMPARISONS,
    Age,
    All,
    AnyOf,
    Changed,
    Compare,
    Condition,
    Not,
    OneOf,
)
from gridward.rules.policy import Settings
from gridward.rules.view import POSSIBLE, Operand, Ref, View
from gridward.section import Section
from gridward.values import nearest
from gridward_kit.entity import ENUM, BinarySensor, Number, Select, Sensor, Switch
from gridward_kit.point import Value

AMOUNT = ("of", "plus", "times", "step")
WEEK = 7 * 86400.0
WORDS = (*COMPARISONS, "between", "equals", "one_of", "changed", "age")
NOTHING = All(())


@dataclass(slots=True)
class Asking:
    """Knows the site's entities and the file's named thresholds."""

    catalogue: Catalogue
    settings: Settings
    faults: list[Fault]
    cells: int | None = None

    def condition(self, node: Node) -> Condition:
        """A mapping is all of its entries, a list all of its items."""
        match node.content:
            case list(items) if items:
                return All(tuple(self.condition(item) for item in items))
            case dict(entries) if entries:
                parts = tuple(self._entry(key, part) for key, part in entries.items())
                return parts[0] if len(parts) == 1 else All(parts)
        self.faults.append(node.fault("conditions such as `battery.voltage: {below: 51.2}`"))
        return NOTHING

    def _entry(self, key: str, node: Node) -> Condition:
        match key:
            case "all":
                return self.condition(node)
            case "any":
                items = node.content if isinstance(node.content, list) else []
                if not items:
                    self.faults.append(node.fault("a list of conditions, each begun with `- `"))
                return AnyOf(tuple(self.condition(item) for item in items))
            case "not":
                return Not(self.condition(node))
            case "time":
                return self._hours(node)
            case "date":
                return self._dates(node)
        return self._entity(key, node)

    def find(self, said: str, node: Node) -> Found | None:
        """The entity that is called so; None with a fault where there is none."""
        try:
            return self.catalogue.find(said)
        except Unknown as unknown:
            self.faults.append(node.fault(str(unknown), f"`{said}`"))
            return None

    def operand(self, node: Node) -> Operand | None:
        """A number, the name of a setting, or an entity; None with a fault."""
        value = node.content
        if _number(value):
            return float(value)
        if isinstance(value, str) and isinstance(number := self.settings.get(value), float):
            return number
        if isinstance(value, str) and "." in value:
            found = self.find(value, node)
            return None if found is None else self._numeric(found, node)
        known = nearest(str(value), self.settings)
        self.faults.append(node.fault(f"a number, a setting's name or `role.key`{known}"))
        return None

    def amount(self, node: Node, ref: Ref | None = None) -> Amount | None:
        """A number to be reckoned, as in `{of: contract, plus: margin, times: -1}`, to be compared with
        `ref` where one is given; None with a fault."""
        part = Section(node, self.faults)
        part.require("of", "a number, a setting or an entity to reckon from")
        part.known += AMOUNT
        given = {key: self.operand(part.entries[key]) for key in AMOUNT if key in part.entries}
        part.close()
        of, plus, times = given.get("of"), given.get("plus", 0.0), given.get("times", 1.0)
        step = given.get("step", 0.0)
        if isinstance(step, Ref) or (step is not None and step < 0):
            self.faults.append(part.entries["step"].fault("a step above 0, or a setting's name"))
            return None
        if of is None or plus is None or times is None or step is None:
            return None
        checked = {} if ref is None else {"of": of, "plus": plus}
        if times not in (1.0, -1.0):  # another factor may bring one unit to the other
            checked.pop("plus", None)
        alike = [
            ref is not None and self._alike(ref, one, part.entries[key])
            for key, one in checked.items()
            if key in part.entries
        ]
        return Amount(of, plus, times, step) if all(alike) else None

    def threshold(self, node: Node, ref: Ref) -> Operand | Amount | None:
        """What a number is compared with, or set to; what can be reckoned at once is. None with a fault."""
        if not isinstance(node.content, dict):
            than = self.operand(node)
            return than if than is None or self._alike(ref, than, node) else None
        amount = self.amount(node, ref)
        if amount is None or any(amount.refs()):
            return amount
        return amount.value(View())

    def _alike(self, ref: Ref, operand: Operand, node: Node) -> bool:
        """Whether an entity is measured in the other's unit; a bare number is."""
        if not isinstance(operand, Ref) or operand.unit == ref.unit:
            return True
        wanted = f"an entity in {ref.unit}" if ref.unit else "an entity without a unit"
        found = f"{operand.said} in {operand.unit}" if operand.unit else f"{operand.said} without a unit"
        self.faults.append(node.fault(f"{wanted}, as {ref.said}", found))
        return False

    def _numeric(self, found: Found, node: Node) -> Operand | None:
        if _options(found) or isinstance(found.row, BinarySensor | Switch):
            self.faults.append(node.fault(f"an entity with a number; {found.ref.said} has none"))
            return None
        return found.ref

    def _entity(self, said: str, node: Node) -> Condition:
        found = self.find(said, node)
        if found is None:
            return NOTHING
        match node.content:
            case dict(entries) if entries:
                parts = [self._test(found, word, part) for word, part in entries.items()]
                return parts[0] if len(parts) == 1 else All(tuple(parts))
            case list(items) if items:
                return self._one_of(found, items)
        return self._one_of(found, [node])

    def _test(self, found: Found, word: str, node: Node) -> Condition:
        match word:
            case "between":
                return self._between(found, node)
            case "equals":
                return self._one_of(found, [node])
            case "one_of" if isinstance(node.content, list) and node.content:
                return self._one_of(found, node.content)
            case "changed":
                return Changed(found.ref, self._span(node))
            case "age":
                entries = node.content if isinstance(node.content, dict) else {}
                if set(entries) - set(COMPARISONS) or not entries:
                    self.faults.append(node.fault("a mapping such as {above: 5min}"))
                    return NOTHING
                return All(tuple(Age(found.ref, one, self._span(part)) for one, part in entries.items()))
            case _ if word in COMPARISONS:
                return self._compare(found, word, node)
        self.faults.append(node.fault(f"one of {', '.join(WORDS)}{nearest(word, WORDS)}", f"`{word}`"))
        return NOTHING

    def _compare(self, found: Found, word: str, node: Node) -> Condition:
        if self._numeric(found, node) is None:
            return NOTHING
        than = self.threshold(node, found.ref)
        if than is None:
            return NOTHING
        return Compare(found.ref, word, than)

    def _between(self, found: Found, node: Node) -> Condition:
        match node.content:
            case [low, high]:
                ends = (self._compare(found, "at_least", low), self._compare(found, "at_most", high))
                match ends:
                    case (Compare(than=float(least)), Compare(than=float(most))) if least > most:
                        pass
                    case _:
                        return All(ends)
        self.faults.append(node.fault("two bounds in a list, the lower first, as in [49, 51]"))
        return NOTHING

    def _one_of(self, found: Found, nodes: list[Node]) -> Condition:
        wanted = [self.value(found, node) for node in nodes]
        return OneOf(found.ref, tuple(value for value in wanted if value is not None))

    def value(self, found: Found, node: Node) -> Value | None:
        """A value that this entity can have; None with a fault. A setting's name stands for its number."""
        value, options = node.content, _options(found)
        if isinstance(found.row, BinarySensor | Switch):
            flag = {True: True, False: False, "on": True, "off": False}
            if isinstance(value, bool | str) and value in flag:
                return flag[value]
            expected = "`true` or `false`"
        elif options:
            if isinstance(value, str) and value in options:
                return value
            expected = f"one of {', '.join(options)}{nearest(str(value), options)}"
        elif isinstance(found.row, Number) or found.row.quantity.unit is not None:
            if isinstance(value, str) and isinstance(number := self.settings.get(value), float):
                return number
            if _number(value):
                return value
            expected = f"a number or a setting's name{nearest(str(value), self.settings)}"
        elif isinstance(value, bool | str) or _number(value):
            return value
        else:
            expected = "a value"
        self.faults.append(node.fault(expected))
        return None

    def lasting(self, least: float, most: float) -> Callable[[Plain], float]:
        """Seconds, written as any duration, or as `{minutes: a setting's name}`."""
        check = values.duration(least, most)

        def named(value: Plain) -> float:
            if isinstance(value, dict):
                value = {unit: self._named(count) for unit, count in value.items()}
            return check(value)

        return named

    def _named(self, value: Plain) -> Plain:
        return self.settings.get(value, value) if isinstance(value, str) else value

    def _span(self, node: Node) -> float:
        try:
            return self.lasting(0, WEEK)(node.plain())
        except values.Wrong as wrong:
            self.faults.append(node.fault(str(wrong.msg), wrong.found))
            return 0.0

    def _hours(self, node: Node) -> Condition:
        expected = 'hours such as {after: "07:00", before: "13:00"}, and perhaps days: [sat, sun]'
        match node.plain():
            case {"after": after, "before": before, **rest} if set(rest) <= {"days"}:
                days = rest.get("days", list(DAYS))
                begin, end = hour_of(self._named(after)), hour_of(self._named(before))
                if begin is None or end is None or not isinstance(days, list):
                    pass
                elif days and all(day in DAYS for day in days):
                    return Hours(begin, end, tuple(str(day) for day in days))
        self.faults.append(node.fault(expected))
        return NOTHING

    def _dates(self, node: Node) -> Condition:
        match node.plain():
            case {"from": first, "to": last, **rest} if not rest:
                ends = (day_of(self._named(first)), day_of(self._named(last)))
                if ends[0] is not None and ends[1] is not None:
                    return Dates(ends[0], ends[1])
        self.faults.append(node.fault('days such as {from: "11-01", to: "03-15"}'))
        return NOTHING


def moment(value: Plain) -> str:
    """A time of day or a day of the year, as a setting may be."""
    if isinstance(value, str) and (hour_of(value) is not None or day_of(value) is not None):
        return value
    raise values.Wrong('a time such as "22:00" or a day such as "11-01"')


def _number(value: object) -> TypeGuard[int | float]:
    """Whether it can be reckoned with; a file may say `.inf`, or an integer of a thousand digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -POSSIBLE < value < POSSIBLE


def _options(found: Found) -> tuple[str, ...]:
    row = found.row
    if isinstance(row, Select):
        return (*row.options, *row.shown)
    return row.options if isinstance(row, Sensor) and row.quantity == ENUM else ()
