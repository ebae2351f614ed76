"""What is wrong with a simulated line. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """What is wrong with the line; may be changed while it is served.

    `noise` is the share of answer bytes that are changed, `cut` of answers that break off,
    `wrong_checksum` of answers with one flipped bit, `swapped` of answers in which two neighbouring bytes
    changed places, as no sum of bytes can see; `slow` seconds are added to each turnaround.
    """

    silence: bool = False
    noise: float = 0.0
    cut: float = 0.0
    wrong_checksum: float = 0.0
    swapped: float = 0.0
    slow: float = 0.0
    draw: random.Random = field(default_factory=lambda: random.Random(1))

    def spoil(self, answer: bytes) -> bytes:
        """The answer as it arrives."""
        draw = self.draw
        if self.silence or not answer:
            return b""
        if draw.random() < self.cut:
            answer = answer[: draw.randrange(len(answer))]
        if answer and draw.random() < self.wrong_checksum:
            place = draw.randrange(len(answer))
            answer = answer[:place] + bytes([answer[place] ^ 1 << draw.randrange(8)]) + answer[place + 1 :]
        if self.swapped and len(answer) > 1 and draw.random() < self.swapped:
            place = draw.randrange(len(answer) - 1)
            answer = answer[:place] + answer[place : place + 2][::-1] + answer[place + 2 :]
        if self.noise:
            answer = bytes(draw.randrange(256) if draw.random() < self.noise else byte for byte in answer)
        return answer


def on_one_line(answers: Sequence[bytes]) -> bytes:
    """What several transmitters at once make of a line: its bits are those that all of them leave high."""
    if len(answers) < 2:
        return b"".join(answers)
    whole = bytearray(b"\xff" * max(len(answer) for answer in answers))
    for answer in answers:
        for place, byte in enumerate(answer):
            whole[place] &= byte
    return bytes(whole)
