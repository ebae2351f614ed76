"""What the LED says: the first code of the table that holds. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

BLINK, PAUSE = 0.25, 1.5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the panel knows. None: nobody says. `islanded` is the feedback contact's word."""

    broker: bool = False
    rules: bool = False
    contactor: bool = False
    locked: bool = False
    islanded: bool | None = None
    by_hand: bool = False
    stopped: bool = False
    button: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One code: when it holds, and its pattern as seconds of light and dark in turn."""

    name: str
    means: str
    holds: Callable[[Facts], bool]
    pattern: tuple[float, ...]

    def lit(self, since: float) -> bool:
        """Whether the LED is on so many seconds after the code began."""
        whole = sum(self.pattern)
        rest = since % whole if whole else 0.0
        for place, seconds in enumerate(self.pattern):
            if rest < seconds:
                return place % 2 == 0
            rest -= seconds
        return False


def blinks(count: int) -> tuple[float, ...]:
    """So many short flashes, and a pause."""
    return (*((BLINK, BLINK) * (count - 1)), BLINK, PAUSE)


CODES = (
    Code("button", "the button hangs or is pressed too often", lambda at: at.button is not None, (0.1, 0.1)),
    Code("locked", "the contactor is locked with the grid connected", lambda at: at.locked, blinks(5)),
    Code("stopped", "automatic writes are stopped by hand", lambda at: at.stopped, blinks(2)),
    Code("by_hand", "the grid is connected by hand", lambda at: at.by_hand, blinks(1)),
    Code("no_broker", "no broker: the panel's button still works", lambda at: not at.broker, blinks(4)),
    Code("no_contactor", "no answer from the contactor", lambda at: not at.contactor, blinks(6)),
    Code("no_rules", "the rules do not run", lambda at: not at.rules, blinks(3)),
    Code(
        "islanded", "automatic, the house lives without the grid", lambda at: at.islanded is True, (2.0, 0.4)
    ),
    Code("connected", "automatic, the grid is connected", lambda at: at.islanded is False, (1.0,)),
    Code("unknown", "automatic, nobody says where the contactor stands", lambda _: True, (0.1, 1.9)),
)


def code(facts: Facts) -> Code:
    """What is to be shown."""
    return next(one for one in CODES if one.holds(facts))
