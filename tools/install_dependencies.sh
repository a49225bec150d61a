#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that a build needs; `--test` adds what the checks need. Returns at once when all are there.
set -euo pipefail

packages=(
  build-essential cmake ninja-build ccache pkg-config git ca-certificates
  libsundials-dev libsuitesparse-dev libsbml5-dev libtomlplusplus-dev nlohmann-json3-dev libcli11-dev libfmt-dev
  libudunits2-dev libudunits2-data libnetcdf-dev libcminpack-dev
  libgtest-dev librapidcheck-dev
  python3 python3-dev python3-venv python3-pip
)
case "${1-}" in
  "") ;;
  --test) packages+=(clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev python3-jsonschema) ;;
  *) echo "usage: $0 [--test]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "$0: not a Debian system; install the counterparts of: ${packages[*]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "$0: run as root, or install sudo; missing: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}" >&2
run_apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >&2; }
run_apt update
run_apt install -y --no-install-recommends "${missing[@]}"
