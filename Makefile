# A fresh machine needs Python 3.11+, make and the package index. Each target makes .venv when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Many tests wait for a round trip or a pause of the venue: more workers than cores.
WORKERS ?= 4
# How often `make crash` kills the trader, twice: with a short fence and with the venue's own.
KILLS ?= 120

.PHONY: demo test crash conformance check format bench clean

demo: $(VENV)/.ready
	@$(BIN)/venuekit demo

test: $(VENV)/.ready
	@$(BIN)/python -m pytest -n $(WORKERS)

crash: $(VENV)/.ready
	@VENUEKIT_KILLS=$(KILLS) VENUEKIT_READY_WITHIN=3 $(BIN)/python -m pytest tests/crash -s

conformance: $(VENV)/.ready
	@$(BIN)/python tools/table_conformance.py

check: $(VENV)/.ready
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/python tools/check_layers.py
	@$(BIN)/python tools/check_seams.py
	@$(BIN)/python tools/count_lines.py --check

format: $(VENV)/.ready
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@$(BIN)/python benchmarks/bytes_to_book.py

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "venuekit needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing venuekit and its tools into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
