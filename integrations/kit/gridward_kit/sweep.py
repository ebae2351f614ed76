"""Asks every address of a Modbus line for two registers: who answers, even with a refusal, is there."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gridward_kit.errors import BadFrame, NoAnswer, NoLine
from gridward_kit.modbus import frame
from gridward_kit.port import Port

ALL = tuple(range(1, 248))
LIKELY = (1, 11, 2, 3, 10, 100)
PATIENCE = 0.25
TRIES = 3
START, COUNT = 0x0000, 2


@dataclass(frozen=True, slots=True)
class Heard:
    """An address at which something was heard; `answered`: with a whole frame."""

    unit: int
    answered: bool


async def sweep(port: Port, units: Sequence[int]) -> AsyncIterator[int | Heard]:
    """Ask these addresses; yields each one's number when it is done, and who was heard, at once.

    A unit that answers too late is recognised by its address, and asked once more. Raises NoLine.
    """
    for unit in units:
        late: set[int] = set()
        heard = await _ask(port, unit, late)
        if heard is not None:
            yield Heard(unit, heard)
        for other in late - {unit}:
            if await _ask(port, other, set()):
                yield Heard(other, answered=True)
        yield unit


async def _ask(port: Port, unit: int, late: set[int]) -> bool | None:
    """True for a whole frame of this unit, False for bytes that never are one, None for silence."""
    request = frame.read(unit, frame.HOLDING, START, COUNT)

    for _ in range(TRIES):
        try:
            await port.exchange(
                request, lambda buffer, quiet: _cut(request, buffer, late, quiet=quiet), PATIENCE
            )
        except BadFrame:
            continue
        except NoLine:
            raise
        except NoAnswer:
            return None
        return True
    return False


def _cut(request: bytes, buffer: bytes, late: set[int], *, quiet: bool) -> tuple[bytes, bytes] | None:
    """The answer, as always; another unit's is remembered as late, and the asked one was silent."""
    sender = _sender(buffer) if quiet else None
    if sender is not None and sender != request[0]:
        late.add(sender)
        raise NoAnswer(f"unit {sender} answered late")
    return frame.cut(request, buffer, quiet=quiet)


def _sender(buffer: bytes) -> int | None:
    """Whose whole answer to such a request this is."""
    for length in (5, 9):
        if len(buffer) >= length and frame.intact(buffer[:length]):
            return buffer[0]
    return None
