"""Publishing to a real broker: bare messages, and a device of many sensors, beside others' clients."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.broker import broker
from bench.figures import HERE, Row, Spread
from bench.peers import Peer, present

ROUNDS = 3
BARE, SITE = 10_000, 50
PEERS = {
    "qos0": ("paho-mqtt", "gmqtt", "mqttools"),
    "qos1": ("paho-mqtt", "gmqtt"),
    "site": ("ha-mqtt-discoverable",),
}


def publishing(effort: float) -> list[Row]:
    """Rates and processor time, ours and theirs in turns."""
    with tempfile.TemporaryDirectory() as place, broker(Path(place)) as port:
        rows = [row for kind in ("qos0", "qos1") for row in _bare(port, kind, round(BARE * effort))]
        return [*rows, *_site(port, max(5, round(SITE * effort)))]


def _numbers(port: int, kind: str, count: int, peer: Peer | None = None) -> list[float]:
    if peer is None:
        command = [sys.executable, str(HERE / "our_publisher.py"), str(port), kind, str(count)]
    else:
        program = str(HERE / "peer_publisher.py")
        command = [str(peer.python), program, peer.name, str(port), kind, str(count)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{peer.name if peer else 'ours'}: {done.stderr.strip()[-300:]}")
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def _in_turns(port: int, kind: str, count: int) -> tuple[list[list[float]], dict[str, list[list[float]]]]:
    """Of each round the numbers, ours and each peer's."""
    ours: list[list[float]] = []
    theirs: dict[str, list[list[float]]] = {peer.told: [] for peer in present(*PEERS[kind])}
    for _ in range(ROUNDS):
        ours.append(_numbers(port, kind, count))
        for peer in present(*PEERS[kind]):
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):  # then it is not beside ours
                theirs[peer.told].append(_numbers(port, kind, count, peer))
    return ours, {name: rounds for name, rounds in theirs.items() if rounds}


def _column(rounds: list[list[float]], place: int) -> Spread:
    return Spread.of([numbers[place] for numbers in rounds])


def _bare(port: int, kind: str, count: int) -> list[Row]:
    ours, theirs = _in_turns(port, kind, count)
    rate, spent = _column(ours, 0), _column(ours, 1)
    beside = [
        f"{name} {_column(rounds, 0).median:,.0f} and {_column(rounds, 1).median:.3f} s: "
        f"{rate.median / _column(rounds, 0).median:.2f} times the rate"
        for name, rounds in theirs.items()
    ]
    return [
        Row(
            f"messages of 40 bytes a second, QoS {kind[-1]}",
            f"{rate.told('{:,.0f}')}; {spent.told('{:.3f}')} s of processor for 1000",
            "; ".join(beside),
            values={"rate": rate.median, "seconds": spent.median},
        )
    ]


def _site(port: int, count: int) -> list[Row]:
    """What a house does: announcing its entities, and telling all their values."""
    ours, theirs = _in_turns(port, "site", count)
    told = ("entities announced a second", "values told a second", "processor seconds of 1000 values")
    forms = ("{:,.0f}", "{:,.0f}", "{:.4f}")
    rows = []
    for place, (what, form) in enumerate(zip(told, forms, strict=True)):
        own = _column(ours, place)
        others = {name: _column(rounds, place) for name, rounds in theirs.items()}
        beside = [
            f"{name} {one.told(form)}: {own.median / one.median:.2f} times" for name, one in others.items()
        ]
        told_beside = "; ".join(beside) or "ha-mqtt-discoverable absent"
        rows.append(Row(f"100 sensors: {what}", own.told(form), told_beside, values={"ours": own.median}))
    return rows
