#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the program with its data and licence under $DESTDIR$PREFIX (default /usr/local), or removes exactly what that installed: the files and
# folders it made, which stand in share/osteosome/installed.
# usage: [DESTDIR=FOLDER] [PREFIX=FOLDER] tools/install.sh install | uninstall
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${PREFIX:-/usr/local}
[[ $prefix == /* ]] || { echo "$0: PREFIX must be an absolute path, not '$prefix'" >&2; exit 2; }
target=${DESTDIR:-}${prefix%/}
list=share/osteosome/installed

uninstall() {
  [ -f "$target/$list" ] || { echo "$0: nothing is installed: there is no $target/$list" >&2; exit 1; }
  local names name
  mapfile -t names < <(LC_ALL=C sort -r "$target/$list")  # what lies in a folder before the folder
  for name in "${names[@]}"; do
    case $name in
      */) rmdir --ignore-fail-on-non-empty "$target/$name" ;;
      *) rm -f "$target/$name" ;;
    esac
  done
  echo "Removed osteosome from $target"
}

install_files() {
  [ ! -f "$target/$list" ] || uninstall >/dev/null
  local stage name
  stage=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder is known now
  trap "rm -rf '$stage'" EXIT
  DESTDIR=$stage cmake --install build --prefix /tree >/dev/null
  mkdir -p "$target"
  {
    while IFS= read -r name; do
      if [ ! -d "$target/$name" ]; then
        mkdir -m 755 "$target/$name"
        echo "$name/"
      fi
    done < <(cd "$stage/tree" && find . -mindepth 1 -type d -printf '%P\n' | LC_ALL=C sort)
    while IFS= read -r name; do
      cp --preserve=mode "$stage/tree/$name" "$target/$name"
      echo "$name"
    done < <(cd "$stage/tree" && find . -type f -printf '%P\n' | LC_ALL=C sort)
    echo "$list"
  } >"$stage/installed"
  cp "$stage/installed" "$target/$list"
  chmod 644 "$target/$list"
  echo "Installed $target/bin/osteosome with its data in $target/share/osteosome"
}

case "${1-}" in
  install) install_files ;;
  uninstall) uninstall ;;
  *) echo "usage: $0 install | uninstall" >&2; exit 2 ;;
esac
