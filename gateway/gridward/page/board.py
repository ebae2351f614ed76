"""What the first view shows, taken from the gateway once a second."""

from dataclasses import dataclass

from gridward import payload
from gridward.api.gateway import Gateway
from gridward.page import sentences
from gridward.page.flow import NAMES, Name, Position, Powers
from gridward.page.sentences import Said
from gridward.planning.entities import PLAN

SITE, RULES, RECORDER = "site", "rules", "recorder"
ROLES: dict[Name, str] = {"sun": "pv", "grid": "grid", "house": "load", "battery": "battery"}


@dataclass(frozen=True, slots=True)
class Board:
    """One look at the site. `alarm` says why nothing is recorded; `ages` are those of the devices behind
    absent powers, seconds.
    """

    top: Said
    alarm: str | None
    powers: Powers
    ages: dict[Name, float | None]
    soc: float | None
    hours_left: float | None
    spread: float | None
    tonight: str | None = None


def board(gateway: Gateway) -> Board:
    """Everything that is fresh now; what is not is None."""
    powers = Powers(
        sun=gateway.number(SITE, "pv_power"),
        grid=gateway.number(SITE, "grid_power"),
        house=gateway.number(SITE, "load_power"),
        battery=gateway.number(SITE, "battery_power"),
        position=position(gateway),
        grid_voltage=_grid_voltage(gateway),
    )
    return Board(
        top=_top(gateway, powers),
        alarm=unrecorded(gateway),
        powers=powers,
        ages={name: _age(gateway, ROLES[name]) for name in NAMES},
        soc=gateway.number(SITE, "soc"),
        hours_left=gateway.number(SITE, "battery_hours_left"),
        spread=gateway.number(gateway.site.roles.get("battery"), "cell_spread"),
        tonight=gateway.text(PLAN, "tonight"),
    )


def _top(gateway: Gateway, powers: Powers) -> Said:
    if not gateway.commands.connected:
        return sentences.CUT_OFF
    return sentences.top(
        gateway.text(RULES, "sentence"),
        lost(gateway),
        (powers.sun, powers.house),
        rules=gateway.site.rules.grid_switch is not None,
    )


def position(gateway: Gateway) -> Position | None:
    """Where the contactor stands by its feedback; by the relay's own word where it has none wired.

    A site without a contactor of ours is always connected.
    """
    relay = gateway.site.roles.get("grid_switch")
    if relay is None:
        return "connected"
    known = gateway.live.devices.get(relay)
    key = "feedback" if known is not None and "feedback" in known.entities else "position"
    match gateway.text(relay, key):
        case "connected":
            return "connected"
        case "islanded":
            return "islanded"
        case _:
            return None


def lost(gateway: Gateway) -> list[str]:
    """A sentence for each device with a role that does not answer."""
    now = gateway.clock.monotonic()
    told = []
    for identifier in dict.fromkeys(gateway.site.roles.values()):
        known = gateway.live.devices.get(identifier)
        if known is None:
            told.append(sentences.away(_name(gateway, identifier), None))
        elif not known.available or known.stale(now):
            told.append(sentences.away(known.name, known.age(now)))
    return told


def unrecorded(gateway: Gateway) -> str | None:
    """What the recorder says keeps it from storing, or that it is gone; None while it stores."""
    if gateway.live.online(RECORDER) is False:
        return sentences.unrecorded("the recorder does not run", "look at its log")
    alarm = gateway.live.alarm
    if alarm is None:
        return None
    reason, remedy = payload.text(alarm, "reason"), payload.text(alarm, "remedy")
    return sentences.unrecorded(reason or "the recorder does not say why", remedy or "")


def _name(gateway: Gateway, identifier: str) -> str:
    return next((item.name for item in gateway.site.all_devices() if item.id == identifier), identifier)


def _age(gateway: Gateway, role: str) -> float | None:
    known = gateway.live.devices.get(gateway.site.roles.get(role, ""))
    return None if known is None else known.age(gateway.clock.monotonic())


def _grid_voltage(gateway: Gateway) -> float | None:
    """The grid's voltage where it can be known: a meter on its side, or behind a closed contactor."""
    meter = gateway.site.roles.get("grid")
    side = next((item.side for item in gateway.site.all_devices() if item.id == meter), None)
    volts = gateway.number(meter, "voltage") if side == "grid" else None
    if volts is not None or position(gateway) != "connected":
        return volts
    return gateway.number(gateway.site.roles.get("load"), "grid_voltage")
