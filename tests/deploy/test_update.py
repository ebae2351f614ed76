"""A new version on trial, in real environments and processes: one that lives stays, one that dies goes."""

import base64
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from deploy.broker_site import free_port
from faults.broker_house import Running
from typer.testing import CliRunner

from gridward.cli import app
from gridward.recorder.schema import STEPS, open_store
from gridward.service import update

SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: "{url}"}}
devices: [{{id: logger, integration: ping, host: 127.0.0.1}}]
http: {{port: {port}}}
"""
REAL = Path(sys.executable).with_name("gridward")
LIVES = f"""
import os, sys
def app():
    os.execv({str(REAL)!r}, ["gridward", *sys.argv[1:]])
"""
DIES = """
import sys
def app():
    if sys.argv[1] == "run":
        sys.exit("the gateway dies at its start")
"""
REFUSES = """
import sys
def app():
    sys.exit("site.yaml:1: found a key that this version does not know" if sys.argv[1] == "check" else 0)
"""
# What a service manager does: the program that `current` leads to, started again whenever it ends.
SERVICE = """\
#!/bin/sh
if [ -f {folder}/pid ]; then
  kill -- -$(cat {folder}/pid) 2>/dev/null
  while kill -0 -- -$(cat {folder}/pid) 2>/dev/null; do sleep 0.1; done
fi
run="{root}/current/bin/gridward run {site}"
setsid sh -c "while true; do $run; sleep 1; done" >>{folder}/log 2>&1 </dev/null &
echo $! >{folder}/pid
"""
RUNNER = CliRunner()


def _release(folder: Path, version: str, source: str) -> Path:
    """A folder with the wheel of a version and its lock."""
    folder.mkdir()
    name = f"gridward-{version}"
    files = {
        "gridward_of_test.py": textwrap.dedent(source),
        f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: gridward\nVersion: {version}\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": "[console_scripts]\ngridward = gridward_of_test:app\n",
    }
    record = [f"{path},sha256={_mark(text)},{len(text)}" for path, text in files.items()]
    files[f"{name}.dist-info/RECORD"] = "\n".join([*record, f"{name}.dist-info/RECORD,,", ""])
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.lock").write_text(f"gridward=={version} --hash=sha256:{digest}\n")
    return folder


def _mark(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A computer with version 1.0 in use."""
    root = tmp_path / "opt"
    (tmp_path / "site.yaml").write_text(SITE.format(url="mqtt://127.0.0.1:1", port=free_port()))
    (root / "versions" / "1.0" / "bin").mkdir(parents=True)
    (root / "versions" / "1.0" / "bin" / "gridward").symlink_to(REAL)
    update.switch(root, root / "versions" / "1.0")
    return root


@pytest.fixture
def served(mosquitto: Running, root: Path) -> Iterator[Path]:
    """The same, and a service manager that starts what is in use."""
    tmp_path = root.parent
    (tmp_path / "site.yaml").write_text(SITE.format(url=mosquitto.url, port=free_port()))
    service = tmp_path / "service"
    service.write_text(SERVICE.format(folder=tmp_path, root=root, site=tmp_path / "site.yaml"))
    service.chmod(0o755)
    subprocess.run([str(service)], check=True)
    yield root
    with suppress(ProcessLookupError):
        os.killpg(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def _updated(root: Path, source: Path, patience: int) -> tuple[int, str]:
    folder = root.parent
    arguments = ["update", str(source), "--site", str(folder / "site.yaml"), "--root", str(root)]
    terms = ["--restart", str(folder / "service"), "--patience", str(patience), "--settle", "1"]
    done = RUNNER.invoke(app, [*arguments, *terms])
    return done.exit_code, done.output


def test_a_version_that_lives_stays_and_one_that_dies_goes_by_itself(served: Path, tmp_path: Path) -> None:
    root = served
    code, told = _updated(root, _release(tmp_path / "two", "2.0", LIVES), 90)
    assert code == 0, told + (tmp_path / "log").read_text()
    assert update.current(root) == root / "versions" / "2.0"
    code, told = _updated(root, _release(tmp_path / "three", "3.0", DIES), 8)
    assert code != 0
    assert "3.0: within 8 s: no process runs the site; 2.0 serves again" in told, told
    assert update.current(root) == root / "versions" / "2.0"
    assert "the gateway dies at its start" in (tmp_path / "log").read_text()


def test_what_does_not_take_the_site_or_has_another_hash_is_never_used(root: Path, tmp_path: Path) -> None:
    code, told = _updated(root, _release(tmp_path / "two", "2.0", REFUSES), 10)
    assert code != 0
    assert "it does not take the site file: site.yaml:1" in told
    other = _release(tmp_path / "three", "3.0", LIVES)
    shutil.copy(tmp_path / "two" / "gridward-2.0-py3-none-any.whl", other / "gridward-3.0-py3-none-any.whl")
    code, told = _updated(root, other, 10)
    assert code != 0
    assert "is not what" in told
    (other / "requirements.lock").write_text("something-else==1.0\n")
    code, told = _updated(root, other, 10)
    assert code != 0
    assert "names gridward" in told
    assert update.current(root) == root / "versions" / "1.0"
    assert [one.name for one in (root / "versions").iterdir()] == ["1.0"]


def test_a_store_that_was_migrated_is_put_back_and_an_older_copy_never(tmp_path: Path) -> None:
    store = tmp_path / "gridward.db"
    open_store(store).close()
    stood = _version(store)
    old = tmp_path / f"gridward.db.version-{stood - 1}"
    old.write_text("of last year")
    assert "no copy" in update._store_back(store, stood, "3.0")
    assert _version(store) == stood
    open_store(store, (*STEPS, "CREATE TABLE newer (x);")).close()
    assert _version(store) == stood + 1
    assert "the one before the update is back" in update._store_back(store, stood, "3.0")
    assert _version(store) == stood
    assert _version(tmp_path / "gridward.db.of-3.0") == stood + 1
    assert old.read_text() == "of last year"
    open_store(store).close()
    store.write_bytes(b"a broken one" * 99)
    assert update._steps(store) == 0, "it is told by the recorder, and no reason not to update"


def test_a_store_is_put_back_whole_or_not_at_all_and_belongs_to_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version before runs by then, and opens whatever is there."""
    store = tmp_path / "gridward.db"
    open_store(store).close()
    stood = _version(store)
    newer = open_store(store, (*STEPS, "CREATE TABLE newer (x);"))
    newer.execute("INSERT INTO newer VALUES (1)")
    given: list[str] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, *_: given.append(Path(path).name))

    def full(_source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half of it")
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copy", full)
        with pytest.raises(OSError, match="no space"):
            update._store_back(store, stood, "3.0")
    assert _version(store) == stood + 1
    update._store_back(store, stood, "3.0")
    assert _version(store) == stood
    assert given == ["gridward.db.new"]
    newer.close()
    with closing(sqlite3.connect(tmp_path / "gridward.db.of-3.0")) as aside:
        assert aside.execute("SELECT x FROM newer").fetchall() == [(1,)]


def _version(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
