"""The one private name we depend on, and what the engine does with expectations that cannot run."""

import gc
import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations import engine, gates
from expectations.checks import rows, table
from expectations.errors import EngineMoved
from warehouse.settings import settings

from .conftest import AS_OF

Change = Callable[..., None]


def test_the_private_name_is_where_we_think_it_is() -> None:
    """Fails if Great Expectations moves. Without the patch results come back empty, not wrong."""
    assert importlib.metadata.version("great-expectations") == engine.VERSION
    engine.load()
    from great_expectations.execution_engine import sqlalchemy_execution_engine as inner

    dialects = inner._PERSISTED_CONNECTION_DIALECTS
    assert isinstance(dialects, tuple) and len(dialects) == 5
    assert [d.value for d in dialects].count("duckdb") == 1, "patched once, and as an object"
    assert inner._dialect_requires_persisted_connection(connection_string="duckdb:///:memory:")
    engine.load()
    assert dialects == inner._PERSISTED_CONNECTION_DIALECTS, "loading twice patches once"


def test_another_version_or_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gx = engine.load()
    from great_expectations.execution_engine import sqlalchemy_execution_engine as inner

    with monkeypatch.context() as patch:
        patch.setattr(gx, "__version__", "1.25.0")
        with pytest.raises(
            EngineMoved, match=r"expected Great Expectations 1\.24\.1, got 1\.25\.0"
        ):
            engine.load()
    with monkeypatch.context() as patch:
        patch.delattr(inner, "_PERSISTED_CONNECTION_DIALECTS")
        with pytest.raises(EngineMoved, match="_PERSISTED_CONNECTION_DIALECTS"):
            engine.load()


def test_without_the_patch_the_gate_blocks(good: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only sign of a missing patch is success=False with an exception; it must not pass."""
    gx = engine.load()
    from great_expectations.execution_engine import sqlalchemy_execution_engine as inner

    monkeypatch.setattr(
        inner, "_PERSISTED_CONNECTION_DIALECTS", inner._PERSISTED_CONNECTION_DIALECTS[:4]
    )
    monkeypatch.setattr(engine, "load", lambda: gx)
    verdict = gates.gate_marts("run", AS_OF)
    assert verdict.is_blocked
    assert sum(result.status == "error" for result in verdict.results) > 20


def test_telemetry_is_off() -> None:
    gx = engine.load()
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert engine._context(gx).config.analytics_enabled is False


@pytest.mark.parametrize(
    ("sql", "says", "hides"),
    [
        ("select nothing as row_key from {batch}", "nothing", None),
        ("select cast(email as integer) as row_key from {batch}", "run its query", "ann@"),
    ],
)
def test_an_error_is_told_without_data(
    sql: str, says: str, hides: str | None, good: Change, home: Path
) -> None:
    check = rows("broken", table("marts.dim_people"), "Breaks.", sql)
    with duckdb.connect(str(settings().warehouse)) as con:
        found = engine.run(con, [("g", [check])])
    error = found.by_expectation["g/broken"].error
    assert error and says in error
    assert "Breaks." in found.pages["g/marts.dim_people"]
    assert hides is None or hides not in error + found.pages["g/marts.dim_people"]


def test_nothing_keeps_the_warehouse_open(good: Change) -> None:
    with duckdb.connect(str(settings().warehouse)) as con:
        engine.run(
            con, [("g", [rows("x", table("marts.dim_people"), "X.", "select 1 from {batch}")])]
        )
    duckdb.connect(str(settings().warehouse), config={"threads": 1}).close()
    gc.collect()
