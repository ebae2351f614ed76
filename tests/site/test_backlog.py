"""The kit's spool and the gateway's recorder together: a backlog outlives the restart of its process."""

from pathlib import Path

from gridward.recorder.role import Recorder
from gridward.recorder.store import Store
from gridward.site import Keep
from gridward_kit.spool import Spool
from gridward_kit.testing import MemoryBroker, TurnedClock


async def test_a_backlog_of_an_earlier_boot_outlives_the_restart(tmp_path: Path) -> None:
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    listening = broker.link("recorder")
    store = Store(tmp_path / "gridward.db")
    recorder = Recorder(listening, store, clock, Keep())
    listening.connected = False
    bus = broker.link("bus")
    earlier = Spool(bus, "bms", "a", tmp_path / "spool.jsonl", clock)
    for turn in range(1, 501):
        earlier.put({"soc": float(turn)})
        clock.pass_by(5)
    bus.connected = False
    listening.connected = True
    again = broker.link("bus")
    again.connected = False
    later = Spool(again, "bms", "b", tmp_path / "spool.jsonl", clock)
    spilled = len(later)
    assert spilled > 480
    again.reconnect()
    for turn in range(1, 60):
        later.put({"soc": float(1000 + turn)})
        await recorder.cycle()
        clock.pass_by(5)
    assert len(later) <= 1
    assert store.count() == spilled + 59
    store.close()
