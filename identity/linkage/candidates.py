"""Which pairs of records are worth a look, and on what each agrees (Splink on DuckDB)."""

import logging
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.errors import IdentityError
from identity.linkage.comparisons import blocking_keys, comparisons
from identity.linkage.fields import prepare
from warehouse.settings import settings

SEED = 1
SAMPLED_PAIRS = 250_000
"""How many pairs of random records tell how often strangers agree."""
MAX_PAIRS_PER_RECORD = 100
_BLOCK_SIZES = (50, 25, 12, 6)


@dataclass(frozen=True)
class Candidates:
    """Compared pairs. `first` < `second`: record indexes, sorted, shape (pairs,). `level` (pairs,
    comparisons): 0 is unlike, higher is more alike, -1 is missing on a side. `rarity` (pairs,
    comparisons): bits that the rarity of the shared value adds."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    level: NDArray[np.int8]
    rarity: NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """The candidates of a set of records; `splink`: the model's settings, with how often strangers
    reach each level; `skipped_blocks`: keys that too many records share to compare them all."""

    candidates: Candidates
    splink: dict[str, Any]
    skipped_blocks: int


def compare(records: pa.Table, trained: dict[str, Any] | None = None) -> Compared:
    """Compare the records that share a blocking key, by trained settings or from cold.

    `records`: `record_index` 0 … n-1 and fields as text. The same records give the same result: how
    often strangers agree is counted on a sample that a hash of the index draws, and nothing is
    summed in the order of threads. Raises IdentityError without Splink.
    """
    linker_of, api_of = _splink()
    with duckdb.connect(config={"threads": settings().threads}) as con:
        con.execute("set enable_progress_bar = false")
        features = prepare(con, records)
        skipped, keys = _block(con, features)
        api = api_of(connection=con)
        wanted = trained or _cold(features)
        linker = linker_of(
            api.register("blocked"),
            {**wanted, "blocking_rules_to_generate_predictions": _rules(keys)},
            log_level=logging.ERROR,
        )
        if trained is None:
            linker.training.estimate_u_using_random_sampling(
                max_pairs=SAMPLED_PAIRS, seed=SEED, min_count_per_level=None, num_chunks=1
            )
        learnt = linker.misc.save_model_to_json()
        learnt["blocking_rules_to_generate_predictions"] = []
        found = linker.inference.predict(warning_mode="never").as_duckdbpyrelation()
        names = [comparison["output_column_name"] for comparison in learnt["comparisons"]]
        return Compared(_candidates(found, names), learnt, skipped)


def _splink() -> tuple[Any, Any]:
    try:
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise IdentityError(
            f"expected the package {error.name or 'splink'}, which is not installed; in the "
            "repository: uv pip install -e '.[linkage]'"
        ) from None
    return Linker, DuckDBAPI


def _cold(features: list[str]) -> dict[str, Any]:
    compared = comparisons(features)
    if not compared:
        raise IdentityError("expected a value to compare records on, got records without any")
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_index",
        "comparisons": compared,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "linker_uid": "onefold",
    }


def _block(con: duckdb.DuckDBPyConnection, features: list[str]) -> tuple[int, list[str]]:
    """Make table `blocked`: `compared` and its blocking keys, null where too many share one."""
    keys = {f"key_{n}": sql for n, sql in enumerate(blocking_keys(features))}
    keyed = ", ".join(f"hash({sql}) as {key}" for key, sql in keys.items())
    # hash(null) is a number, so a key without a value is taken out by itself.
    known = ", ".join(f"if(({sql}) is null, null, {key}) as {key}" for key, sql in keys.items())
    con.execute(
        f"create temp table keyed as select * replace ({known}) "
        f"from (select *, {keyed} from compared)"
    )
    sizes = " union all ".join(
        f"select '{key}' as key, count(*) as size from keyed where {key} is not null group by {key}"
        for key in keys
    )
    con.execute(f"create temp table block_sizes as select * from ({sizes})")
    ((records,),) = con.execute("select count(*) from keyed").fetchall()
    for largest in _BLOCK_SIZES:
        ((pairs, skipped),) = con.execute(
            "select coalesce(sum(size * (size - 1) / 2) filter (size <= $1), 0), "
            "count(*) filter (size > $1) from block_sizes",
            [largest],
        ).fetchall()
        if pairs <= MAX_PAIRS_PER_RECORD * records:
            break
    capped = ", ".join(
        f"if(count(*) over (partition by {key}) <= {largest}, {key}, null) as {key}" for key in keys
    )
    con.execute(
        f"create table blocked as select * replace ({capped}) from keyed order by record_index"
    )
    return int(skipped), list(keys)


def _rules(keys: list[str]) -> list[dict[str, str]]:
    return [{"blocking_rule": f"l.{key} = r.{key}"} for key in keys]


def _candidates(found: duckdb.DuckDBPyRelation, names: list[str]) -> Candidates:
    adjusted = {name for name in names if f"mw_tf_adj_{name}" in found.columns}
    columns = [
        "least(record_index_l, record_index_r) as first",
        "greatest(record_index_l, record_index_r) as second",
        *(f"gamma_{name}::tinyint as level_{name}" for name in names),
        *(
            f"coalesce({f'mw_tf_adj_{name}' if name in adjusted else '0'}, 0)::double "
            f"as rarity_{name}"
            for name in names
        ),
    ]
    table = found.select(", ".join(columns)).order("first, second").to_arrow_table()
    level = [table[f"level_{name}"].to_numpy() for name in names]
    rarity = [table[f"rarity_{name}"].to_numpy() for name in names]
    return Candidates(
        table["first"].to_numpy().astype(np.int64),
        table["second"].to_numpy().astype(np.int64),
        np.stack(level, axis=1).astype(np.int8),
        np.stack(rarity, axis=1).astype(np.float64),
    )
