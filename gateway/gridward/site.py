"""A site as its file describes it, read and checked by `gridward.config`; no input or output here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from gridward.emergency.spec import EmergencySpec
from gridward.energies.core import Tariff
from gridward.grafana.spec import GrafanaSpec
from gridward.notify.spec import NotifySpec
from gridward.planning.spec import PlanSpec
from gridward.plant.spec import PlantSpec
from gridward.rules.policy import Policy
from gridward_kit.integration import Options
from gridward_kit.mqtt import Broker

EMBEDDED = "embedded"
SERVICES = ("rules", "plan", "recorder", "http", "notify")
DAY = 86400.0
YEAR = 365 * DAY
RATE = 20_000.0  # readings per second into a database


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device. `options` are the integration's own keys; `poll` None is the integration's interval.

    `side` says on which side of the contactor a meter sits. Intervals in seconds.
    """

    id: str
    integration: str
    name: str
    options: Options = field(default_factory=dict)
    model: str | None = None
    writable: bool = False
    side: str | None = None
    poll: float | None = None
    record_every: float = 5.0


@dataclass(frozen=True, slots=True)
class BusSpec:
    """One port and who is on it; what is None is as the devices' integrations have it."""

    id: str
    port: str
    devices: tuple[DeviceSpec, ...]
    baud: int | None = None
    parity: str | None = None
    stop: float | None = None
    pause: float | None = None
    capture: bool = False

    @property
    def role(self) -> str:
        """The name of the role that serves this bus."""
        return f"bus:{self.id}"


@dataclass(frozen=True, slots=True)
class HttpSpec:
    """Where the page listens: `loopback`, or `lan` with TLS; `prefix` is "" or "/path".

    `cors` is the origin of a Grafana whose page may read the API, "" for none.
    """

    listen: str = "loopback"
    port: int = 8480
    prefix: str = ""
    cors: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many seconds readings, minutes and hours are kept; None is for ever."""

    raw: float | None = 30 * DAY
    minutes: float | None = 2 * YEAR
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """A database that follows the store: InfluxDB 1, 2, 3, or what takes InfluxDB 1's writes.

    `bucket` is a database's name with versions 1 and 3. `rate` bounds what is sent, in readings per second.
    """

    url: str
    version: int
    bucket: str
    org: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    rate: float = RATE

    @property
    def name(self) -> str:
        """What its cursor is kept under: place and bucket, without credentials."""
        return f"{self.url.partition('://')[2].rpartition('@')[2].rstrip('/')}/{self.bucket}"


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """The local store, how long it keeps what, the databases that follow it, and the folder of CSV files
    of each meter and day. `follow_discovery`: what others announce by MQTT discovery is recorded, too."""

    store: Path
    keep: Keep = field(default_factory=Keep)
    databases: tuple[Database, ...] = ()
    csv: Path | None = None
    follow_discovery: bool = False


@dataclass(frozen=True, slots=True)
class GridSwitchSettings:
    """Thresholds of the grid switch, and the ids of the devices it looks at.

    Volts of the bank (`connect_below`, `island_above`), of a cell (`cell_min`), of the inverter's output
    (`output_min`) and of the nominal grid; hertz; seconds. The bank's defaults fit 16 LiFePO4 cells.
    Besides `battery` and `inverter`, the `logger`'s host and every device in `require` must be fresh.
    The grid counts as present after `grid_window` seconds of good readings.
    A pause of more than `gap` seconds between two decisions proves nothing of what was in between.
    Not `stated`: the site has no contactor and asks nothing about one; its policies run all the same.
    """

    battery: str
    inverter: str
    relay: str | None = None
    grid_meter: str | None = None
    logger: str | None = None
    require: tuple[str, ...] = ()
    connect_below: float = 51.2
    island_above: float = 51.8
    wait: float = 240.0
    settle: float = 60.0
    grace: float = 10.0
    override: float = 3600.0
    cell_min: float = 2.8
    output_min: float = 200.0
    grid_voltage: tuple[float, float] = (207.0, 253.0)
    grid_frequency: tuple[float, float] = (49.0, 51.0)
    grid_window: float = 60.0
    gap: float = 10.0
    stated: bool = True


@dataclass(frozen=True, slots=True)
class RulesSpec:
    """How the rules start (`off`, `observe`, `on`), the grid switch's settings, and the policy: what is done
    with the devices' settings and when."""

    mode: str = "observe"
    grid_switch: GridSwitchSettings | None = None
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """A load on a switch of a device. The greater `priority` (1 to 9), the sooner it is shed; a `critical`
    one never is."""

    id: str
    name: str
    device: str
    entity: str
    priority: int = 5
    critical: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Device and key of its switch."""
        return self.device, self.entity


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """LED and button by their GPIO, and the contactor that the button connects."""

    led: int
    button: int
    relay: str


@dataclass(frozen=True, slots=True)
class MetersSpec:
    """How this site numbers its meters: the lowest address that a single-phase one is given by itself."""

    lowest_address: int = 10


@dataclass(frozen=True, slots=True)
class Site:
    """A whole site. `folder` holds the site file; state, store and secrets lie beside it."""

    id: str
    name: str
    time_zone: ZoneInfo
    fail_safe: str
    broker: Broker = field(repr=False)  # it holds a password
    folder: Path
    record: RecordSpec
    latitude: float | None = None
    longitude: float | None = None
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buses: tuple[BusSpec, ...] = ()
    devices: tuple[DeviceSpec, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    rules: RulesSpec = field(default_factory=RulesSpec)
    http: HttpSpec = field(default_factory=HttpSpec)
    generator: Mapping[str, str] | None = None
    meters: MetersSpec = field(default_factory=MetersSpec)
    tariff: Tariff | None = None
    notify: NotifySpec = field(default_factory=NotifySpec)
    plan: PlanSpec = field(default_factory=PlanSpec)
    loads: tuple[LoadSpec, ...] = ()
    plant: PlantSpec = field(default_factory=PlantSpec)
    panel: PanelSpec | None = None
    emergency: EmergencySpec = field(default_factory=EmergencySpec)
    grafana: GrafanaSpec | None = None

    def all_devices(self) -> tuple[DeviceSpec, ...]:
        """Every device: those on buses first, in the order of the file."""
        return (*(device for bus in self.buses for device in bus.devices), *self.devices)

    def device(self, identifier: str) -> DeviceSpec:
        """The device of this id; raises KeyError."""
        return {item.id: item for item in self.all_devices()}[identifier]

    @property
    def services(self) -> tuple[str, ...]:
        """The roles that are neither a bus nor a device."""
        return (*SERVICES, *(("panel",) if self.panel is not None else ()))

    def role_names(self, host: str | None = None) -> tuple[str, ...]:
        """The roles that a host runs, or all; those that no host names are the first host's.

        Raises ValueError for a host that the file does not name.
        """
        every = (*(bus.role for bus in self.buses), *(device.id for device in self.devices), *self.services)
        if host is None or not self.hosts:
            return every
        if host not in self.hosts:
            raise ValueError(f"this host, {host!r}, is none of the site's: {', '.join(self.hosts)}")
        named = {role for roles in self.hosts.values() for role in roles}
        left = tuple(role for role in every if role not in named)
        return self.hosts[host] + (left if host == next(iter(self.hosts)) else ())
