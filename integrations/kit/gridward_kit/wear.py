"""How often a setting that a device stores in wearing memory may be written.

Automation has a bucket of 20 writes a setting, one refilled per 72 minutes of running time, 60 s
apart. Safety rules have five more in each 24 hours of running time. Persons are counted, not held.
"""

from dataclasses import dataclass, field

from gridward_kit.kept import Json

BUCKET = 20
REFILL = 72 * 60.0
APART = 60.0
SAFETY = 5
DAY = 86400.0


def automated(by: str) -> bool:
    """Whether a command comes from automation. What Home Assistant sends counts as such: it does not
    say whether a person or an automation of its own is behind it."""
    return by.startswith("rules") or by == "home_assistant"


@dataclass(slots=True)
class Budget:
    """One setting's budget. Times are monotonic seconds; a restart carries the tokens, not the clock."""

    tokens: float = BUCKET
    total: int = 0
    refilled: float | None = None
    last: float | None = None
    safety: list[float] = field(default_factory=list)

    def refusal(self, by: str, now: float) -> str | None:
        """Why this writer may not write now, in words; None if it may."""
        if not automated(by):
            return None
        self._refill(now)
        if self.last is not None and now - self.last < APART:
            return f"written {now - self.last:.0f} s ago; automation waits {APART:.0f} s between writes"
        if self.tokens >= 1:
            return None
        if by == "rules:safety" and len(self.safety) < SAFETY:
            return None
        minutes = (1 - self.tokens) * REFILL / 60
        return f"the write budget of {BUCKET} is used up; the next write is free in {minutes:.0f} min"

    def spend(self, by: str, now: float) -> None:
        """Count one write that is about to go out."""
        self._refill(now)
        self.total += 1
        if not automated(by):
            return
        self.last = now
        if self.tokens >= 1:
            self.tokens -= 1
        else:
            self.safety.append(now)

    def left(self, now: float) -> int:
        """Whole automated writes that are free now."""
        self._refill(now)
        return int(self.tokens)

    @property
    def low(self) -> bool:
        """Whether four fifths of the bucket are used: time to warn."""
        return self.tokens <= BUCKET * 0.2

    def _refill(self, now: float) -> None:
        if self.refilled is not None:
            self.tokens = min(BUCKET, self.tokens + max(0.0, now - self.refilled) / REFILL)
        self.refilled = now
        self.safety = [at for at in self.safety if now - at < DAY]

    def to_json(self, now: float) -> Json:
        """What is kept on disk; spent safety writes are kept by their age."""
        self._refill(now)
        age = None if self.last is None else now - self.last
        return {
            "tokens": round(self.tokens, 4),
            "total": self.total,
            "last": age,
            "safety": [now - at for at in self.safety],
        }

    @classmethod
    def from_json(cls, content: Json, now: float) -> "Budget":
        """Take up a kept budget; what is not there or not a number starts as used up, never as full."""
        kept = content if isinstance(content, dict) else {}
        tokens, total, last, ages = (kept.get(name) for name in ("tokens", "total", "last", "safety"))
        return cls(
            tokens=float(tokens) if isinstance(tokens, int | float) else 0.0,
            total=total if isinstance(total, int) else 0,
            refilled=now,
            last=now - last if isinstance(last, int | float) else None,
            safety=[now - age for age in ages if isinstance(age, int | float)]
            if isinstance(ages, list)
            else [now] * SAFETY,
        )
