"""Named mutations of the promises that the rules' own do not cover; `mutations.MUTATIONS` holds all.

Each breaks one thing in the code, or in a document as it is read, and a promise's test must turn red.
"""

import asyncio
import itertools
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gridward.api.access import Role
from gridward.recorder.schema import STEPS
from gridward.rules.grid_switch import Memory
from gridward_kit.command import Malformed

Factory = Callable[[Any], object]
Method = Callable[..., Any]


def constant(value: object) -> Factory:
    """Another value stands there."""
    return lambda _: value


def answers(value: object) -> Factory:
    """A function that always says the same."""
    return lambda _: lambda *_arguments, **_more: value


def _never_ends(_: object) -> Method:
    return lambda self, _now: self.until is not None


def _from_receipt(renew: Method) -> Method:
    """A renewal counts from its receipt, in place of the relay's own issue time."""

    def mutated(self: Any, epoch: str, n: int, now: float) -> object:  # noqa: ANN401 - a Lease
        refusal = renew(self, epoch, n, now)
        if refusal is None:
            self._until = now + self.length
        return refusal

    return mutated


def _no_settling(judge: Method) -> Method:
    return lambda inputs, settings, *rest: judge(inputs, replace(settings, settle=0.0), *rest)


def _by_chance(decide: Method) -> Method:
    """Every now and then the memory is lost: what is decided depends on more than what it is handed."""
    calls = itertools.count(1)

    def mutated(inputs: object, settings: object, now: float, memory: Memory) -> object:
        return decide(inputs, settings, now, Memory() if next(calls) % 97 == 0 else memory)

    return mutated


def _by_hand_for_ever(remaining: Method) -> Method:
    return lambda self, now: max(60.0, remaining(self, now)) if self.wish != "auto" else 0.0


def _any_number(_: object) -> Method:
    return lambda _row, value: float(value)


def _writable(objection: Method) -> Method:
    def mutated(*arguments: object) -> object:
        reason = objection(*arguments)
        return None if "writable" in (reason or "") else reason

    return mutated


def _slips(take: Method) -> Method:
    """The last reading of a batch is not sent."""

    def mutated(*arguments: object) -> object:
        batch = take(*arguments)
        return batch and replace(batch, readings=batch.readings[:-1])

    return mutated


@contextmanager
def _rolled_back(connection: sqlite3.Connection) -> Iterator[None]:
    """Nothing of a transaction stays."""
    connection.execute("BEGIN")
    yield
    connection.execute("ROLLBACK")


def _backwards(book: Method) -> Method:
    def mutated(*arguments: object, **more: object) -> object:
        tally, booked = book(*arguments, **more)
        return tally, -booked

    return mutated


def _for_all(listening: Method) -> Method:
    """The page listens outside of loopback, whatever the site file says."""
    return lambda site: listening(replace(site, http=replace(site.http, listen="lan")))


def _keeps_the_last(read: Method) -> Method:
    return lambda self, values, every=0.0, **_: read(self, values, every, None)


def _not_fed(notify: Method) -> Method:
    return lambda message: notify(message.replace("WATCHDOG=1", "STATUS=hung"))


def _from_a_thread(feed: Method) -> Method:
    """The watchdog is fed whatever becomes of the loop that does the work."""

    async def mutated() -> None:
        threading.Thread(target=lambda: asyncio.run(feed()), daemon=True).start()
        await asyncio.Event().wait()

    return mutated


def _floats(forms: Method) -> Method:
    """Whole numbers are stored as others are."""

    def mutated(values: Mapping[str, Any]) -> list[tuple[str, str, object]]:
        found = forms(values)
        return [(key, form, float(value) if form == "number" else value) for key, form, value in found]

    return mutated


def _by_series(open_store: Method) -> Method:
    """Readings lie by series: each batch touches a page of every one."""
    steps = tuple(step.replace("PRIMARY KEY (ts, series)", "PRIMARY KEY (series, ts)") for step in STEPS)
    return lambda path: open_store(path, steps)


def _leaks(say_again: Method) -> Method:
    """A descriptor is left open at each connect."""

    def mutated(self: object) -> None:
        os.dup(0)
        say_again(self)

    return mutated


def _everybody(acl: Method) -> Method:
    return lambda site: re.sub(r"(?m)^(user .*)$", r"\1\ntopic readwrite #", acl(site))


def _lives(_: object) -> Method:
    """Whatever version was installed, no role of it is missing."""

    async def mutated(*_arguments: object) -> str:
        return ""

    return mutated


def _crashes(parse: Method) -> Method:
    def mutated(*arguments: object) -> object:
        try:
            return parse(*arguments)
        except Malformed as error:
            raise TypeError(str(error)) from None

    return mutated


def _document(name: str, old: str, new: str) -> Factory:
    """A document that says something else."""

    def factory(read_text: Method) -> Method:
        def mutated(self: Path, *arguments: object, **more: object) -> str:
            text: str = read_text(self, *arguments, **more)
            return text.replace(old, new) if self.name == name else text

        return mutated

    return factory


OF_PROMISES: Mapping[str, tuple[str, Factory]] = {
    "lease_never_ends": ("gridward_relay.lease.Lease.open", _never_ends),
    "lease_from_receipt": ("gridward_relay.lease.Lease.renew", _from_receipt),
    "nothing_settles": ("gridward.rules.grid_switch._judge", _no_settling),
    "contact_is_not_looked_at": ("gridward_relay.contactor.Contactor.check", answers(None)),
    "no_dwell": ("gridward_relay.contactor.Contactor.DWELL", constant(0.0)),
    "decided_by_chance": ("gridward.rules.grid_switch.decide", _by_chance),
    "by_hand_for_ever": ("gridward.rules.override.Override.remaining", _by_hand_for_ever),
    "states_wake_nobody": ("gridward.live.Live.on_change", answers(None)),
    "any_number_is_taken": ("gridward_kit.entity.Number.accept", _any_number),
    "acknowledged_is_done": ("gridward_kit.bus.same", answers(value=True)),
    "equal_is_written": ("gridward_kit.device.same", answers(value=False)),
    "bucket_without_bottom": ("gridward_kit.wear.Budget.refusal", answers(None)),
    "ids_are_forgotten": ("gridward_kit.command.Seen.again", answers(value=False)),
    "all_is_writable": ("gridward_kit.device.Device._objection", _writable),
    "nothing_is_dangerous": ("gridward_kit.check.DANGEROUS", constant(re.compile(r"(?!)"))),
    "a_reading_slips": ("gridward.recorder.outbox.Outbox.take", _slips),
    "told_and_not_stored": ("gridward.recorder.store.transaction", constant(_rolled_back)),
    "nothing_is_synced": ("os.fsync", answers(None)),
    "all_are_floats": ("gridward.recorder.store.forms", _floats),
    "rows_by_series": ("gridward.recorder.store.open_store", _by_series),
    "what_is_stored_is_kept": ("gridward_kit.spool.Spool._stored", answers(None)),
    "nothing_is_said_again": ("gridward_kit.mqtt.MqttLink._say_again", answers(None)),
    "full_disk_stops_persons": ("gridward_kit.device.automated", answers(value=True)),
    "captures_fill_the_disk": ("gridward_kit.capture.ROOM", constant(0.0)),
    "history_gives_no_way": ("gridward.recorder.room.TIGHT", constant(0.0)),
    "energies_run_backwards": ("gridward.energies.tally.Tally.book", _backwards),
    "last_values_stay": ("gridward_kit.device.Device.read", _keeps_the_last),
    "1970_is_believed": ("gridward_kit.spool.SANE", constant(0.0)),
    "watchdog_is_not_fed": ("gridward.watchdog.notify", _not_fed),
    "watchdog_is_fed_by_a_thread": ("gridward.watchdog.feed", _from_a_thread),
    "the_silent_take_their_turns": ("gridward_kit.bus.SHARE", constant(0.0)),
    "any_device_is_taken": ("gridward_kit.wired.Wired.prove", answers(None)),
    "descriptors_leak": ("gridward_kit.mqtt.MqttLink._say_again", _leaks),
    "any_token_opens": ("gridward.api.tokens.Tokens.role_of", answers(Role.ADMIN)),
    "page_is_open_to_all": ("gridward.api.serve.listening", _for_all),
    "everybody_may_all": ("gridward.service.access.acl", _everybody),
    "lock_without_hashes": ("pathlib.Path.read_text", _document("requirements.lock", "--hash=", "--none=")),
    "every_version_lives": ("gridward.service.update._missing", _lives),
    "any_passphrase_opens": (
        "gridward.service.backup._key",
        lambda key: lambda _passphrase, salt: key("the same for all", salt),
    ),
    "unit_with_every_right": (
        "gridward.service.units._unit",
        lambda unit: lambda *arguments: unit(*arguments).replace("CapabilityBoundingSet=", "# "),
    ),
    "secrets_are_told": ("gridward.report.redact.Redactor.text", lambda _: lambda _self, text: text),
    "garbage_crashes": ("gridward_kit.device.parse", _crashes),
    "chain_without_hash": ("gridward.audit.chain._hash", answers("0" * 64)),
    "button_floods": ("gridward.panel.press.Button._allowed", lambda _: lambda _self, press, _now: press),
    "nobody_answers": ("pathlib.Path.read_text", _document("SECURITY.md", "within **5 days**", "some day")),
}
