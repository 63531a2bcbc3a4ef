"""Who was who as of an earlier run: the log of evidence and the history of decisions, cut there."""

import duckdb

from identity.errors import IdentityError, PersonNotFound
from identity.lookup import parse, require_resolved, spellings


def view(con: duckdb.DuckDBPyConnection, run: str) -> int:
    """Make temp tables `links_as_of` and `people_as_of`, as a run (its number or id) left them.

    Returns the run's number. Raises IdentityError if no such run decided anything.
    """
    require_resolved(con)
    row = con.execute(
        "select max(run_number) from state.identity_runs "
        "where run_number::varchar = $1 or run_id = $1",
        [run],
    ).fetchone()
    if row is None or row[0] is None:
        raise IdentityError(
            "expected the number or id of a run that decided something, found none; "
            "`onefold identity status` lists them"
        )
    con.execute("set variable as_of_run = ?", [row[0]])
    con.execute(_AS_OF)
    return int(row[0])


def person(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The person that `asked` named then; needs `view`. Raises PersonNotFound."""
    if asked.startswith("p_"):
        found = con.execute(
            "select distinct person_id from people_as_of where person_id = ?", [asked]
        ).fetchall()
    else:
        types, value = parse(asked)
        found = con.execute(
            "select distinct person_id from links_as_of inner join people_as_of "
            "using (record_index) where id_type in (select unnest($1)) "
            "and id_value in (select unnest($2))",
            [list(types), spellings(types, value)],
        ).fetchall()
    if len(found) != 1:
        raise PersonNotFound(f"expected one person by that then, got {len(found)}")
    return str(found[0][0])


_AS_OF = """
create or replace temp table people_as_of as
select
    source, record_type, record_id, record_hash, person_id,
    (row_number() over (order by source, record_type, record_id) - 1)::integer as record_index
from (
    select source, record_type, record_id, record_hash, person_id
    from state.person_records where since_run <= getvariable('as_of_run')
    union all
    select source, record_type, record_id, record_hash, person_id
    from state.former_person_records
    where since_run <= getvariable('as_of_run') and until_run > getvariable('as_of_run')
);
create or replace temp table links_as_of as
with

standing as (
    select * from state.edges
    where run_number <= getvariable('as_of_run')
    qualify row_number() over (partition by link_hash order by run_number desc) = 1
        and is_observed
)

select
    people.record_index, people.source, people.record_type, people.record_id,
    standing.id_type, standing.id_value, standing.scope, standing.rule, standing.rule_version,
    coalesce(id_types.priority, 998) as priority, standing.confidence, standing.is_linking,
    standing.observed_at, standing._file, standing._line
from standing
inner join people_as_of as people using (record_hash)
left join rules.identity_id_types as id_types using (id_type)
"""
