"""Grid contactor and generator switch on one broker: never both on the house by our doing."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from faults.lease_house import Wire
from integrations.relay.generator_yard import GENERATOR, GRID, ROOT, Yard

import gridward_relay
from gridward_kit.clock import Clock
from gridward_kit.integration import Options
from gridward_kit.mqtt import Link, Message
from gridward_kit.point import Value
from gridward_kit.testing import MemoryLink
from gridward_relay.interlock import Interlock
from gridward_relay.options import Settings
from gridward_relay.simulator import Board


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    place = Yard(tmp_path)

    def make(_: Settings, device: str, __: Link | None, clock: Clock) -> Wire:
        options = GRID if device == "contactor" else GENERATOR
        return place.wire(place.boards[device], clock, place.clock.monotonic, options)

    monkeypatch.setattr(gridward_relay, "make", make)
    return place


@asynccontextmanager
async def islanded(yard: Yard) -> AsyncIterator[None]:
    """Both run, the grid is off."""
    async with yard.running("contactor"), yard.running("generator"):
        await yard.clock.turn(620)
        await yard.turn(1)
        assert not yard.on_the_grid()
        yield


async def test_the_generator_waits_for_a_grid_that_is_off(yard: Yard) -> None:
    async with yard.running("contactor"), yard.running("generator"):
        await yard.turn(10)
        told = await yard.ask("ON")
        assert told["status"] == "refused"
        assert "does not say that the grid is off" in str(told["reason"])
        assert not yard.on_the_generator()


@pytest.mark.parametrize("by", ["http", "home_assistant"])
async def test_a_person_brings_it_on_and_rules_do_not(yard: Yard, by: str) -> None:
    async with islanded(yard):
        for rules in ("rules", "rules:business"):
            told = await yard.ask("ON", rules)
            assert (told["status"], yard.on_the_generator()) == ("refused", False)
            assert "level: 2" in str(told["reason"])
        assert (await yard.ask("ON", by))["status"] == "confirmed"
        await yard.turn(60)
        assert yard.on_the_generator()
        assert yard.state("generator")["feedback"] == "closed"
        assert (await yard.ask("OFF"))["status"] == "confirmed"
        assert not yard.on_the_generator()
    assert not yard.both


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"grid_present": "unknown", "decision": "islanded"}, "whether the grid is there is not known"),
        ({}, "whether the grid is there is not known"),
        ({"grid_present": "absent", "decision": "connected"}, "the rules ask for the grid"),
    ],
)
async def test_in_doubt_of_the_grid_only_a_person_starts_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, rules: dict[str, Value], words: str
) -> None:
    monkeypatch.setitem(GENERATOR, "level", 2)
    async with islanded(yard):
        yard.rules = rules
        for automation in ("home_assistant", "rules:business"):
            told = await yard.ask("ON", automation)
            assert (told["status"], yard.on_the_generator()) == ("refused", False)
            assert str(told["reason"]).startswith(words)
        for person in ("http", "cli:anna"):
            assert (await yard.ask("ON", person))["status"] == "confirmed"
            assert yard.on_the_generator()
            await yard.ask("OFF", "home_assistant")


async def test_what_the_rules_said_long_ago_is_no_word_of_now(yard: Yard) -> None:
    async with islanded(yard):
        await yard.ask("OFF")
        await yard.turn(4)
        command = json.dumps({"v": 1, "value": "ON", "id": "late", "by": "home_assistant"})
        yard.broker.publish(f"{ROOT}/generator/feed_house/command", command)
        await yard.turn(1)
        assert not yard.on_the_generator()


async def test_a_contactor_that_was_ordered_to_connect_keeps_it_off() -> None:
    words = Interlock("contactor")
    said = {"at": 1, "feedback": "islanded", "position": "connected", "locked": False, "lease_remaining": 30}
    words.heard(Message("", json.dumps(said).encode(), retain=False, at=10.0))
    assert words.hindrance(10.5) == "contactor was ordered to connect the grid"
    words.heard(Message("", json.dumps({**said, "at": 2, "position": "islanded"}).encode(), False, 11.0))
    assert words.hindrance(11.5) is None


@pytest.mark.parametrize("by", ["http", "home_assistant", "rules:business"])
async def test_at_level_2_rules_may_start_it_and_nobody_while_the_grid_is_on(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setitem(GENERATOR, "level", 2)
    async with yard.running("contactor"), yard.running("generator"):
        await yard.turn(10)
        told = await yard.ask("ON", by)
        assert (told["status"], yard.on_the_generator()) == ("refused", False)
        assert "does not say that the grid is off" in str(told["reason"])
        await yard.clock.turn(620)
        await yard.turn(1)
        assert (await yard.ask("ON", by))["status"] == "confirmed"
        assert yard.on_the_generator()
        assert (await yard.ask("OFF", by))["status"] == "confirmed"
    assert not yard.both


class Slow(Wire):
    """Each request takes its time, and the next one waits for that."""

    def __init__(self, board: Board, clock: Clock, true: Callable[[], float], options: Options) -> None:
        super().__init__(board, clock, true, options)
        self._turn = asyncio.Lock()

    async def _ask(self, asked: bytes) -> bytes:
        async with self._turn:
            await self._clock.sleep(0.15)
            return await super()._ask(asked)


async def test_one_that_is_told_to_go_stays_away_whenever_it_is_told(yard: Yard) -> None:
    yard.wire = Slow
    async with islanded(yard):
        for number in range(12):
            await yard.ask("ON")
            assert yard.on_the_generator()
            await yard.turn(0.1 * number)
            await yard.ask("OFF")
            await yard.turn(2)
            assert not yard.on_the_generator(), number


async def test_it_goes_before_the_grid_comes(yard: Yard) -> None:
    async with islanded(yard):
        await yard.ask("ON")
        yard.good = False
        await yard.turn(40)
        assert yard.on_the_grid()
        assert not yard.on_the_generator()
        assert "lease" in str(yard.state("generator")["reason"])
        yard.good = True
        await yard.clock.turn(700)
        assert not yard.on_the_generator(), "it does not come back by itself"
    assert not yard.both


async def test_without_words_of_the_contactor_it_opens(yard: Yard) -> None:
    async with islanded(yard):
        await yard.ask("ON")
        link: MemoryLink = yard.links["contactor"]
        link.connected = False
        await yard.turn(5)
        assert not yard.on_the_generator()
        assert "does not say where it stands" in str(yard.state("generator")["reason"])
        await yard.turn(30)
        assert yard.on_the_grid(), "the lease ended"
    assert not yard.both


async def test_a_lock_waits_for_the_generator_to_go(yard: Yard) -> None:
    """The contactor's contact is torn open: it locks, and connects when the generator has gone."""
    async with islanded(yard):
        await yard.ask("ON")
        path = yard.folder / "hand" / "contactor.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"number": 1, "wish": "connected", "seconds": 3600}))
        await yard.turn(4)
        assert yard.on_the_grid()
        assert not yard.on_the_generator()
    assert not yard.both


async def test_a_contactor_that_ends_waits_for_the_generator_to_go(yard: Yard) -> None:
    async with yard.running("generator"):
        async with yard.running("contactor") as contactor:
            await yard.clock.turn(620)
            await yard.ask("ON")
            assert yard.on_the_generator()
            for _ in range(16):  # who ends it says so again and again
                contactor.cancel()
                await yard.turn(0.5)
            assert contactor.done()
        assert yard.on_the_grid()
        assert not yard.on_the_generator()
    assert not yard.both


async def test_a_contactor_that_starts_waits_for_a_running_generator(yard: Yard) -> None:
    async with yard.running("generator"), yard.running("contactor") as dying:
        await yard.clock.turn(620)
        await yard.ask("ON")
        dying.cancel()  # it waits for the generator, and a second one is started meanwhile
        async with yard.running("contactor"):
            await yard.turn(1)
            assert yard.on_the_generator()
            assert not yard.on_the_grid()
            await yard.turn(9)
            assert yard.on_the_grid()
            assert not yard.on_the_generator()
        assert not yard.both


async def test_a_stuck_generator_switch_is_told_and_locked(yard: Yard) -> None:
    async with islanded(yard):
        yard.boards["generator"].state["welded"] = True  # its contact does not follow the coil
        assert (await yard.ask("ON"))["status"] == "confirmed"
        await yard.turn(8)
        assert yard.state("generator")["locked"] is True
        assert "its contact says another thing" in str((await yard.ask("ON"))["reason"])


@pytest.mark.parametrize("seed", range(8))
async def test_never_both(yard: Yard, seed: int) -> None:
    """Whatever is asked, lost and renewed in any order while both processes live."""
    chance = random.Random(seed)
    async with islanded(yard):
        await yard.ask("ON")
        assert yard.on_the_generator()
        for _ in range(10):
            await yard.turn(chance.uniform(0, 30))
            match chance.choice(("ON", "OFF", "rules", "link")):
                case "rules":
                    yard.good = not yard.good
                case "link":
                    yard.links["contactor"].connected ^= True
                case wish:
                    await yard.ask(wish)
        assert not yard.both
