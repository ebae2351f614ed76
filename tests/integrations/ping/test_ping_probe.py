"""Reachable or not is a reading; only a name or a permission makes the device unavailable."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import icmplib
import pytest
import voluptuous as vol

import gridward_ping
from gridward_kit.device import Device
from gridward_kit.errors import DeviceError
from gridward_kit.info import Setup
from gridward_kit.integration import Fact
from gridward_kit.point import Value
from gridward_kit.testing import MemoryBroker, TurnedClock
from gridward_ping import INTEGRATION, OPTIONS, connect, probe, serve

State = Callable[[], dict[str, Value]]
CLOSED = 1  # tcpmux: nobody serves it on a loopback


async def test_a_host_that_listens_is_reachable_by_tcp() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    took = await connect("127.0.0.1", port)
    assert took is not None
    assert took >= 0
    server.close()


async def test_a_refusal_is_an_answer() -> None:
    assert await connect("127.0.0.1", CLOSED) is not None


async def test_this_machine_reaches_itself_by_whatever_it_may_send() -> None:
    assert await probe("127.0.0.1", CLOSED) is not None


async def test_a_name_that_does_not_exist_is_said() -> None:
    with pytest.raises(DeviceError, match="cannot be resolved"):
        await probe("no-such-host.invalid", CLOSED)
    with pytest.raises(DeviceError, match="cannot be resolved"):
        await connect("no-such-host.invalid", CLOSED)


@pytest.mark.parametrize(
    "error",
    [icmplib.SocketPermissionError(privileged=False), icmplib.ICMPSocketError("Protocol not supported")],
    ids=["not allowed", "not known"],
)
async def test_without_a_socket_for_icmp_tcp_is_asked(
    monkeypatch: pytest.MonkeyPatch, error: icmplib.ICMPLibError
) -> None:
    async def forbidden(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(gridward_ping, "async_ping", forbidden)
    assert await probe("127.0.0.1", CLOSED) is not None


async def test_with_icmp_silence_is_unreachable_and_tcp_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object, **__: object) -> icmplib.Host:
        return icmplib.Host("192.0.2.1", 1, [])

    async def never(*_: object) -> float:
        raise AssertionError("TCP was asked")

    monkeypatch.setattr(gridward_ping, "async_ping", silent)
    monkeypatch.setattr(gridward_ping, "connect", never)
    assert await probe("192.0.2.1", CLOSED) is None


async def test_a_round_trip_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answered(*_: object, **__: object) -> icmplib.Host:
        return icmplib.Host("192.0.2.1", 1, [1.5])

    monkeypatch.setattr(gridward_ping, "async_ping", answered)
    assert await probe("192.0.2.1", CLOSED) == 1.5


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), None),
        (OSError(113, "No route to host"), None),
        (ConnectionResetError(), None),
        (socket.gaierror(-2, "Name or service not known"), DeviceError),
        (PermissionError(1, "Operation not permitted"), DeviceError),
    ],
)
async def test_what_a_connect_can_end_in(
    monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: type[DeviceError] | None
) -> None:
    async def failing(*_: object) -> object:
        raise error

    monkeypatch.setattr(asyncio, "open_connection", failing)
    if outcome is None:
        assert await connect("192.0.2.1", 22) is None
    else:
        with pytest.raises(outcome):
            await connect("192.0.2.1", 22)


@asynccontextmanager
async def served(
    folder: Path, clock: TurnedClock, broker: MemoryBroker
) -> AsyncIterator[Callable[[], dict[str, Value]]]:
    device = Device(Setup("logger", INTEGRATION, "Logger", folder), broker.link("logger"), clock)
    task = asyncio.create_task(serve(device, {"host": "192.0.2.4", "every": 10.0}))
    await clock.turn(0.1)

    def state() -> dict[str, Value]:
        content: dict[str, Value] = json.loads(broker.said("gridward/home/logger/state")[-1])
        return content

    try:
        yield state
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_host_that_goes_away_is_told_with_the_device_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[float | DeviceError | None] = [0.8, None, DeviceError("the name cannot be resolved"), 1.25]

    async def scripted(_host: str, _port: int) -> float | None:
        outcome = outcomes.pop(0)
        if isinstance(outcome, DeviceError):
            raise outcome
        return outcome

    monkeypatch.setattr(gridward_ping, "probe", scripted)
    clock = TurnedClock()
    broker = MemoryBroker(clock)
    available = "gridward/home/logger/availability"
    async with served(tmp_path, clock, broker) as state:
        assert state() == {"v": 1, "at": state()["at"], "reachable": True, "round_trip_time": 0.8}
        await clock.turn(10)
        assert state() == {"v": 1, "at": state()["at"], "reachable": False}
        assert broker.said(available) == ["online"]
        await clock.turn(10)
        assert "reachable" not in state()
        assert broker.said(available)[-1] == "offline"
        await clock.turn(10)
        assert state()["round_trip_time"] == 1.25
        assert broker.said(available)[-1] == "online"


@pytest.mark.parametrize(
    ("key", "value", "judged"),
    [
        ("host", "192.0.2.4", "192.0.2.4"),
        ("host", "http://x", None),
        ("host", "", None),
        ("host", "192.168.1..4", None),
        ("host", "2001:db8::4", "2001:db8::4"),
        ("host", 4, None),
        ("every", "10s", 10.0),
        ("every", 1, 1.0),
        ("every", "0s", None),
        ("every", True, None),
        ("every", "fast", None),
        ("port", 443, 443),
        ("port", 0, None),
        ("port", True, None),
    ],
)
def test_the_site_files_keys(key: str, value: Fact, judged: Fact | None) -> None:
    check = next(check for marker, check in OPTIONS.items() if str(marker.schema) == key)
    if judged is None:
        with pytest.raises(vol.Invalid):
            check(value)
    else:
        assert check(value) == judged
