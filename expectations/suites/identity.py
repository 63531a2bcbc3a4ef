"""Identity: records belong to one person, evidence never crosses people, nothing grew absurdly."""

from datetime import datetime

from expectations.checks import (
    BATCH,
    Check,
    at_most,
    row_count,
    rows,
    table,
    timestamp,
    unique,
)
from expectations.rules import Rules, limit

PEOPLE = table("marts.dim_people")
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
            "Both ends of every piece of evidence belong to the same person.",
            _CROSSING,
        ),
        at_most(
            "person_size_plausible",
            RECORDS,
            f"No person has more than {limit(rules, 'person_size_plausible'):g} records.",
            f"select person_id as row_key, count(*) as size from {BATCH} group by all",
            limit(rules, "person_size_plausible"),
        ),
        rows(
            "people_changed_plausible",
            PEOPLE,
            "No person gained or lost records that belonged to another in this run.",
            f"select person_id as row_key from {BATCH} where person_id in ("
            "select person_id from identity.merge_events as change "
            f"where event in ('merged', 'split') and change.at = {timestamp(as_of)})",
        ),
    ]


# A value that links records of two people is allowed only where a limit refused the merge.
_CROSSING = f"""
with linked as (
    select edges.id_type, edges.id_value, edges.scope, records.person_id
    from (select * from {BATCH}) as edges
    left join state.person_records as records
        on edges.source = records.source
        and edges.record_type = records.record_type
        and edges.record_id = records.record_id
    where edges.is_linking and edges.is_current
)
select id_type || '|' || coalesce(min(person_id), '(nobody)') as row_key
from linked
anti join state.refused_merges as refused
    on linked.id_type = refused.id_type
    and linked.id_value = refused.id_value
    and linked.scope = refused.scope
group by id_type, id_value, scope
having count(distinct person_id) > 1 or count(*) > count(person_id)
"""
