"""A pin of the computer's own header, by gpiozero. No hardware of its own ends its lease."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import gpiozero

from gridward_kit.errors import DeviceError
from gridward_relay.contactor import Position
from gridward_relay.drivers import Report, ends_lease
from gridward_relay.options import GENERATOR, Settings


class Pin(Protocol):
    """What is used of a gpiozero device; `value` 1: an output's active level, an input's closed contact."""

    value: int

    def close(self) -> None:
        """Give the pin back."""


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Raise DeviceError, in words, for what goes wrong with a pin."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gpiozero.PinFactoryFallback)  # the error says it once
            yield
    except gpiozero.BadPinFactory as error:
        raise DeviceError(f"{what}: no GPIO here, or no library for it (pip install lgpio)") from error
    except Exception as error:  # gpiozero lets errors of the library below through (lgpio: GPIO busy)
        raise DeviceError(f"{what}: {error or type(error).__name__}") from error


def contact(pin: int) -> Position:
    """Where a feedback contact stands; the pin is given back. Raises DeviceError."""
    with _told(f"GPIO {pin} cannot be read"):
        button = gpiozero.Button(pin)
        closed = bool(button.value)
        button.close()
        return Position.CONNECTED if closed else Position.ISLANDED


class Level:
    """A pin that is held on or off; it is opened at its level, and does not pass the other one."""

    def __init__(self, pin: int, *, high: bool) -> None:
        self._number, self._high = pin, high
        self._output: Pin | None = None

    def put(self, *, on: bool) -> None:
        """Drive it; raises DeviceError."""
        with _told(f"GPIO {self._number} cannot be driven"):
            if self._output is None:
                self._output = gpiozero.OutputDevice(self._number, active_high=self._high, initial_value=on)
            self._output.value = int(on)

    def read(self) -> bool:
        """Whether it is on; raises DeviceError."""
        if self._output is None:
            raise DeviceError(f"GPIO {self._number} is not open")
        with _told(f"GPIO {self._number} cannot be read"):
            return bool(self._output.value)

    def close(self) -> None:
        """Give it back: it becomes an input, and the board's own pull decides."""
        if self._output is not None:
            self._output.close()
        self._output = None


class Gpio:
    """One output; the feedback's and inputs' contacts pull their pins to ground (pull-ups are on)."""

    hold = 0.0

    def __init__(self, chosen: Settings) -> None:
        self.name = f"GPIO {chosen.pin}"
        self.ends_lease = ends_lease(chosen)
        self._chosen = chosen
        self._output: Pin | None = None
        self._feedback: Pin | None = None
        self._inputs: dict[str, Pin] = {}

    async def start(self) -> None:
        chosen = self._chosen
        await self.connect()
        with _told("an input cannot be opened"):
            if chosen.feedback_pin is not None and self._feedback is None:
                self._feedback = gpiozero.Button(chosen.feedback_pin)
            for item in chosen.inputs:
                if item.key not in self._inputs:
                    self._inputs[item.key] = gpiozero.Button(item.place)

    async def connect(self) -> None:
        self._set(islanded=False)

    async def island(self, until: float) -> None:
        self._set(islanded=True)

    def _set(self, *, islanded: bool) -> None:
        """Drive the pin. Opened at its level in one step: it does not pass the other level."""
        active = "high" if self._chosen.duty == GENERATOR else "low"
        with _told(f"{self.name} cannot be driven"):
            if self._output is None:
                self._output = gpiozero.OutputDevice(
                    self._chosen.pin, active_high=self._chosen.closed_when == active, initial_value=islanded
                )
            self._output.value = int(islanded)

    async def read(self) -> Report:
        if self._output is None:
            raise DeviceError(f"{self.name} is not open")
        with _told(f"{self.name} cannot be read"):
            output = Position.ISLANDED if self._output.value else Position.CONNECTED
            feedback = None
            if self._feedback is not None:
                feedback = Position.CONNECTED if self._feedback.value else Position.ISLANDED
            return Report(output, feedback, {key: bool(pin.value) for key, pin in self._inputs.items()})

    async def close(self) -> None:
        """Give the pins back: they become inputs, and the board's own pull decides (see the README)."""
        for pin in (self._output, self._feedback, *self._inputs.values()):
            if pin is not None:
                pin.close()
        self._output = self._feedback = None
        self._inputs = {}
