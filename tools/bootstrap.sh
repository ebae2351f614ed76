#!/usr/bin/env bash
# Makes .venv with what requirements.lock names and the packages of this tree. Needs python3 (3.11 or later).
# Quick when nothing has changed since the last time. PYTHON names another interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "bootstrap: $*" >&2
  exit 1
}

state() {
  cat requirements.lock VERSION integrations/*/pyproject.toml gateway/pyproject.toml "$0" | sha256sum
  pwd # editable installs hold this path
}

if [ -x .venv/bin/python ] && [ "$(state)" = "$(cat .venv/.gridward 2>/dev/null)" ]; then
  exit 0
fi

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if ! { .venv/bin/python -m pip --version >/dev/null 2>&1 &&
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }; then
  python=$(find_python) || fail "Python 3.11 or later is needed, and ${PYTHON:-python3} is not; install it, or name it with PYTHON="
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    tools/packages.sh "$version" 2>/dev/null || fail "$python cannot make a virtual environment; install the Debian package $version"
  fi
  echo "bootstrap: making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi

# The installer first, checked like all the rest; it takes seconds where pip takes minutes.
installer=$(mktemp)
trap 'rm -f "$installer"' EXIT
sed -n '/^uv==/,/[^\\]$/p' requirements.lock >"$installer"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$installer"
echo "bootstrap: installing what requirements.lock names"
.venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
editable=()
for project in integrations/*/pyproject.toml gateway/pyproject.toml; do
  editable+=(-e "$(dirname "$project")")
done
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation "${editable[@]}"
state >.venv/.gridward
