"""Which process of this computer runs which role: each says so in a file while it lives."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
BEGAN = 19  # field of /proc/<pid>/stat after the name: clock ticks since boot


@dataclass(frozen=True, slots=True)
class Running:
    """A living process of this site on this computer."""

    pid: int
    roles: tuple[str, ...]


def began(pid: int) -> str | None:
    """When the process began, as the kernel counts; None where none of this number lives."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[BEGAN] if len(fields) > BEGAN and fields[0] not in "ZX" else None


@contextmanager
def registered(state: Path, roles: Sequence[str]) -> Iterator[None]:
    """Be known as the process that runs these roles; without a disk it runs all the same. Raises ValueError
    where another one runs some of them: two would tear each other's files and turn each other off the broker.
    """
    pid = os.getpid()
    for other in running(state):
        twice = [role for role in roles if role in other.roles]
        if twice and other.pid != pid:
            raise ValueError(f"process {other.pid} runs {', '.join(twice)} of this site; stop it first")
    file = state / "processes" / f"{pid}.json"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        said = {"pid": pid, "began": began(pid), "boot": _boot(), "roles": list(roles)}
        file.write_text(json.dumps(said))
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def running(state: Path) -> tuple[Running, ...]:
    """The site's processes on this computer that live; what a killed one left is cleared away."""
    found = []
    for file in sorted((state / "processes").glob("*.json")):
        try:
            content = json.loads(file.read_text())
            pid, roles = int(content["pid"]), tuple(map(str, content["roles"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        boots = {content.get("boot", ""), _boot()} - {""}
        if len(boots) < 2 and began(pid) is not None and began(pid) == content.get("began"):
            found.append(Running(pid, roles))
        else:
            with suppress(OSError):
                file.unlink()
    return tuple(found)


def _boot() -> str:
    """The name of the kernel's run since boot: numbers begin anew with the next. Empty where it is hidden."""
    with suppress(OSError):
        return BOOT.read_text().strip()
    return ""
