#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the environment in which the Python package is built and tested (build/python-env), with what python/requirements-test.txt pins. Returns at once
# when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/python-env
stamp=$folder/requirements
wanted=$(sha256sum <python/requirements-test.txt)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r python/requirements-test.txt
echo "$wanted" >"$stamp"
