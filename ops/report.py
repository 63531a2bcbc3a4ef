"""The end of a run: what happened, as data and as tables to read."""

from typing import Any

import duckdb

from ops import progress
from ops.state import previous_checksum
from warehouse.checksum import combined, table_checksums
from warehouse.connection import fetch_rows
from warehouse.settings import settings

SOURCES = """
    select
        source,
        count(*) filter (where status = 'loaded') as files,
        count(*) filter (where status = 'loaded' and run_id = $run_id) as new_files,
        coalesce(sum(rows_loaded), 0) as rows_total,
        coalesce(sum(rows_loaded) filter (where run_id = $run_id), 0) as rows_landed,
        coalesce(sum(rows_rejected), 0) as rejected_total,
        coalesce(sum(rows_rejected) filter (where run_id = $run_id), 0) as rejected,
        coalesce(sum(rows_skipped) filter (where run_id = $run_id), 0) as skipped,
        count(*) filter (where status = 'refused') as refused
    from state.loads
    group by source
    order by min(load_seq) nulls last
"""
REFUSED = "select message from state.loads where status = 'refused' order by file"
FRESHNESS = """
    select source, cast(last_event_at as varchar) as last_event_at, age_days, status
    from state.source_freshness
    order by source
"""
CAST_FAILURES = """
    select
        source || '.' || object as name,
        column_name,
        sum(failed_count)::bigint as failed,
        sum(row_count)::bigint as texts,
        arg_min(file || ':' || example_line, (not is_newest_load, file))
            filter (where failed_count > 0) as example
    from quality.cast_failures
    group by all
    having sum(failed_count) > 0
    order by all
"""
RESTATEMENTS = """
    select
        source,
        currency,
        count(*) as restated,
        sum(change_local) as change_local,
        sum(abs(change_local)) as moved_local
    from quality.spend_restatements
    group by all
    order by all
"""
MODELS = """
    with attributed as (
        select model, sum(revenue_usd) as attributed_usd
        from marts.fct_attributed_conversions
        group by model
    )
    select model, attributed_usd, (select sum(revenue_usd) from marts.fct_conversions) as total_usd
    from attributed
    order by model
"""
GATES = """
    select gate, status, count(*) as expectations
    from state.gate_results
    where run_id = $run_id
    group by gate, status
    order by gate, status
"""
GATE_MESSAGES = """
    select gate, status, message
    from state.gate_results
    where run_id = $run_id and status <> 'passed' and message is not null
    order by gate, status, expectation_id
"""
SYNCS = """
    select sync, status, adds, changes, removes, skips, sent, failed, unknown, withheld, breaches
    from state.sync_runs
    where run_id = $run_id
    order by sync
"""


def summarise(con: duckdb.DuckDBPyConnection, run_id: str, as_of: str | None) -> dict[str, Any]:
    """All that the final table shows, as JSON-ready data without personal data.

    `exit_code` is 0 when nothing was refused, rejected, blocked or left unsent, else 1; `problems`
    says what, and what to do.
    """
    checksum = combined(table_checksums(con))
    previous = previous_checksum(con, run_id)
    summary: dict[str, Any] = {
        "run_id": run_id,
        "as_of": as_of,
        "sources": _rows_of(con, "state.loads", SOURCES, run_id=run_id),
        "freshness": _rows_of(con, "state.source_freshness", FRESHNESS),
        "refused": [row["message"] for row in _rows_of(con, "state.loads", REFUSED)],
        "cast_failures": _rows_of(con, "quality.cast_failures", CAST_FAILURES),
        "restatements": _rows_of(con, "quality.spend_restatements", RESTATEMENTS),
        "people": _people(con),
        "models": _rows_of(con, "marts.fct_attributed_conversions", MODELS),
        "gates": _rows_of(con, "state.gate_results", GATES, run_id=run_id),
        "gate_messages": _rows_of(con, "state.gate_results", GATE_MESSAGES, run_id=run_id),
        "syncs": _rows_of(con, "state.sync_runs", SYNCS, run_id=run_id),
        "marts": {"checksum": checksum, "previous": previous},
        "stages": _stages(run_id),
    }
    summary["is_unchanged"] = _is_unchanged(summary)
    summary["problems"] = _problems(summary)
    summary["status"] = "problems" if summary["problems"] else "done"
    summary["exit_code"] = 1 if summary["problems"] else 0
    summary["look"] = _look()
    return summary


def _stages(run_id: str) -> list[dict[str, Any]]:
    """The last word on each stage: run again it counts once, without an end it was killed."""
    killed = {"seconds": 0.0, "detail": {}, "error": "killed before its end; clear its task"}
    last = {event["stage"]: killed | event for event in progress.read(run_id)}
    return [s | {"event": "failed" if s["event"] == "started" else s["event"]}
            for s in last.values()]  # fmt: skip


def _people(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """How many people; against the truth too, in a home started from the sample exports."""
    if not _exists(con, "identity.person_records"):
        return {}
    found: dict[str, Any] = _rows(
        con,
        "select count(distinct person_id) as people, count(*) as records "
        "from identity.person_records",
    )[0]
    s = settings()
    if s.sample_marker.exists():
        from identity.evaluate import evaluate

        scores = evaluate(con, s.truth / "records.csv")
        found |= {
            "precision": _rounded(scores.precision),
            "recall": _rounded(scores.recall),
            "pairs_without_evidence": scores.unreachable,
            "precision_of_plain_components": _rounded(scores.baseline_precision),
        }
    return found


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


def _is_unchanged(summary: dict[str, Any]) -> bool:
    """Nothing landed, nothing was sent, and the marts are those of the run before."""
    marts = summary["marts"]
    return (
        marts["checksum"] == marts["previous"]
        and not any(s["rows_landed"] for s in summary["sources"])
        and not any(s["sent"] for s in summary["syncs"])
    )


def _problems(summary: dict[str, Any]) -> list[str]:
    problems = [f"refused: {message}" for message in summary["refused"]]
    if summary["as_of"] is None and not any(s["event"] == "failed" for s in summary["stages"]):
        problems.append("nothing was landed; the log of the task `ingest` says why")
    problems += [
        f"rejected: {s['rejected']} line(s) of {s['source']}; "
        "see ops.rejects or `onefold ingest status`"
        for s in summary["sources"]
        if s["rejected"]
    ]
    problems += [
        f"{m['gate']} gate: {m['message']}"
        for m in summary["gate_messages"]
        if m["status"] in ("blocked", "error")
    ]
    problems += [
        f"{model['model']} attributes {model['attributed_usd']} of {model['total_usd']} USD"
        for model in summary["models"]
        if model["attributed_usd"] != model["total_usd"]
    ]
    problems += [
        f"stage {s['stage']} failed: {s['error']}"
        for s in summary["stages"]
        if s["event"] == "failed"
    ]
    return problems


def _look() -> dict[str, str]:
    s = settings()
    return {
        "published file": str(s.published),
        "quality report": str(s.data_docs / "quality.html"),
        "dbt docs": str(s.dbt_docs),
        "Airflow UI": f"http://127.0.0.1:{s.ui_port} after `make up`",
    }


def _exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    schema, name = table.split(".")
    row = con.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return bool(row and row[0])


def _rows_of(
    con: duckdb.DuckDBPyConnection, table: str, query: str, **params: Any
) -> list[dict[str, Any]]:
    """The rows of `query`; none where a run that failed early left no `table`."""
    return _rows(con, query, **params) if _exists(con, table) else []


def _rows(con: duckdb.DuckDBPyConnection, query: str, **params: Any) -> list[dict[str, Any]]:
    return fetch_rows(con, query, params)
