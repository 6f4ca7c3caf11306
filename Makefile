# Each goal sets up what it needs by itself (scripts/setup); the second time that is quick.
SHELL := /bin/bash
STATE ?= .state
CONFIG ?= examples/office

.PHONY: help run test unit calls interop rust lint bench docs clean

help:
	@echo "make run     start the PBX with $(CONFIG), state below $(STATE)"
	@echo "make test    everything: lint, Rust, unit, call and interop tests"
	@echo "make lint    ruff, pyright, import-linter, cargo fmt and clippy, module length"
	@echo "make bench   the figures of bench/RESULTS.md on this machine"
	@echo "make docs    the documentation as HTML in site/"

run:
	@scripts/setup run
	@exec .venv/bin/offhook serve $(CONFIG) --state $(STATE) --welcome

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory lint rust unit calls interop

unit:
	@scripts/setup test
	.venv/bin/pytest tests/unit -n 2

calls:
	@scripts/setup test
	.venv/bin/pytest tests/calls -n 2

interop:
	@scripts/setup test
	.venv/bin/pytest tests/interop -m "interop or not interop"

rust:
	@scripts/setup test
	cargo test --workspace --exclude offhook-python --release --locked --quiet

lint:
	@scripts/setup lint
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/pyright
	.venv/bin/lint-imports
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --release --locked --quiet -- -D warnings
	.venv/bin/python scripts/module_length.py

bench:
	@scripts/setup bench
	.venv/bin/python bench/run.py

docs:
	@scripts/setup docs
	.venv/bin/mkdocs build --strict --quiet

clean:
	rm -rf target site .venv src/offhook/_core.*.so
