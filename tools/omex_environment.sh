#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Python environment that `osteosome omex` runs in: libSEDML and libCOMBINE are on PyPI only. Returns at once when it is there.
# usage: tools/omex_environment.sh FOLDER   (of the data: build/share/osteosome)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: $0 FOLDER}/python
stamp=$folder/requirements
wanted=$(cat pyproject.toml python/osteosome/*.py python/osteosome/omex/*.py python/osteosome_omex/*.py | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
[ -x "$folder/bin/python3" ] || python3 -m venv "$folder"
python=$folder/bin/python3
mapfile -t needs < <("$python" -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["omex"]))')
"$python" -m pip install --quiet --disable-pip-version-check "${needs[@]}"
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -rf "$site/osteosome" "$site/osteosome_omex"
cp -r python/osteosome python/osteosome_omex "$site"  # osteosome.omex needs no compiled part
echo "$wanted" >"$stamp"
