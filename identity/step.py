"""The identity step: read the evidence, decide, write the decision in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from identity import state
from identity.errors import IdentityError
from identity.naming import Naming, bridges, name
from identity.normalise import normalise
from identity.resolve import Evidence, Ints, Partition, partition
from identity.write import Decision, write
from warehouse.connection import connect, transaction


@dataclass(frozen=True)
class IdentitySummary:
    """What one run decided. `changed` counts records that are new, moved or gone."""

    records: int
    people: int
    created: int
    merged: int
    split: int
    erased: int
    refused: int
    changed: int


def resolve(as_of: str, run_id: str) -> IdentitySummary:
    """Decide who is who from the evidence models and write schema `state` in one transaction.

    `as_of`: the run's clock (ISO timestamp, UTC). Needs the dbt models of models/identity/evidence.
    A second run on the same evidence writes nothing. Raises IdentityError if the evidence is empty
    while people are known.
    """
    at = datetime.fromisoformat(as_of).replace(tzinfo=None)
    with connect("identity step") as con, transaction(con):
        state.create(con)
        evidence = read_evidence(con)
        _refuse_empty(con, evidence)
        found = partition(evidence, limits(con))
        prior, record_rank, person_rank = _prior(con)
        naming = name(found.labels, prior, record_rank, person_rank)
        decision = Decision(
            labels=found.labels,
            record_rank=record_rank,
            prior=prior,
            naming=naming,
            rules=_rules(evidence, found, prior, naming),
            refused=found.refused,
        )
        changes = write(con, decision, at, run_id)
        _write_domains(con)
        people = _one(con, "select count(*) from state.people where status = 'live'")
    return IdentitySummary(records=evidence.records, people=people, **changes)


def read_evidence(con: duckdb.DuckDBPyConnection) -> Evidence:
    """Read the graph that dbt built into int32 arrays."""
    first, second, edge_value = _columns(
        con,
        "select first_record_index, record_index, value_index "
        "from identity.int_identity__star_edges",
    )
    link_record, link_value = _columns(
        con,
        """
        select links.record_index, linking_values.value_index
        from identity.int_identity__links as links
        inner join identity.int_identity__linking_values as linking_values using (value_hash)
        where links.is_linking
        """,
    )
    value_first, value_kind, value_counts = _columns(
        con,
        """
        select first_record_index, priority, (scope = '')::integer
        from identity.int_identity__linking_values
        order by value_index
        """,
    )
    records = _one(con, "select count(*) from identity.int_identity__records")
    return Evidence(
        records=records,
        first=first,
        second=second,
        edge_value=edge_value,
        link_record=link_record,
        link_value=link_value,
        value_first=value_first,
        value_kind=value_kind,
        value_counts=value_counts.astype(np.bool_),
    )


def limits(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Per kind (priority), the most different values one person may hold."""
    return dict(
        con.execute(
            "select priority, max_per_person from rules.identity_id_types "
            "where max_per_person is not null"
        ).fetchall()
    )


def _prior(con: duckdb.DuckDBPyConnection) -> tuple[Ints, Ints, Ints]:
    """Per record its prior person and its rank; per live person (by id) the rank of its minting."""
    prior, record_rank = _columns(
        con,
        """
        with people as (
            select person_id, row_number() over (order by person_id) - 1 as person_index
            from state.people where status = 'live'
        )
        select
            coalesce(people.person_index, -1),
            row_number() over (
                order by records._load_id, records._line,
                records.source, records.record_type, records.record_id
            ) - 1
        from identity.int_identity__records as records
        left join state.person_records using (source, record_type, record_id)
        left join people using (person_id)
        order by records.record_index
        """,
    )
    (person_rank,) = _columns(
        con,
        """
        select row_number() over (order by load_id, line, source, record_type, record_id, person_id)
        from state.people where status = 'live'
        order by person_id
        """,
    )
    return prior, record_rank, person_rank


def _rules(evidence: Evidence, found: Partition, prior: Ints, naming: Naming) -> list[int]:
    """The kind of evidence behind each merge."""
    whole = found.labels[evidence.first] == found.labels[evidence.second]
    kinds = evidence.value_kind[evidence.edge_value]
    edges = (evidence.first[whole], evidence.second[whole], kinds[whole])
    return bridges(naming.merged, prior, edges)


def _refuse_empty(con: duckdb.DuckDBPyConnection, evidence: Evidence) -> None:
    known = _one(con, "select count(*) from state.person_records")
    if known and not evidence.records:
        raise IdentityError(
            f"expected evidence for the {known} records already known, got none; build staging and "
            "path:models/identity/evidence first"
        )


def _write_domains(con: duckdb.DuckDBPyConnection) -> None:
    """The registrable domain of every host, worked out once per new host."""
    con.execute(
        "delete from state.host_domains where host not in (from identity.int_identity__hosts)"
    )
    rows = con.execute(
        "select host_name from identity.int_identity__hosts "
        "anti join state.host_domains on host_name = host order by host_name"
    ).fetchall()
    found = pa.table(
        {
            "host": pa.array([host for (host,) in rows], pa.string()),
            "domain": pa.array([normalise("domain", host) for (host,) in rows], pa.string()),
        }
    )
    con.register("found_domains", found)
    con.execute("insert into state.host_domains select host, domain from found_domains")
    con.unregister("found_domains")


def _columns(con: duckdb.DuckDBPyConnection, sql: str) -> list[Ints]:
    """The columns of a query as int32 arrays."""
    table = con.execute(sql).to_arrow_table()
    return [np.asarray(column.combine_chunks(), np.int32) for column in table.columns]


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((value,),) = con.execute(sql).fetchall()
    return value
