"""How fast real databases get what they missed, beside a client that posts the same lines and no more."""

import asyncio
import http.client
import shutil
import tempfile
import time
from pathlib import Path

from bench.figures import Row
from follower_bench import Following, Influx, Server, Victoria

from gridward.recorder.exchange import Span, readings
from gridward.recorder.lines import lines
from gridward.site import Database

HOURS, KEYS, EVERY = 6, 30, 5
READINGS = HOURS * 3600 // EVERY * KEYS
AT_ONCE = 5000
RATE = Database("http://a", 1, "solar").rate
VALUES = {f"value_{key}": 53.1 + key for key in range(KEYS)}


def databases(effort: float) -> list[Row]:
    """A row for each of the databases that is installed here; always the usual counts."""
    assert effort > 0
    kinds: dict[str, type[Server]] = {"InfluxDB 1": Influx, "VictoriaMetrics": Victoria}
    return [_row(name, kind) for name, kind in kinds.items() if shutil.which(kind.program)]


def _row(name: str, kind: type[Server]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        server = kind(Path(folder))
        server.start()
        try:
            if isinstance(server, Influx):
                server.tell("CREATE DATABASE solar")
                server.tell("CREATE DATABASE bare")
            ours, bare = _rates(Path(folder), server)
        finally:
            server.stop()
    return Row(
        f"database: readings a second into {name} while it catches up",
        f"{ours:,.0f}",
        f"bare posts of the same lines: {bare:,.0f}; {READINGS:,} readings, without pauses",
        f"the rate that it is held to, {RATE:,.0f}, or better",
        ours >= RATE,
    )


def _rates(folder: Path, server: Server) -> tuple[float, float]:
    """Readings a second: the follower's, and those of posts of what it sent."""
    place = Following(folder, Database(server.url, 1, "solar"))
    place.pass_by(HOURS * 3600, VALUES)
    kept = list(readings(place.path, Span()))
    assert len(kept) == READINGS
    begun = time.perf_counter()
    assert asyncio.run(place.catch_up()) == READINGS
    ours = READINGS / (time.perf_counter() - begun)
    place.store.close()
    parts = [kept[at : at + AT_ONCE] for at in range(0, READINGS, AT_ONCE)]
    return ours, READINGS / _bare(server.port, ["\n".join(lines("bare", part)).encode() for part in parts])


def _bare(port: int, bodies: list[bytes]) -> float:
    """Seconds that bare posts take, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    begun = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/write?db=bare&precision=ms", body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == http.client.NO_CONTENT, answer.status
    spent = time.perf_counter() - begun
    connection.close()
    return spent
