"""What the gates decided, durably: `state.gate_results` and `state.violations`."""

from collections.abc import Sequence

import duckdb

from expectations.verdicts import GateVerdict

DDL = (
    "create schema if not exists state",
    """create table if not exists state.gate_results (
        run_id varchar, as_of timestamp, gate varchar, expectation_id varchar, table_name varchar,
        title varchar, level varchar, unit varchar, limit_value double, rule_version date,
        status varchar, observed double, evaluated_rows bigint, unexpected_rows bigint,
        message varchar
    )""",
    """create table if not exists state.violations (
        gate varchar, expectation_id varchar, table_name varchar, row_key varchar, level varchar,
        rule_version date, status varchar, first_seen_at timestamp, last_seen_at timestamp,
        run_id varchar
    )""",
)

_FOUND = """
create or replace temp table found_violations (
    gate varchar, expectation_id varchar, table_name varchar, row_key varchar,
    level varchar, rule_version date
)
"""

# Seen again keeps the first sighting, and a release; a replay changes nothing. Nobody can release a
# row of a plan: what lacks consent may not be sent, whoever says so.
_MERGE = """
create or replace temp table merged_violations as
select
    found.gate, found.expectation_id, found.table_name, found.row_key,
    found.level, found.rule_version,
    if(
        known.status = 'released' and not starts_with(found.gate, 'plan:'), 'released', 'open'
    ) as status,
    least(known.first_seen_at, $as_of) as first_seen_at,
    greatest(known.last_seen_at, $as_of) as last_seen_at,
    $run_id as run_id
from found_violations as found
left join state.violations as known
    on found.gate = known.gate and found.expectation_id = known.expectation_id
    and found.table_name = known.table_name and found.row_key = known.row_key
"""

_SAME_ROW = """
    known.gate = merged.gate and known.expectation_id = merged.expectation_id
    and known.table_name = merged.table_name and known.row_key = merged.row_key
"""


def ensure_state(con: duckdb.DuckDBPyConnection) -> None:
    """Create the gates' tables where they are missing; dbt's quality views read them."""
    for statement in DDL:
        con.execute(statement)


def start(con: duckdb.DuckDBPyConnection) -> None:
    """Make room for the bad rows of one run of the gates."""
    con.execute(_FOUND)


def add_bad_rows(
    con: duckdb.DuckDBPyConnection, gate: str, expectation_id: str, table: str, sql: str
) -> None:
    """Remember the rows that `sql` selects as `row_key`, each once."""
    con.execute(
        f"""
        insert into found_violations (gate, expectation_id, table_name, row_key)
        select distinct ?, ?, ?, coalesce(cast(row_key as varchar), '(no key)')
        from ({sql}) as bad_rows
        """,
        [gate, expectation_id, table],
    )


def write(con: duckdb.DuckDBPyConnection, verdicts: Sequence[GateVerdict]) -> None:
    """Write verdicts and their violations; the caller holds the transaction.

    The same run writes the same rows again. An open violation that its expectation no longer finds
    is fixed; one whose expectation could not run, or no longer exists, is left as it is.
    """
    for verdict in verdicts:
        con.execute(
            "delete from state.gate_results where run_id = ? and gate = ?",
            [verdict.run_id, verdict.gate],
        )
        con.executemany(
            f"insert into state.gate_results values ({', '.join('?' * 15)})",
            [
                [
                    verdict.run_id, verdict.as_of, verdict.gate, r.expectation_id, r.table,
                    r.title, r.level, r.unit, r.limit_value, r.rule_version, r.status,
                    r.observed, r.evaluated_rows, r.unexpected_rows, r.message,
                ]
                for r in verdict.results
            ],
        )  # fmt: skip
        _write_violations(con, verdict)


def _write_violations(con: duckdb.DuckDBPyConnection, verdict: GateVerdict) -> None:
    for result in verdict.results:
        if result.status == "error":
            con.execute(
                "delete from found_violations where gate = ? and expectation_id = ?",
                [verdict.gate, result.expectation_id],
            )
            continue
        con.execute(
            """
            update found_violations set level = ?, rule_version = ?
            where gate = ? and expectation_id = ?
            """,
            [result.level, result.rule_version, verdict.gate, result.expectation_id],
        )
    ran = [result.expectation_id for result in verdict.results if result.status != "error"]
    con.execute(_MERGE + " where found.gate = $gate", {
        "as_of": verdict.as_of, "run_id": verdict.run_id, "gate": verdict.gate,
    })  # fmt: skip
    con.execute(
        f"delete from state.violations as known using merged_violations as merged where {_SAME_ROW}"
    )
    con.execute(
        """
        update state.violations as known set status = 'fixed'
        where known.gate = ? and known.status = 'open' and known.expectation_id in
            (select unnest(?::varchar[]))
        """,
        [verdict.gate, ran],
    )
    con.execute("insert into state.violations select * from merged_violations")
