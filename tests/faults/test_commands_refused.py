"""Commands that must not run, over a real broker: refused with the reason, nothing on the wire."""

import asyncio
import contextlib
import json
from pathlib import Path

import aiomqtt
import pytest
from faults.broker_house import Running, on_broker
from faults.line_house import LineHouse, pack, until

from gridward_daly.protocol import MOSFETS, SET_SOC
from gridward_kit.kept import Json

TOPIC = "gridward/home/pack_1/discharge_mosfet/command"
WRITES = {*MOSFETS, SET_SOC}


def wish(identifier: Json, value: Json = False, **more: Json) -> str:
    return json.dumps({"v": 1, "value": value, "id": identifier, "by": "http", **more})


def written(house: LineHouse) -> list[bytes]:
    """The requests that set something."""
    return [request for request in house.tap.heard if request[2] in WRITES]


async def publish(broker: Running, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
    """Publish as any client may, and know that the broker has it."""
    port = int(broker.url.rpartition(":")[2])
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish(topic, payload, qos=1, retain=retain)


async def test_a_retained_command_that_waits_at_the_broker(mosquitto: Running, tmp_path: Path) -> None:
    await publish(mosquitto, TOPIC, wish("old"), retain=True)
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        result = await stranger.final("old")
        assert result["status"] == "refused"
        assert "retained" in str(result["reason"])
        assert written(house) == []


@pytest.mark.parametrize("topic", [TOPIC, TOPIC.replace("/command", "/set")])
async def test_a_command_that_is_sent_to_be_retained(mosquitto: Running, tmp_path: Path, topic: str) -> None:
    payload = wish("new") if topic is TOPIC else "OFF"
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        await publish(mosquitto, topic, payload, retain=True)
        await until(lambda: bool(stranger.results))
        assert "retained" in str(stranger.results[0]["reason"])
        assert written(house) == []
        await publish(mosquitto, topic, payload)
        await until(lambda: any(one["status"] == "confirmed" for one in stranger.results))


async def test_a_command_that_is_replayed_runs_once(mosquitto: Running, tmp_path: Path) -> None:
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        await publish(mosquitto, TOPIC, wish("one", ttl=200))
        assert (await stranger.final("one"))["status"] == "confirmed"
        assert len(written(house)) == 1
        await publish(mosquitto, TOPIC, wish("back", value=True, ttl=200))
        assert (await stranger.final("back"))["status"] == "confirmed"
        stranger.results.clear()
        await publish(mosquitto, TOPIC, wish("one", ttl=200))
        again = await stranger.final("one")
        assert again["status"] == "refused"
        assert "came before" in str(again["reason"])
        assert len(written(house)) == 2


class Way:
    """A way to a broker that can be cut: connections end, and nobody gets through until it is mended."""

    def __init__(self, broker: Running) -> None:
        self._port = int(broker.url.rpartition(":")[2])
        self._ends: list[asyncio.StreamWriter] = []
        self.whole = True

    async def __aenter__(self) -> "Way":
        self._server = await asyncio.start_server(self._through, "127.0.0.1", 0)
        self.url = f"mqtt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        self.whole = False
        for end in self._ends:
            end.close()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        if not self.whole:
            writer.close()
            return
        other, onward = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends.append(onward)
        await asyncio.gather(self._pass(reader, onward), self._pass(other, writer))

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
        writer.close()


async def test_a_command_that_was_sent_while_the_bus_was_cut_off(mosquitto: Running, tmp_path: Path) -> None:
    """The broker keeps nothing for a bus that comes back under its name."""
    async with Way(mosquitto) as way, on_broker(way, tmp_path, pack(1)) as (house, stranger):
        link = house.wired["pack_1"].device.link
        way.cut()
        await until(lambda: not link.connected and not stranger.link.connected)
        await publish(mosquitto, TOPIC, wish("late", ttl=86400))
        way.whole = True
        await until(lambda: link.connected and stranger.link.connected)
        await publish(mosquitto, TOPIC, wish("new", ttl=200))
        assert (await stranger.final("new"))["status"] == "confirmed"
        assert {one["id"] for one in stranger.results} == {"new"}
        assert len(written(house)) == 1


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("soc_setting", 101, "not between"),
        ("soc_setting", -1, "not between"),
        ("soc_setting", 10**400, "not a number"),
        ("soc_setting", float("nan"), ""),
        ("soc_setting", float("inf"), ""),
        ("soc_setting", "much", "not a number"),
        ("discharge_mosfet", "maybe", "neither ON nor OFF"),
        ("discharge_mosfet", "\ud800", "neither ON nor OFF"),
        ("voltage", 48, "cannot be set"),
        ("nothing", 1, "no such entity"),
    ],
)
async def test_a_wish_that_cannot_be(
    mosquitto: Running, tmp_path: Path, key: str, value: Json, reason: str
) -> None:
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        await publish(mosquitto, f"gridward/home/pack_1/{key}/command", wish("it", value, ttl=200))
        result = await stranger.final("it")
        assert result["status"] == "refused"
        assert result["reason"]
        assert reason in str(result["reason"])
        assert written(house) == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b'{"value": "\\ud800", "id": "\\udfff", "by": "\\ud83d"}',
        b'{"value": false, "id": "x", "ttl": 1e999}',
        b'{"value": false, "id": "x", "ttl": NaN}',
        b'{"value": false, "id": "' + b"x" * 70 + b'"}',
    ],
)
async def test_garbage_harms_neither_device_nor_connection(
    mosquitto: Running, tmp_path: Path, payload: bytes
) -> None:
    async with on_broker(mosquitto, tmp_path, pack(1)) as (house, stranger):
        await publish(mosquitto, TOPIC, payload)
        await publish(mosquitto, TOPIC, wish("last", value=True))
        assert (await stranger.final("last"))["status"] == "unchanged"
        assert all(one["status"] in ("refused", "unchanged") for one in stranger.results)
        assert len(stranger.results) == 2
        assert written(house) == []
        seen = len(stranger.states)
        await until(lambda: len(stranger.states) > seen + 3)
