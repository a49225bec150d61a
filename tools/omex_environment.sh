#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Python environment that `osteosome omex` runs in: libSEDML and libCOMBINE are on PyPI only. Returns at once when it is there.
# usage: tools/omex_environment.sh FOLDER   (of the data: build/share/osteosome)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: $0 FOLDER}/python
stamp=$folder/requirements
wanted=$(cat python/pyproject.toml python/osteosome_omex/*.py | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
[ -x "$folder/bin/python3" ] || python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall ./python
"$folder/bin/pip" install --quiet --disable-pip-version-check ./python
rm -rf python/build python/*.egg-info
echo "$wanted" >"$stamp"
