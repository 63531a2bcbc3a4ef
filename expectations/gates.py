"""The two gates: on the marts before publishing, on each sync's plan before its first call."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import duckdb

from expectations import engine, pages, state
from expectations.checks import BATCH, Check, text
from expectations.errors import ExpectationsError
from expectations.rules import Rules, match, read_rules
from expectations.suites import marts_checks, plan_checks
from expectations.verdicts import (
    GateVerdict,
    Outcome,
    Quarantined,
    Result,
    could_not_run,
    judge,
)
from warehouse.connection import connect, transaction
from warehouse.settings import Settings, settings

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


PLAN_TABLE = "state.sync_plans"
"""Where activation stores plans; its rows carry the plan_id of `state.sync_runs`."""


@dataclass(frozen=True)
class _Gate:
    """A gate with its checks, or with the reason why it cannot run."""

    name: str
    rules: Rules = field(default_factory=dict)
    checks: Sequence[Check] = ()
    error: str | None = None


def gate_marts(run_id: str, as_of: datetime | str) -> GateVerdict:
    """May today's marts be published? Call while holding no connection; writes the verdict."""
    s = settings()
    clock = _utc(as_of)
    with connect("marts gate", s=s) as con:
        gate = _prepare(con, "marts", "marts", clock, lambda rules: marts_checks(rules, clock))
        return _judge_all(con, [gate], run_id, clock, s)[0]


def gate_plan(run_id: str, sync: str, plan_table: str, as_of: datetime | str) -> GateVerdict:
    """May this sync's plan be sent? See `gate_plans`, which asks for several at the cost of one."""
    return gate_plans(run_id, [sync], as_of, plan_table)[sync]


def gate_plans(
    run_id: str, syncs: Sequence[str], as_of: datetime | str, plan_table: str = PLAN_TABLE
) -> dict[str, GateVerdict]:
    """The verdict on each sync's plan, by sync, from one run of Great Expectations.

    `plan_table` holds rows of several syncs; where it has a plan_id, the plan is the one that
    `state.sync_runs` names for this run. Rows in `quarantined` must be left out of what is sent; a
    blocked plan sends nothing. Call while holding no connection; verdicts are written on return.
    """
    if not syncs:
        return {}
    if not _NAME.fullmatch(plan_table):
        raise ExpectationsError(
            f"expected schema.table in lower_snake_case for plan_table, got {plan_table!r}"
        )
    s = settings()
    clock = _utc(as_of)
    with connect("plan gate", s=s) as con:
        gates = [_plan_gate(con, run_id, sync, plan_table, clock) for sync in syncs]
        return dict(zip(syncs, _judge_all(con, gates, run_id, clock, s), strict=True))


def _utc(as_of: datetime | str) -> datetime:
    value = datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _plan_gate(
    con: duckdb.DuckDBPyConnection, run_id: str, sync: str, plan_table: str, as_of: datetime
) -> _Gate:
    where = f"sync = {text(sync)}"
    try:
        has_plan_id = "plan_id" in {r[0] for r in con.execute(f"describe {plan_table}").fetchall()}
        if has_plan_id:
            row = con.execute(
                "select plan_id from state.sync_runs where run_id = ? and sync = ?", [run_id, sync]
            ).fetchone()
            if row is None:
                return _Gate(f"plan:{sync}", error=f"Expected a plan of {sync} in this run, "
                             "found none; plan it first.")  # fmt: skip
            where += f" and plan_id = {text(row[0])}"
    except duckdb.CatalogException:
        return _Gate(f"plan:{sync}", error=f"Expected a plan in {plan_table}, found no such table.")
    return _prepare(
        con, f"plan:{sync}", "plan", as_of, lambda rules: plan_checks(rules, plan_table, where)
    )


def _prepare(
    con: duckdb.DuckDBPyConnection,
    name: str,
    kind: str,
    as_of: datetime,
    checks_for: Callable[[Rules], list[Check]],
) -> _Gate:
    try:
        rules = read_rules(con, kind, as_of)
        checks = checks_for(rules)
        match(kind, rules, (check.expectation_id for check in checks))
    except duckdb.Error as error:
        return _Gate(name, error="Expected rule rows in rules.gate_rules, could not read them "
                     f"({type(error).__name__}); build the seeds.")  # fmt: skip
    except ExpectationsError as error:
        return _Gate(name, error=str(error))
    return _Gate(name, rules, checks)


def _judge_all(
    con: duckdb.DuckDBPyConnection,
    gates: Sequence[_Gate],
    run_id: str,
    as_of: datetime,
    s: Settings,
) -> list[GateVerdict]:
    state.ensure_state(con)
    found = engine.run(con, [(gate.name, gate.checks) for gate in gates if gate.checks])
    state.start(con)
    verdicts = [_verdict(con, gate, found, run_id, as_of) for gate in gates]
    with transaction(con):
        state.ensure_state(con)
        state.write(con, verdicts)
    pages.write(con, s.data_docs, found.pages)
    return verdicts


def _verdict(
    con: duckdb.DuckDBPyConnection,
    gate: _Gate,
    found: engine.Findings,
    run_id: str,
    as_of: datetime,
) -> GateVerdict:
    if gate.error:
        refused = could_not_run("gate", "rules.gate_rules", gate.error)
        return GateVerdict(run_id, gate.name, as_of, (refused,))
    results: list[Result] = []
    quarantined: list[Quarantined] = []
    for check in gate.checks:
        finding = found.by_expectation.get(f"{gate.name}/{check.expectation_id}")
        outcome = _outcome(con, gate.name, check, finding)
        rule = gate.rules[check.expectation_id]
        result = judge(outcome, rule)
        results.append(result)
        if result.status == "quarantined" and gate.name.startswith("plan:"):
            quarantined += [
                Quarantined(key, check.expectation_id, rule.valid_from)
                for key in _record_keys(con, check)
            ]
    return GateVerdict(run_id, gate.name, as_of, tuple(results), tuple(quarantined))


def _outcome(
    con: duckdb.DuckDBPyConnection, gate: str, check: Check, finding: engine.Finding | None
) -> Outcome:
    """Add to a finding what Great Expectations does not give: rows by id, totals, the number."""
    blank = Outcome(
        check.expectation_id, check.batch.table, check.title, check.bad_rows is not None
    )
    if finding is None or finding.error:
        reason = finding.error if finding else "Great Expectations gave no result for it."
        return replace(blank, error=reason)
    try:
        evaluated = _number(con, check, f"select count(*) from {BATCH}")
        observed = _number(con, check, check.observed) if check.observed else None
        bad = 0
        if check.bad_rows and not finding.is_met:
            sql = _query(check, check.bad_rows)
            bad = int(_number(con, check, f"select count(*) from ({check.bad_rows}) as bad") or 0)
            state.add_bad_rows(con, gate, check.expectation_id, check.batch.table, sql)
    except duckdb.Error as error:
        return replace(blank, error=f"Its rows could not be read ({type(error).__name__}).")
    if check.bad_rows and finding.unexpected_rows not in (None, bad):
        return replace(
            blank,
            error=f"Great Expectations counted {finding.unexpected_rows} bad rows, "
            f"the warehouse {bad}.",
        )
    return replace(
        blank,
        is_met=finding.is_met,
        evaluated_rows=int(evaluated or 0),
        unexpected_rows=bad if check.bad_rows else None,
        observed=observed,
    )


def _record_keys(con: duckdb.DuckDBPyConnection, check: Check) -> list[str]:
    sql = _query(check, check.bad_rows or "")
    keys = con.execute(f"select distinct record_key from ({sql}) order by all").fetchall()
    return [key for (key,) in keys]


def _number(con: duckdb.DuckDBPyConnection, check: Check, sql: str) -> float | None:
    row = con.execute(_query(check, sql)).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _query(check: Check, sql: str) -> str:
    return sql.format(batch=f"({check.batch.query}) as batch_rows")
