# Thin on purpose: one line a target. PYTHON picks the interpreter for a new .venv (3.11-3.13).
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never

.PHONY: run up test test-duckdb2 lint check bench lock clean
.DEFAULT_GOAL := run

run: .venv/installed ; $(BIN)/onefold run --sample
up: .venv/installed ; $(BIN)/onefold up
test: .venv/installed ; $(BIN)/python -m pytest
lint: .venv/installed ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/sqlfluff lint -p 2 dbt_project
check: test lint

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION))
	$(BIN)/uv pip install -q --no-deps -r requirements.lock
	$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	touch $@

lock: ; $(BIN)/uv pip compile pyproject.toml -q --group dev --universal --generate-hashes --no-emit-index-url --excludes requirements.excludes -c requirements.constraints -o requirements.lock
