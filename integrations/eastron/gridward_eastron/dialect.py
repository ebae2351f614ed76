"""An Eastron meter's language beside Modbus: its password, its hints, words that changed places. Pure."""

import struct
from collections.abc import Iterable, Sequence

from gridward_eastron.models import Lock
from gridward_kit.entity import Entity
from gridward_kit.errors import BadFrame, Refused
from gridward_kit.modbus import WRITE_MANY, Modbus, Profile, Register, frame

SANE = (1e-4, 1e9)


class Eastron(Modbus):
    """One meter. `lock` is where its `password` goes before a setting, `hint` what helps when it refuses."""

    def __init__(
        self,
        rows: Sequence[Entity],
        profile: Profile,
        unit: int,
        *,
        proof: str | None,
        step: float | None,
        lock: Lock | None = None,
        password: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(rows, profile, unit, proof=proof, step=step)
        said = password if lock is None or password is not None else lock.password
        self._unlock = () if lock is None or said is None else (self._written(lock.register, said),)
        self._hint = hint
        self._turned = False

    def _written(self, register: int, number: float) -> bytes:
        words = Register(register, "f32", 2, low_first=self.profile.low_first).words(number)
        return frame.write(self.unit, WRITE_MANY, register, words)

    def payload(self, query: str, answer: bytes) -> bytes:
        payload = super().payload(query, answer)
        points = (row.at for row in self.entities)
        floats = (at for at in points if isinstance(at, Register) and at.query == query and at.form == "f32")
        cells = [payload[2 * (at.address - at.start) :][:4] for at in floats]
        if len(cells) > 1:  # one alone does not tell
            self._turned = turned(cells, low_first=self.profile.low_first)
        if cells and self._turned:
            raise BadFrame(
                "its numbers make sense only with their words in the other order: another register order was "
                "set; if that is so, `gridward accept` it"
            )
        return payload

    def unlock(self, entity: Entity) -> tuple[bytes, ...]:
        return self._unlock

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        try:
            super().acknowledge(request, answer)
        except Refused as error:
            raise Refused(f"{error}; {self._hint}" if self._hint else str(error)) from None


def number(cell: bytes, *, low_first: bool = False) -> float:
    """Two registers as a float, in either order of words."""
    value: float = struct.unpack(">f", cell[2:] + cell[:2] if low_first else cell)[0]
    return value


def turned(cells: Iterable[bytes], *, low_first: bool = False) -> bool:
    """Whether most of these floats make sense, but only with their words in the other order."""
    told = [cell for cell in cells if len(cell) == 4 and any(cell)]
    here = sum(SANE[0] <= abs(number(cell, low_first=low_first)) <= SANE[1] for cell in told)
    there = sum(SANE[0] <= abs(number(cell, low_first=not low_first)) <= SANE[1] for cell in told)
    return len(told) > 1 and 2 * here < len(told) < 2 * there
