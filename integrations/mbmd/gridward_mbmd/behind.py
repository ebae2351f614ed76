"""One meter behind mbmd: found once, then asked for what mbmd read last."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward_kit.device import Device
from gridward_kit.entity import Entity, possible
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer
from gridward_kit.integration import Identity, Options
from gridward_kit.kept import Json
from gridward_kit.modbus.counters import UNITS, Counters
from gridward_kit.network import asked
from gridward_kit.point import Value
from gridward_kit.wired import identity_from
from gridward_mbmd.answers import kind, kinds, parsed, sample, samples, true
from gridward_mbmd.entities import ENTITIES, ROWS
from gridward_mbmd.web import get

log = logging.getLogger(__name__)

PORT = 8080
EVERY = 5.0
OLD = 60.0
STEP = 12.0  # kWh between two answers: ten minutes at 72 kW
PROTOCOL = "mbmd"
NAMES = "measurements"
ANGLE = "PhaseAngle"
GIVES = ("power", "reactive_power", "power_factor")


async def serve(device: Device, options: Options) -> None:
    """Ask mbmd for ever; a meter that it has lost is unavailable, with mbmd's own words."""
    meter = Behind(device, options)
    meter.recall()
    await asked(device, meter.every, meter.counted)


@dataclass(slots=True)
class Behind:
    """The meter as the site file says it, and what was found out about it."""

    device: Device
    options: Options
    every: float = field(init=False)
    key: str = field(init=False, default="")
    _names: tuple[str, ...] = field(init=False, default=())
    _counters: Counters = field(init=False)
    _errors: dict[str, int] = field(init=False)
    _unix: float = field(init=False, default=0.0)
    _changed: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        every = self.options.get("every", EVERY)
        self.every = float(every) if isinstance(every, int | float) else EVERY
        self.key = str(self.options.get("meter", ""))
        self._counters = Counters(ENTITIES, STEP)
        self._errors = self.device.counters = {"no_answer": 0, "bad_frame": 0, "impossible": 0}

    def recall(self) -> None:
        """Announce the meter that was found earlier, whether mbmd runs or not."""
        kept = identity_from(self.device.kept.section("identity"))
        names = kept.facts.get(NAMES) if kept is not None else None
        if kept is not None and kept.facts.get("meter") == (self.key or kept.facts.get("meter")):
            self.key = str(kept.facts.get("meter", self.key))
            self._describe(kept, tuple(names) if isinstance(names, list) else ())

    async def counted(self) -> None:
        """One round, as `read`; one without a reading is counted."""
        try:
            await self.read()
        except DeviceError as error:
            self._errors["bad_frame" if isinstance(error, BadFrame) else "no_answer"] += 1
            raise

    async def read(self) -> None:
        """One round: raises DeviceError in words where there is nothing to read, or nothing new."""
        if not self.key:
            self.key = await self._only_one()
        last = sample(parsed(await self._get(f"/api/last/{self.key}")))
        self._fresh(last.unix)
        values = dict(last.values)
        if self.options.get("average"):
            mean = sample(parsed(await self._get(f"/api/avg/{self.key}")))
            values |= {name: value for name, value in mean.values.items() if not _counts(name)}
        fresh = set(values) & set(ROWS) - set(self._names)
        if self.device.identity is None or any(self._shown(name) for name in fresh):
            await self._found(values)
        self._take(true(self._model(), values))

    async def _get(self, path: str) -> str:
        port = self.options.get("port", PORT)
        return await get(str(self.options["host"]), port if isinstance(port, int) else PORT, path)

    async def _only_one(self) -> str:
        """The key of the only meter; raises DeviceError with all keys where there are several."""
        listed = sorted(samples(parsed(await self._get("/api/last"))))
        if len(listed) != 1:
            raise DeviceError(f"mbmd has {', '.join(listed) or 'no meter'}: say which one is the `meter`")
        return listed[0]

    def _fresh(self, unix: float) -> None:
        """Raises NoAnswer where mbmd has read nothing new for a minute."""
        now = self.device.clock.monotonic()
        if unix != self._unix:
            self._unix, self._changed = unix, now
        if now - self._changed > max(OLD, 3 * self.every):
            raise NoAnswer(f"mbmd has read nothing new from {self.key} for {now - self._changed:.0f} s")

    async def _found(self, values: Mapping[str, float]) -> None:
        """A meter, or a measurement of it, that was not known: keep and announce it."""
        try:
            said = kinds(parsed(await self._get("/api/status"))).get(self.key)
        except DeviceError:
            said = None  # the status has changed its shape before; the key says enough
        names = tuple(name for name in ROWS if name in values or name in self._names)
        if unknown := sorted(set(values) - set(ROWS)):
            log.info("%s: mbmd measures %s, which is not known here", self.device.id, ", ".join(unknown))
        model = (said or kind(self.key) or "meter").upper()
        facts: dict[str, Json] = {"meter": self.key, NAMES: [*names]}
        self.device.keep({"identity": {"model": model, "protocol": PROTOCOL, "facts": facts}})
        self._describe(Identity(model, PROTOCOL, facts={"meter": self.key}), names)

    def _describe(self, identity: Identity, names: tuple[str, ...]) -> None:
        """Announce what is measured; from the other side of the current an angle is another one."""
        self._names = tuple(name for name in names if name in ROWS and self._shown(name))
        self.device.describe(identity, tuple(ROWS[self._turned(name)] for name in self._names))

    def _shown(self, name: str) -> bool:
        return not (self.options.get("invert") and name.startswith(ANGLE))

    def _model(self) -> str:
        return self.device.identity.model if self.device.identity is not None else ""

    def _turned(self, name: str) -> str:
        """The name under which a measurement is shown: import and export change places where inverted."""
        if not self.options.get("invert"):
            return name
        there = name.replace("Import", "?").replace("Export", "Import").replace("?", "Export")
        return there if there in ROWS else name

    def _take(self, measured: Mapping[str, float]) -> None:
        shown: dict[str, Value] = {}
        for name in self._names:
            row = ROWS[self._turned(name)]
            if name in measured and (value := self._signed(row, measured[name])) is not None:
                shown[row.key] = value
        doubted = self._counters.doubt(shown)
        self._errors["impossible"] += len(doubted)
        values = {key: value for key, value in shown.items() if key not in doubted}
        self.device.read(values, self.every, frozenset(ROWS[self._turned(name)].key for name in self._names))
        self.device.publish()

    def _signed(self, row: Entity, value: float) -> float | None:
        """The value with its sign as the site sees it; None where it cannot be true."""
        if self.options.get("invert") and row.key.partition("_l")[0] in GIVES:
            value = -value
        if possible(row, value):
            return value + 0.0  # -0.0 is 0.0
        self._errors["impossible"] += 1
        return None


def _counts(name: str) -> bool:
    return name in ROWS and ROWS[name].quantity.unit in UNITS
