# Each goal sets up what it needs by itself (scripts/setup); the second time that is quick.
SHELL := /bin/bash
STATE ?= .state
CONFIG ?= examples/office

.PHONY: help run test unit calls interop rust lint bench docs clean

help:
	@echo "make run     start the PBX with $(CONFIG), state below $(STATE)"
	@echo "make test    everything: lint, Rust, unit, call and interop tests"
	@echo "make lint    ruff, pyright, import-linter, cargo fmt and clippy, module length, generated pages"
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
	.venv/bin/python scripts/interop.py

rust:
	@scripts/setup test
	cargo test --workspace --exclude offhook-python --release --locked --quiet

lint:
	@scripts/setup lint
	@scripts/lint

bench:
	@scripts/setup bench
	.venv/bin/python bench/run.py

docs:
	@scripts/setup docs
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "the documentation is in site/index.html"

clean:
	rm -rf target site .venv src/offhook/_core.*.so
