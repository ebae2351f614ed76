"""Conversions that a page started: one batch at a time, with its log, its question to the person, its end."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gridward.meters import label
from gridward.meters.report import moment
from gridward.meters.workshop import Workshop
from gridward.recorder.trouble import Faulty, explain
from gridward_kit.tasks import end

MOST = 400


@dataclass(slots=True)
class Question:
    """What the person at the meter is asked, with the words on both buttons."""

    text: str
    yes: str
    no: str
    answered: "asyncio.Future[bool]"


@dataclass(slots=True)
class Batch:
    """What a session works on: serial numbers in order, who does it, and what came of each."""

    serials: tuple[str, ...]
    by: str
    extended: bool = False
    done: dict[str, str] = field(default_factory=dict)


class Session:
    """One bench. `lines` is the log, newest last; `question` waits for an answer."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=MOST)
        self.count = 0
        self.question: Question | None = None
        self.batch: Batch | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether a batch is under way."""
        return self._task is not None and not self._task.done()

    def start(self, workshop: Workshop, batch: Batch) -> None:
        """Begin a batch; raises ValueError while another runs, or where nobody's name is given."""
        if self.running:
            raise ValueError("a conversion is under way; wait for its end or cancel it")
        if not batch.by.strip():
            raise ValueError("say who does it")
        if not batch.serials:
            raise ValueError("choose a meter; only assigned ones can be converted")
        self.batch = batch
        self.lines.clear()
        self._task = asyncio.create_task(self._run(workshop, batch))

    def answer(self, *, yes: bool) -> None:
        """Answer the question that waits."""
        question, self.question = self.question, None
        if question is not None and not question.answered.done():
            question.answered.set_result(yes)

    async def cancel(self) -> None:
        """Break off; what is known of the meter is kept."""
        if self._task is not None:
            await end((self._task,))
        self.question = None

    async def power_cycle(self, why: str) -> bool:
        return await self._ask(f"{why}.", "It was off, and is on again", "It cannot be done now")

    async def confirm(self, question: str) -> bool:
        return await self._ask(question, "Yes, write it", "No")

    async def _ask(self, text: str, yes: str, no: str) -> bool:
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.question = Question(text[:1].upper() + text[1:], yes, no, answered)
        try:
            return await answered
        finally:
            self.question = None

    async def _run(self, workshop: Workshop, batch: Batch) -> None:
        stamp = _stamper(workshop)
        try:
            for place, serial in enumerate(batch.serials, 1):
                await self._one(workshop, batch, serial, f"{place} of {len(batch.serials)}")
        except asyncio.CancelledError:
            self._say(stamp("cancelled; what is known is kept"))
            raise
        except ValueError as error:
            self._say(stamp(str(error)))
        except Faulty as error:
            trouble = explain(error)
            self._say(stamp(f"{trouble.reason}; {trouble.remedy}"))

    async def _one(self, workshop: Workshop, batch: Batch, serial: str, where: str) -> None:
        stamp = _stamper(workshop)
        meter = workshop.inventory.need(serial)
        order = workshop.order(serial, batch.by, extended=batch.extended)
        place = f"{serial}, {meter.site}, {meter.building}, address {meter.address}"
        if len(batch.serials) > 1 and not await self._ask(
            f"Meter {where}: {place}. Connect it alone, with its supply on.", "It is connected", "Skip it"
        ):
            batch.done[serial] = "skipped"
            return
        self._say(stamp(f"--- {place}"))
        outcome = await workshop.full(order, self, lambda _, words: self._say(stamp(words)))
        batch.done[serial] = outcome.status
        if outcome.status == "done":
            self._say(stamp(f"label: {label.words(meter).replace(chr(10), ' / ')}"))
        elif escalate := workshop.escalation(serial):
            self._say(stamp(escalate))

    def _say(self, words: str) -> None:
        self.lines.append(words)
        self.count += 1


def _stamper(workshop: Workshop) -> Callable[[str], str]:
    return lambda words: f"{moment(workshop.clock.time(), workshop.zone)[11:]}  {words}"
