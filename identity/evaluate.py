"""How right the people are: pairs of records against a truth, and against plain components."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from identity.errors import IdentityError
from identity.resolve import components
from identity.scores import Scores, f1, ratio, score

_TRUTH_COLUMNS = {"source", "record_type", "record_id", "person"}


@dataclass(frozen=True)
class Evaluation:
    """Pairwise scores over the records of a truth; every count is of unordered pairs.

    precision = correct / predicted, recall = correct / reachable. `reachable`: true pairs that the
    raw evidence connects, blocked and shared values included; `unreachable`: true pairs without any
    such path, left out of recall. The baseline joins all raw evidence by plain components. A score
    is None where it would divide by zero. `missing`: records of the truth that are not loaded.
    B-cubed is over all records of the truth, unreachable pairs included (see identity/scores.py).
    """

    records: int
    missing: int
    predicted: int
    correct: int
    reachable: int
    unreachable: int
    precision: float | None
    recall: float | None
    f1: float | None
    bcubed_precision: float | None
    bcubed_recall: float | None
    bcubed_f1: float | None
    baseline_predicted: int
    baseline_precision: float | None
    baseline_recall: float | None


def evaluate(con: duckdb.DuckDBPyConnection, truth_csv: Path) -> Evaluation:
    """Score state.person_records against a CSV of source, record_type, record_id, person.

    Needs the evidence models and a finished identity step. Raises IdentityError without them, and
    if the file does not exist or has other columns.
    """
    _read_truth(con, truth_csv)
    try:
        _label_raw(con)
    except duckdb.CatalogException:
        raise IdentityError("expected resolved people, found none yet; run `onefold run`") from None
    con.execute(_SCORED)
    (row,) = con.execute(_COUNTS).fetchall()
    records, missing, true, predicted, correct, reachable, base_predicted = map(int, row)
    precision, recall = ratio(correct, predicted), ratio(correct, reachable)
    found = _bcubed(con)
    return Evaluation(
        records=records,
        missing=missing,
        predicted=predicted,
        correct=correct,
        reachable=reachable,
        unreachable=true - reachable,
        precision=precision,
        recall=recall,
        f1=f1(precision, recall),
        bcubed_precision=found.bcubed_precision,
        bcubed_recall=found.bcubed_recall,
        bcubed_f1=found.bcubed_f1,
        baseline_predicted=base_predicted,
        baseline_precision=ratio(reachable, base_predicted),
        baseline_recall=ratio(reachable, reachable),
    )


def _read_truth(con: duckdb.DuckDBPyConnection, truth_csv: Path) -> None:
    if not truth_csv.is_file():
        raise IdentityError(f"expected a truth file at {truth_csv}, found none; check --truth")
    relation = con.read_csv(str(truth_csv), header=True, all_varchar=True)
    found = set(relation.columns)
    if not found >= _TRUTH_COLUMNS:
        raise IdentityError(
            f"expected columns {sorted(_TRUTH_COLUMNS)} in {truth_csv.name}, got {sorted(found)}"
        )
    con.execute(
        "create or replace temp table truth as "
        "select source, record_type, record_id, person from relation"
    )


def _label_raw(con: duckdb.DuckDBPyConnection) -> None:
    """Label the records of the raw graph: every value counts, blocked, shared or not."""
    edges = con.execute(_RAW_STARS).to_arrow_table()
    ((count,),) = con.execute("select count(*) from identity.int_identity__records").fetchall()
    first, second = (np.asarray(column.to_numpy(), np.int32) for column in edges.columns)
    labels = components(int(count), first, second)
    numbers = np.arange(len(labels), dtype=np.int32)
    con.register("in_raw", pa.table({"record_index": numbers, "label": labels}))
    con.execute("create or replace temp table raw_labels as select * from in_raw")
    con.unregister("in_raw")


def _bcubed(con: duckdb.DuckDBPyConnection) -> Scores:
    table = con.execute("select person, person_id from scored").to_arrow_table()
    return score(*(np.asarray(column.to_pylist(), np.str_) for column in table.columns))


_RAW_STARS = """
select min(record_index) over (partition by id_type, id_value) as first_index, record_index
from identity.int_identity__record_identifiers
"""

_SCORED = """
create or replace temp table scored as
select
    truth.person,
    coalesce(
        person_records.person_id,
        concat_ws(chr(31), truth.source, truth.record_type, truth.record_id)
    ) as person_id,
    coalesce(raw_labels.label, -row_number() over ()) as label,
    person_records.person_id is null as is_missing
from truth
left join state.person_records using (source, record_type, record_id)
left join identity.int_identity__records using (source, record_type, record_id)
left join raw_labels using (record_index)
"""


def _pairs(*columns: str) -> str:
    keys = ", ".join(columns)
    return (
        "(select coalesce(sum(n * (n - 1) // 2), 0)::bigint "
        f"from (select count(*) as n from scored group by {keys}))"
    )


_COUNTS = f"""
select
    (select count(*) from scored),
    (select count(*) from scored where is_missing),
    {_pairs("person")},
    {_pairs("person_id")},
    {_pairs("person", "person_id")},
    {_pairs("person", "label")},
    {_pairs("label")}
"""
