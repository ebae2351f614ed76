"""Messages reach real servers by Apprise: mail, ntfy, a webhook; what a server does not take comes again."""

import logging

import pytest
from letter_box import Mail, Web

from gridward.notify.channels import FIRST, MOST, Channels, by_apprise
from gridward.notify.core import Message
from gridward.notify.section import usable
from gridward.notify.spec import Recipient, Severity
from gridward_kit.testing import TurnedClock


def message(number: int, severity: Severity = "warning") -> Message:
    return Message(f"Title {number}", f"Text {number}: ü", severity)


async def test_mail_ntfy_and_webhook_take_a_message() -> None:
    async with Mail() as mail, Web() as web:
        to = [Recipient("mail", mail.url), Recipient("hook", web.url), Recipient("phone", web.ntfy)]
        assert all(usable(one.url) for one in to)
        channels = Channels(to, TurnedClock())
        channels.put([message(1, "safety")])
        assert await channels.turn()
        assert [(one["title"], one["text"].strip(), one["to"]) for one in mail.got] == [
            ("Title 1", "Text 1: ü", "me@example.org")
        ]
        hook = next(one for one in web.got if one["path"] == "/hook")
        phone = next(one for one in web.got if one["path"] != "/hook")
        assert (hook["title"], hook["text"], hook["type"]) == ("Title 1", "Text 1: ü", "failure")
        assert (phone["title"], phone["text"]) == ("Title 1", "Text 1: ü")
        assert channels.waiting == 0
        assert not await channels.turn(), "nothing is left to bring"


def test_telegram_and_others_are_known_and_rubbish_is_not() -> None:
    assert usable("tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/12345")
    assert usable("ntfys://ntfy.sh/house")
    assert not usable("carrier-pigeon://roof")
    assert not usable("")


async def test_a_way_that_fails_is_tried_again_with_longer_pauses_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = TurnedClock()
    async with Web() as web, Mail() as mail:
        channels = Channels([Recipient("hook", web.url), Recipient("mail", mail.url)], clock)
        web.status = 503
        channels.put([message(1)])
        tries: list[float] = []
        begin = clock.monotonic()
        while clock.monotonic() - begin < 4 * 3600:
            if await channels.turn():
                tries.append(clock.monotonic() - begin)
            clock.pass_by(5)
        assert tries[:5] == [0, FIRST, 3 * FIRST, 7 * FIRST, 15 * FIRST]
        assert tries[-1] - tries[-2] == 1800
        assert channels.failing["mail"] is None
        assert "takes no message" in str(channels.failing["hook"])
        assert len(mail.got) == 1, "another way is not held up"
        channels.put([message(2)])
        web.status = 200
        clock.pass_by(1800)
        await channels.turn()
        assert [one["title"] for one in web.got] == ["2 messages"]
        assert "Text 1" in web.got[0]["text"]
        assert "Text 2" in web.got[0]["text"]
        assert channels.failing["hook"] is None
    assert [record.levelname for record in caplog.records if record.name.startswith("gridward")] == ["ERROR"]


async def test_a_server_that_is_not_there_is_one_that_fails() -> None:
    async with Web() as web:
        await web.shut()
        channels = Channels([Recipient("hook", web.url)], TurnedClock())
        channels.put([message(1)])
        await channels.turn()
        assert channels.failing["hook"] is not None
        assert channels.waiting == 1


async def test_severity_chooses_the_way_and_what_waits_is_bounded_and_outlives_a_restart() -> None:
    clock = TurnedClock()
    to = [Recipient("all", "json://127.0.0.1:1/"), Recipient("bad", "json://127.0.0.1:1/", "fault")]
    sent: list[tuple[str, str]] = []

    def send(url: str, one: Message) -> bool:
        sent.append((url, one.title))
        return False

    channels = Channels(to, clock, send)
    channels.put([message(1, "warning"), message(2, "safety")])
    assert channels.waiting == 3
    channels.put([message(number) for number in range(MOST + 50)])
    assert channels.waiting == MOST + 1
    again = Channels(to, clock, send)
    again.restore(channels.to_json())
    assert again.to_json() == channels.to_json()
    again.restore({"all": 5, "bad": [[1, 2], "x"]})
    assert again.waiting == MOST + 1


async def test_a_secret_address_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert not by_apprise("json://canary-user:canary-secret@127.0.0.1:1/canary-path", message(1))
    ours = [record.getMessage() for record in caplog.records]
    assert not [line for line in ours if "canary" in line]
    assert "canary" not in repr(Recipient("hook", "json://canary@127.0.0.1/"))
