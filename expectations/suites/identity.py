"""Identity: records belong to one person, evidence never crosses people, nothing grew absurdly."""

from datetime import datetime

from expectations.checks import (
    BATCH,
    Batch,
    Check,
    at_most,
    row_count,
    rows,
    table,
    unique,
)
from expectations.rules import Rules, floor, limit

RECORDS = table("identity.person_records")
IDENTIFIERS = table("identity.identifiers")
EDGES = table("identity.edges")


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Keys of the public identity tables, edges within one person, plausible size and change."""
    return [
        row_count("person_records_row_count", RECORDS, limit(rules, "person_records_row_count")),
        unique("person_records_key_unique", RECORDS, ["source", "record_type", "record_id"]),
        rows(
            "person_records_person_known",
            RECORDS,
            "Every record belongs to a person in marts.dim_people.",
            "select source || '|' || record_type || '|' || record_id as row_key "
            f"from {BATCH} where person_id is null or person_id not in "
            "(select person_id from marts.dim_people where person_id is not null)",
        ),
        rows(
            "identifiers_key_unique",
            IDENTIFIERS,
            "Every identifier belongs to one person.",
            # The value is personal data, so the row is named by its owners.
            "select id_type || '|' || coalesce(person_id, '') as row_key "
            f"from {BATCH} qualify count(*) over (partition by id_type, id_value) > 1 "
            "or person_id is null",
        ),
        rows(
            "edges_within_one_person",
            EDGES,
            "Both ends of every piece of evidence belong to the same person, or to the same "
            "component where a limit keeps them apart.",
            _CROSSING,
        ),
        at_most(
            "person_size_plausible",
            RECORDS,
            f"No person has more than {limit(rules, 'person_size_plausible'):g} records.",
            f"select person_id as row_key, count(*) as size from {BATCH} group by all",
            limit(rules, "person_size_plausible"),
        ),
        _within_budget(
            rules,
            "person_churn_plausible",
            "At most {limit:.0%} of the known records changed person since the marts last passed; "
            "{floor:g} always may.",
            "moved / nullif(known, 0)",
            "moved",
        ),
        _within_budget(
            rules,
            "largest_person_plausible",
            "The largest person has at most {limit:g} times the records of the largest when the "
            "marts last passed; {floor:g} it always may.",
            "largest / nullif(largest_before, 0)",
            "largest",
        ),
        _within_budget(
            rules,
            "refused_merges_plausible",
            "Limits refuse at most {limit:g} times the joins of when the marts last passed; "
            "{floor:g} more they always may.",
            "refused / greatest(refused_before, 1)",
            "refused - refused_before",
        ),
    ]


def _within_budget(rules: Rules, name: str, title: str, ratio: str, count: str) -> Check:
    """The change since the marts last passed has a `ratio` within the limit, or a small `count`."""
    most, small = limit(rules, name), floor(rules, name)
    over = f"select runs as row_key from {BATCH} where {ratio} > {most!r} and {count} > {small!r}"
    return Check(
        name,
        CHANGE,
        title.format(limit=most, floor=small),
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": over},
        over,
        f"select coalesce(max({ratio}), 0) from {BATCH}",
    )


# Compared with what last left the house, not with the run before: a bad merge that was stopped
# once does not pass the next day, and one that was undone is no change. Without such a run there is
# nothing to compare. The run that is judged may have passed before, and is then its own measure.
_CHANGE = """
with

passed as (
    select run_id from state.gate_results where gate = 'marts'
    group by run_id having not bool_or(status in ('blocked', 'error'))
),

figures as (
    select
        runs.run_number, runs.run_id, runs.records, runs.refused,
        max(metrics.value) filter (where metrics.metric = 'largest') as largest
    from identity.runs as runs
    left join identity.metrics as metrics on runs.run_number = metrics.run_number
    group by all
),

before as (
    select * from figures where run_id in (select run_id from passed)
    order by run_number desc limit 1
),

now as (
    select * from figures order by run_number desc limit 1
),

moved as (
    select count(*) as moved
    from state.former_person_records as former
    inner join before on former.since_run <= before.run_number
        and former.until_run > before.run_number
    inner join state.person_records as present on former.record_hash = present.record_hash
    where former.person_id <> present.person_id
)

select
    'runs ' || before.run_number || ' to ' || now.run_number as runs,
    moved.moved, before.records as known,
    now.largest, before.largest as largest_before,
    now.refused, before.refused as refused_before
from before, now, moved
"""
CHANGE = Batch("identity.metrics", f"select * from ({_CHANGE}) as change")

# A value that links records of two people is allowed only where a limit refused the merge; two
# components it never links.
_CROSSING = f"""
with linked as (
    select
        edges.id_type, edges.id_value, edges.scope, records.person_id, records.component,
        (edges.id_type, edges.id_value, edges.scope) in
            (select (id_type, id_value, scope) from state.refused_merges) as is_refused
    from (select * from {BATCH}) as edges
    left join state.person_records as records
        on edges.source = records.source
        and edges.record_type = records.record_type
        and edges.record_id = records.record_id
    where edges.is_linking and edges.is_current
)
select id_type || '|' || coalesce(min(person_id), '(nobody)') as row_key
from linked
group by id_type, id_value, scope
having count(distinct person_id) > 1 and not bool_or(is_refused)
    or count(distinct component) > 1
    or count(*) > count(person_id)
"""
