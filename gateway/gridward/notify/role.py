"""The role `notify`: looks at the site every few seconds and tells people what is wrong, once."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from gridward import payload
from gridward.live import Live
from gridward.notify.channels import Channels, Send
from gridward.notify.core import Message, Moment, State, due, from_json, shown, step, tell, to_json
from gridward.notify.look import Look
from gridward.notify.table import ROWS
from gridward.notify.weekly import weekly
from gridward.rules.alarms import PREFIX, alarms
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.device import Device
from gridward_kit.entity import COUNT, TEXT, BinarySensor, Entity, Sensor
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.kept import Json, Kept
from gridward_kit.mqtt import Link
from gridward_kit.mqtt import Message as Word
from gridward_kit.point import Value
from gridward_kit.spool import SANE

log = logging.getLogger(__name__)

TURN = 5.0
LONGEST = 250  # characters of a state in Home Assistant, with room to spare
PROPOSALS = 100

ROWS_OF_DEVICE: tuple[Entity, ...] = (
    Sensor("alarms", "Alarms", quantity=COUNT),
    Sensor("latest", "Latest message", quantity=TEXT),
    *(BinarySensor(row.key, row.name, device_class="problem") for row in ROWS),
)
ALARMS = Integration(domain="alarms", name="Alarms", kind="alarms", entities=lambda _: ROWS_OF_DEVICE)
IDENTITY = Identity(model="Alarms", protocol="notify")


class Notify:
    """The device `alarms`, the topic `notify/alarms`, and the ways to people."""

    def __init__(self, site: Site, link: Link, clock: Clock, send: Send | None = None) -> None:
        self._site, self._link, self._clock = site, link, clock
        self.channels = Channels(site.notify.to, clock, send)
        self._live = Live(link, clock)
        self._look = Look(site, self._live, link, clock)
        self.device = Device(Setup("alarms", ALARMS, "Alarms", site.folder / "state"), link, clock)
        self._kept = Kept(site.folder / "state" / "notify.json")
        self.state = self._known(from_json(self._kept.section("state")))
        self.channels.restore(self._kept.section("waiting"))
        self._counters = self._kept.section("counters")
        self._announced = [str(one) for one in _list(self._kept.content.get("announced"))]
        self._news: list[Message] = []
        self._latest = ""
        self._said = ""
        link.subscribe(f"{link.root}/rules/proposals", self._proposed)

    async def run(self) -> None:
        """Look until cancelled."""
        self.device.describe(IDENTITY, ROWS_OF_DEVICE)
        while True:
            await self.turn()
            await self._clock.sleep(TURN)

    def reread(self, site: Site | str) -> None:
        """Take up a site file that was read anew; whom to tell, and when not, at the next start."""
        if not isinstance(site, str):
            self._site = replace(site, notify=self._site.notify)
            self._look = Look(self._site, self._live, self._link, self._clock)
            self.state = self._known(self.state)

    async def turn(self) -> None:
        """Look once, tell what is new, and bring it to people."""
        moment = self._moment()
        scene = await self._look.scene(self.channels.failing)
        before = self.state
        state, told = step(before, scene, ROWS, moment, self._site.notify)
        state, first = due(state, moment.local, self._site.notify.weekly)
        news = [*self._news, *([weekly(scene, state, self._counters)] if first else [])]
        self._news = []
        state, more = tell(state, news, moment, self._site.notify)
        if state.weekly != before.weekly or not self._counters:
            self._counters = self._look.counters()
        self.state, messages = state, (*told, *more)
        self.channels.put(messages)
        if messages:
            self._latest = messages[-1].text
        tried = await self.channels.turn()
        if tried or messages or replace(state, turning={}) != replace(before, turning={}):
            self._keep()
        self._show()

    def _moment(self) -> Moment:
        wall = self._clock.time()
        if wall < SANE:
            return Moment(self._clock.monotonic())
        return Moment(self._clock.monotonic(), wall, datetime.fromtimestamp(wall, self._site.time_zone))

    def _show(self) -> None:
        """Say what stands: retained, and as the device that Home Assistant knows."""
        content: dict[str, Json] = {
            "v": 1,
            "alarms": shown(self.state),
            "held": len(self.state.held),
            "waiting": self.channels.waiting,
            "channels": dict(self.channels.failing),
        }
        text = json.dumps(content, ensure_ascii=False)
        if text != self._said:
            self._said = text
            self._link.publish(f"{self._link.root}/notify/alarms", text, retain=True)
        standing = {key for key, _ in self.state.raised}
        values: dict[str, Value] = {row.key: row.key in standing for row in ROWS}
        values["alarms"] = len(self.state.raised)
        if self._latest:
            values["latest"] = self._latest[:LONGEST]
        self.device.read(values, TURN, frozenset(row.key for row in ROWS_OF_DEVICE))
        self.device.publish()

    def _keep(self) -> None:
        try:
            self._kept.save(
                {
                    "state": to_json(self.state),
                    "waiting": self.channels.to_json(),
                    "counters": self._counters,
                    "announced": list(self._announced),
                }
            )
        except OSError as error:
            log.error("%s: cannot be written: %s; free some disk", self._kept.path, error)

    def _known(self, state: State) -> State:
        """Without what the site file no longer has: nothing would ever clear it."""
        keys = {row.key for row in ROWS}
        fixed = {"grid", "battery", "disk", "clock", "broker", "store", "drill"}
        places = fixed | {item.id for item in self._site.all_devices()}
        places |= {one.name for one in self._site.record.databases}
        places |= {one.name for one in self._site.notify.to}
        policy = self._site.rules.policy
        places |= {f"rules/{PREFIX}{rule.id}" for rule in (() if policy is None else alarms(policy))}
        raised = {
            name: one
            for name, one in state.raised.items()
            if name[0] in keys and (name[1] in places or name[1].partition("/")[0] in places)
        }
        return replace(state, raised=raised)

    def _proposed(self, word: Word) -> None:
        """Tell of each proposal once."""
        try:
            content = payload.read_object(word.payload) if word.payload else {}
        except ValueError as error:
            log.warning("%s: left out: %s", word.topic, error)
            return
        for one in _list(content.get("proposals")):
            identifier = payload.text(one, "id") if isinstance(one, dict) else None
            if isinstance(one, dict) and identifier and identifier not in self._announced:
                self._announced = [*self._announced, identifier][-PROPOSALS:]
                self._news.append(_proposal(one))


def _proposal(one: Mapping[str, Json]) -> Message:
    rule, output, value = (str(one.get(key) or "") for key in ("rule", "output", "value"))
    reason, deadline = str(one.get("reason") or ""), payload.text(one, "deadline")
    until = f" Until {deadline}." if deadline else ""
    return Message(
        "A proposal to approve", f"{rule} proposes {output} = {value}. {reason}{until}".strip(), "info"
    )


def _list(content: Json) -> list[Json]:
    return content if isinstance(content, list) else []


async def run_notify(
    site: Site, link: Link, clock: Clock, rereads: dict[str, Callable[[Site | str], None]]
) -> None:
    """Watch a site until cancelled; what takes up a site file that was read anew is put into `rereads`."""
    notify = Notify(site, link, clock)
    rereads["notify"] = notify.reread
    await notify.run()
