"""The forty promises: what shows each, what turns it red, and what has to be done elsewhere.

One row per promise. `tests` are pytest's node ids, `mutation` a name of `tests/mutations.py` and `seen_by`
the tests that must turn red under it; `more` are further such pairs. `elsewhere` says what needs a Pi, a
bench, a virtual machine or a day, and how to run it there; `unshown` what no test shows yet. A promise with
either is never green alone.
"""

from tools.promised.data import DATA
from tools.promised.house import HOUSE
from tools.promised.row import Promise
from tools.promised.security import SECURITY

__all__ = ["PROMISES", "Promise"]

PROMISES: tuple[Promise, ...] = (*HOUSE, *DATA, *SECURITY)
