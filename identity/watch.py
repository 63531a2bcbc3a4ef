"""What a run did to the people, as figures that a gate and a person can watch.

Every figure costs the size of the change, a number already known, or one pass over one column: how
many people have how many records is the run before's distribution, less the people in scope as they
were, plus the same people as they are.
"""

from collections.abc import Mapping
from dataclasses import asdict

import duckdb
import numpy as np

from identity.arrays import set_variables
from identity.write import Decision, Run
from warehouse.connection import fetch_rows
from warehouse.settings import settings

_SCORES = ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1",
           "unreachable")  # fmt: skip
_EVENTS = ("records", "people", "created", "merged", "split", "erased", "refused")


def watch(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    counts: Mapping[str, int],
    decision: Decision | None,
    *,
    everything: bool,
) -> None:
    """Write the run's figures to state.identity_metrics and state.identity_sizes.

    Call within the transaction that wrote `decision` (None where it decided nobody); reads temp
    table known_records. `counts`: the fields of the step's summary. `everything`: the decision is
    on all records, not only the touched. A figure that does not apply has no row: churn in the
    first run, scores without labels.
    """
    set_variables(con, run_number=run.number, run_id=run.run_id, run_at=run.at)
    _write_sizes(con, decision, everything)
    figures: dict[str, float | None] = {key: counts[key] for key in _EVENTS}
    for sql in (_CHANGE, _STANDING, _DISTRIBUTION):
        figures |= _one_row(con, sql)
    if _has_values(con):
        figures |= _one_row(con, _VALUES)
    figures |= _scores(con)
    rows = {metric: float(value) for metric, value in figures.items() if value is not None}
    table = {"metric": np.array(list(rows)), "value": np.array(list(rows.values()))}
    con.register("in_metrics", table)
    con.execute(
        "insert into state.identity_metrics "
        "select getvariable('run_number'), metric, value from in_metrics"
    )
    con.unregister("in_metrics")


def _one_row(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, float | None]:
    (row,) = fetch_rows(con, sql)
    return row


def _write_sizes(
    con: duckdb.DuckDBPyConnection, decision: Decision | None, everything: bool
) -> None:
    labels = decision.labels if decision else np.empty(0, np.int32)
    sizes, people = np.unique(np.bincount(labels), return_counts=True)
    con.register("in_sizes", {"size": sizes, "people": people})
    if everything:
        con.execute(_SIZES_ANEW)
    elif con.execute(_LAST_SIZES).fetchone() is None:
        con.execute(_SIZES_COUNTED)
    else:
        con.execute(_SIZES_CHANGED.format(before=_BEFORE if decision else _NOBODY))
    con.unregister("in_sizes")


_SIZES_ANEW = """
insert into state.identity_sizes
select getvariable('run_number'), size, people from in_sizes where size > 0
"""

_LAST_SIZES = """
select size from state.identity_sizes where run_number = getvariable('run_number') - 1 limit 1
"""

# Where the run before wrote none.
_SIZES_COUNTED = """
insert into state.identity_sizes
select getvariable('run_number'), size, count(*)
from (select count(*) as size from state.person_records group by person_id)
group by size
"""

_BEFORE = "select count(*) as size, -1 as people from known_records group by person_number"

_NOBODY = "select 0 as size, 0 as people where false"

_SIZES_CHANGED = """
insert into state.identity_sizes
select getvariable('run_number'), size, sum(people) as people
from (
    select size, people from state.identity_sizes
    where run_number = getvariable('run_number') - 1
    union all
    ({before})
    union all
    select size, people from in_sizes where size > 0
)
group by size
having sum(people) != 0
"""

# A record that was known and is known still, under another id, moved. New ones did not, nor the
# gone.
_CHANGE = """
with

latest as (
    select record_hash from state.person_records where since_run = getvariable('run_number')
),

former as (
    select record_hash from state.former_person_records where until_run = getvariable('run_number')
),

counted as (
    select
        (select count(*) from latest) as latest,
        (select count(*) from former) as former,
        (select count(*) from former where record_hash in (from latest)) as moved,
        (
            select records from state.identity_runs
            where run_number = getvariable('run_number') - 1
        ) as known
)

select
    latest - moved as new_records,
    former - moved as gone_records,
    moved as moved_records,
    moved / nullif(known, 0) as churn
from counted
"""

_STANDING = """
select
    (select count(*) from state.aliases) as aliases,
    count(*) filter (
        where run_id = getvariable('run_id') and "at" = getvariable('run_at')
    ) as refused_new,
    count(*) filter (where starts_with(limit_id_type, 'split ')) as refused_by_split,
    (
        select count(distinct component) from state.person_records
        where record_hash in
            (select hash(source, record_type, record_id) from state.refused_merges)
    ) as conflicts
from state.refused_merges
"""

_DISTRIBUTION = """
with summed as (
    select
        size, people,
        sum(people) over (order by size) / sum(people) over () as share
    from state.identity_sizes where run_number = getvariable('run_number')
)

select
    coalesce(sum(people) filter (where size = 1), 0) as singles,
    min(size) filter (where share >= 0.5) as size_p50,
    min(size) filter (where share >= 0.9) as size_p90,
    min(size) filter (where share >= 0.99) as size_p99,
    max(size) as largest
from summed
"""

_VALUES = """
select
    count(*) filter (where is_shared) as shared_values,
    count(*) filter (where is_blocked) as blocked_values
from identity.int_identity__identifier_values
"""


def _has_values(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether dbt built the table of values; links made otherwise come without."""
    row = con.execute(
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = 'identity' and table_name = 'int_identity__identifier_values'"
    ).fetchone()
    return row is not None


def _scores(con: duckdb.DuckDBPyConnection) -> dict[str, float | None]:
    """How right the people are, in a home started from the sample, whose truth is known."""
    s = settings()
    truth = s.truth / "records.csv"
    if not (s.sample_marker.exists() and truth.is_file()):
        return {}
    from identity.evaluate import evaluate  # its libraries take long to load

    found = asdict(evaluate(con, truth))
    return {score: found[score] for score in _SCORES}
