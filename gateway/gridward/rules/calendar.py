"""What a rule asks of the clock: hours of the day and days of the year, on the site's own clock. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from gridward.rules.condition import Condition, Truth
from gridward.rules.view import Ref, View

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours(Condition):
    """A time of day on the site's own clock, from `after` (included) to `before`; over midnight where
    `after` is the later one. A night when clocks change makes the window longer or shorter, never two."""

    after: time
    before: time
    days: tuple[str, ...] = DAYS

    def truth(self, view: View) -> Truth:
        if view.local is None:
            return None
        at = view.local.time()
        if self.after < self.before:
            inside = self.after <= at < self.before
        else:
            inside = at >= self.after or at < self.before
        return inside and DAYS[view.local.weekday()] in self.days

    def words(self, view: View) -> str:
        now = "an unknown hour" if view.local is None else f"{view.local:%H:%M}"
        return f"now {now}, {self.asked()}"

    def asked(self) -> str:
        days = "" if self.days == DAYS else f" on {', '.join(self.days)}"
        return f"from {self.after:%H:%M} to {self.before:%H:%M}{days}"

    def refs(self) -> Iterator[Ref]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Dates(Condition):
    """Days of the year, (month, day) to (month, day), both included; over New Year where it falls so."""

    first: tuple[int, int]
    last: tuple[int, int]

    def truth(self, view: View) -> Truth:
        if view.local is None:
            return None
        today: date = view.local.date()
        at = (today.month, today.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last

    def words(self, view: View) -> str:
        now = "an unknown day" if view.local is None else f"{view.local:%m-%d}"
        return f"today {now}, {self.asked()}"

    def asked(self) -> str:
        first, last = (f"{month:02d}-{day:02d}" for month, day in (self.first, self.last))
        return f"from {first} to {last}"

    def refs(self) -> Iterator[Ref]:
        return iter(())


def hour_of(said: object) -> time | None:
    """The time of day that a text says, as `22:00`; None where it says none."""
    try:
        found = time.fromisoformat(said) if isinstance(said, str) and ":" in said else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is not None else found


def day_of(said: object) -> tuple[int, int] | None:
    """Month and day of a text as `11-01`; the 29th of February is one. None where it says none."""
    month, _, day = said.partition("-") if isinstance(said, str) else ("", "", "")
    try:
        found = date(2024, int(month), int(day)) if len(month) == len(day) == 2 else None
    except ValueError:
        return None
    return None if found is None else (found.month, found.day)
