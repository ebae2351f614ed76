"""Days lived by the plant, read byte by byte from simulated devices, stored, and followed into a database."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from follower_bench import Following, Influx

from gridward.audit.trail import Event, Trail
from gridward.demo.yesterday import told
from gridward.energies import counted
from gridward.energies.core import Sample, Settings, State, Tariff, step
from gridward.energies.entities import shown
from gridward.energies.role import FLOWS
from gridward.plant import Plant, PlantSettings
from gridward.plant.battery import BatterySettings
from gridward.plant.ledger import Ledger
from gridward.plant.settings import InverterSettings, Output
from gridward.recorder.health import KIND, numbers
from gridward.recorder.store import About, Parcel
from gridward.roles import flows
from gridward.rules.inputs import Source
from gridward.site import Database
from gridward_kit.entity import by_query, derive, readings
from gridward_kit.integration import Dialect, Integration, Simulator, integrations
from gridward_kit.kept import Json
from gridward_kit.point import Value
from gridward_kit.testing import TurnedClock
from gridward_kit.trial import asked, made, taken

ZONE = ZoneInfo("Europe/Bratislava")
START = datetime(2026, 6, 18, 18, tzinfo=ZONE)
END = datetime(2026, 6, 20, 21, tzinfo=ZONE)
MINUTE, POLL = 60.0, 20
ISLANDED = range(8, 22)
FLATS = 90
LAST_POLLS = 4
SOURCE = "inverter/output_source_priority"
ENERGIES = {"inverter": "inverter", "hybrid": "inverter", "bms": "battery", "grid_meter": "meter"}
TARIFF = Tariff("EUR", 0.18, 0.05)

Values = dict[str, Value]


@dataclass
class Unit:
    """One simulated device with the dialect that reads it."""

    device: str
    integration: Integration
    simulator: Simulator = field(init=False)
    dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        self.simulator, self.dialect, _ = made(self.integration)
        self._rows = by_query(self.dialect.entities)

    @property
    def about(self) -> About:
        units = {row.key: row.quantity.unit for row in self.dialect.entities}
        return About(self.integration.kind, self.integration.domain, units)

    def poll(self, measured: Mapping[str, Value]) -> Values:
        """What a reader has after one pass over the device that measures this."""
        state = self.simulator.state
        state |= {key: value for key, value in measured.items() if key in state}
        found: Values = {}
        for query in self.dialect.queries:
            payload = taken(self.dialect, query.name, asked(self.simulator, self.dialect, query.name))
            assert payload is not None, query.name
            found |= readings(self._rows.get(query.name, ()), query.name, payload).values
        return found | derive(self._rows.get("", ()), found)


@dataclass(frozen=True)
class Moment:
    """What the plant was at a time (ms): its values by device, and its ledger."""

    at: int
    measured: Mapping[str, Mapping[str, Value]]
    ledger: Ledger


class Lived:
    """The house of the demo with an SRNE beside it and ninety flats, over three local days."""

    def __init__(self, folder: Path, influx: Influx) -> None:
        self.plant = Plant(
            PlantSettings(
                start=START,
                battery=BatterySettings(soc=60),
                cloud_cover=0.2,
                inverter=InverterSettings(output_source_priority=Output.SUB),
            )
        )
        self.influx = influx
        self.moments: list[Moment] = []
        self.minutes: list[Moment] = []
        clock = TurnedClock(END.timestamp())
        self.place = Following(folder, Database(influx.url, 1, "solar"), clock=clock)
        self.trail = Trail(folder / "audit")
        self._units = {
            name: Unit(name, integrations()[domain])
            for name, domain in (
                *(("inverter", "axpert"), ("hybrid", "srne"), ("bms", "daly")),
                *(("grid_meter", "eastron"), ("house_meter", "chint")),
            )
        }
        self._flat = Unit("flat", integrations()["eastron"])
        self._energies, self._settings = State(), Settings(ZONE, TARIFF, gap=2 * MINUTE)
        self._seq = 0

    async def live(self) -> None:
        """Live the days, store them, and have the database follow."""
        self._describe()
        self._units["inverter"].simulator.state |= self.plant.inverter_settings()
        minutes = round((END - START) / timedelta(minutes=1))
        for minute in range(minutes + 1):
            if minute:
                self.plant.contactor_closed = self.plant.now.hour not in ISLANDED
                self.plant.run(MINUTE)
            heard = told(self.plant)
            site = self._site(heard["site"])
            self.minutes.append(Moment(self._at, {"site": heard["site"]}, copy(self.plant.ledger)))
            if minute % POLL == 0:
                self._poll(site, last=minutes - minute < LAST_POLLS * POLL)
            else:
                self._put("site", site)
        self._events()
        self.place.store.commit()
        await self.place.catch_up()
        while await self.place.follower.step() or self.place.store.owed_events(self.place.database.name, 1):
            pass

    @property
    def _at(self) -> int:
        return round(self.plant.moment * 1000)

    def _describe(self) -> None:
        store = self.place.store
        for unit in self._units.values():
            store.describe(unit.device, unit.about)
        for number in range(1, FLATS + 1):
            store.describe(f"flat_{number:02}", self._flat.about)
        for device in ENERGIES:
            store.describe(f"{device}_energies", About("energies", "energies"))
        for kind in ("site", "rules", "plan", "alarms"):
            store.describe(kind, About(kind, kind))
        store.describe("contactor", About("relay", "relay"))

    def _put(self, device: str, values: Mapping[str, Value], kind: str | None = None) -> None:
        self._seq += 1
        self.place.store.add(Parcel(device, "b", self._seq, self.plant.moment, dict(values), 1, kind=kind))

    def _site(self, powers: Mapping[str, Value]) -> Values:
        watts = {name: float(powers[key]) for name, key in FLOWS.items() if key in powers}
        at = self.plant.moment
        self._energies = step(self._energies, Sample(at, at, watts), self._settings)
        return dict(powers)

    def _poll(self, site: Values, *, last: bool) -> None:
        plant = self.plant
        alarms = {f"alarm_{name}": True for name in plant.inverter_warnings()}
        measured: dict[str, Mapping[str, Value]] = {
            "inverter": plant.inverter_readings() | alarms,
            "hybrid": plant.inverter_readings(),
            "bms": plant.battery_readings(),
            "grid_meter": plant.grid_readings(),
            "house_meter": plant.house_readings(),
        }
        got = {name: self._units[name].poll(values) for name, values in measured.items()}
        for device, values in got.items():
            self._put(device, values)
        for device, kind in ENERGIES.items():
            self._put(f"{device}_energies", counted.shown(self._energies, counted.TABLE[kind]))
        bank = Source("bms", "battery", fresh=True, values=got["bms"])
        more = {"battery_hours_left": flows({"battery": bank}).get("battery_hours_left")}
        found = {key: value for key, value in more.items() if value is not None}
        self._put("site", {**site, **found, **shown(self._energies)})
        self._words()
        self.moments.append(Moment(self._at, measured, copy(plant.ledger)))
        if last:
            for device, values in self._flats(plant.house_readings()):
                self._put(device, values)
        self.place.store.commit()

    def _flats(self, house: Mapping[str, Value]) -> Iterator[tuple[str, Values]]:
        for number in range(1, FLATS + 1):
            share = number / (FLATS * (FLATS + 1) / 2)
            drawn = {"power": float(house["power"]) * share, "current": float(house["current"]) * share}
            yield f"flat_{number:02}", self._flat.poll({**house, **drawn, "import_energy": 100.0 + number})

    def _words(self) -> None:
        position = "connected" if self.plant.contactor_closed else "islanded"
        self._put(
            "rules",
            {
                "sentence": f"Living from the battery, {self.plant.soc:.0f} %.",
                "decision": position,
                "grid_present": "present",
                "would": position,
                "waiting": "2 of 4 minutes",
                "decisions": len(self.moments),
                "grid_override": "auto",
                "override_remaining": 600,
                "mode": "on",
            },
        )
        self._put(
            "plan",
            {
                "tonight": "At this load the battery lasts until 05:40; sun at 07:10.",
                "schedule_mode": "hold",
                "needed_soc": 60,
                "plan_reason": "Tomorrow's sun fills it.",
                **dict.fromkeys(("pv_expected_today", "pv_expected_tomorrow"), 9.5),
                **dict.fromkeys(("load_expected_today", "load_expected_tomorrow"), 7.5),
            },
        )
        self._put("alarms", {"alarms": 1, "latest": "Battery: spread 0.11 V."})
        self._put(
            "contactor",
            {
                "position": position,
                "feedback": position,
                "closed": position == "connected",
                "locked": False,
                "lease_remaining": 25,
                "changes_last_hour": 0,
                "changes_today": 2,
                "reason": "The rules renew the lease.",
            },
        )
        self._health()

    def _health(self) -> None:
        count = len(self.moments)
        errors: dict[str, Json] = {"bad_frame": count, "no_answer": 0, "refused": 0, "impossible": 1}
        wear: dict[str, Json] = {"mode": {"left": 19.5, "of": 20, "total": 12}}
        told_by_device: dict[str, Json] = {
            "errors": errors,
            "spool": {"waiting": 0, "dropped": 0},
            "wear": wear,
        }
        for device in ("inverter", "bms", "grid_meter"):
            self._put(device, {**numbers(told_by_device), "available": True}, KIND)
        own: Values = {"disk_used": 40.5, "disk_free": 9e9, "store_size": 1e6 * count, "followers_waiting": 0}
        self._put("recorder", {**own, "unstored": 0, "dropped": 0, "available": True}, KIND)

    def _events(self) -> None:
        def event(hour: float, what: str, by: str, status: str, reason: str, **more: Json) -> Event:
            at = START + timedelta(hours=hour)
            content: dict[str, Json] = {"what": what, "by": by, "status": status, "reason": reason, **more}
            return Event(round(at.timestamp() * 1000), None, {"v": 1, "at": at.isoformat(), **content})

        self.trail.append(
            [
                event(8, "rules/decision", "rules", "decided", "The bank is above 51.8 V."),
                event(10, "inverter/output_source_priority", "anna", "confirmed", "", seconds=2.1),
                event(10.2, "inverter/charger_source_priority", "anna", "refused", "It does not take this."),
                event(20, SOURCE, "rules:sun_first", "proposal_made", "The bank is well.", proposal="7f"),
                event(22, "rules/alarm_cells", "rules:cells", "raised", "The cells drift apart."),
            ]
        )
        self.place.store.copy_audit(self.trail)
        self.trail.close()
