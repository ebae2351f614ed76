"""Figures and spans of time as a person reads them."""


def span(seconds: float) -> str:
    """A span in its nearest unit: `40 s`, `3 min`, `2 h`, `3 d`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def whole(seconds: float) -> str:
    """A wait as it is set: `4 minutes`, `90 seconds`."""
    return f"{seconds / 60:g} minutes" if _in_minutes(seconds) else f"{seconds:g} seconds"


def progress(elapsed: float, total: float) -> str:
    """How much of a wait is over, in whole units: `2 of 4 minutes`."""
    done = max(0.0, min(elapsed, total))
    if _in_minutes(total):
        return f"{done // 60:.0f} of {total / 60:g} minutes"
    return f"{done // 1:.0f} of {total:g} seconds"


def _in_minutes(seconds: float) -> bool:
    return seconds >= 120 and seconds % 60 == 0


def sentence(text: str) -> str:
    """Text as a sentence: a capital first, a full stop last."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def cut(text: str, longest: int) -> str:
    """Text of at most so many characters, cut after a word."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"
