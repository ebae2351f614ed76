"""How a fresh meter gets onto a shared Modbus line: what an integration tells the tool that does it. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gridward_kit.integration import Line

Cut = Callable[[bytes, bool], tuple[bytes, bytes] | None]


class Talk(Protocol):
    """Puts one request on the tool's line, set as asked, and returns what `cut` finds; raises DeviceError."""

    def __call__(self, line: Line, request: bytes, cut: Cut, /) -> Awaitable[bytes]: ...


class Unclear(Exception):
    """What answers cannot be told for certain, so nothing is written to it; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What proves a unit on a line: the function that it answered, and volts, None where it showed none."""

    function: int
    volts: float | None


@dataclass(frozen=True, slots=True)
class Station:
    """A unit whose model is known. `register` holds its address; `sure` is False where a person confirms."""

    model: str
    register: int
    sure: bool = True
    words: str = ""


class Commission(ABC):
    """One maker's meters. Methods raise NoAnswer, BadFrame or Refused where a meter does not do as hoped.

    `models` are the model names with their phases (`1phase`, `3phase`), `fresh` the lines on which a new
    meter may speak the factory's protocol, `ready` those on which it may speak Modbus, the likeliest first.
    """

    models: Mapping[str, str]
    fresh: tuple[Line, ...]
    ready: tuple[Line, ...]

    @abstractmethod
    async def serial(self, talk: Talk, line: Line) -> str:
        """The twelve digits that the only meter on the line, not yet on Modbus, says of itself."""

    @abstractmethod
    async def switch(self, talk: Talk, line: Line, serial: str, *, reverse: bool) -> bool:
        """Tell a meter to speak Modbus; whether it acknowledged. Silence is no failure."""

    @abstractmethod
    def likely(self, serial: str) -> tuple[int, ...]:
        """The addresses at which such a meter may be found after the switch, the likeliest first."""

    @abstractmethod
    async def probe(self, talk: Talk, line: Line, unit: int, functions: tuple[int, ...] = (3, 4)) -> Sign:
        """Whether a unit is there, by harmless reads with these functions; an exception proves one, too."""

    @abstractmethod
    async def identify(self, talk: Talk, line: Line, unit: int) -> Station:
        """Which model it is, before anything is written; raises Unclear."""

    @abstractmethod
    async def move(self, talk: Talk, line: Line, unit: int, station: Station, to: int) -> bool:
        """Give a unit another address; whether it acknowledged. Silence is no failure."""

    @abstractmethod
    async def reading(self, talk: Talk, line: Line, unit: int, model: str) -> dict[str, float]:
        """What it measures: `voltage` V (the highest phase), where it says them `current` A, `power` W,
        `energy` kWh."""
