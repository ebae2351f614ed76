"""Commands that were shown and may be asked for once, and what became of those that were asked for."""

import asyncio
import secrets
from dataclasses import dataclass, field

from gridward.api.attempts import Attempts
from gridward.api.attempts import commands as paced
from gridward.commands import Commands, Result
from gridward_kit.clock import Clock
from gridward_kit.point import Value

WAITS = 600.0  # s in which a command that was shown may be asked for
KEPT = 3600.0  # s for which it is told what became of it
MOST = 500


@dataclass(frozen=True, slots=True)
class Press:
    """A command made ready: what it sets on which device, what it is called, and what will happen.

    `asks`: it switches power, or it is a person's word on a proposal. `stands` is the value read back.
    """

    name: str
    device: str
    entity: str
    value: Value
    title: str
    place: str
    does: str
    asks: bool
    stands: str | None = None


@dataclass(slots=True)
class Pressed:
    """What became of a command: its answers, each with the seconds since it was asked for."""

    press: Press
    by: str
    owner: str
    began: float
    answers: list[tuple[Result, float]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def final(self) -> bool:
        """Whether nothing comes after its newest answer."""
        return bool(self.answers) and self.answers[-1][0].final


@dataclass(slots=True)
class Desk:
    """Each command belongs to its owner: a session, or a viewer."""

    commands: Commands
    clock: Clock
    _shown: dict[str, tuple[Press, str, float]] = field(default_factory=dict)
    _pressed: dict[str, Pressed] = field(default_factory=dict)
    _pace: Attempts = field(default_factory=paced)

    def show(self, press: Press, owner: str) -> str:
        """The id under which this may be asked for, once."""
        now = self.clock.monotonic()
        fresh = [(key, item) for key, item in self._shown.items() if now - item[2] < WAITS]
        self._shown = dict(fresh[1 - MOST :])
        identifier = self.new_id()
        self._shown[identifier] = (press, owner, now)
        return identifier

    def new_id(self) -> str:
        """An id that no command had."""
        return secrets.token_hex(16)

    def take(self, identifier: str, owner: str) -> Press | None:
        """What was shown under this id, not to be taken again; None where it was taken, or is too old."""
        press, whose, at = self._shown.get(identifier, (None, "", 0.0))
        if press is None or whose != owner:
            return None
        del self._shown[identifier]
        return press if self.clock.monotonic() - at < WAITS else None

    def find(self, identifier: str, owner: str) -> Pressed | None:
        """What became of it; None where it was not asked for, or by somebody else."""
        found = self._pressed.get(identifier)
        return found if found is not None and found.owner == owner else None

    def known(self, identifier: str) -> bool:
        """Whether something was asked for under this id."""
        return identifier in self._pressed

    def busy(self, press: Press) -> bool:
        """Whether something is being asked for from the same entity now."""
        place = (press.device, press.entity)
        return any(
            (one.press.device, one.press.entity) == place and not one.final for one in self._pressed.values()
        )

    def too_fast(self, who: str) -> float:
        """Count a click; seconds to wait if it was one too many, else 0."""
        now = self.clock.monotonic()
        wait = self._pace.wait(who, now)
        if wait <= 0:
            self._pace.count(who, now)
        return wait

    def press(self, identifier: str, press: Press, by: str, owner: str) -> Pressed:
        """Ask for it; its answers are gathered in what is given back."""
        now = self.clock.monotonic()
        kept = [(key, one) for key, one in self._pressed.items() if now - one.began < KEPT]
        self._pressed = dict(kept[1 - MOST :])
        pressed = self._pressed[identifier] = Pressed(press, by, owner, now)
        pressed.task = asyncio.create_task(self._follow(identifier, pressed))
        return pressed

    async def settled(self, pressed: Pressed, patience: float) -> None:
        """Wait until its last answer came, at most so many seconds."""
        if pressed.task is None:
            return
        late = asyncio.ensure_future(self.clock.sleep(patience))
        try:
            await asyncio.wait({pressed.task, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            late.cancel()

    async def _follow(self, identifier: str, pressed: Pressed) -> None:
        press = pressed.press
        results = self.commands.ask(
            press.device, press.entity, press.value, pressed.by, identifier=identifier
        )
        async for result in results:
            pressed.answers.append((result, self.clock.monotonic() - pressed.began))
