"""A file of records whose people are known, and how well the model finds them again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

from identity.errors import IdentityError
from identity.linkage.fields import FIELDS
from identity.scores import score

_KEYS = ("record_id", "label", *FIELDS)
Mapped = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Labelled:
    """Records in the order of their ids. `labels` (records,): who each one is, as text. `records`:
    `record_index` and the mapped fields as text."""

    labels: NDArray[np.str_]
    records: pa.Table


def evaluate_file(path: Path, mapping: Path) -> dict[str, Any]:
    """Train on the records of a CSV or Parquet file, cluster them, and score against its labels.

    The labels are read for the score alone. Raises IdentityError for a file or mapping that cannot
    be used, and without Splink.
    """
    from identity.linkage.link import link

    labelled = read_labelled(path, read_mapping(mapping))
    linked = link(labelled.records)
    scores = asdict(score(labelled.labels, linked.labels))
    return scores | linked.summary


def read_mapping(path: Path) -> Mapped:
    """The file's column or columns for each key, from YAML such as `last_name: surname`.

    Several columns are joined by a blank: `street: [number, street]`. Raises IdentityError unless
    the keys are known, and `label` and at least one field are among them.
    """
    if not path.is_file():
        raise IdentityError(f"expected a mapping at {path}, found none; check --mapping")
    try:
        # Every scalar as text: a column may be called `no`, which YAML would read as false.
        found = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise IdentityError(f"expected YAML in {path.name}, got {error}") from None
    if not isinstance(found, dict):
        raise IdentityError(f"expected lines `key: column` in {path.name}, got {_kind(found)}")
    unknown = sorted(str(key) for key in found if key not in _KEYS)
    if unknown:
        raise IdentityError(
            f"expected keys among {', '.join(_KEYS)} in {path.name}, got {', '.join(unknown)}"
        )
    mapped = {key: _columns(key, value, path) for key, value in found.items() if value}
    if "label" not in mapped:
        raise IdentityError(f"expected `label: COLUMN` in {path.name}: who each record is")
    if not set(mapped) & set(FIELDS):
        raise IdentityError(
            f"expected at least one of {', '.join(FIELDS)} in {path.name}, to compare records on"
        )
    return mapped


def _columns(key: str, value: object, path: Path) -> list[str]:
    columns: list[Any] = value if isinstance(value, list) else [value]
    if not columns or not all(isinstance(column, str) and column for column in columns):
        raise IdentityError(
            f"expected a column or a list of columns for {key} in {path.name}, got {_kind(value)}"
        )
    return columns


def read_labelled(path: Path, mapped: Mapped) -> Labelled:
    """Read the mapped columns of a CSV or Parquet file, sorted by record_id.

    Blanks around headers and values do not count. Without a `record_id` the records keep the
    file's order. Raises IdentityError for an unreadable or empty file, a column that is not there,
    a record without a label or id, and an id that comes twice.
    """
    if not path.is_file():
        raise IdentityError(f"expected a CSV or Parquet file at {path}, found none")
    with duckdb.connect() as con:
        try:
            relation = (
                con.read_parquet(str(path))
                if path.suffix.lower() in (".parquet", ".pq")
                else con.read_csv(str(path), header=True, all_varchar=True, null_padding=True)
            )
            columns = _found(mapped, list(relation.columns), path)
            selected = ", ".join(
                f"nullif(trim(concat_ws(' ', {', '.join(_text(c) for c in of)})), '') as {key}"
                for key, of in columns.items()
            )
            table = con.sql(
                f"select {selected}, row_number() over () as file_row from relation"
            ).to_arrow_table()
        except duckdb.Error as error:
            first = str(error).strip().splitlines()[0]
            raise IdentityError(f"expected CSV or Parquet in {path.name}, got: {first}") from None
    return _checked(table, path)


def _text(column: str) -> str:
    quoted = column.replace('"', '""')
    return f"nullif(trim(cast(\"{quoted}\" as varchar)), '')"


def _found(mapped: Mapped, columns: list[str], path: Path) -> dict[str, list[str]]:
    """The file's own spelling of each mapped column."""
    spelled = {column.strip(): column for column in reversed(columns)}
    spelled |= {column: column for column in columns}
    missing = sorted({name for names in mapped.values() for name in names if name not in spelled})
    if missing:
        raise IdentityError(
            f"expected columns {', '.join(missing)} in {path.name}, got {', '.join(columns)}; "
            "correct the mapping"
        )
    return {key: [spelled[name] for name in names] for key, names in mapped.items()}


def _checked(table: pa.Table, path: Path) -> Labelled:
    if table.num_rows == 0:
        raise IdentityError(f"expected records in {path.name}, found a header alone")
    for key in ("label", "record_id"):
        if key in table.column_names and table[key].null_count:
            raise IdentityError(
                f"expected a {key} for every record of {path.name}, got "
                f"{table[key].null_count:,} without; complete the column or leave those rows out"
            )
    if "record_id" in table.column_names:
        twice = table.num_rows - table["record_id"].combine_chunks().unique().__len__()
        if twice:
            raise IdentityError(
                f"expected each record_id of {path.name} once, got {twice:,} repeats; map a column "
                "that is unique"
            )
        table = table.sort_by("record_id")
    else:
        table = table.sort_by("file_row")
    labels = np.asarray(table["label"].to_pylist(), dtype=np.str_)
    fields = table.select([name for name in table.column_names if name in FIELDS])
    index = pa.array(np.arange(table.num_rows, dtype=np.int64))
    return Labelled(labels, fields.add_column(0, "record_index", index))


def _kind(value: object) -> str:
    return {type(None): "nothing", dict: "keys of its own", list: "a list"}.get(
        type(value), "one value"
    )
