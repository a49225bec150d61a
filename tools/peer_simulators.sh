#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment with the simulators that tools/compare_simulators.py and bench/sbml.py compare with. Users need none of this.
# usage: tools/peer_simulators.sh [FOLDER]   (default build/peers)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/peers}
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check libroadrunner==2.10.0 copasi-basico==0.87 python-libsbml numpy 2>/dev/null ||
  "$folder/bin/pip" install --quiet --disable-pip-version-check libroadrunner copasi-basico python-libsbml numpy
"$folder/bin/python" -c 'import roadrunner, COPASI; print("libroadrunner", roadrunner.__version__, "COPASI", COPASI.__version__)'
