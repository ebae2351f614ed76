"""The command line with a contactor that is quick: no dwell, a lease of 3 s, no limits of switching, nor any
pace of the rules."""

import sys

import gridward_relay
from gridward.drill import steps
from gridward.rules import pace
from gridward_relay import lease
from gridward_relay.contactor import Contactor
from gridward_relay.options import SCHEMA, seconds

QUICK = (sys.executable, __file__)
LEASE = 3.0

if __name__ == "__main__":
    from gridward.cli import app

    assert gridward_relay.INTEGRATION.options is SCHEMA
    Contactor.DWELL = 0.0
    Contactor.PER_HOUR = Contactor.PER_DAY = 10_000
    lease.SHORTEST, lease.EVERY = 1.0, 0.5
    steps.BREATH = 5.0
    pace.LIMITS = ()
    short = seconds(1, 60)
    for marker in list(SCHEMA):
        if str(marker.schema) == "lease":
            SCHEMA[marker] = short  # type: ignore[index]  # a table that only this program bends
    app()
