#!/usr/bin/env bash
# Writes requirements.lock: names, versions and hashes of all that the packages and their tests need; and of it,
# under docker/, what the image runs on and what builds its wheels.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted() { # what the packages need; with `dev`, what their tests need, too
  .venv/bin/python - "$@" <<'PY'
import sys
import tomllib
from pathlib import Path

needs = set()
if "dev" in sys.argv:
    needs.update(tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]["dev"])
for project in [*Path("integrations").glob("*/pyproject.toml"), Path("gateway/pyproject.toml")]:
    needs.update(tomllib.loads(project.read_text())["project"]["dependencies"])
print("\n".join(sorted(need for need in needs if not need.startswith("gridward"))))
PY
}
compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    "$@" -
}
wanted dev | compile "$@" --output-file requirements.lock
wanted | compile --constraint requirements.lock --output-file docker/requirements.lock
echo hatchling | compile --constraint requirements.lock --output-file docker/build.lock
