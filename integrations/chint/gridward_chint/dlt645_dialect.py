"""A meter that stays on DL/T 645, with the entities of its Modbus side. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gridward_chint import dlt645, dlt645_items
from gridward_chint.dlt645_items import ADDRESS, Item
from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame
from gridward_kit.integration import FAST, ONCE, Dialect, Query
from gridward_kit.point import Point, Value

COUNTERS_EVERY = 60.0
SINGLE = {"voltage": "voltage_l1", "current": "current_l1"}
"""What a single-phase meter calls its one phase."""


@dataclass(frozen=True, slots=True)
class Bcd(Point):
    """One value of the table, `scale` times as large: 1000 where it is told in kW and wanted in W."""

    query: str
    item: Item
    scale: float = 1.0

    @property
    def resolution(self) -> float:
        return float(self.scale * 10**-self.item.places)

    def decode(self, payload: bytes) -> Value | None:
        value = self.item.decode(payload)
        return None if value is None else round(float(value) * self.scale, 6)

    def encode(self, value: Value, payload: bytes) -> bytes:
        return self.item.encode(float(value) / self.scale)


@dataclass(frozen=True, slots=True)
class Serial(Point):
    """The communication address as twelve digits."""

    query: str = f"{ADDRESS:08x}"

    def decode(self, payload: bytes) -> Value | None:
        digits = payload[5::-1].hex() if len(payload) == 6 else ""
        return digits if digits.isdigit() else None

    def encode(self, value: Value, payload: bytes) -> bytes:
        return bytes.fromhex(str(value))[::-1]


def placed(rows: Sequence[Entity], *, old: bool = False) -> tuple[Entity, ...]:
    """Those of a meter's rows that DL/T 645 knows (`old`: as of 1997), each where it lies there."""
    items = {item.key: item for item in (dlt645_items.ITEMS_1997 if old else dlt645_items.ITEMS)}
    found: list[Entity] = []
    for row in rows:
        item = items.get(row.key) or items.get(SINGLE.get(row.key, ""))
        if row.key == "serial_number" and not old:
            found.append(replace(row, at=Serial()))
        elif item is not None:
            kilo = (item.unit or "") == f"k{row.quantity.unit}"
            found.append(replace(row, at=Bcd(f"{item.identifier:08x}", item, 1000.0 if kilo else 1.0)))
    return tuple(found)


class Dlt645(Dialect):
    """One meter by its twelve digits; `old` speaks the standard of 1997."""

    def __init__(self, rows: Sequence[Entity], serial: str, *, old: bool = False) -> None:
        self.entities = placed(rows, old=old)
        self._address = dlt645.wire_address(serial)
        self._old = old
        names = dict.fromkeys(row.at.query for row in self.entities if row.at is not None)
        self.queries = tuple(Query(name, _every(int(name, 16))) for name in names)
        if any(row.key == "serial_number" for row in self.entities):
            self.proof = (f"{ADDRESS:08x}", "serial_number")

    def request(self, query: str) -> bytes:
        return dlt645.read(self._address, int(query, 16), old=self._old).sent()

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return dlt645.cut(request, buffer, quiet=quiet)

    def payload(self, query: str, answer: bytes) -> bytes:
        frame = dlt645.accepted(answer)
        if dlt645_items.identifier_of(frame) != int(query, 16):
            raise BadFrame(f"the answer to {frame.data[:4][::-1].hex()}, not to {query}")
        if frame.control & dlt645.MORE:
            raise BadFrame(f"only a part of {query}")
        return dlt645.joined([frame])

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        raise ValueError(f"{entity.name} cannot be set over DL/T 645")

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        dlt645.accepted(answer)


def _every(identifier: int) -> float:
    if identifier == ADDRESS:
        return ONCE
    return COUNTERS_EVERY if identifier >> 24 == 0 and identifier >> 8 not in (0xB6,) else FAST
