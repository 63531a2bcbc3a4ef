"""The identity step: what changed, who is who among the touched, one transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np

from identity import similar, state
from identity.arrays import columns, one, row, set_variables
from identity.errors import IdentityError
from identity.evidence import Change, narrow, observe, touch
from identity.limits import Ints
from identity.naming import bridges, name
from identity.rehash import rehash
from identity.resolve import partition
from identity.scope import read_graph, read_limits, read_part, read_prior
from identity.watch import watch
from identity.write import Decision, Run, write
from warehouse.connection import connect, transaction


@dataclass(frozen=True)
class IdentitySummary:
    """What one run decided. `changed` counts records that are new, moved or gone; `resolved` the
    records that were looked at; records, people and refused merges are all there are."""

    records: int
    people: int
    created: int
    merged: int
    split: int
    erased: int
    refused: int
    changed: int
    resolved: int


def resolve(as_of: str, run_id: str, *, full: bool = False) -> IdentitySummary:
    """Decide who is who from the evidence models and write schema `state` in one transaction.

    `as_of`: the run's clock (ISO timestamp, UTC). Needs the dbt models of models/identity/evidence.
    Only what new evidence, rules or overrides touch is resolved anew; `full` resolves everything,
    with the same result. A second run on the same evidence writes nothing. Raises IdentityError if
    the evidence is empty while people are known.
    """
    with connect("identity step") as con, transaction(con):
        return decide(con, as_of, run_id, full=full)


def decide(
    con: duckdb.DuckDBPyConnection, as_of: str, run_id: str, *, full: bool = False
) -> IdentitySummary:
    """`resolve` within the caller's transaction."""
    state.create(con)
    _refuse_empty(con)
    rehash(con)
    number, rules_before = _last_run(con)
    run = Run(number, run_id, datetime.fromisoformat(as_of).replace(tzinfo=None))
    model = similar.model()
    rules = f"{one(con, _RULES)} {model.stem if model else ''}".strip()
    change = observe(con, number)
    is_due = rules != rules_before or change.is_new
    pairs = similar.observe(con, number, model, is_due)
    everything = full or rules != rules_before
    touched = 0 if number == 1 else touch(con, change)
    counts = dict.fromkeys(("created", "merged", "split", "erased", "changed"), 0)
    resolved, decision = 0, None
    if everything or touched:
        records = one(con, "select count(*) from identity.int_identity__records")
        everything = everything or touched * 2 > records
        narrow(con, everything)
        decision = _decide(con, model)
        resolved = len(decision.labels)
        counts = write(con, decision, run, everything=everything)
    _write_domains(con)
    summary = IdentitySummary(
        records=one(con, "select count(*) from state.person_records"),
        people=one(con, "select count(*) from state.people where status = 'live'"),
        refused=one(con, "select count(*) from state.refused_merges"),
        resolved=resolved,
        **counts,
    )
    if change.is_new or pairs or rules != rules_before or touched:
        _record_run(con, run, ("all" if everything else "touched", rules), change, summary)
        watch(con, run, asdict(summary), decision, everything=everything)
    return summary


def _decide(con: duckdb.DuckDBPyConnection, model: Path | None) -> Decision:
    """Label and name the records in scope."""
    graph = read_graph(con)
    limits = read_limits(con)
    found = partition(graph, limits, lambda records: read_part(con, records))
    record_hash, prior, loaded, person_rank = read_prior(con)
    joined = similar.join(con, found.labels, found.component, limits, model)
    naming = name(joined.labels, prior, loaded, person_rank)
    return Decision(
        labels=joined.labels,
        record_hash=record_hash,
        component=record_hash[joined.component],
        prior=prior,
        naming=naming,
        rules=_rules(con, joined, prior, naming.merged),
        refused=found.refused,
        similar_refused=joined.refused,
    )


_RULES = """
select md5(string_agg(concat_ws('|', id_type, priority, max_per_person, limit_window), ','
    order by id_type)) from rules.identity_id_types
"""


def _rules(
    con: duckdb.DuckDBPyConnection,
    joined: similar.Joined,
    prior: Ints,
    merged: list[tuple[int, int]],
) -> list[int]:
    """The kind of evidence behind each merge."""
    if not merged:
        return []
    concerned = np.unique(joined.labels[np.isin(prior, np.array(merged).ravel())])
    records = np.flatnonzero(np.isin(joined.labels, concerned)).astype(np.int32)
    con.register("in_records", {"record": records})
    first, second, kind = columns(con, _BRIDGES)
    con.unregister("in_records")
    first, second = (
        np.concatenate([exact, alike])
        for exact, alike in ((first, joined.first), (second, joined.second))
    )
    kind = np.concatenate([kind, np.full(len(joined.first), similar.SIMILAR, np.int32)])
    whole = joined.labels[first] == joined.labels[second]
    return bridges(merged, prior, (first[whole], second[whole], kind[whole]))


_BRIDGES = """
with mine as (from scope_links semi join in_records using (record))

select min(record) over (partition by value_hash), record, priority from mine
"""


def _last_run(con: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """The number of the next run, and the rules of the last."""
    last = con.execute(
        "select run_number + 1, rules_hash from state.identity_runs "
        "order by run_number desc limit 1"
    ).fetchone()
    return last or (1, "")


def _record_run(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    how: tuple[str, str],
    change: Change,
    summary: IdentitySummary,
) -> None:
    counts = {key: value for key, value in asdict(summary).items() if key != "resolved"}
    figures = {
        "run_number": run.number, "run_id": run.run_id, "as_of": run.at,
        "scope": how[0], "rules_hash": how[1], "hash_probe": one(con, "select hash('onefold')"),
        "records_resolved": summary.resolved, **asdict(change), **counts,
    }  # fmt: skip
    con.register("in_run", row(figures))
    con.execute("insert into state.identity_runs by name from in_run")
    con.unregister("in_run")
    set_variables(con, run_number=run.number)
    con.execute(
        "update state.identity_overrides set applied_run = getvariable('run_number') "
        "where applied_run is null"
    )
    con.execute(
        "update state.identity_overrides set undone_run = getvariable('run_number') "
        "where undone_at is not null and undone_run is null"
    )


def _refuse_empty(con: duckdb.DuckDBPyConnection) -> None:
    known = one(con, "select count(*) from state.person_records")
    if known and not one(con, "select count(*) from identity.int_identity__records"):
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
    if not rows:
        return
    import pyarrow as pa  # these libraries take long to load

    from identity.normalise import normalise

    found = pa.table(
        {
            "host": pa.array([host for (host,) in rows], pa.string()),
            "domain": pa.array([normalise("domain", host) for (host,) in rows], pa.string()),
        }
    )
    con.register("found_domains", found)
    con.execute("insert into state.host_domains select host, domain from found_domains")
    con.unregister("found_domains")
