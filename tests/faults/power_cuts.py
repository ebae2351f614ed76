"""Power cuts on paper: what a cut at any moment of recorded writes would leave is laid out anew.

The disk of the model keeps of a file what was written before its last fsync; later writes it may keep,
lose or tear by sectors of 512 bytes, in any order. A name is sure once its folder or the file itself was
synced after it was given; later changes of names are lost from some point on.
"""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from faults.recorded_writes import SAID, Named, Said, Sized, Step, Synced, Written

SECTOR = 512
Left = dict[str, bytes]


def cuts(steps: Sequence[Step]) -> list[int]:
    """The moments just before and just after each sync, and the end, as numbers of steps that were made."""
    synced = (place for place, step in enumerate(steps) if isinstance(step, Synced))
    return sorted({moment for place in synced for moment in (place, place + 1)} | {len(steps)})


def words(steps: Sequence[Step], cut: int) -> list[str]:
    """What was said before a cut."""
    return [step.word for step in steps[:cut] if isinstance(step, Said)]


def left(steps: Sequence[Step], cut: int, chance: random.Random | None, *, all_kept: bool = False) -> Left:
    """What a cut leaves: by chance, else nothing that is not sure, or all."""
    made = steps[:cut]
    sure = {step.what: place for place, step in enumerate(made) if isinstance(step, Synced)}
    names = _names(made, sure, chance, all_kept=all_kept)
    files: dict[int, bytearray] = {}
    for place, step in enumerate(made):
        if isinstance(step, Written | Sized):
            content = files.setdefault(step.file, bytearray())
            if all_kept or place < sure.get(step.file, -1):
                _apply(content, step)
            elif chance is not None:
                _torn(content, step, chance)
    return {name: bytes(files.get(file, b"")) for name, file in names.items() if name != SAID}


def _names(
    made: Sequence[Step], sure: dict[int | str, int], chance: random.Random | None, *, all_kept: bool
) -> dict[str, int]:
    given = [(place, step) for place, step in enumerate(made) if isinstance(step, Named)]
    fixed = {place for place, step in given if all_kept or place < _sure_from(step, sure)}
    open_ones = [place for place, _ in given if place not in fixed]
    kept = 0 if chance is None else chance.randint(0, len(open_ones))
    fixed |= set(open_ones[:kept])
    names: dict[str, int] = {}
    for place, step in given:
        if place not in fixed:
            continue
        if step.before is not None and names.get(step.before) == step.file:
            del names[step.before]
        if step.name is not None:
            names[step.name] = step.file
    return names


def _sure_from(step: Named, sure: dict[int | str, int]) -> int:
    """The newest sync that makes a name sure: of its folder, or of the file itself."""
    name = step.before if step.name is None else step.name
    folder = str(Path(name or "").parent)
    of_folder = sure.get("" if folder == "." else folder, -1)
    return of_folder if step.name is None else max(of_folder, sure.get(step.file, -1))


def _apply(content: bytearray, step: Written | Sized) -> None:
    size = step.size if isinstance(step, Sized) else step.at + len(step.data)
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if isinstance(step, Sized):
        del content[step.size :]
    else:
        content[step.at : size] = step.data


def _torn(content: bytearray, step: Written | Sized, chance: random.Random) -> None:
    """Keep a step, lose it, or tear a write at sectors or at any byte of its end."""
    fate = chance.choice(("kept", "lost", "sectors", "short"))
    if fate == "lost":
        return
    if fate == "kept" or isinstance(step, Sized):
        _apply(content, step)
    elif fate == "short":
        _apply(content, Written(step.file, step.at, step.data[: chance.randint(0, len(step.data))]))
    else:
        begin = step.at
        while begin < step.at + len(step.data):
            end = min((begin // SECTOR + 1) * SECTOR, step.at + len(step.data))
            if chance.random() < 0.5:
                _apply(content, Written(step.file, begin, step.data[begin - step.at : end - step.at]))
            begin = end


def lay_out(found: Left, folder: Path) -> None:
    """Write what is left into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
