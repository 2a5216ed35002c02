# Every target sets up what it needs. All it takes is Python 3.11 or newer, git and make.
# `make demo ARGS="--speed 5"` hands ARGS on to the program behind the target.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format screenshots bench prove lock clean

ARGS ?=
# Processes that share the tests, for two cores; 0: one after another, in pytest's own.
WORKERS ?= 2
PYTHON ?=
UV_VERSION := 0.13.9
LOCK_OPTIONS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

export PYTHON
PIP := -m pip --disable-pip-version-check -qq
BIN := .venv-dev/bin
SOURCES := $(shell find core tui themes -not -path '*__pycache__*')

# An environment that was moved with the checkout, or whose Python is gone, is made anew.
$(shell for venv in .venv .venv-dev; do \
	[ "$$(cat $$venv/.locked 2>/dev/null)" = "$(CURDIR)" ] && $$venv/bin/python -c "" 2>/dev/null || rm -f $$venv/.locked; \
done)

# $(1): folder of the environment, $(2): lock file
define make_venv
	@echo "setting up $(1) from $(2)"
	@python="$$(.ci/find-python)" && "$$python" -m venv --clear $(1)
	@$(1)/bin/python $(PIP) install --require-hashes --requirement $(2)
	@printf '%s' "$(CURDIR)" > $(1)/.locked
endef

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.installed ## watch a rehearsed job, offline and free: agents, checkouts and tests are real
	@.venv/bin/pilothouse demo $(ARGS)

test: .venv-dev/.installed ## run the tests (WORKERS=0 runs them one after another)
	@$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: .venv-dev/.installed ## everything a change must pass: format, lint, types, import contracts, tests
	@echo "format"; $(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }
	@echo "lint"; $(BIN)/ruff check --quiet .
	@echo "types"; $(BIN)/mypy
	@if command -v node >/dev/null; then $(BIN)/pyright; else echo "pyright skipped: it needs node"; fi
	@echo "import contracts"; report="$$($(BIN)/lint-imports --no-cache)" || { echo "$$report"; exit 1; }
	@echo "tests"; $(MAKE) --no-print-directory test

format: .venv-dev/.installed ## put all source files into the one format
	@$(BIN)/ruff check --quiet --select I --fix . ; $(BIN)/ruff format .

screenshots: .venv-dev/.installed ## draw screenshots/*.svg from a recorded run
	@$(BIN)/python screenshots/draw.py $(ARGS)

bench: .venv-dev/.installed ## measure, as ratios side by side in one run
	@PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

prove: .venv-dev/.installed ## run the slow proofs, each with its negative control
	@$(BIN)/pytest -m prove --timeout 1800 $(ARGS)

lock: ## pin the newest dependencies that pyproject.toml allows, with hashes
	@python="$$(.ci/find-python)" && "$$python" -m venv .venv-lock
	@.venv-lock/bin/python $(PIP) install uv==$(UV_VERSION)
	@.venv-lock/bin/uv pip compile pyproject.toml --extra sandbox --group build \
		--output-file requirements/runtime.txt $(LOCK_OPTIONS)
	@.venv-lock/bin/uv pip compile pyproject.toml --extra sandbox --group build --group dev \
		--constraint requirements/runtime.txt --output-file requirements/dev.txt $(LOCK_OPTIONS)

clean: ## remove everything that make has made
	@rm -rf .venv .venv-dev .venv-lock build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis snapshot_report.html
	@find core tui themes tests -name __pycache__ -prune -exec rm -rf {} +

.venv/.locked: requirements/runtime.txt
	$(call make_venv,.venv,requirements/runtime.txt)

# A copy and not a link to the sources: it starts twice as fast, and is what a user has.
.venv/.installed: .venv/.locked pyproject.toml $(SOURCES)
	@rm -rf build
	@.venv/bin/python $(PIP) install --no-deps --no-build-isolation --force-reinstall .
	@rm -rf build
	@touch $@

.venv-dev/.locked: requirements/dev.txt
	$(call make_venv,.venv-dev,requirements/dev.txt)

.venv-dev/.installed: .venv-dev/.locked pyproject.toml
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
