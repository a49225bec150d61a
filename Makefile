# SPDX-License-Identifier: Apache-2.0
# The commands of the project on Debian 12. build/ holds the release build; nothing here deletes a file.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := build
.PHONY: build run test asan bench fuzz format lint dependencies test-dependencies charts compile omex

jobs := 2
scenario := scenarios/denosumab-and-stop.toml
run_folder := runs/denosumab-and-stop

build: dependencies charts compile

run: build
	@build/bin/osteosome run $(scenario) -o $(run_folder) --overwrite

# The last line is the summary of ctest.
test: test-dependencies charts compile omex
	@tools/check_layers
	tools/check_format
	tools/check_licences
	tools/check_docs
	tools/run_fuzz 60
	ctest --preset release -j$(jobs)

asan: test-dependencies charts
	@cmake --preset asan
	cmake --build --preset asan
	ctest --preset asan -j$(jobs)

bench: build
	@shopt -s nullglob
	programs=(build/bin/bench_*)
	[ $${#programs[@]} -gt 0 ] || { echo "there is no build/bin/bench_*" >&2; exit 1; }
	for program in "$${programs[@]}"; do
	  echo "== $$program"
	  "$$program"
	done

fuzz: test-dependencies
	@tools/run_fuzz 60

format: test-dependencies
	@tools/check_format --fix

# clang-tidy does not know GCC's own warning names.
lint: test-dependencies charts
	@tools/check_format
	cmake --preset release -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
	cmake --build --preset release
	git ls-files -z 'src/*.cpp' 'apps/*.cpp' | \
	  xargs -0 -n 1 -P $(jobs) clang-tidy-19 -p build --quiet --extra-arg=-Wno-unknown-warning-option

dependencies:
	@tools/install_dependencies.sh

test-dependencies:
	@tools/install_dependencies.sh --test

charts: | dependencies
	@tools/fetch_charts.sh build/share/osteosome

# What `osteosome omex` runs in.
omex: | compile
	@tools/omex_environment.sh build/share/osteosome

compile: | charts
	@cmake --preset release
	cmake --build --preset release
