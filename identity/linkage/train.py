"""The model of a deployment: learnt from its own records, kept as numbered files."""

import hashlib
import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from identity.errors import IdentityError
from identity.linkage.classes import Classes
from identity.linkage.cut import Cut
from identity.linkage.link import Model, Pairs, cluster, fit, score_pairs
from warehouse.files import replace as replace_file
from warehouse.settings import Settings, settings

_KEY = ["source", "record_type", "record_id"]


def train(records: pa.Table, *, dry_run: bool = False, s: Settings | None = None) -> dict[str, Any]:
    """Learn from the records of `read_records` and write the next `models/identity-000N.json`.

    The same records give the same model: if the newest file holds it already, none is written.
    Returns what was learnt, without any value of a record. Raises IdentityError without
    Splink.
    """
    model, pairs = fit(records.select(_fields(records)))
    found = cluster(records.num_rows, pairs, model.cut)
    body = _body(model)
    digest = _hash(body)
    newest = newest_model(s)
    known = newest is not None and json.loads(newest.read_text("utf-8"))["hash"] == digest
    path = newest if known and newest else _next(newest, s)
    if not known and not dry_run:
        _write(path, {"version": path.stem, "hash": digest, **body})
    return {
        "version": path.stem,
        "path": str(path),
        "written": not known and not dry_run,
        "hash": digest,
        "records": model.records,
        "compared_pairs": model.pairs,
        "skipped_blocks": model.skipped_blocks,
        "similar_pairs": int((pairs.weight >= model.cut.bits).sum()),
        "joins": len(found.joins),
        "cut": model.cut.bits,
        "closure": model.cut.closure,
        "triangles": model.cut.triangles,
        "compared": _names(model),
    }


def newest_model(s: Settings | None = None) -> Path | None:
    """The model file with the highest number, or None."""
    found = sorted(_folder(s).glob("identity-[0-9]*.json"))
    return found[-1] if found else None


def active_model(s: Settings | None = None) -> Path | None:
    """The model that ONEFOLD_IDENTITY_MODEL names, or None where identifiers alone decide.

    Raises IdentityError if it names one that is not there.
    """
    name = (s or settings()).identity_model
    if not name:
        return None
    path = newest_model(s) if name == "latest" else _folder(s) / f"{name}.json"
    if path is None or not path.is_file():
        there = ", ".join(found.stem for found in sorted(_folder(s).glob("identity-*.json")))
        raise IdentityError(
            f"expected ONEFOLD_IDENTITY_MODEL to name a model, got {name}, have {there or 'none'}; "
            "`onefold identity train` makes one"
        )
    return path


def read_model(path: Path) -> tuple[str, Model]:
    """The version and the model of a file that `train` wrote.

    Raises IdentityError if the file is missing, is not such a file, or was changed since.
    """
    if not path.is_file():
        raise IdentityError(f"expected a model at {path}, found none; `onefold identity train`")
    try:
        stored = json.loads(path.read_text("utf-8"))
        name, digest = stored.pop("version"), stored.pop("hash")
        if _hash(stored) != digest:
            raise IdentityError(
                f"expected {path.name} as it was written, got another content; train again"
            )
        counts = stored["counts"]
        learnt = stored["classes"]
        classes = Classes(
            [np.array(rates) for rates in learnt["strangers"]],
            [[np.array(rates) for rates in kind] for kind in learnt["kinds"]],
            learnt["agrees"],
            learnt["share"],
        )
        return name, Model(stored["splink"], classes, Cut(**stored["cut"]), **counts)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise IdentityError(
            f"expected a model that `onefold identity train` wrote at {path}, got something else"
        ) from None


def similar_pairs(con: duckdb.DuckDBPyConnection, path: Path) -> pa.Table:
    """Pairs of the warehouse's records that look alike, by the model at `path`.

    Columns source, record_type, record_id, other_source, other_record_type, other_record_id,
    match_weight (bits; at least the model's `missing`, which is what an absent pair counts),
    probability (of one person, by the weight alone), model_version; in the order of the keys.
    """
    name, model = read_model(path)
    records = read_records(con)
    found = score_pairs(records.select(_fields(records)), model)
    kept = found.weight >= model.cut.missing
    pairs = Pairs(found.first[kept], found.second[kept], found.weight[kept])
    columns = {key: records[key].take(pa.array(pairs.first)) for key in _KEY}
    columns |= {f"other_{key}": records[key].take(pa.array(pairs.second)) for key in _KEY}
    weight = np.round(pairs.weight, 6)
    return pa.table(
        {
            **columns,
            "match_weight": weight,
            "probability": 1 / (1 + np.exp2(-np.clip(weight, -60, 60))),
            "model_version": [name] * len(weight),
        }
    )


def read_records(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every record that says something of a person, in the order of its key.

    Columns source, record_type, record_id, record_index 0 … n-1 and fields as text. Needs
    `identity.int_identity__records` and the models `int_people__*_values`; raises IdentityError
    without them.
    """
    try:
        found: pa.Table = con.execute(_RECORDS).to_arrow_table()
    except duckdb.CatalogException:
        raise IdentityError("expected records, found none yet; run `onefold run`") from None
    if found.num_rows == 0:
        raise IdentityError("expected records that name somebody, found none; land an export")
    return found


_RECORDS = """
with

all_values as (

    from marts.int_people__contact_values
    union all by name
    from marts.int_people__lead_values
    union all by name
    from marts.int_people__hubspot_values
    union all by name
    from marts.int_people__web_values

),

by_record as (

    select
        source,
        record_type,
        record_id,
        max(attribute_value) filter (attribute = 'first_name') as first_name,
        max(attribute_value) filter (attribute = 'last_name') as last_name,
        max(attribute_value) filter (attribute = 'email') as email,
        max(attribute_value) filter (attribute = 'phone') as phone,
        max(attribute_value) filter (attribute = 'company_name') as company,
        max(attribute_value) filter (attribute = 'street') as street,
        max(attribute_value) filter (attribute = 'city') as city,
        max(attribute_value) filter (attribute = 'postcode') as postcode,
        max(attribute_value) filter (attribute = 'country') as country
    from all_values
    group by all

),

records as (

    select
        records.source,
        records.record_type,
        records.record_id,
        coalesce(by_record.first_name, records.first_name) as first_name,
        coalesce(by_record.last_name, records.last_name) as last_name,
        by_record.email,
        by_record.phone,
        by_record.company,
        by_record.street,
        by_record.city,
        by_record.postcode,
        by_record.country
    from identity.int_identity__records as records
    left join by_record using (source, record_type, record_id)

)

select
    *,
    (row_number() over (order by source, record_type, record_id) - 1)::bigint as record_index
from records
where coalesce(first_name, last_name, email, phone) is not null
order by record_index
"""


def _fields(records: pa.Table) -> list[str]:
    return [name for name in records.column_names if name not in _KEY]


def _names(model: Model) -> list[str]:
    return [comparison["output_column_name"] for comparison in model.splink["comparisons"]]


def _body(model: Model) -> dict[str, Any]:
    counts = {key: getattr(model, key) for key in ("records", "pairs", "skipped_blocks")}
    classes = replace(
        model.classes,
        strangers=[rates.tolist() for rates in model.classes.strangers],  # type: ignore[misc]
        kinds=[[rates.tolist() for rates in kind] for kind in model.classes.kinds],  # type: ignore[misc]
    )
    return {
        "library": {"splink": version("splink")},
        "counts": counts,
        "cut": asdict(model.cut),
        "classes": asdict(classes),
        "splink": model.splink,
    }


def _hash(body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _folder(s: Settings | None) -> Path:
    return (s or settings()).home / "models"


def _next(newest: Path | None, s: Settings | None) -> Path:
    number = int(newest.stem.rpartition("-")[2]) + 1 if newest else 1
    return _folder(s) / f"identity-{number:04d}.json"


def _write(path: Path, stored: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    replace_file(temporary, path)
