"""What the page says in words: the battery, a device that is away, a press and its answer. Pure."""

from dataclasses import dataclass
from typing import Literal

from gridward.page.figures import age, power, span
from gridward.page.flow import MOVES
from gridward_kit.point import Value

Tone = Literal["calm", "asked", "good", "warning", "fault"]

LOW_SOC = 20.0  # % at and below which the page turns a battery amber
WIDE_SPREAD = 0.05  # V between the highest and the lowest LiFePO4 cell; balancers end well below it


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and how it is meant."""

    text: str
    tone: Tone = "calm"


CUT_OFF = Said("No connection to the broker, so nothing of the house is known here.", "fault")


def battery(watts: float | None, hours_left: float | None) -> str:
    """Charging or not, and how long the bank lasts at this load."""
    if watts is None:
        return "No reading of the battery's power"
    if watts >= MOVES:
        return f"Charging with {power(watts)}"
    lasts = f"{span(hours_left * 3600)} to reserve" if hours_left is not None else ""
    if watts > -MOVES:
        return "Resting"
    return f"{lasts} at this load" if lasts else f"Giving {power(-watts)}"


def spread(volts: float | None) -> Said | None:
    """The cells' spread in millivolts; None where there is none."""
    if volts is None:
        return None
    wide = volts >= WIDE_SPREAD
    text = f"Cells {round(volts * 1000)}\u00a0mV apart"
    return Said(f"{text}, uneven" if wide else text, "warning" if wide else "good")


def away(name: str, since: float | None) -> str:
    """That a device does not answer, and since when."""
    return f"No answer from {name} yet." if since is None else f"No answer from {name} for {span(since)}."


def absent(since: float | None) -> str:
    """Beside a dash: how long ago its device last said anything."""
    if since is None:
        return "not read yet"
    return "not read now" if since < 5 else f"last {age(since)}"


def counted(number: int, word: str) -> str:
    """`none`, `1 message`, `2 messages`."""
    return "none" if number == 0 else f"{number} {word}{'' if number == 1 else 's'}"


def capture(on: bool | None, path: str | None, size: float | None) -> str:  # noqa: FBT001 - a value
    """Whether a line's raw capture is on, where it is, and how large (MB) it may become; None: not known."""
    if on is None:
        return "The line's program says nothing now."
    if not on:
        return "It is off."
    limit = f"; never more than {size:g} MB, the oldest goes first" if size is not None else ""
    return f"It is on: {path or 'its file is not told'} on the host of this line{limit}."


def unrecorded(reason: str, remedy: str) -> str:
    """That nothing is stored, why, and the way out."""
    way_out = f" Way out: {remedy.rstrip('.')}." if remedy else ""
    return f"Nothing is recorded: {reason.rstrip('.')}.{way_out}"


def top(
    sentence: str | None, lost: list[str], powers: tuple[float | None, float | None], *, rules: bool
) -> Said:
    """The sentence on top. The rules' own where they speak; a device that is away makes it a fault.

    `rules`: the site has some, so that their silence is worth a word.
    """
    if sentence:
        return Said(sentence, "fault" if lost else "calm")
    silent = ["The rules do not answer."] if rules else []
    if lost:
        return Said(" ".join((*lost, *silent)), "fault")
    sun, house = powers
    told = [f"the sun gives {power(sun)}"] if sun is not None else []
    told += [f"the house draws {power(house)}"] if house is not None else []
    said = " and ".join(told)
    if not said:
        return Said("Nothing was read yet.", "warning")
    return Said(" ".join((f"{said[0].upper()}{said[1:]}.", *silent)), "warning" if rules else "calm")


def shown(value: Value) -> str:
    """An option as a person reads it: `only_solar` -> `only solar`."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def outcome(status: str, value: Value | None, reason: str, seconds: float) -> Said:
    """A command's answer in words; statuses as the architecture names them."""
    match status:
        case "accepted":
            return Said("Accepted, waiting for the value to be read back", "asked")
        case "confirmed":
            return Said(f"Confirmed, {span(seconds)}", "good")
        case "unchanged":
            return Said("It stands so already", "good")
        case "refused":
            return Said(f"Refused: {reason or 'no reason given'}", "fault")
        case _:
            stands = f" It stands at {shown(value)}." if value is not None else ""
            return Said(f"Failed: {(reason or 'no reason given').rstrip('.')}.{stands}", "fault")


def last_answer(seconds: float | None, *, available: bool) -> Said:
    """A device's state on its card."""
    if available and seconds is not None:
        return Said(f"Answered {age(seconds)}" if seconds >= 2 else "Answers", "good")
    if seconds is None:
        return Said("No answer since this page's gateway started", "fault")
    return Said("Away" if seconds < 2 else f"Away. Last answer {age(seconds)}", "fault")
