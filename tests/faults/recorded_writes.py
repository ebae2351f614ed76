"""What a child writes to disk, recorded by strace: bytes, sizes, names, syncs, and what it says meanwhile.

Shared memory of SQLite (`-shm`) is left out: no power cut leaves it.
"""

import ctypes
import os
import re
import shutil
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

SAID = "said"
CALLS = (
    "open,openat,creat,close,write,writev,pwrite64,pwritev,pwritev2,lseek,truncate,ftruncate,fallocate,"
    "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,mmap"
)
LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?|0x[0-9a-f]+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
FILE = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
UNKNOWN = ("creat", "writev", "pwritev", "pwritev2", "truncate", "fallocate", "link", "linkat", "symlink")
TRACER, ANYBODY = 0x59616D61, -1  # prctl's PR_SET_PTRACER, PR_SET_PTRACER_ANY


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes at a place of a file."""

    file: int
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Sized:
    """A file is cut or grown to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Named:
    """A file has a name from now on, None for none; `before` is the one that it loses."""

    file: int
    name: str | None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """A file, or by its name a folder, is on disk."""

    what: int | str


@dataclass(frozen=True, slots=True)
class Said:
    """A word to others: what it tells of must be on disk."""

    word: str


Say = Callable[[str], None]
Step = Written | Sized | Named | Synced | Said


def missing() -> str | None:
    """Why nothing can be recorded here, in words."""
    if shutil.which("strace") is None:
        return "recording writes needs strace (Debian package strace)"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()}" if tried.returncode else None


def recorded(root: Path, work: Callable[[Path, Say], None]) -> list[Step]:
    """Have a forked child do this work below `root`, with the means to say a word; its steps in order."""
    root.mkdir()
    log = root.with_suffix(".trace")
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        _child(root, work, ready)
    command = ["strace", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(log)]
    with subprocess.Popen([*command, "-p", str(child)], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        told = tracer.stderr.readline()
        os.write(go, b"!")
        _, status = os.waitpid(child, 0)
        tracer.stderr.read()
    for end in (ready, go):
        os.close(end)
    assert "attached" in told, told
    assert status == 0, (root / "failure").read_text() if (root / "failure").exists() else status
    return list(_steps(str(root), log.read_text("ascii").splitlines()))


def _child(root: Path, work: Callable[[Path, Say], None], ready: int) -> NoReturn:
    status = 1
    try:
        ctypes.CDLL(None).prctl(TRACER, ANYBODY, 0, 0, 0)
        os.read(ready, 1)
        words = os.open(root / SAID, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        work(root, lambda word: _all(words, word.encode()))
        status = 0
    except BaseException:
        (root / "failure").write_text(traceback.format_exc())
        raise
    finally:
        os._exit(status)


def _all(descriptor: int, data: bytes) -> None:
    assert os.write(descriptor, data) == len(data)


class _Reader:
    """Turns calls into steps: which descriptor stands where in which file."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.names: dict[str, int] = {}
        self.sizes: dict[int, int] = {}
        self.places: dict[int, int] = {}
        self.append: set[int] = set()

    def inside(self, path: str) -> str | None:
        """A path below the root without it, None for any other."""
        return path[len(self.root) + 1 :] if path.startswith(f"{self.root}/") else None

    def opened(self, words: str, descriptor: int) -> Iterator[Step]:
        found = FILE.match(words.rsplit("= ", 1)[1])
        name = self.inside(_plain(found[2])) if found else None
        self.places[descriptor] = 0
        (self.append.add if "O_APPEND" in words else self.append.discard)(descriptor)
        if name is None or name.endswith("-shm"):
            return
        if name not in self.names and "O_CREAT" in words:
            self.names[name] = len(self.sizes)
            self.sizes[self.names[name]] = 0
            yield Named(self.names[name], name)
        elif "O_TRUNC" in words:
            self.sizes[self.names[name]] = 0
            yield Sized(self.names[name], 0)

    def called(self, call: str, words: str, result: int) -> Iterator[Step]:
        if call in ("open", "openat"):
            yield from self.opened(words, result)
        elif call.startswith(("rename", "unlink")):
            yield from self.renamed(call, words)
        else:
            yield from self.on_file(call, words, result)

    def renamed(self, call: str, words: str) -> Iterator[Step]:
        paths = [self.inside(_plain(text)) for text in TEXT.findall(words)]
        before, after = paths[0], paths[1] if call.startswith("rename") else None
        if before is None or before not in self.names:
            return
        file = self.names.pop(before)
        if after is not None:
            self.names[after] = file
        yield Named(file, after, before)

    def on_file(self, call: str, words: str, result: int) -> Iterator[Step]:
        found = FILE.match(words)
        name = None if found is None or found[3] else self.inside(_plain(found[2]))
        if found is None or name is None:
            if call in ("fsync", "fdatasync") and found is not None and _plain(found[2]) == self.root:
                yield Synced("")
            return
        descriptor, file = int(found[1]), self.names.get(name)
        if name.endswith("-shm"):
            return
        if call == "lseek":
            self.places[descriptor] = result
        elif call in ("fsync", "fdatasync"):
            yield Synced(name if file is None else file)
        elif call == "ftruncate" and file is not None:
            self.sizes[file] = int(words.rsplit(",", 1)[1].split(")", maxsplit=1)[0])
            yield Sized(file, self.sizes[file])
        elif call in ("write", "pwrite64") and file is not None:
            yield self.written(call, words, descriptor, file, result)
        else:
            assert call not in UNKNOWN, f"{call} is not understood"
            assert call != "mmap" or "PROT_WRITE" not in words or "MAP_PRIVATE" in words, "written by memory"

    def written(self, call: str, words: str, descriptor: int, file: int, result: int) -> Step:
        match = TEXT.search(words)
        assert match is not None
        data = bytes.fromhex(match[1].replace("\\x", ""))[:result]
        if call == "pwrite64":
            at = int(words[match.end() :].split(",")[2].split(")", maxsplit=1)[0])
        else:
            at = self.sizes[file] if descriptor in self.append else self.places[descriptor]
            self.places[descriptor] = at + len(data)
        self.sizes[file] = max(self.sizes[file], at + len(data))
        return Said(data.decode()) if self.names.get(SAID) == file else Written(file, at, data)


def _plain(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode()


def _steps(root: str, lines: Sequence[str]) -> Iterator[Step]:
    reader = _Reader(root)
    for line in lines:
        found = LINE.match(line)
        if found is not None and not found[3].startswith(("-", "?", "0x")):
            yield from reader.called(found[1], f"{found[2]}) = {line.rsplit(' = ', 1)[1]}", int(found[3]))
