"""What the owner says for the emergency page; no input or output here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker or isolator: what is written on it, what it cuts off, and where it is."""

    name: str
    cuts: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """Whom to call."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class EmergencySpec:
    """Breakers in the order in which they are thrown, telephone numbers, and sentences of the owner's own."""

    breakers: tuple[Breaker, ...] = ()
    phones: tuple[Phone, ...] = ()
    notes: tuple[str, ...] = ()
