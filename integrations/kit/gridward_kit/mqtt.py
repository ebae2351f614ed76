"""A role's own connection to the broker: topics, retained messages, birth and last will, on aiomqtt."""

import asyncio
import inspect
import logging
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiomqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

from gridward_kit.audit import AuditSpool
from gridward_kit.clock import Clock
from gridward_kit.publishing import SILENCE, TOGETHER, UNANSWERED, Outgoing, published
from gridward_kit.takers import Takers
from gridward_kit.tasks import end

log = logging.getLogger(__name__)

PREFIX = "homeassistant"
BIRTH = f"{PREFIX}/status"
KEEPALIVE = 10
WAITING = 1000
MOMENTARY = ("/command", "/set", "/lease", "/lease/renew")
WISHES = ("/command", "/set")
MQTT_5, MQTT_3 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
UNSUPPORTED = 132  # a broker's word for a version of MQTT that it does not speak
AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else what follows a PUBACK waits 40 ms for its ACK


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came in; `at` is the monotonic time of receipt in seconds."""

    topic: str
    payload: bytes
    retain: bool
    at: float


Handler = Callable[[Message], Awaitable[None] | None]


class Link(Protocol):
    """What a device or a role needs of the broker."""

    root: str
    site: str
    role: str

    @property
    def connected(self) -> bool:
        """Whether the broker has us."""

    def publish(self, topic: str, payload: str, *, retain: bool = False, qos: int = 1) -> None:
        """Send, now or after the next connect; a retained message replaces the one before it."""

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Have a topic filter's messages brought to the handler, over every reconnect."""

    def on_connect(self, act: Callable[[], None]) -> None:
        """Have `act` called after each connect, before anything is sent."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is: `mqtt://host:1883` or `mqtts://host:8883`, and the role's credentials: its own, or
    of `users`, who are called as their connections. `ca` is whom `mqtts` trusts. `version` is tried first.
    """

    url: str = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    version: aiomqtt.ProtocolVersion = MQTT_5
    users: Mapping[str, str] | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def where(self) -> str:
        """Its host and port for logs and people, without credentials."""
        return self.url.rpartition("@")[2].removeprefix("mqtt://")

    def client(
        self, identifier: str, will: aiomqtt.Will, version: aiomqtt.ProtocolVersion = MQTT_3
    ) -> aiomqtt.Client:
        """A client that is not yet connected; raises ValueError for a URL that is none, or no password."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{self.url!r} is not mqtt://host:port or mqtts://host:port")
        secure = parts.scheme == "mqtts"
        username, password = self.username or parts.username, self.password or parts.password
        if self.users is not None:
            username, password = identifier, self.users.get(identifier)
            if password is None:
                raise ValueError(f"the secrets hold no password of the broker's user {identifier}")
        return aiomqtt.Client(
            parts.hostname,
            parts.port or (8883 if secure else 1883),
            username=username,
            password=password,
            identifier=identifier,
            protocol=version,
            clean_session=True if version is MQTT_3 else None,
            keepalive=KEEPALIVE,
            timeout=SILENCE,
            will=will,
            tls_context=ssl.create_default_context(cafile=self.ca) if secure else None,
            max_queued_incoming_messages=WAITING,
            socket_options=(AT_ONCE,),
        )


def not_understood(error: aiomqtt.MqttError) -> bool:
    """Whether a broker may speak only another MQTT: it says so, or it chokes and says nothing."""
    code = getattr(error, "rc", None)
    return getattr(code, "value", code) == UNSUPPORTED or str(error) == UNANSWERED


def role_topic(role: str) -> str:
    """A role's topic level: `bus:inverter_line` -> `bus_inverter_line`."""
    return role.replace(":", "_")


class MqttLink:
    """A connection that is made again for ever, and then says everything retained once more.

    What is published while the broker is away waits: retained messages the newest of each topic,
    others the newest thousand; what only means something now (QoS 0, commands, leases)
    is dropped. MQTT 5, where the broker speaks it, tells of a wish that it was sent to be retained.
    Audit events wait in `folder`, where there is one, until the recorder has them on disk.
    """

    def __init__(
        self, broker: Broker, site: str, role: str, clock: Clock, folder: Path | None = None
    ) -> None:
        self.root = f"gridward/{site}"
        self.site = site
        self.role = role_topic(role)
        self._broker = broker
        self._clock = clock
        self._handlers: Takers[Handler] = Takers()
        self._on_connect: list[Callable[[], None]] = []
        self._retained: dict[str, tuple[str, int]] = {}
        self._outgoing: deque[Outgoing] = deque(maxlen=WAITING)
        self._wanted: deque[str] = deque()
        self._waiting = asyncio.Event()
        self._availability = f"{self.root}/{self.role}/availability"
        self.connected = False
        self._version = broker.version
        self._audit = f"{self.root}/audit"
        self._events: AuditSpool | None = None
        self.subscribe(BIRTH, lambda word: self._say_again() if word.payload == b"online" else None)
        if folder is not None:
            events = self._events = AuditSpool(folder, self.role, clock, self._send_events)
            self.subscribe(f"{self.root}/recorder/audit/stored", lambda word: events.stored(word.payload))
            self.subscribe(f"{self.root}/recorder/availability", lambda word: events.back(word.payload))

    def publish(self, topic: str, payload: str, *, retain: bool = False, qos: int = 1) -> None:
        if topic == self._audit and self._events is not None:
            self._events.put(payload)
            if not self.connected:
                return
        if retain:
            self._retained[topic] = (payload, qos)
        if (retain or qos == 0) and not self.connected:
            return
        self._outgoing.append((topic, payload, retain, qos))
        self._waiting.set()

    def subscribe(self, topic: str, handler: Handler) -> None:
        self._handlers.add(topic, handler)
        if self.connected:
            self._wanted.append(topic)
            self._waiting.set()

    def on_connect(self, act: Callable[[], None]) -> None:
        self._on_connect.append(act)

    def _send_events(self, payloads: list[str]) -> None:
        self._outgoing.extend((self._audit, payload, False, 1) for payload in payloads)
        self._waiting.set()

    async def run(self) -> None:
        """Stay connected until cancelled; then say `offline` and leave."""
        told = False
        while True:
            client = self._broker.client(
                f"gridward-{self.site}-{self.role}",
                aiomqtt.Will(self._availability, b"offline", qos=1, retain=True),
                self._version,
            )
            try:
                async with client:
                    log.info("%s: connected to the broker %s", self.role, self._broker.where)
                    told = False
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # its farewell failed, which must not keep it
                    raise asyncio.CancelledError from error
                if not self.connected and self._version is MQTT_5 and not_understood(error):
                    self._version = MQTT_3
                    continue
                if not self.connected and not_understood(error):
                    self._version = MQTT_5
                if not told:
                    where = self._broker.where
                    log.error("%s: no broker at %s: %s; trying for ever", self.role, where, error)
                    told = True
            finally:
                self.connected = False
            await self._clock.sleep(1.0)

    async def _serve(self, client: aiomqtt.Client) -> None:
        had: set[str] = set()
        for topic, _ in self._handlers:  # those that are asked for meanwhile, too
            if topic not in had:
                had.add(topic)
                await self._have(client, topic)
        self.connected = True
        self._wanted.clear()
        for act in self._on_connect:
            act()
        self._say_again()
        sender = asyncio.create_task(self._send(client))
        receiver = asyncio.create_task(self._receive(client))
        try:
            done, _ = await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            await client.publish(self._availability, b"offline", qos=1, retain=True)
            raise
        finally:
            await end((sender, receiver))

    async def _have(self, client: aiomqtt.Client, topic: str) -> None:
        """Subscribe; to a wish so that it still says whether it was sent to be retained."""
        if self._version is MQTT_5:
            options = SubscribeOptions(qos=1, retainAsPublished=topic.endswith(WISHES))
            await client.subscribe(topic, options=options)
        else:
            await client.subscribe(topic, qos=1)

    def _say_again(self) -> None:
        """Discovery first, then availability, then states: the order that Home Assistant wants."""
        self._retained[self._availability] = ("online", 1)

        def rank(topic: str) -> int:
            return 0 if topic.startswith(PREFIX) else 2 if topic.endswith("/state") else 1

        gone = MOMENTARY if self._events is None else (*MOMENTARY, self._audit)
        waiting = [item for item in self._outgoing if not item[2] and item[3] and not item[0].endswith(gone)]
        self._outgoing.clear()
        room = len(self._retained) + len(waiting) + 2 * WAITING
        again = [
            (topic, payload, True, qos)
            for topic, (payload, qos) in sorted(self._retained.items(), key=lambda item: rank(item[0]))
        ]
        self._outgoing = deque([*again, *waiting], maxlen=room)
        self._waiting.set()
        if self._events is not None:
            self._events.send()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            await self._waiting.wait()
            while self._wanted or self._outgoing:
                while self._wanted:
                    await self._have(client, self._wanted.popleft())
                items = tuple(islice(self._outgoing, TOGETHER))
                await published(client, items)
                for item in items:
                    if self._outgoing and self._outgoing[0] is item:
                        self._outgoing.popleft()
            self._waiting.clear()

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for incoming in client.messages:
            payload = incoming.payload if isinstance(incoming.payload, bytes) else b""
            message = Message(str(incoming.topic), payload, bool(incoming.retain), self._clock.monotonic())
            for handler in self._handlers.of(message.topic):
                await self._deliver(handler, message)

    async def _deliver(self, handler: Handler, message: Message) -> None:
        try:
            waited = handler(message)
            if inspect.isawaitable(waited):
                await waited
        except Exception:  # a handler that fails on one message must not end the connection of all
            log.exception("%s: failed on a message on %s", self.role, message.topic)
