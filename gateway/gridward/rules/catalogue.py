"""What a rule file may name: the site's devices, by role or id, and what each of them has. Pure."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from gridward.rules.view import Ref
from gridward.site import DeviceSpec, LoadSpec
from gridward.values import nearest
from gridward_kit.entity import VOLTAGE, Button, Entity, Number, Select
from gridward_kit.integration import Integration
from gridward_kit.point import Value

INVERTER = "inverter"
LEAST: Mapping[str, int] = {"grid": 3, "generator": 2}
BOUND: Mapping[str, str] = {
    "grid": "an output that rules steer; the contactor follows the conditions of `grid_switch`",
    "generator": "a generator that only people start, or `level: 2` at its relay, as a stated choice",
}
"""A relay's level (1 or 2 in the site file) from which rules may steer it, by its duty, and why not below."""
EACH = "each.switch"
Learned = Callable[[DeviceSpec], Mapping[str, Entity]]
"""The rows by key of a device that was asked what it is; none of one that was not."""
NOMINAL = ((4, 12.0), (8, 24.0), (12, 36.0), (16, 48.0))
WRITTEN_FOR = 48.0
"""Voltages (V) of banks by their LiFePO4 cells, and that which a row of an unknown unit is written for."""
PREFIXES: Mapping[str, str] = {"battery": "battery_", "pv": "pv_", "load": "output_", "grid": "grid_"}


class Unknown(LookupError):
    """A name that nothing on this site has: what would be right, in words."""


@dataclass(frozen=True, slots=True)
class Found:
    """One entity of one device of the site. `virtual`: the gateway's own; `load`: what hangs on it; `duty`
    and `level`: what a relay is there for, and how far automation may go with it; `own`: the row as this very
    device has it, None while it was never asked."""

    ref: Ref
    row: Entity
    kind: str
    writable: bool
    virtual: bool = False
    load: LoadSpec | None = None
    duty: str = "grid"
    level: int = 1
    own: Entity | None = None

    def objection(self) -> str | None:
        """Why no rule may steer it, as what would be right; None if one may."""
        if self.virtual:
            return f"an output of a device; `{self.ref.device}` is only looked at"
        if self.load is not None and self.load.critical:
            return f"a load that is not critical; `{self.load.id}` is, and no rule switches it"
        if self.kind == "relay" and self.level < LEAST.get(self.duty, 1):
            return BOUND[self.duty]
        if self.row.setting is None:
            return f"an entity that can be set; {self.ref.said} is only read"
        if isinstance(self.row, Button):
            return "an entity with a value that can be read back, not a button"
        if self.row.expert:
            return "an entity that is not marked expert; rules leave those alone"
        if not self.writable:
            return f"`writable: true` for the device `{self.ref.device}` in the site file"
        return None

    def accept(self, value: Value, cells: int | None) -> Value:
        """The value as the device takes it, for a bank of so many cells; raises ValueError."""
        if self.own is not None and self.own.setting is not None:
            return self.own.accept(value)
        return (self.row if cells is None else for_cells(self.row, cells)).accept(value)


def for_cells(row: Entity, cells: int) -> Entity:
    """A row of an unknown unit as one for so many cells has it: what is in volts of the bank, scaled."""
    if not isinstance(row, Number) or row.quantity != VOLTAGE or not row.key.startswith(PREFIXES["battery"]):
        return row
    factor = next((volts for most, volts in NOMINAL if cells <= most), WRITTEN_FOR) / WRITTEN_FOR
    only = tuple(_tenth(volts * factor) for volts in row.only)
    return replace(row, low=_tenth(row.low * factor), high=_tenth(row.high * factor), only=only)


def _tenth(volts: float) -> float:
    return round(volts + 1e-6, 1)


class Catalogue:
    """The devices of a site file, before any of them was asked, and the gateway's own (`virtual`)."""

    def __init__(
        self,
        devices: Sequence[DeviceSpec],
        roles: Mapping[str, str],
        inverter: str,
        known: Mapping[str, Integration],
        virtual: Mapping[str, Integration] | None = None,
        loads: Sequence[LoadSpec] = (),
        learned: Learned | None = None,
    ) -> None:
        self._own = dict(virtual or {})
        own = [DeviceSpec(name, one.domain, one.name) for name, one in self._own.items()]
        self._devices = {device.id: device for device in (*own, *devices)}
        self._parts = {**{name: name for name in self._devices}, **roles}
        if inverter:
            self._parts[INVERTER] = inverter
        self._roles = roles
        named = dict.fromkeys(device.integration for device in devices)
        self._known = {name: known[name] for name in named if name in known}
        self._known |= {one.domain: one for one in self._own.values()}
        self._rows: dict[str, dict[str, Entity]] = {}
        self._loads = {load.place: load for load in loads}
        self._each: LoadSpec | None = None
        self._learned = learned
        self._own_rows: dict[str, Mapping[str, Entity]] = {}

    @property
    def sheddable(self) -> tuple[LoadSpec, ...]:
        """The loads that rules may switch, the first to go first."""
        free = (load for load in self._loads.values() if not load.critical)
        return tuple(sorted(free, key=lambda load: load.priority, reverse=True))

    def for_each(self, load: LoadSpec) -> "Catalogue":
        """The same, where `each.switch` is this load's."""
        found = copy(self)
        found._each = load
        return found

    def find(self, said: str) -> Found:
        """The entity that is called so, as in `battery.voltage`; raises Unknown."""
        if said == EACH:
            if self._each is None:
                raise Unknown(f"an entity; `{EACH}` is the load's switch in a rule with `each: load`")
            said = ".".join(self._each.place)
        part, dot, key = said.partition(".")
        device = self._devices.get(self._parts.get(part, ""))
        if not dot or device is None or device.integration not in self._known:
            raise Unknown(f"`role.key` or `device.key`{nearest(part, self._parts)}")
        integration = self._known[device.integration]
        rows = self._of(device, integration)
        if part in self._roles and integration.kind == INVERTER:
            prefixed = f"{PREFIXES.get(part, '')}{key}"
            key = prefixed if prefixed in rows else key
        row = rows.get(key)
        if row is None:
            raise Unknown(f"a key of `{device.id}` ({integration.name}){nearest(key, rows)}")
        options = row.options if isinstance(row, Select) else ()
        ref = Ref(device.id, key, said, row.quantity.unit or "", options, row)
        virtual, load = device.id in self._own, self._loads.get((device.id, key))
        own = None if virtual else self._asked(device).get(key)
        found = Found(ref, row, integration.kind, device.writable, virtual, load, own=own)
        duty, level = device.options.get("duty", found.duty), device.options.get("level", found.level)
        return replace(found, duty=str(duty), level=level if isinstance(level, int) else found.level)

    def _of(self, device: DeviceSpec, integration: Integration) -> Mapping[str, Entity]:
        """Every row that the device can have: which model it is, is not known yet."""
        if device.id not in self._rows:
            rows = integration.entities({} if integration.identify else device.options)
            self._rows[device.id] = {row.key: row for row in rows}
        return self._rows[device.id]

    def _asked(self, device: DeviceSpec) -> Mapping[str, Entity]:
        """The rows of this very device, as far as it was asked."""
        if device.id not in self._own_rows:
            self._own_rows[device.id] = {} if self._learned is None else self._learned(device)
        return self._own_rows[device.id]
