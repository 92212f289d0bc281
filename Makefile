# Every target does its own set-up: nothing else is typed first.
PYTHON ?= python3
VENV   := .venv
ifeq ($(OS),Windows_NT)
BIN    := $(VENV)/Scripts
else
BIN    := $(VENV)/bin
endif
READY  := $(VENV)/.ready
PY     := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup demo serve-demo page test test-all mutants coverage lint format bench audit docs wheel clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make the virtual environment with pinned packages

# pyclarity is the reference of tests and benchmarks; it is installed without what it would pull in
# (a torchaudio that does not import beside a CPU build of torch, a linter, a trainer); tinysoundfont without the
# sound card library it never needs here.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "rebalance needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps pyclarity==0.9.0 tinysoundfont==0.3.7
	touch $(READY)

demo: $(READY) ## rebalance, score and report the embedded task
	$(PY) -m rebalance demo

test: $(READY) ## run the tests; branch coverage under 95 % is a failure
	$(PY) -m pytest -n auto --cov --cov-report=

test-all: $(READY) ## run the slow tests too
	$(PY) -m pytest -n auto -m ''

coverage: $(READY) ## 'make test' with the lines and branches that no test reaches, here and in build/coverage
	$(PY) -m pytest -n auto --cov --cov-report=term --cov-report=html:build/coverage

mutants: $(READY) ## change the core one thing at a time and print the share of changes the tests notice
	$(PY) benchmarks/mutants.py

lint: $(READY) ## format check, lint, declared dependencies, types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m deptry rebalance
	$(PY) -m mypy
	MYPYPATH=recipes/default $(PY) -m mypy --explicit-package-bases recipes
	MYPYPATH=benchmarks:tests/support $(PY) -m mypy --no-warn-return-any --allow-untyped-calls benchmarks/*.py

format: $(READY) ## format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(READY) ## measure against pyclarity and write docs/numbers.md
	$(PY) benchmarks/run.py

serve-demo: $(READY) ## open a leaderboard with three scored systems in demo-board; send a fourth with 'rebalance submit'
	test -d demo-board || $(PY) -m rebalance board demo --data demo-board
	$(PY) -m rebalance serve --data demo-board

page: ## build the page of the listening room from its source; needs node and npm
	cd rebalance/web/frontend && npm ci --silent && npm run build --silent

audit: $(READY) ## look for known vulnerabilities of the pinned packages; needs the network
	$(PY) benchmarks/audit.py

docs: $(READY) ## build the documentation into site/
	$(PY) -m mkdocs build --strict --quiet

wheel: $(READY) ## build the wheel, install it into a fresh environment and run it from an empty folder
	tests/wheel.sh $(PYTHON)

clean: ## remove what the targets made
	rm -rf $(VENV) site build mutants .mypy_cache .ruff_cache .pytest_cache
	find rebalance -name '*.nb?' -delete
