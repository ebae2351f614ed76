#!/usr/bin/env bash
# Writes requirements.lock: names, versions and hashes of all that the packages and their tests need.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted() {
  .venv/bin/python - <<'PY'
import tomllib
from pathlib import Path

needs = set(tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]["dev"])
for project in [*Path("integrations").glob("*/pyproject.toml"), Path("gateway/pyproject.toml")]:
    needs.update(tomllib.loads(project.read_text())["project"]["dependencies"])
print("\n".join(sorted(need for need in needs if not need.startswith("gridward"))))
PY
}
wanted | .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate "$@" --output-file requirements.lock -
