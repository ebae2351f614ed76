"""Images get the digest of their tag, all or none; a registry is played by a `docker` of our own."""

import re
import shutil
from pathlib import Path

import pytest
from tools import pin_images

LINES = re.compile(r"^(?:FROM|\s+image:) (?!gridward).*", re.MULTILINE)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program: it answers for every image but those that the file `unknown` names."""
    pin_images.current.cache_clear()
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nfor image; do :; done\n"
        f'grep -qs "^$image$" {tmp_path}/unknown && {{ echo "$image: not found" >&2; exit 1; }}\n'
        'echo "sha256:$(echo "$image" | sha256sum | cut -c1-64)"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    for name in pin_images.FILES:
        shutil.copy(pin_images.DOCKER / name, tmp_path)
    return tmp_path


def _texts(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in pin_images.FILES]


def test_every_image_gets_its_digest_and_a_new_one_when_the_tag_has_moved(
    docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _texts(docker)
    open_before = pin_images.main(["--check"], docker)
    told = capsys.readouterr().out
    assert pin_images.main([], docker) == 0
    after = _texts(docker)
    lines = [line for text in after for line in LINES.findall(text)]
    found = [re.findall(r"[\w.-]+@(sha256:[0-9a-f]{64})\b", line) for line in lines]
    assert [len(one) for one in found] == [1] * 6, lines
    assert len({digest for (digest,) in found}) == 5, "the build's two stages stand on one image"
    if open_before:  # as long as none was ever written
        assert "influxdb:2.7.12-alpine: by its tag only" in told
        assert [re.sub(r"@sha256:\w+", "", text) for text in after] == before
    assert pin_images.main(["--check"], docker) == 0
    moved = docker / "compose.yaml"
    moved.write_text(re.sub(r"@sha256:\w{64}", f"@sha256:{'0' * 64}", moved.read_text()))
    assert pin_images.main([], docker) == 0
    assert _texts(docker) == after


def test_where_one_is_not_known_nothing_is_written(docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docker / "unknown").write_text("grafana/grafana:13.2.3\n")
    before = _texts(docker)
    assert pin_images.main([], docker) == 3
    assert "grafana/grafana:13.2.3: not found" in capsys.readouterr().err
    assert _texts(docker) == before
