"""What a rule file may name: the site's devices, by role or id, and what each of them has. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridward.rules.view import Ref
from gridward.site import DeviceSpec
from gridward.values import nearest
from gridward_kit.entity import Button, Entity, Select
from gridward_kit.integration import Integration

INVERTER = "inverter"
PREFIXES: Mapping[str, str] = {"battery": "battery_", "pv": "pv_", "load": "output_", "grid": "grid_"}


class Unknown(LookupError):
    """A name that nothing on this site has: what would be right, in words."""


@dataclass(frozen=True, slots=True)
class Found:
    """One entity of one device of the site."""

    ref: Ref
    row: Entity
    kind: str
    writable: bool

    def objection(self) -> str | None:
        """Why no rule may steer it, as what would be right; None if one may."""
        if self.kind == "relay":
            return "an output that rules steer; the contactor follows the conditions of `grid_switch`"
        if self.row.setting is None:
            return f"an entity that can be set; {self.ref.said} is only read"
        if isinstance(self.row, Button):
            return "an entity with a value that can be read back, not a button"
        if self.row.expert:
            return "an entity that is not marked expert; rules leave those alone"
        if not self.writable:
            return f"`writable: true` for the device `{self.ref.device}` in the site file"
        return None


class Catalogue:
    """The devices of a site file, before any of them was asked."""

    def __init__(
        self,
        devices: Sequence[DeviceSpec],
        roles: Mapping[str, str],
        inverter: str,
        known: Mapping[str, Integration],
    ) -> None:
        self._devices = {device.id: device for device in devices}
        self._parts = {**{name: name for name in self._devices}, **roles}
        if inverter:
            self._parts[INVERTER] = inverter
        self._roles = roles
        self._known = known
        self._rows: dict[str, dict[str, Entity]] = {}

    def find(self, said: str) -> Found:
        """The entity that is called so, as in `battery.voltage`; raises Unknown."""
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
        ref = Ref(device.id, key, said, row.quantity.unit or "", options)
        return Found(ref, row, integration.kind, device.writable)

    def _of(self, device: DeviceSpec, integration: Integration) -> Mapping[str, Entity]:
        """Every row that the device can have: which model it is, is not known yet."""
        if device.id not in self._rows:
            rows = integration.entities({} if integration.identify else device.options)
            self._rows[device.id] = {row.key: row for row in rows}
        return self._rows[device.id]
