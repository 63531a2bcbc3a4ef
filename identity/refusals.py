"""Writing which joins limits refuse: only what differs from what is known."""

from dataclasses import asdict

import duckdb
import numpy as np

from identity.arrays import one
from identity.limits import Refusal
from identity.similar import SimilarRefusal

_REFUSING = """
insert into refusing
select
    value_hash, mine.record_hash, theirs.record_hash,
    coalesce(id_types.id_type, 'split ' || (in_refusals.kind - 1000)),
    in_refusals."limit", in_refusals.would_be, in_refusals.record, in_refusals.other
from in_refusals
inner join part_values using (value)
inner join scope_records as mine on in_refusals.record = mine.record
inner join scope_records as theirs on in_refusals.other = theirs.record
left join rules.identity_id_types as id_types on in_refusals.kind = id_types.priority
"""

_REFUSING_SIMILAR = """
insert into refusing
select
    hash('similar', '', ''), mine.record_hash, theirs.record_hash,
    limit_id_type, limit_value, would_be, in_similar.record, in_similar.other
from in_similar
inner join scope_records as mine on in_similar.record = mine.record
inner join scope_records as theirs on in_similar.other = theirs.record
"""

_NOT_REFUSING = """
create or replace temp table refusing (
    value_hash ubigint, record_hash ubigint, other_hash ubigint,
    limit_id_type varchar, limit_value integer, would_be integer, record integer, other integer)
"""

# What is known is compared by hashes, so that only what is refused anew costs reading its text.
_KEYS = "value_hash, record_hash, other_hash, limit_id_type, would_be"

_KNOWN = """
create or replace temp table known_refusals as
select
    rowid as place, limit_id_type, would_be, hash(id_type, id_value, scope) as value_hash,
    hash(source, record_type, record_id) as record_hash,
    hash(other_source, other_record_type, other_record_id) as other_hash
from state.refused_merges
"""

_TAKE_BACK = f"""
delete from state.refused_merges
where rowid in (
    select place from known_refusals anti join refusing using ({_KEYS}) where {{scope}})
"""

_NEWLY = f"""
create or replace temp table newly_refused as
from refusing anti join known_refusals using ({_KEYS})
"""

# One row tells what a value says, by preference a late one: what is refused anew is mostly new, and
# rows close together are read without the rest of the column.
_TEXTS = """
create or replace temp table refused_texts as
select value_hash, id_type, id_value, scope
from identity.int_identity__links
where rowid in (
    select max(place) from scope_links
    where value_hash in (select value_hash from newly_refused) group by value_hash)
union all
select hash('override', override_number::varchar, ''), 'override', override_number::varchar, ''
from state.identity_overrides
union all
select hash('similar', '', ''), 'similar', '', ''
"""

_REFUSE = """
insert into state.refused_merges
select
    texts.id_type, texts.id_value, texts.scope, mine.source, mine.record_type, mine.record_id,
    theirs.source, theirs.record_type, theirs.record_id,
    limit_id_type, limit_value, would_be, getvariable('run_at'), getvariable('run_id')
from newly_refused
inner join refused_texts as texts using (value_hash)
inner join scope_records as mine on newly_refused.record = mine.record
inner join scope_records as theirs on newly_refused.other = theirs.record
"""


def write_refusals(
    con: duckdb.DuckDBPyConnection,
    refused: list[Refusal],
    similar: list[SimilarRefusal],
    *,
    everything: bool,
) -> None:
    """Write the refusals in scope that are new, take back those that are no more.

    Within the caller's transaction. Reads temp tables scope_records, scope_links, touched (and
    part_values, where there are any in `refused`) and the variables of the run. `everything`: all
    records are in scope, not only the touched.
    """
    con.execute(_NOT_REFUSING)
    if refused:
        fields = ("value", "record", "other", "kind", "limit", "would_be")
        rows = {field: np.array([getattr(r, field) for r in refused], np.int32) for field in fields}
        con.register("in_refusals", rows)
        con.execute(_REFUSING)
        con.unregister("in_refusals")
    if similar:
        alike = [asdict(refusal) for refusal in similar]
        con.register("in_similar", {key: np.array([row[key] for row in alike]) for key in alike[0]})
        con.execute(_REFUSING_SIMILAR)
        con.unregister("in_similar")
    con.execute(_KNOWN)
    scope = "true" if everything else "record_hash in (from touched)"
    con.execute(_TAKE_BACK.format(scope=scope))
    con.execute(_NEWLY)
    if one(con, "select count(*) from newly_refused"):
        con.execute(_TEXTS)
        con.execute(_REFUSE)
