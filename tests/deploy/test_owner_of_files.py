"""What root writes into a service's folder is the service's: it would not start again, else."""

import os
from pathlib import Path

import pytest

from gridward.api.tokens import Tokens
from gridward_kit.kept import Kept

Handed = list[tuple[str, int, int]]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    """Root, as far as files are asked; what it has given away, and to whom."""
    given: Handed = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((Path(path).name, user, group)))
    return given


def test_a_token_and_a_kept_file_belong_to_whom_their_folder_belongs(handed: Handed, tmp_path: Path) -> None:
    about = tmp_path.stat()
    Tokens(tmp_path).renew()
    Kept(tmp_path / "state" / "bms.json").save({"serial": "A1"})
    folder, *files = dict.fromkeys(handed)
    assert folder == ("state", about.st_uid, about.st_gid)
    assert {name for name, *_ in files} == {"token.json.new", "bms.new"}
    assert {(user, group) for _, user, group in files} == {(about.st_uid, about.st_gid)}


def test_a_share_that_knows_no_owners_still_takes_the_file(
    handed: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_about: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refused)
    Kept(tmp_path / "bms.json").save({"serial": "A1"})
    assert Kept(tmp_path / "bms.json").content == {"serial": "A1"}
    assert handed == []
