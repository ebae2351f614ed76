#!/usr/bin/env bash
# Installs the named Debian packages that are missing. Status 1, and one line that names them, where it may not.
set -euo pipefail

missing=()
for package in "$@"; do
  if ! [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ]; then
    missing+=("$package")
  fi
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "packages: missing, and not installed without root: ${missing[*]}" >&2
  exit 1
fi
echo "packages: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --option Dpkg::Use-Pty=0)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { "${apt[@]}" install --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
install || { "${apt[@]}" update >"$log" 2>&1 && install; } || {
  tail -n 3 "$log" >&2
  echo "packages: apt-get could not install ${missing[*]}" >&2
  exit 1
}
