# Thin on purpose: one line a target. PYTHON picks the interpreter (3.11-3.13) of a new VENV.
PYTHON ?= python3
VENV ?= .venv
UV_VERSION := 0.13.9
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := true

.PHONY: run up test test-kills test-duckdb2 lint check bench-ingestion bench-identity bench-attribution lock
.DEFAULT_GOAL := run

run: $(VENV)/installed ; $(BIN)/onefold run --sample
up: $(VENV)/installed ; $(BIN)/onefold up
test: $(VENV)/installed ; $(BIN)/python -m pytest
test-kills: $(VENV)/installed ; ONEFOLD_TEST_KILLS=all $(BIN)/python -m pytest tests/end_to_end/test_killed_at_commits.py tests/end_to_end/test_killed_at_moments.py
lint: $(VENV)/installed ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/sqlfluff lint -p 2 dbt_project
check: test lint
bench-ingestion: $(VENV)/installed ; $(BIN)/python -m benchmarks.ingestion
bench-identity: $(VENV)/installed ; $(BIN)/python -m benchmarks.identity
bench-attribution: $(VENV)/installed ; $(BIN)/python -m benchmarks.attribution

# The same tests on DuckDB 2.0, in an environment of their own.
test-duckdb2: ; $(MAKE) VENV=.venv-duckdb2 .venv-duckdb2/installed && .venv-duckdb2/bin/uv pip install --python .venv-duckdb2/bin/python -q --no-deps duckdb==2.0.0 && $(MAKE) VENV=.venv-duckdb2 test

$(VENV)/installed: requirements.lock pyproject.toml
	test -x $(BIN)/uv || ($(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION))
	$(BIN)/uv pip install --python $(BIN)/python -q --no-deps --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python -q --no-deps --no-build-isolation -e .
	touch $@

lock: $(VENV)/installed ; $(BIN)/uv pip compile pyproject.toml -q --group dev --extra s3 --extra sftp --extra dlt --extra linkage --extra semantic --universal --generate-hashes --no-emit-index-url --excludes requirements.excludes -c requirements.constraints -o requirements.lock
