"""A site's devices on one plant: what they would say, and the settings that commands change in them.

No line and no broker are between; what a device keeps to by itself holds here, too: the bounds of its
settings and their write budget.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from gridward.crosscheck import Fitting
from gridward.planning.entities import PLAN
from gridward.planning.spec import RESERVE
from gridward.plant import Plant
from gridward.plant.bms import Bms
from gridward.rehearsal.plan import Planner
from gridward.roles import flows
from gridward.rules.catalogue import for_cells
from gridward.rules.inputs import Source
from gridward.rules.view import Ref
from gridward.rules.wiring import parts
from gridward.site import DeviceSpec, Site
from gridward_kit.entity import Entity
from gridward_kit.integration import Integration, integrations
from gridward_kit.point import Value
from gridward_kit.wear import Budget

SITE = "site"
SWITCHES = ("charge_mosfet", "discharge_mosfet")
Measure = Callable[[], Mapping[str, Value]]


@dataclass(slots=True)
class Simulated:
    """One device: what it measures, in a dictionary that is filled anew at each look."""

    measure: Measure
    answering: Source
    silent: Source
    values: dict[str, Value]
    rows: Mapping[str, Entity]

    def look(self) -> Source:
        """What it says now; it is silent when it has nothing to say."""
        self.values.clear()
        self.values.update(self.measure())
        return self.answering if self.values else self.silent


@dataclass(slots=True)
class House:
    """The devices of a site file on one plant. The first inverter and the first battery are the plant's; a
    second one never answers, and is named in `absent`. Where it is not `limited`, writes `beyond` the
    budget of a setting are counted and done."""

    plant: Plant
    devices: dict[str, Simulated] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    budgets: dict[Ref, Budget] = field(default_factory=dict)
    inverter: str = ""
    battery: str = ""
    meter: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    reserve: float = RESERVE
    watched: frozenset[str] = frozenset()
    whole: bool = False
    seen: tuple[tuple[str, Simulated], ...] = ()
    planner: Planner | None = None
    loads: dict[tuple[str, str], bool] = field(default_factory=dict)
    watts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    limited: bool = True
    beyond: int = 0

    @classmethod
    def of(cls, site: Site, start: datetime, seed: int) -> "House":
        """The site's house, begun at this moment."""
        known = integrations()
        specs = [spec for spec in site.all_devices() if spec.integration in known]
        fitting = Fitting(specs, site.roles, known)
        house = cls(Plant(site.plant.settings(start, site.latitude, site.longitude), seed))
        house.roles, house.reserve = site.roles, site.plan.reserve
        house.inverter = fitting.inverter or _first(specs, known, "inverter")
        house.battery = fitting.battery or _first(specs, known, "battery")
        house.meter = next((one.id for one in specs if one.side == "grid"), "")
        for spec in specs:
            measure = house._measure(spec, known[spec.integration].kind)
            if measure is None:
                house.absent += (spec.id,)
            else:
                house.devices[spec.id] = _simulated(spec, known[spec.integration], measure)
        house._watch(site)
        house.watts = {load.place: site.plant.loads.get(load.id, 0.0) for load in site.loads}
        for load in site.loads:
            house._switch(load.place, on=True)
        return house

    def sources(self, now: float) -> dict[str, Source]:
        """What every device that the rules look at says now, by its id; valid until the next look."""
        found = {identifier: device.look() for identifier, device in self.seen}
        for (device, key), on in self.loads.items():
            if device in found and found[device].fresh:
                self.devices[device].values[key] = on
        if self.whole:
            seen = {role: found[device] for role, device in self.roles.items() if device in found}
            found[SITE] = Source("Site", SITE, fresh=True, age=0.0, values=flows(seen, self.reserve))
            if self.planner is not None:
                found[PLAN] = self.planner.look(seen, now, self.plant.moment)
        return found

    def command(self, ref: Ref, value: Value, by: str, now: float) -> str | None:
        """Set a setting as a command of automation would; why it was refused, None if it stands now."""
        device = self.devices.get(ref.device)
        row = None if device is None else device.rows.get(ref.key)
        place = (ref.device, ref.key)
        known = self.plant.inverter_settings() if ref.device == self.inverter else SWITCHES
        if row is None or not (place in self.loads or (ref.device in self._own and ref.key in known)):
            return "the plant has no such setting"
        try:
            accepted = for_cells(row, self.plant.settings.battery.cells).accept(value)
        except ValueError as wrong:
            return str(wrong)
        budget = self.budgets.setdefault(ref, Budget())
        refusal = budget.refusal(by, now)
        if refusal is not None and self.limited:
            return refusal
        self.beyond += refusal is not None
        budget.spend(by, now)
        if place in self.loads:
            self._switch(place, on=bool(accepted))
        elif ref.device == self.inverter:
            self.plant.settings_from({ref.key: accepted})
        else:
            self.plant.switches_from({ref.key: accepted})
        return None

    @property
    def _own(self) -> tuple[str, str]:
        """The devices whose settings are the plant's."""
        return self.inverter, self.battery

    def _switch(self, place: tuple[str, str], *, on: bool) -> None:
        """Switch a load; what those take that are on comes on top of the household."""
        self.loads[place] = on
        self.plant.extra_load = sum(self.watts.get(one, 0.0) for one, stands in self.loads.items() if stands)

    def _watch(self, site: Site) -> None:
        """Find out whom the rules look at; all roles, where they look at the virtual `site`."""
        policy, settings = site.rules.policy, site.rules.grid_switch
        named = {ref.device for ref in policy.refs} if policy is not None else set()
        named |= set(parts(settings).values()) if settings is not None else set()
        self.whole = not named.isdisjoint((SITE, PLAN))
        self._measure_less(set(policy.refs) if policy is not None else set())
        self.watched = frozenset(named | set(site.roles.values()) if self.whole else named)
        self.seen = tuple(one for one in self.devices.items() if one[0] in self.watched)

    def _measure_less(self, looked_at: Set[Ref]) -> None:
        """Leave out what neither a rule looks at nor the grid switch, the flows or the plan: a fifth of a
        step."""
        plant = self.plant
        choice: tuple[tuple[str, Measure], ...] = (
            (self.inverter, partial(self._inverter, inside=False)),
            (self.battery, partial(plant.battery_readings, Bms.bank)),
        )
        if not self.whole:
            choice += (
                (self.battery, partial(plant.battery_readings, Bms.terminals)),
                (self.meter, partial(plant.grid_readings, powers=False)),
            )
        for device, less in choice:
            keys = {ref.key for ref in looked_at if ref.device == device}
            if device in self.devices and keys <= less().keys():
                self.devices[device].measure = less

    def _measure(self, spec: DeviceSpec, kind: str) -> Measure | None:
        plant = self.plant
        match kind:
            case "inverter" if spec.id == self.inverter:
                return self._inverter
            case "battery" if spec.id == self.battery:
                return plant.battery_readings
            case "meter":
                return plant.grid_readings if spec.side == "grid" else plant.house_readings
            case "relay" if spec.options.get("duty") == "load":
                return lambda: {"switch": True}
            case "relay" if spec.options.get("duty") == "generator":
                return lambda: {"feed_house": False, "closed": False, "locked": False}
            case "relay":
                return self._contactor
            case "inverter" | "battery":
                return None
        return lambda: {"reachable": True}

    def _inverter(self, *, inside: bool = True) -> Mapping[str, Value]:
        values = self.plant.inverter_readings(inside=inside)
        if values:
            values.update(self.plant.inverter_settings())
        return values

    def _contactor(self) -> Mapping[str, Value]:
        closed = self.plant.contactor_closed
        position = "connected" if closed else "islanded"
        return {"position": position, "feedback": position, "closed": closed, "locked": False}


def _simulated(spec: DeviceSpec, integration: Integration, measure: Measure) -> Simulated:
    options = spec.options if integration.serve is not None or integration.identify is None else {}
    rows = {row.key: row for row in integration.entities(options)}
    values: dict[str, Value] = {}
    keys = frozenset(measure())
    name, kind, side = spec.name, integration.kind, spec.side
    return Simulated(
        measure,
        Source(name, kind, side, fresh=True, age=0.0, values=values, keys=keys),
        Source(name, kind, side, age=None, keys=keys),
        values,
        rows,
    )


def _first(specs: list[DeviceSpec], known: Mapping[str, Integration], kind: str) -> str:
    return next((spec.id for spec in specs if known[spec.integration].kind == kind), "")
