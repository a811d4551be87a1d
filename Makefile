# Everything a newcomer needs: `make serve` runs the server, `make test` proves it.  Both install what they need first.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
BUILT_FROM := pyproject.toml setup.py $(wildcard ddbengine/_core/*.pyx ddbengine/_core/*.pxd)
NPM_DIRECTORIES := tests/clients/javascript tests/differential
NPM_INSTALLED := $(addsuffix /node_modules/.installed,$(NPM_DIRECTORIES))

.DEFAULT_GOAL := help
.PHONY: help serve test lint format bench clean

help:
	@echo "make serve   run the server on port $(PORT)   (PORT=8001 ARGS='--in-memory' for others)"
	@echo "make test    lint, check types, run all tests  (PYTEST_ARGS='-k query' for some)"
	@echo "make lint    lint and check types only"
	@echo "make format  format the code"
	@echo "make bench   rates and latencies beside other local engines, into bench/results"
	@echo "make clean   remove what was built and installed"

serve: $(VENV)/.installed
	@echo "Starting $(BIN)/ddbengine serve --port $(PORT) $(ARGS) ..."
	@exec $(BIN)/ddbengine serve --port $(PORT) $(ARGS)

test: lint $(NPM_INSTALLED)
	@echo "Running the tests ..."
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.developed
	@echo "Linting and checking types ..."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.developed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.developed
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build *.egg-info ddbengine/_core/*.so
	rm -rf $(addsuffix /node_modules,$(NPM_DIRECTORIES) bench) bench/.cache
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@echo "Creating a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Building ddbengine and installing it into $(VENV) (a C compiler is needed; this takes a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.developed: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Building ddbengine and installing it, with what its tests need, into $(VENV) (this takes a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# Without npm the tests that need its packages are skipped, and say so; in CI (CI=true) they fail.
$(NPM_INSTALLED): %/node_modules/.installed: %/package.json %/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing the npm packages of $* ..."; \
		cd $* && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed; \
	else \
		echo "npm is not installed: the tests in $* that need it are skipped."; \
	fi
