"""The durable table of experiments in schema `state`; dbt only reads it."""

import duckdb

DDL = """
create schema if not exists state;

-- One row per experiment, channel, person and arm: who was assigned, whether or not anybody was
-- reached. An experiment keeps people out of a channel from starts_at (included) to ends_at
-- (excluded), UTC; all its rows for one channel have the same two. person_id is the person at the
-- time of assignment: readers follow identity.aliases. A person who stands in both arms, by a
-- later merge, is in neither.
create table if not exists state.holdout_assignments (
    experiment varchar not null,
    channel varchar not null,
    person_id varchar not null,
    arm varchar not null,  -- treatment, holdout
    starts_at timestamp not null,
    ends_at timestamp not null,
    assigned_at timestamp not null
);
"""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table where it is missing."""
    con.execute(DDL)
