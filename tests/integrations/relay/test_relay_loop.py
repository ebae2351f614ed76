"""Stories of the relay's own loop: real frames to a simulated board, a turned clock, a broker in memory."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from faults.lease_house import OPTIONS, Wire
from integrations.relay.relay_house import LEASE, RENEW, Site

import gridward_relay
from gridward_kit.clock import Clock
from gridward_kit.errors import DeviceError
from gridward_kit.mqtt import Link
from gridward_kit.testing import TurnedClock
from gridward_relay.options import Settings

DEEP = "[" * 100_000


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path, TurnedClock())

    def make(_chosen: Settings, _device: str, _link: Link | None, clock: Clock) -> Wire:
        return Wire(site.board, clock, site.clock.monotonic, site.options)

    monkeypatch.setattr(gridward_relay, "make", make)
    return site


async def test_it_islands_after_its_dwell_and_connects_when_the_rules_fall_silent(site: Site) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(590)
        assert site.closed()
        assert "min to go" in str(site.state()["reason"])
        await site.clock.turn(12)
        assert not site.closed()
        assert site.state()["position"] == "islanded"
        assert site.state()["feedback"] == "islanded"
        assert site.state()["closed"] is False
        await site.clock.turn(300)
        assert not site.closed()
        assert site.state()["changes_last_hour"] == 1
        site.good = False
        await site.clock.turn(24)
        assert not site.closed()
        await site.clock.turn(7)
        assert site.closed()
        assert site.state()["position"] == "connected"
        assert site.state()["lease_remaining"] == 0
        assert site.state()["closed"] is True
        assert site.audit() == [("connected", "islanded"), ("islanded", "connected")]
    assert site.closed()


async def test_the_lease_is_said_every_five_seconds_and_never_retained(site: Site) -> None:
    async with site.running():
        await site.clock.turn(60)
    said = [json.loads(text) for text in site.broker.said(LEASE)]
    assert [item["n"] for item in said] == list(range(1, len(said) + 1))
    assert 11 <= len(said) <= 13
    assert len({item["epoch"] for item in said}) == 1
    assert LEASE not in site.broker.retained


async def test_each_start_has_its_own_epoch(site: Site) -> None:
    for _ in range(2):
        async with site.running():
            await site.clock.turn(5)
    assert len({json.loads(text)["epoch"] for text in site.broker.said(LEASE)}) == 2


async def test_a_retained_renewal_is_refused_and_counted(site: Site) -> None:
    site.broker.publish(RENEW, json.dumps({"v": 1, "epoch": "e", "n": 1}), retain=True)
    async with site.running():
        await site.clock.turn(3)
        assert site.state()["renewals_retained"] == 1
        assert site.state()["lease_remaining"] == 0


@pytest.mark.parametrize(
    "payload", ["", "[]", "null", "{", DEEP, '{"epoch": 1, "n": 1}', '{"epoch": "e", "n": true}']
)
async def test_a_renewal_that_is_none_is_refused_as_foreign(site: Site, payload: str) -> None:
    async with site.running():
        site.broker.publish(RENEW, payload)
        await site.clock.turn(2)
        assert site.state()["renewals_foreign"] == 1


async def test_a_hand_file_that_is_none_asks_for_nothing(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "hand" / "contactor.json"
    file.parent.mkdir()
    async with site.running():
        for text in ("", "[]", DEEP, '{"number": 1, "wish": "islanded", "seconds": 60}'):
            file.write_text(text)
            await site.clock.turn(2)
            assert site.state()["hand"] == "auto"


async def test_without_a_broker_it_goes_back_to_the_grid_by_itself(site: Site) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(620)
        assert not site.closed()
        site.link.connected = False
        await site.clock.turn(31)
        assert site.closed()


async def test_a_frozen_process_is_ended_by_the_board_within_the_lease(site: Site) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(620)
        assert not site.closed()
        site.clock.pass_by(30)
        assert site.closed()


async def test_a_contact_that_sticks_locks_until_a_person_releases(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(610)
        assert not site.closed()
        site.board.state["welded"] = True
        await site.clock.turn(2)
        assert (site.state()["position"], site.state()["closed"]) == ("islanded", True)
        await site.clock.turn(6)
        assert site.state()["locked"] is True
        assert "the feedback contact says connected where islanded was ordered" in str(site.state()["reason"])
        site.board.state["welded"] = False
        await site.clock.turn(1300)
        assert site.closed()
        assert (await site.press(by="rules"))["status"] == "refused"
        assert site.state()["locked"] is True
        assert (await site.press())["status"] == "confirmed"
        await site.clock.turn(5)
        assert site.state()["locked"] is False
        assert not site.closed()
    assert sum("locked connected" in text for text in caplog.messages) == 1


async def test_a_lock_outlives_a_restart(site: Site) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(605)
        site.board.state["welded"] = True
        await site.clock.turn(8)
    site.board.state["welded"] = False
    async with site.running():
        await site.clock.turn(1000)
        assert site.state()["locked"] is True
        assert site.closed()


async def test_a_board_that_refuses_to_switch_locks_and_says_so(site: Site) -> None:
    site.good = True
    async with site.running():
        site.board.obeys = "refuses"
        await site.clock.turn(610)
        assert site.state()["locked"] is True
        assert "device failure" in str(site.state()["reason"])
        assert site.closed()


async def test_a_board_that_says_yes_and_does_nothing_locks(site: Site) -> None:
    site.good = True
    async with site.running():
        site.board.obeys = "ignores"
        await site.clock.turn(620)
        assert site.state()["locked"] is True
        assert site.state()["position"] == "connected"


async def test_firmware_without_a_flash_command_never_islands(site: Site) -> None:
    site.good = True
    site.board.state["version"] = 120
    async with site.running():
        await site.clock.turn(700)
        assert site.state()["locked"] is True
        assert "firmware 1.20 has no flash command" in str(site.state()["reason"])
        assert site.closed()


async def test_a_board_that_goes_away_makes_the_relay_absent_and_comes_back(site: Site) -> None:
    async with site.running():
        await site.clock.turn(10)
        site.board.address = 9
        await site.clock.turn(10)
        state = site.state()
        assert "position" not in state
        assert "locked" not in state
        assert site.broker.said("gridward/home/contactor/availability")[-1] == "offline"
        site.board.address = 1
        await site.clock.turn(2)
        assert site.state()["position"] == "connected"
        assert site.state()["locked"] is False
        assert (
            site.broker.said("gridward/home/contactor/availability")
            == ["offline", "online", "offline", "online"][-3:]
        )


async def test_a_board_that_goes_away_while_islanded_locks(site: Site) -> None:
    site.good = True
    async with site.running():
        await site.clock.turn(620)
        site.board.address = 9
        await site.clock.turn(31)
        assert site.closed()
        site.board.address = 1
        await site.clock.turn(3)
        assert site.state()["locked"] is True
        assert "no answer" in str(site.state()["reason"])


async def test_a_full_disk_keeps_it_connected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.good = True
    async with site.running():
        assert site.device is not None

        def full(_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as context:
            context.setattr(site.device.kept, "save", full)
            await site.clock.turn(650)
            assert site.closed()
            assert "cannot be written to disk" in str(site.state()["reason"])
        await site.clock.turn(2)
        assert not site.closed()


async def test_an_islanding_is_on_disk_before_it_is_made(site: Site) -> None:
    site.good = True
    seen: list[object] = []
    receive = site.board.receive

    def spy(data: bytes, now: float) -> list[bytes]:
        if data[1] == 5 and data[2] == 2 and not seen:
            seen.append(json.loads((site.folder / "contactor.json").read_text())["relay"]["position"])
        return receive(data, now)

    site.board.receive = spy  # type: ignore[method-assign]
    async with site.running():
        await site.clock.turn(620)
    assert seen == ["islanded"]


async def test_inputs_are_read(site: Site) -> None:
    site.options = {**OPTIONS, "inputs": ["protection_relay:3:Protection relay", "main_switch:1:Main switch"]}
    async with site.running():
        site.board.state["input_3"] = True
        await site.clock.turn(2)
        assert site.state()["protection_relay"] is True
        assert site.state()["main_switch"] is False


async def test_its_position_cannot_be_set(site: Site) -> None:
    async with site.running():
        site.broker.publish("gridward/home/contactor/position/set", "islanded")
        await site.clock.turn(1)
        result = json.loads(site.broker.said("gridward/home/contactor/position/result")[-1])
        assert result["status"] == "refused"
        assert site.closed()


async def test_the_driver_never_gets_an_error_out_of_the_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [DeviceError("x"), OSError("y"), ValueError("z"), TimeoutError()]

    def failing(error: Exception) -> Callable[..., Awaitable[None]]:
        async def fail(*_: object) -> None:
            raise error

        return fail

    site.good = True
    async with site.running():
        for name in ("read", "connect", "island", "start"):
            for error in errors:
                with monkeypatch.context() as context:
                    context.setattr(Wire, name, failing(error))
                    await site.clock.turn(20)
        await site.clock.turn(20)
        assert site.closed()
        assert site.state()["position"] == "connected"
