"""A site goes into a file and comes back on another card; what is spoilt is told, and puts nothing back."""

import sqlite3
import tarfile
import threading
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gridward.cli import app
from gridward.recorder.store import Parcel, Store
from gridward.service import backup
from gridward.service.cli import backing

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1883", password: !secret mqtt_password}
buses:
  - {id: bms_line, port: /dev/ttyUSB0, devices: [{id: bms, integration: daly}]}
"""
CANARY = "canary-of-all-secrets"
WORD = "long enough to be one"
RUNNER = CliRunner()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A site that has run: site file, secrets, state, and a store that is open."""
    folder = tmp_path / "home"
    (folder / "state").mkdir(parents=True)
    (folder / "site.yaml").write_text(SITE)
    (folder / "secrets.yaml").write_text(f"mqtt_password: {CANARY}\n")
    (folder / "secrets.yaml").chmod(0o600)
    (folder / "state" / "bms.json").write_text('{"identity": {"serial": "7"}}')
    store = Store(folder / "gridward.db")
    for number in range(1, 501):
        store.add(Parcel("bms", "boot", number, 1_790_000_000.0 + number, {"voltage": 50.0 + number / 1000}))
    store.commit()
    store.close()
    return folder


def _do(*arguments: str, word: str = WORD) -> tuple[int, str]:
    done = RUNNER.invoke(app, arguments, env={backing.VARIABLE: word})
    return done.exit_code, done.output


def _rows(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT count(*) FROM raw").fetchone()[0])


def _backed_up(home: Path) -> Path:
    file = home.parent / "one.gridward"
    code, told = _do("backup", str(file), "--site", str(home / "site.yaml"))
    assert code == 0, told
    return file


def test_a_spool_that_empties_meanwhile_is_no_reason_to_fail(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, whole = home / "state" / "spool-bms.jsonl", tarfile.TarFile.add
    spool.write_text("{}")

    def add(archive: tarfile.TarFile, name: Path, arcname: str, *, recursive: bool = True) -> None:
        whole(archive, name, arcname, recursive=recursive)
        if arcname.startswith("site/"):
            spool.unlink(missing_ok=True)

    monkeypatch.setattr(tarfile.TarFile, "add", add)
    file = _backed_up(home)
    code, told = _do("restore", str(file), str(home.parent / "other"))
    assert code == 0, told
    assert (home.parent / "other" / "site.yaml").exists()
    assert not (home.parent / "other" / "state" / spool.name).exists()


def test_a_folder_may_be_called_as_people_call_it(home: Path, tmp_path: Path) -> None:
    place = home.rename(tmp_path / "100%25 sun? #1") / "site.yaml"
    file = tmp_path / "one.gridward"
    assert _do("backup", str(file), "--site", str(place))[0] == 0
    code, told = _do("restore", str(file), str(tmp_path / "50%25 rain? #2" / "home"))
    assert (code, "the store is whole" in told) == (0, True), told


def test_a_site_comes_back_on_another_card(home: Path, tmp_path: Path) -> None:
    file = _backed_up(home)
    assert file.stat().st_mode & 0o777 == 0o600
    sealed = file.read_bytes()
    assert CANARY.encode() not in sealed
    assert b"site.yaml" not in sealed
    other = tmp_path / "new" / "card"
    code, told = _do("restore", str(file), str(other))
    assert code == 0, told
    assert "the store is whole" in told
    for name in ("site.yaml", "secrets.yaml", "state/bms.json"):
        assert (other / name).read_bytes() == (home / name).read_bytes()
    for name in ("secrets.yaml", "gridward.db"):
        assert (other / name).stat().st_mode & 0o777 == 0o600
    assert _rows(other / "gridward.db") == _rows(home / "gridward.db") == 500
    assert {path.name for path in tmp_path.rglob("*") if path.name.startswith(".gridward-")} == set()


def test_it_comes_back_with_the_python_of_debian_12(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _backed_up(home)
    whole = tarfile.TarFile.extractall

    def extractall(  # 3.11.2 knows no filters
        archive: tarfile.TarFile, path: str = ".", members: None = None, *, numeric_owner: bool = False
    ) -> None:
        whole(archive, path, members, numeric_owner=numeric_owner)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)
    code, told = _do("restore", str(file), str(tmp_path / "card"))
    assert code == 0, told
    assert (tmp_path / "card" / "state" / "bms.json").read_bytes() == (
        home / "state" / "bms.json"
    ).read_bytes()


@pytest.mark.parametrize("name", ["../outside", "/outside", "site/link"])
def test_what_would_land_elsewhere_is_not_unpacked(tmp_path: Path, name: str) -> None:
    file = tmp_path / "one.tar"
    with tarfile.open(file, "w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = (
            (tarfile.SYMTYPE, "/etc") if name == "site/link" else (tarfile.REGTYPE, "")
        )
        archive.addfile(member, BytesIO())
    with tarfile.open(file) as archive, pytest.raises(tarfile.TarError, match="no plain file"):
        backup._unpack(archive, tmp_path / "into")
    assert {path.name for path in tmp_path.iterdir()} == {"one.tar"}


@pytest.mark.parametrize(
    "about",
    ['{"store": "../elsewhere.db"}', '{"store": "/elsewhere.db"}', '{"store": ""}', '{"store": 1}', "x"],
)
def test_a_store_that_would_land_elsewhere_is_not_put_back(tmp_path: Path, about: str) -> None:
    unpacked, folder = tmp_path / "unpacked", tmp_path / "home"
    (unpacked / "site").mkdir(parents=True)
    (unpacked / backup.ABOUT).write_text(about)
    (unpacked / backup.STORE).write_text("")
    with pytest.raises(backup.Spoilt, match="where in the site's folder"):
        backup.place(unpacked, folder, force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["unpacked"]


def test_a_store_that_is_written_to_meanwhile_is_copied_whole(home: Path, tmp_path: Path) -> None:
    ended = threading.Event()

    def record() -> None:
        store = Store(home / "gridward.db")
        number = 500
        while not ended.is_set():
            number += 1
            store.add(Parcel("bms", "boot", number, 1_790_000_000.0 + number, {"voltage": 50.0}))
            store.commit()
        store.close()

    writing = threading.Thread(target=record)
    writing.start()
    try:
        file = _backed_up(home)
    finally:
        ended.set()
        writing.join()
    code, told = _do("restore", str(file), str(tmp_path / "card"))
    assert code == 0, told
    assert 500 <= _rows(tmp_path / "card" / "gridward.db") <= _rows(home / "gridward.db")


def test_what_is_there_is_not_overwritten_unless_it_is_said(home: Path, tmp_path: Path) -> None:
    file = _backed_up(home)
    other = tmp_path / "card"
    other.mkdir()
    (other / "site.yaml").write_text("mine")
    code, told = _do("restore", str(file), str(other))
    assert code != 0
    assert "--force" in told
    assert [path.name for path in other.iterdir()] == ["site.yaml"]
    assert (other / "site.yaml").read_text() == "mine"
    (other / "gridward.db-wal").write_text("a journal of another store")
    code, told = _do("restore", str(file), str(other), "--force")
    assert code == 0, told
    assert (other / "site.yaml").read_text() == SITE


def test_another_passphrase_and_a_short_one(home: Path, tmp_path: Path) -> None:
    file = _backed_up(home)
    code, told = _do("restore", str(file), str(tmp_path / "card"), word="quite another one")
    assert code != 0
    assert "passphrase" in told
    assert not any((tmp_path / "card").iterdir())
    code, told = _do(
        "backup", str(tmp_path / "two.gridward"), "--site", str(home / "site.yaml"), word="short"
    )
    assert code != 0
    assert "at least" in told
    assert not (tmp_path / "two").exists()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_or_shortened_file_puts_nothing_back(
    home: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = tmp_path / "whole.gridward"
    if not whole.exists():
        backup.COST, cost = 1 << 4, backup.COST
        backup.write(home, home / "gridward.db", whole, WORD)
        backup.COST = cost
    sealed = whole.read_bytes()
    spoilt = bytearray(sealed)
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(sealed) - 1))
        spoilt[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del spoilt[data.draw(st.integers(0, len(sealed) - 1)) :]
    file = tmp_path / "spoilt.gridward"
    file.write_bytes(spoilt)
    folder = tmp_path / "into"
    folder.mkdir(exist_ok=True)
    backup.COST, cost = 1 << 4, backup.COST
    try:
        with pytest.raises(backup.Spoilt):
            backup.read(file, WORD, folder)
    finally:
        backup.COST = cost


def test_cut_between_two_chunks_it_is_found_out(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "CHUNK", 1000)
    file = _backed_up(home)
    sealed = file.read_bytes()
    head = len(backup.MAGIC) + backup.SALT
    file.write_bytes(sealed[: head + 3 * (1000 + backup.TAG)])
    with pytest.raises(backup.Spoilt, match="cut short or changed"):
        backup.read(file, WORD, tmp_path)
    swapped = (
        sealed[:head] + sealed[head + 1016 : head + 2032] + sealed[head : head + 1016] + sealed[head + 2032 :]
    )
    file.write_bytes(swapped)
    with pytest.raises(backup.Spoilt):
        backup.read(file, WORD, tmp_path)


def test_a_damaged_store_is_not_put_back(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = bytearray((home / "gridward.db").read_bytes())
    damaged[4096:12288] = b"\xff" * 8192
    source = tmp_path / "damaged"
    source.mkdir()
    (source / "site.yaml").write_text(SITE)
    file = tmp_path / "damaged.gridward"

    def copied(_: Path, to: Path) -> None:
        to.write_bytes(damaged)

    monkeypatch.setattr(backup, "_copy", copied)
    backup.write(source, home / "gridward.db", file, WORD)
    code, told = _do("restore", str(file), str(tmp_path / "card"))
    assert code != 0
    assert "damaged" in told
    assert not any((tmp_path / "card").iterdir())


def test_a_folder_that_is_not_mounted_gets_no_file_of_its_name(home: Path, tmp_path: Path) -> None:
    code, told = _do("backup", str(tmp_path / "nas" / "gridward"), "--site", str(home / "site.yaml"))
    assert code != 0
    assert "no such folder" in told
    assert not (tmp_path / "nas").exists()


def test_in_a_folder_the_newest_stay_and_others_files_too(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "synced"
    folder.mkdir()
    old = [backing.name("home", 1_790_000_000.0 + day * 86400) for day in range(4)]
    others = ["notes.txt", backing.name("cottage", 1_790_000_000.0)]
    for one in (*old, *others):
        (folder / one).write_text("")
    code, told = _do("backup", str(folder), "--site", str(home / "site.yaml"), "--keep", "3")
    assert code == 0, told
    left = {path.name for path in folder.iterdir()}
    assert set(others) <= left
    assert {*old[2:]} <= left
    assert len(left) == 3 + len(others)
