"""A report that somebody sent: whatever is in the file, it is replayed or refused in words."""

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from fuzz.budget import budget
from fuzz.mangle import mangled_bytes
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.capture import exchanges
from gridward_kit.replay import captures

LINES = "2026-11-21T12:00:00Z > 51 50 49 0d\n2026-11-21T12:00:00Z < 28 41 0d\n2026-11-21T12:00:01Z > 01 03\n"


def zipped() -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr("captures/line.txt", LINES * 20)
        bundle.writestr("captures/other.txt", LINES)
        bundle.writestr("site/site.yaml", "version: 1\n")
    return content.getvalue()


@budget(150)
@given(data=mangled_bytes(zipped()) | st.binary(max_size=60))
def test_a_spoilt_zip_is_replayed_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "report.zip"
    path.write_bytes(data)
    try:
        found = captures(path)
    except (OSError, ValueError):
        return
    assert all(found.values())


@budget(100)
@given(data=mangled_bytes(LINES.encode()))
def test_a_spoilt_capture_is_read_or_told_with_its_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "line.txt"
    path.write_bytes(data)
    told = ""
    try:
        assert all(request for _, request, _ in exchanges(path))
    except ValueError as error:
        told = str(error)
    assert told == "" or told.startswith(f"{path}:")


def test_blocks_of_a_wrong_length_are_refused(tmp_path: Path) -> None:
    """Found by fuzzing: the decompressor has an error of its own."""
    data = zipped()
    begin = data.index(b"captures/line.txt") + len("captures/line.txt")
    path = tmp_path / "report.zip"
    path.write_bytes(data[:begin] + b"\0" + data[begin + 1 :])
    with pytest.raises(ValueError, match="not a report"):
        captures(path)


def test_a_capture_in_it_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    with ZipFile(path, "w") as bundle:
        bundle.writestr("captures/line.txt", LINES + "nonsense\n")
    with pytest.raises(ValueError, match=r"report\.zip: line\.txt:4: not a line"):
        captures(path)


def test_a_zip_that_unpacks_to_much_more_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr("captures/line.txt", b"0" * 30_000_000)
    with pytest.raises(ValueError, match="holds no capture"):
        captures(path)
