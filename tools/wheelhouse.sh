#!/usr/bin/env bash
# Writes dist/: the wheels of this tree, those that they need (for this kind of computer), and a lock that names
# all with their hashes. `gridward update dist` takes it; so does a first installation without a network.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf dist
mkdir dist
for project in integrations/* gateway; do
  (cd "$project" && ../"$([ "$project" = gateway ] || echo ../)".venv/bin/hatchling build --target wheel --directory "$OLDPWD/dist")
done
{
  cat docker/requirements.lock
  for wheel in dist/gridward*.whl; do
    name=$(basename "$wheel")
    version=$(echo "$name" | cut -d- -f2)
    echo "$(echo "$name" | cut -d- -f1 | tr _ -)==$version --hash=sha256:$(sha256sum "$wheel" | cut -d' ' -f1)"
  done
} >dist/requirements.lock
.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest dist \
  --requirement docker/requirements.lock
echo "dist: $(find dist -name '*.whl' | wc -l) wheels, $(du -sh dist | cut -f1)"
