"""The ways to move a contactor; each says what ends the lease when nobody is left to end it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gridward_kit.clock import Clock
from gridward_kit.mqtt import Link
from gridward_relay.contactor import Position
from gridward_relay.options import GENERATOR, LOAD, Settings

INPUTS_MOST = 2000
LEAST_LEASE = 20.0


@dataclass(frozen=True, slots=True)
class Report:
    """What is read back; None or absent where it could not be read.

    `output` is where the relay itself stands, `feedback` where the contactor's own contact says it is.
    """

    output: Position | None = None
    feedback: Position | None = None
    inputs: Mapping[str, bool] = field(default_factory=dict)


class Driver(Protocol):
    """Moves one contactor. Methods raise DeviceError or OSError when it cannot be done."""

    @property
    def name(self) -> str:
        """What it is, for a person."""

    @property
    def ends_lease(self) -> str:
        """What ends the lease in hardware, in words."""

    @property
    def hold(self) -> float:
        """Seconds that a timer of fixed length keeps the house islanded after one `island`, else 0."""

    async def start(self) -> None:
        """Drive to connected and prove the hardware's timer; ValueError if it is absent or unfit."""

    async def connect(self) -> None:
        """Connect the house to the grid."""

    async def island(self, until: float) -> None:
        """Cut the house off, or stay so, until this monotonic time at the longest."""

    async def read(self) -> Report:
        """Read back where everything stands."""

    async def close(self) -> None:
        """Let go of the hardware, after `connect`."""


def make(chosen: Settings, device: str, link: Link | None, clock: Clock) -> Driver:
    """The driver that the settings name; raises ValueError in words where they do not fit together."""
    match chosen.driver:
        case "gpio":
            from gridward_relay.drivers.gpio import Gpio  # noqa: PLC0415 - only who has pins pays for it

            return Gpio(chosen)
        case "modbus":
            from gridward_relay.drivers.modbus import Modbus  # noqa: PLC0415 - as above

            return Modbus(chosen, clock)
        case _:
            from gridward_relay.drivers.mqtt import MqttSwitch  # noqa: PLC0415 - as above

            if link is None:
                raise ValueError("the mqtt driver needs the broker; its switch's own timer ends the lease")
            return MqttSwitch(chosen, device, link, clock)


def glimpse(chosen: Settings) -> Report:
    """The feedback contact on a GPIO, without a look at the pin that drives; raises DeviceError."""
    from gridward_relay.drivers.gpio import contact  # noqa: PLC0415 - as above

    return Report() if chosen.feedback_pin is None else Report(feedback=contact(chosen.feedback_pin))


def ends_lease(chosen: Settings) -> str:
    """What ends the lease in hardware, in words."""
    if chosen.duty == LOAD:
        return "nothing: a load has no lease, and stays as it is"
    match chosen.driver:
        case "gpio":
            return (
                "no timer: systemd (WatchdogSec + ExecStopPost=gridward relay safe) when the process dies, "
                "the hardware watchdog when the computer hangs"
            )
        case "modbus" if chosen.watchdog_register is not None:
            return "the board's communication watchdog"
        case "modbus":
            return "the board's own timer (flash command), set to the lease's end"
        case _ if chosen.style in ("tasmota", "shelly1"):
            return "the switch's own timer, which each command starts anew"
        case _:
            return "the switch's own timer, set by each command to the lease's end"


def check(chosen: Settings) -> None:
    """Raise ValueError, in words, where the settings do not fit together; opens nothing."""
    if chosen.level != 1 and chosen.duty != GENERATOR:
        raise ValueError("`level` belongs to a generator: 2 lets rules start it, too")
    if chosen.duty == LOAD:
        _check_load(chosen)
        return
    _check_contact(chosen)
    _check_pair(chosen)
    match chosen.driver:
        case "gpio":
            _check_gpio(chosen)
        case "modbus":
            _require(chosen, "port", "contact")
            places = [item.place for item in chosen.inputs]
            places += [] if chosen.feedback_input is None else [chosen.feedback_input]
            if places and max(places) - min(places) >= INPUTS_MOST:
                raise ValueError(f"the inputs lie too far apart: {INPUTS_MOST} at most are read at once")
            if chosen.spare_coil == chosen.coil:
                raise ValueError("`spare_coil` is the contactor's own coil")
        case _:
            _require(chosen, "topic", "style", "contact")
            if chosen.inputs or chosen.has_feedback:
                raise ValueError("the mqtt driver has neither inputs nor a feedback contact")
            if chosen.style == "shelly1" and chosen.timer is None:
                raise ValueError("`timer` is missing: what is set as auto-off in this Shelly, such as 15s")


def _check_load(chosen: Settings) -> None:
    """A load has a switch that is read back, and nothing of a contactor's."""
    need = {"gpio": ("pin", "closed_when"), "modbus": ("port", "contact"), "mqtt": ("topic", "style")}
    _require(chosen, *need[chosen.driver])
    usual = Settings(chosen.driver, inputs=())
    for key in ("lease", "feedback_pin", "feedback_input", "spare_coil", "watchdog_register", "timer"):
        if getattr(chosen, key) != getattr(usual, key):
            raise ValueError(f"`{key}` belongs to a contactor; a load has no lease")
    if chosen.inputs or chosen.interlock_with is not None:
        raise ValueError("a load has neither inputs nor an interlock; list them at the contactor")
    if chosen.driver == "mqtt" and chosen.contact is not None:
        raise ValueError("`contact` does not belong to a plug: on is on")


def _check_contact(chosen: Settings) -> None:
    """Without power the relay leaves the house on the grid, and the generator off the house."""
    if chosen.duty == GENERATOR:
        if chosen.interlock_with is None:
            raise ValueError("`interlock_with` is missing: the id of the grid's contactor")
        if chosen.contact == "normally_closed":
            raise ValueError(
                "a generator's switch hangs on the relay's normally open contact: without power it is off"
            )
    elif chosen.contact == "normally_open":
        raise ValueError(
            "contact: normally_open would cut the house off the grid whenever the coil has no power; "
            "wire the contactor over the relay's normally closed contact and state normally_closed"
        )


def _check_pair(chosen: Settings) -> None:
    """Grid and generator each know from a contact of its own where the other one stands."""
    if chosen.interlock_with is None:
        return
    if not chosen.has_feedback:
        raise ValueError("`interlock_with` needs a feedback contact (`feedback_pin` or `feedback_input`)")
    if chosen.lease < LEAST_LEASE:
        raise ValueError(f"with `interlock_with` the lease is {LEAST_LEASE:g} s or more: one has to go first")
    if chosen.duty == GENERATOR and chosen.inputs:
        raise ValueError("a generator's switch has no inputs; list them at the contactor")


def _check_gpio(chosen: Settings) -> None:
    _require(chosen, "pin", "closed_when")
    unsafe = "high" if chosen.duty == GENERATOR else "low"
    if chosen.closed_when == unsafe and chosen.pin is not None and chosen.pin <= 8:
        harm = "bring the generator onto the house" if chosen.duty == GENERATOR else "cut the house off"
        raise ValueError(
            f"GPIO {chosen.pin} is pulled up while the computer starts, and closed_when: {unsafe} means that "
            f"this would {harm}; take one of GPIO 9 to 27"
        )
    used = [chosen.pin, chosen.feedback_pin, *(item.place for item in chosen.inputs)]
    taken = [pin for pin in used if pin is not None]
    if len(set(taken)) != len(taken):
        raise ValueError(f"GPIO {', '.join(map(str, taken))}: one of them is used twice")
    if any(pin > 27 for pin in taken):
        raise ValueError("the header has GPIO 0 to 27")


def _require(chosen: Settings, *keys: str) -> None:
    missing = [key for key in keys if getattr(chosen, key) is None]
    if missing:
        raise ValueError(f"driver {chosen.driver} needs {', '.join(f'`{key}`' for key in missing)}")
