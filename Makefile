# The two commands that a newcomer needs: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev

.PHONY: demo test check format lock bench clean

demo: $(RUNTIME)  ## the story of one request, then a gateway that keeps serving (ONCE=1 ends after the story)
	$(BIN)/doelpoort demo $(if $(ONCE),--once)

test: $(DEV)  ## all tests; suites whose server is not on this machine say so and are skipped
	$(BIN)/pytest --numprocesses=auto --dist=loadfile

check: $(DEV)  ## format, lint, types, import contract, tests with coverage, audit of dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	$(MAKE) test PYTEST_ADDOPTS="--cov --cov-report="
	$(BIN)/python tests/coverage_floor.py
	$(BIN)/python tests/audit_dependencies.py

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)  ## the thing, its baseline and its peer in one run; writes bench/latest.json
	$(BIN)/python -m bench

lock: $(DEV)  ## compile the hashed requirements anew from pyproject.toml
	sh requirements/lock.sh

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Doelpoort needs Python 3.11 or newer; say which one with: make PYTHON=python3.11 demo")'
	$(PYTHON) -m venv .venv

$(RUNTIME): .venv/bin/python requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
