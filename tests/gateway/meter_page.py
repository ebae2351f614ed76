"""Serves the page of a site with an inventory, and a fresh meter on an adapter: `meter_page.py FOLDER`.

Prints one JSON line with URL, token, adapter and the meter's serial number once it serves.
"""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from gateway.plain_site import plain_site
from meter_bench import Quick

from gridward.api.serve import run_http
from gridward.api.tokens import Tokens
from gridward.broker import free_port
from gridward.meters import presence
from gridward.meters.inventory import Inventory, Why
from gridward.meters.meter import ORDER, AddressRules, Meter, State
from gridward.page import convertview
from gridward.site import HttpSpec
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.clock import SystemClock
from gridward_kit.integration import Line
from gridward_kit.simulate import serve_pty
from gridward_kit.testing import MemoryBroker

STATES = ORDER[:6]


def meters(today: date) -> list[Meter]:
    """Fourteen meters on all stages of their way, some of them late."""
    found = []
    for number in range(14):
        state = STATES[number % len(STATES)]
        steps: dict[str, object] = {}
        for reached in STATES[1 : STATES.index(state) + 1]:
            name = reached.name.lower()
            steps |= {f"{name}_on": today - timedelta(days=number), f"{name}_by": ("Ann", "Ben")[number % 2]}
        three = number % 5 == 4
        place = {} if state is State.UNASSIGNED else {"site": "Ridge", "building": f"Flat {number}"}
        if place:
            steps["address"] = number + (100 if three else 20)
        kind = "DTSU666" if three else "DDSU666"
        found.append(Meter(serial=f"2003220166{number + 10}", type=kind, state=state, **place, **steps))  # type: ignore[arg-type]
    return found


async def main(folder: Path) -> None:
    """Serve until somebody ends it."""
    convertview.commission = Quick  # type: ignore[attr-defined]
    presence.WAIT = 2.0
    clock = SystemClock()
    site = replace(plain_site(folder), http=HttpSpec(port=free_port()))
    inventory = Inventory(site.record.store, AddressRules())
    inventory.add(meters(date.fromtimestamp(clock.time())), Why("Ann", clock.time(), "delivery"))
    fresh = next(meter for meter in inventory.all() if meter.state is State.ASSIGNED)
    serve_pty([FreshMeter(fresh.serial)], Line(), link=folder / "adapter", turnaround=0.0, chunk=16)
    told = {
        "url": f"http://127.0.0.1:{site.http.port}/",
        "token": Tokens(folder).made,
        "adapter": str(folder / "adapter"),
        "serial": fresh.serial,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await run_http(site, MemoryBroker(clock).link("http"), clock)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
