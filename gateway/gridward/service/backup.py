"""A site in one encrypted file: site file and what it includes, secrets, state, and a copy of the store.

The file is `GRIDWARD BACKUP 1`, a salt, and AES-256-GCM chunks under a key of scrypt from the passphrase.
Each chunk says its number and whether it is the last: an edited or shortened file is found out.
"""

import json
import os
import shutil
import sqlite3
import struct
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gridward.recorder.schema import read_only
from gridward_kit.kept import hand_over, make_folder

MAGIC = b"GRIDWARD BACKUP 1\n"
SALT = 16
CHUNK = 1 << 20
TAG = 16
COST = 1 << 15  # 32 MB, half a second on a Pi 3
SUFFIX = ".gridward"
STORE, ABOUT = "store.db", "about.json"
USUAL = "gridward.db"
SIDE = ("-wal", "-shm", "-journal")
LEFT_OUT = {"processes", "__pycache__", "captures"}


class Spoilt(Exception):
    """A backup that cannot be used, in words."""


def write(folder: Path, store: Path, file: Path, passphrase: str) -> int:
    """Write a backup of a site's folder and store to `file`, whole or not at all; gives its size in bytes.

    The recorder may run meanwhile. Raises OSError, sqlite3.Error.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".gridward-") as name:
            copy, about = Path(name) / STORE, Path(name) / ABOUT
            inside = store.relative_to(folder) if store.is_relative_to(folder) else Path(USUAL)
            about.write_text(json.dumps({"v": 1, "store": str(inside)}), "utf-8")
            if store.exists():
                _copy(store, copy)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
                with (
                    _Sealing(raw, passphrase) as sealed,
                    tarfile.open(fileobj=sealed, mode="w|gz") as archive,
                ):
                    archive.add(about, ABOUT)
                    for path in sorted(_files(folder, store)):
                        with suppress(FileNotFoundError):  # a spool that is empty again
                            archive.add(path, f"site/{path.relative_to(folder)}", recursive=False)
                    if copy.exists():
                        archive.add(copy, STORE)
                raw.flush()
                os.fsync(raw.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return file.stat().st_size


def read(file: Path, passphrase: str, into: Path) -> None:
    """Unpack a backup into an empty folder: `site/` and `store.db`, the latter looked through.

    Raises Spoilt, OSError.
    """
    with file.open("rb") as raw:
        try:
            opening = _Opening(raw, passphrase)
            with tarfile.open(fileobj=opening, mode="r|gz") as archive:
                _unpack(archive, into)
            opening.read()  # to its last chunk, which nothing is cut off behind
        except (tarfile.TarError, EOFError) as error:
            raise Spoilt(f"{file}: what is in it is no archive: {error}") from None
    store = into / STORE
    if not (into / "site").is_dir() or not (into / ABOUT).is_file():
        raise Spoilt(f"{file}: no site is in it")
    if store.exists():
        verdict = _verdict(store)
        if verdict != "ok":
            raise Spoilt(f"{file}: its store is damaged: {verdict}")


def _unpack(archive: tarfile.TarFile, into: Path) -> None:
    """Plain files alone, below `into`: what Python's own filter does, which Debian 12 does not have."""
    for member in archive:
        name = PurePosixPath(member.name)
        source = archive.extractfile(member) if member.isreg() else None
        if source is None or name.is_absolute() or ".." in name.parts:
            raise tarfile.TarError(f"{member.name} is no plain file in it")
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(source, file)
        target.chmod(member.mode & 0o755 | 0o600)
        os.utime(target, (member.mtime, member.mtime))


def place(unpacked: Path, folder: Path, *, force: bool) -> list[str]:
    """Move what was unpacked to a site's folder; gives the names of what is there now.

    Raises FileExistsError where something is there already, but for `force`, and Spoilt.
    """
    store = _place_of_store(unpacked / ABOUT)
    if folder.exists() and any(folder.iterdir()) and not force:
        raise FileExistsError(f"{folder} is not empty; --force overwrites what the backup has too")
    told = []
    for path in sorted((unpacked / "site").rglob("*")):
        if path.is_file():
            target = folder / path.relative_to(unpacked / "site")
            _move(path, target)
            told.append(str(path.relative_to(unpacked / "site")))
    if (unpacked / STORE).exists():
        target = folder / store
        for side in SIDE:  # a journal of another store would be played into this one
            target.with_name(target.name + side).unlink(missing_ok=True)
        _move(unpacked / STORE, target)
        told.append(store)
    return told


def _place_of_store(about: Path) -> str:
    """Where in the site's folder the store belongs; raises Spoilt where that is not in it."""
    try:
        place = PurePosixPath(json.loads(about.read_text("utf-8"))["store"])
    except (ValueError, KeyError, TypeError):
        place = PurePosixPath("..")
    if place.is_absolute() or ".." in place.parts or not place.name:
        raise Spoilt("the backup does not say where in the site's folder its store belongs")
    return str(place)


def _move(path: Path, target: Path) -> None:
    make_folder(target.parent)
    shutil.move(path, target)
    hand_over(target)


def _copy(store: Path, to: Path) -> None:
    """A copy that is whole, by SQLite's own backup, while others write."""
    with closing(read_only(store)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)  # in one go: one that is written to meanwhile would begin anew each time
        target.execute("PRAGMA journal_mode=DELETE")
    to.chmod(0o600)


def _verdict(store: Path) -> str:
    try:
        with closing(read_only(store)) as connection:
            return str(connection.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)


def _files(folder: Path, store: Path) -> Iterator[Path]:
    """All of the site's folder but the store's files, other backups, and what is of this run only."""
    own = {store.resolve(), *(store.with_name(store.name + side).resolve() for side in SIDE)}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or path.resolve() in own or LEFT_OUT & set(inside.parts):
            continue
        if path.suffix in (SUFFIX, ".new") or inside.parts[0].startswith("."):
            continue
        yield path


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int) -> bytes:
    return struct.pack(">4xQ", number)


class _Sealing(RawIOBase):
    """Encrypts what is written, chunk by chunk; closing it writes the last."""

    def __init__(self, raw: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(SALT)
        raw.write(MAGIC + salt)
        self._raw, self._key = raw, _key(passphrase, salt)
        self._waiting, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        taken = bytes(memoryview(data))  # type: ignore[arg-type]  # RawIOBase's own promise
        self._waiting += taken
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(taken)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), last=True)
        super().close()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._raw.write(self._key.encrypt(_nonce(self._number), chunk, b"last" if last else b"more"))
        self._number += 1


class _Opening(RawIOBase):
    """Decrypts what is read; raises Spoilt for another passphrase, and for a file that was changed or cut."""

    def __init__(self, raw: IO[bytes], passphrase: str) -> None:
        self._raw, self._name = raw, getattr(raw, "name", "backup")
        if raw.read(len(MAGIC)) != MAGIC:
            raise Spoilt(f"{self._name}: no backup of Gridward")
        salt = raw.read(SALT)
        if len(salt) < SALT:
            raise Spoilt(f"{self._name}: it breaks off")
        self._key = _key(passphrase, salt)
        self._plain, self._number, self._ended = b"", 0, False
        self._next = raw.read(CHUNK + TAG)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._plain) < size):
            self._open()
        size = len(self._plain) if size < 0 else size
        given, self._plain = self._plain[:size], self._plain[size:]
        return given

    def _open(self) -> None:
        sealed, self._next = self._next, self._raw.read(CHUNK + TAG)
        last = not self._next
        try:
            plain = self._key.decrypt(_nonce(self._number), sealed, b"last" if last else b"more")
        except InvalidTag:
            if self._number:
                raise Spoilt(f"{self._name}: cut short or changed after {self._number} MB") from None
            raise Spoilt(f"{self._name}: the passphrase is another one, or the file was changed") from None
        self._plain += plain
        self._number, self._ended = self._number + 1, last
