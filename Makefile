# SPDX-License-Identifier: Apache-2.0
# The commands of the project on Debian 12. build/ holds the release build. Only `uninstall` deletes files: those of the last `install`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := build
.PHONY: build run test deep asan tsan bench fuzz format lint install uninstall dependencies test-dependencies charts program everything omex python wheel

jobs := 2
minutes := 10
scenario := scenarios/denosumab-and-stop.toml
run_folder := runs/denosumab-and-stop

build: dependencies charts program

run: build
	@build/bin/osteosome run $(scenario) -o $(run_folder) --overwrite

# The gate, cheapest steps first. Its last line is the summary of ctest. What would not fit in an hour stands in tools/deep.
test: test-dependencies charts python everything omex
	@step() { echo "== $$(date +%T) $$*"; "$$@"; }
	step tools/check_layers
	step tools/check_format
	step tools/check_docs
	step tools/check_licences
	step tools/check_rebuild
	step tools/check_install
	step tools/run_tidy
	step tools/run_fuzz gate
	step tools/run_sanitized tsan
	step tools/run_sanitized asan
	step tools/run_fuzz free 60 || echo "fuzz: the findings above were free ones and do not fail the gate; mend them and keep them as seeds"
	step ctest --preset release -j$(jobs)

# What the gate leaves out; writes docs/developer/deep.md.
deep: test-dependencies charts python everything omex
	@tools/deep

asan: test-dependencies
	@tools/run_sanitized asan

tsan: test-dependencies
	@tools/run_sanitized tsan

bench: everything
	@shopt -s nullglob
	programs=(build/bin/bench_*)
	[ $${#programs[@]} -gt 0 ] || { echo "there is no build/bin/bench_*" >&2; exit 1; }
	for program in "$${programs[@]}"; do
	  echo "== $$program"
	  "$$program"
	done

# Free fuzzing: each of the four targets so many minutes, at the same time.
fuzz: test-dependencies
	@tools/run_fuzz free $$(($(minutes) * 60))

format: test-dependencies
	@tools/check_format --fix

lint: test-dependencies
	@tools/check_format
	tools/run_tidy all

# DESTDIR and PREFIX (/usr/local) may be given.
install: build
	@tools/install.sh install

uninstall:
	@tools/install.sh uninstall

dependencies:
	@tools/install_dependencies.sh

test-dependencies:
	@tools/install_dependencies.sh --test

charts: | dependencies
	@tools/fetch_charts.sh build/share/osteosome

# Ninja notices what changed in CMakeLists.txt by itself, but not in the presets.
program: | charts
	@[ build/build.ninja -nt CMakePresets.json ] || cmake --preset release
	cmake --build --preset release --target osteosome osteosome_library

everything: | charts
	@[ build/build.ninja -nt CMakePresets.json ] || cmake --preset release
	cmake --build --preset release

# What `osteosome omex` runs in.
omex: | program
	@tools/omex_environment.sh build/share/osteosome

# The extension of the Python package, and the package as it will be installed: build/python.
python: | charts
	@tools/python_environment.sh
	cmake --preset release -DOSTEOSOME_PYTHON=ON -DPython_EXECUTABLE=$(CURDIR)/build/python-env/bin/python >/dev/null
	cmake --build --preset release --target osteosome_python osteosome_python_stub

# A wheel in dist/ that needs no compiler and none of Debian's libraries.
wheel: dependencies
	@tools/make_wheel
