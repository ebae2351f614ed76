"""Writes beside each image's tag in docker/ the digest it stands for now: a tag moves, a digest cannot."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

DOCKER = Path(__file__).parents[1] / "docker"
FILES = ("Dockerfile", "compose.yaml")
IMAGE = re.compile(
    r"^(?P<before>FROM |\s+image: (?:\$\{\w+:-)?)(?P<name>[\w./-]+:[\w.-]+)(?P<digest>@sha256:[0-9a-f]{64})?",
    re.MULTILINE,
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def pinned(text: str, digest: Callable[[str], str]) -> str:
    """A Dockerfile or compose file with the digest of each image, asked for by its name and tag."""
    return IMAGE.sub(lambda found: f"{found['before']}{found['name']}@{digest(found['name'])}", text)


def open_ones(text: str) -> list[str]:
    """The images without a digest."""
    return [found["name"] for found in IMAGE.finditer(text) if found["digest"] is None]


@cache
def current(image: str) -> str:
    """The digest of all architectures' manifest, from the image's registry; raises OSError."""
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", image]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)  # noqa: S603
    said = done.stdout.strip()
    if done.returncode or not DIGEST.fullmatch(said):
        why = (done.stderr.strip() or said or "nothing was said").splitlines()[0]
        raise OSError(f"{image}: `docker buildx` says no digest: {why}")
    return said


def main(arguments: list[str], folder: Path = DOCKER) -> int:
    """Status 1 where `--check` finds one open, 3 where a registry does not say; then nothing is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="Ask nobody: only say which have no digest.")
    check = parser.parse_args(arguments).check
    texts = {folder / name: (folder / name).read_text("utf-8") for name in FILES}
    if check:
        missing = sorted({image for text in texts.values() for image in open_ones(text)})
        sys.stdout.writelines(f"{image}: by its tag only\n" for image in missing)
        return 1 if missing else 0
    try:
        after = {path: pinned(text, current) for path, text in texts.items()}
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    for path, text in after.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
