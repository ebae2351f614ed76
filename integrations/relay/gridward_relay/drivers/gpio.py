"""A pin of the computer's own header, by gpiozero. No hardware of its own ends its lease."""

from typing import Protocol

import gpiozero

from gridward_kit.errors import DeviceError
from gridward_relay.contactor import Position
from gridward_relay.drivers import Report, ends_lease
from gridward_relay.options import Settings


class Pin(Protocol):
    """What is used of a gpiozero device; `value` 1: an output's active level, an input's closed contact."""

    value: int

    def close(self) -> None:
        """Give the pin back."""


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
        try:
            if chosen.feedback_pin is not None and self._feedback is None:
                self._feedback = gpiozero.Button(chosen.feedback_pin)
            for item in chosen.inputs:
                if item.key not in self._inputs:
                    self._inputs[item.key] = gpiozero.Button(item.place)
        except gpiozero.GPIOZeroError as error:
            raise DeviceError(f"an input cannot be opened: {error}") from error

    async def connect(self) -> None:
        self._set(islanded=False)

    async def island(self, until: float) -> None:
        self._set(islanded=True)

    def _set(self, *, islanded: bool) -> None:
        """Drive the pin. Opened at its level in one step: it does not pass the other level."""
        try:
            if self._output is None:
                self._output = gpiozero.OutputDevice(
                    self._chosen.pin, active_high=self._chosen.closed_when == "low", initial_value=islanded
                )
            self._output.value = int(islanded)
        except gpiozero.GPIOZeroError as error:
            raise DeviceError(f"{self.name} cannot be driven: {error}") from error

    async def read(self) -> Report:
        if self._output is None:
            raise DeviceError(f"{self.name} is not open")
        try:
            output = Position.ISLANDED if self._output.value else Position.CONNECTED
            feedback = None
            if self._feedback is not None:
                feedback = Position.CONNECTED if self._feedback.value else Position.ISLANDED
            return Report(output, feedback, {key: bool(pin.value) for key, pin in self._inputs.items()})
        except gpiozero.GPIOZeroError as error:
            raise DeviceError(f"{self.name} cannot be read: {error}") from error

    async def close(self) -> None:
        for pin in (self._output, self._feedback, *self._inputs.values()):
            if pin is not None:
                pin.close()
        self._output = self._feedback = None
        self._inputs = {}
