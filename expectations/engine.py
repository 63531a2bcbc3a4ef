"""Running checks with Great Expectations on DuckDB. The only module that imports it.

Great Expectations reads results after closing its connection unless the dialect is in
`_PERSISTED_CONNECTION_DIALECTS`; DuckDB is not, and most expectations then fail with "list index
out of range". `load` adds it. The name is private, so the version is exact and checked here.
"""

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from types import ModuleType
from typing import Any

import duckdb

from expectations.checks import Check
from expectations.errors import EngineMoved

VERSION = "1.24.1"
_SAFE = re.compile(r"\(_duckdb\.(Binder|Catalog|Parser)Exception\) ([^\n]*)")


class _PersistedDialect(str):
    """Compares as a dialect name and has a `.value`, as Great Expectations expects of both."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Finding:
    """What Great Expectations said of one check: met, how many bad rows, or why it did not run."""

    is_met: bool
    unexpected_rows: int | None
    error: str | None


@dataclass(frozen=True)
class Findings:
    """Findings by expectation, and the rendered page of each batch by name."""

    by_expectation: dict[str, Finding]
    pages: dict[str, str]


def load() -> ModuleType:
    """Import Great Expectations (6 s, once a process) with telemetry off and DuckDB made to work.

    Raises EngineMoved if the version or the private name is not the one known to work.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.execution_engine import sqlalchemy_execution_engine as engine
    if gx.__version__ != VERSION:
        raise EngineMoved(
            f"expected Great Expectations {VERSION}, got {gx.__version__}; run "
            "tests/expectations/test_engine.py and move VERSION only if it passes"
        )
    dialects = getattr(engine, "_PERSISTED_CONNECTION_DIALECTS", None)
    if not isinstance(dialects, tuple):
        raise EngineMoved(
            "expected a tuple _PERSISTED_CONNECTION_DIALECTS in Great Expectations, got "
            f"{type(dialects).__name__}; DuckDB results cannot be read without it"
        )
    if "duckdb" not in dialects:
        engine._PERSISTED_CONNECTION_DIALECTS = (*dialects, _PersistedDialect("duckdb"))
    module: ModuleType = gx
    return module


def run(con: duckdb.DuckDBPyConnection, suites: Sequence[tuple[str, Sequence[Check]]]) -> Findings:
    """Run every (gate, checks) in one context and one checkpoint; nothing is written.

    Reads through cursors of `con`, for a process cannot hold two handles with different settings.
    Findings are keyed `<gate>/<expectation_id>`, pages `<gate>/<batch>`.
    """
    if not suites:
        return Findings({}, {})
    gx = load()
    context = _context(gx)
    with _source(context, con) as source:
        outcome = _checkpoint(gx, context, source, suites).run()
    results = list(outcome.run_results.values())
    findings: dict[str, Finding] = {}
    for result in results:
        gate = result.suite_name.split("/")[0]
        for one in result.results:
            name = one.expectation_config.meta["expectation_id"]
            findings[f"{gate}/{name}"] = _finding(one)
            _forget_exception(one)
    return Findings(findings, _pages(results))


def _context(gx: ModuleType) -> Any:
    """A context in memory: no telemetry, no progress bars, no folder left in the temporary one."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )


@contextmanager
def _source(context: Any, con: duckdb.DuckDBPyConnection) -> Iterator[Any]:
    from duckdb_engine import ConnectionWrapper

    cursors: list[duckdb.DuckDBPyConnection] = []

    def connect() -> Any:
        cursors.append(con.cursor())
        return ConnectionWrapper(cursors[-1])

    try:
        yield context.data_sources.add_sql(
            "warehouse", connection_string="duckdb:///:memory:", kwargs={"creator": connect}
        )
    finally:
        for cursor in cursors:
            cursor.close()


def _checkpoint(
    gx: ModuleType, context: Any, source: Any, suites: Sequence[tuple[str, Sequence[Check]]]
) -> Any:
    return gx.Checkpoint(
        name="gates",
        validation_definitions=[
            _validation(gx, context, source, f"{gate}/{asset}", checks)
            for gate, all_checks in suites
            for asset, checks in _by_batch(all_checks)
        ],
        # Values never leave the warehouse: results count, `state.violations` names rows by id.
        result_format={"result_format": "SUMMARY", "exclude_unexpected_values": True},
    )


def _by_batch(checks: Iterable[Check]) -> Iterable[tuple[str, list[Check]]]:
    ordered = sorted(checks, key=lambda check: check.batch.asset)
    for asset, members in groupby(ordered, key=lambda check: check.batch.asset):
        yield asset, list(members)


def _validation(gx: ModuleType, context: Any, source: Any, name: str, checks: list[Check]) -> Any:
    asset = source.add_query_asset(name, query=checks[0].batch.query)
    suite = context.suites.add(gx.ExpectationSuite(name))
    for check in checks:
        kind = getattr(gx.expectations, check.expectation)
        suite.add_expectation(
            kind(
                **check.arguments,
                description=check.title,
                meta={"expectation_id": check.expectation_id},
            )
        )
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_table("all"), suite=suite
        )
    )


def _finding(result: Any) -> Finding:
    error = _error(result.exception_info)
    if error:
        return Finding(False, None, error)
    found = result.result
    kind = result.expectation_config.type
    if kind == "unexpected_rows_expectation":
        return Finding(bool(result.success), int(found["observed_value"]), None)
    unexpected = found.get("unexpected_count")
    return Finding(bool(result.success), None if unexpected is None else int(unexpected), None)


def _error(info: Any) -> str | None:
    """Why a check raised, without data: only messages that speak of SQL text are repeated."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [entry for entry in entries if entry.get("raised_exception")]
    if not raised:
        return None
    for entry in raised:
        safe = _SAFE.search(str(entry.get("exception_message")))
        if safe:
            return f"The expectation could not run: {safe[2]}"
    return "The expectation could not run; run its query to see why."


def _forget_exception(result: Any) -> None:
    """A traceback may quote a value; the page must not."""
    if _error(result.exception_info):
        result.exception_info = {
            "raised_exception": True,
            "exception_message": _error(result.exception_info),
            "exception_traceback": "",
        }


def _pages(results: Iterable[Any]) -> dict[str, str]:
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    renderer = ValidationResultsPageRenderer(run_info_at_end=False)
    view = DefaultJinjaPageView()  # one for all pages: it compiles its templates once
    return {result.suite_name: str(view.render(renderer.render(result))) for result in results}
