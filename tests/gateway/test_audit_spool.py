"""What a role keeps of its audit events until the recorder has them on disk."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridward.audit.chain import faults
from gridward.audit.keeper import Keeper
from gridward.audit.trail import Trail, entries, lines
from gridward.recorder.store import Store
from gridward_kit.audit import MOST, AuditSpool, mark
from gridward_kit.mqtt import Message
from gridward_kit.testing import MemoryBroker, TurnedClock


def payload(number: int) -> str:
    return json.dumps({"v": 1, "number": number, "reason": "ü\u2028"}, ensure_ascii=False)


class Sending:
    """A spool, and what it sent."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[str] = []
        self.file = folder / "spool" / "audit-rules.jsonl"
        self.spool = AuditSpool(folder, "rules", TurnedClock(), self.sent.extend)

    def waiting(self) -> list[str]:
        self.sent.clear()
        self.spool.back(b"online")
        return list(self.sent)


def stored(payloads: list[str]) -> bytes:
    return json.dumps({"v": 1, "stored": [mark(one.encode()) for one in payloads]}).encode()


def test_a_spool_outlives_its_program_and_a_line_cut_short(tmp_path: Path) -> None:
    first = Sending(tmp_path)
    for number in range(5):
        first.spool.put(payload(number))
    first.file.write_bytes(first.file.read_bytes()[:-9])
    again = Sending(tmp_path)
    assert again.waiting() == [payload(number) for number in range(4)]
    again.spool.stored(stored([payload(number) for number in range(3)]))
    assert again.waiting() == [payload(3)]
    again.spool.stored(stored([payload(3)]))
    assert not again.file.exists()
    assert Sending(tmp_path).waiting() == []


def test_what_a_disk_did_not_take_is_on_it_when_it_takes_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("stands where the folder should")
    first = Sending(folder)
    for number in range(3):
        first.spool.put(payload(number))
    folder.unlink()
    first.spool.put(payload(3))
    assert Sending(folder).waiting() == [payload(number) for number in range(4)]


@pytest.mark.parametrize("said", [b"", b"[]", b'{"stored": 5}', b"\xff", b'{"stored": [[], 3, null]}'])
def test_a_spool_forgets_nothing_by_rubbish(tmp_path: Path, said: bytes) -> None:
    sending = Sending(tmp_path)
    sending.spool.put(payload(1))
    sending.spool.stored(said)
    assert sending.waiting() == [payload(1)]


def test_a_spool_is_bounded_and_tells_what_it_gave_up(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    sending = Sending(tmp_path)
    for number in range(MOST + 7):
        sending.spool.put(payload(number))
    assert len(sending.spool) == MOST
    assert sending.waiting()[0] == payload(7)
    sending.sent.clear()
    sending.spool.stored(stored([payload(7)]))
    told = json.loads(sending.sent[-1])
    assert (told["status"], told["reason"][:13]) == ("lost", "7 events of r")
    sending.spool.stored(stored([sending.sent[-1]]))
    assert sending.spool.dropped == 0


def test_its_file_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridward_kit.audit.MOST", 5)
    monkeypatch.setattr("gridward_kit.audit.LARGE", 1000)
    sending = Sending(tmp_path)
    for number in range(100):
        sending.spool.put(payload(number))
        assert sending.file.stat().st_size < 1100
    assert Sending(tmp_path).waiting() == [payload(number) for number in range(95, 100)]


STEPS = st.lists(
    st.sampled_from(["event", "lost", "deliver", "write", "ack", "role", "recorder", "connect"]), max_size=40
)


class Line:
    """A role and a recorder, with a line between them that loses what it is told to lose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.up: list[str] = []
        self.down: list[str] = []
        self.count = 0
        self.store = Store(folder / "gridward.db")
        self.spool = self.role()
        self.keeper = self.recorder()

    def role(self) -> AuditSpool:
        return AuditSpool(self.folder, "rules", TurnedClock(), self.up.extend)

    def recorder(self) -> Keeper:
        broker = MemoryBroker(TurnedClock())
        broker.subscribe(
            "gridward/home/recorder/audit/stored", lambda word: self.down.append(word.payload.decode())
        )
        return Keeper(
            broker.link("recorder"), Trail(self.folder / "audit", 2048), TurnedClock(), lambda _: None
        )

    def do(self, step: str) -> None:
        match step:
            case "event":
                self.count += 1
                self.spool.put(payload(self.count))
                self.up.append(payload(self.count))
            case "lost":
                self.up.clear()
                self.down.clear()
            case "deliver":
                for one in self.up:
                    self.keeper.take(Message("gridward/home/audit", one.encode(), retain=False, at=1.0))
                self.up.clear()
            case "write":
                assert self.keeper.write(self.store) is None
                self.keeper.acknowledge()
            case "ack":
                for one in self.down:
                    self.spool.stored(one.encode())
                self.down.clear()
            case "role":
                self.up.clear()
                self.spool = self.role()
            case "recorder":
                self.keeper.trail.close()
                self.keeper = self.recorder()
            case _:
                self.spool.back(b"online")


@settings(max_examples=40)
@given(STEPS)
def test_over_a_line_that_loses_and_programs_that_die_each_event_is_on_record_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    line = Line(tmp_path_factory.mktemp("line"))
    for step in steps:
        line.do(step)
    assert len(line.spool) <= line.count
    for _ in range(2):
        for step in ("connect", "deliver", "write", "ack"):
            line.do(step)
    found = [entry.event["number"] for entry in entries(line.folder / "audit")]
    assert sorted(map(str, found)) == sorted(str(number) for number in range(1, line.count + 1))
    assert list(faults(lines(line.folder / "audit"))) == []
    assert len(line.spool) == 0
    line.keeper.trail.close()
    line.store.close()
