"""Normal forms of declared identifiers, computed once per distinct value of a file."""

from collections.abc import Callable
from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sources import Column, Table

_SEPARATOR = "\x1f"  # ASCII unit separator: not in values that people type

Normalise = Callable[[str, str, str | None], str | None]
"""(identifier type, value, region) -> normal form, None when the value has none."""


@cache
def normalise() -> Normalise:
    """The identity room's normaliser, the one that erasure and matching use too.

    Remembers what it worked out: the same address stands in several exports of a run.
    """
    from identity.normalise import normalise as function

    return lru_cache(maxsize=500_000)(function)


def add_normal_forms(rows: pa.Table, table: Table, function: Normalise | None = None) -> pa.Table:
    """Add `_normal_<column>` for every declared identifier; null where there is no normal form."""
    for column in table.columns:
        if column.identifier:
            function = function or normalise()
            rows = rows.append_column(column.normal, _normal(rows, column, function))
    return rows


def _normal(rows: pa.Table, column: Column, function: Normalise) -> pa.Array:
    """One normal form per row: distinct (value, region) pairs are mapped, then taken by index."""
    if column.name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    empty = pa.scalar("", pa.string())
    has_region = column.region_from in rows.column_names
    regions = pc.coalesce(rows[column.region_from], empty) if has_region else empty
    pairs = pc.binary_join_element_wise(
        pc.coalesce(rows[column.name].cast(pa.string()), empty), regions, _SEPARATOR
    )
    encoded = pa.chunked_array([pairs]).combine_chunks().dictionary_encode()
    forms = [_form(pair, column, function) for pair in encoded.dictionary.to_pylist()]
    return pa.array(forms, pa.string()).take(encoded.indices)


def _form(pair: str, column: Column, function: Normalise) -> str | None:
    value, _, region = pair.rpartition(_SEPARATOR)
    parts = value.split(column.separator) if column.separator else [value]
    found = [
        function(column.identifier, part.strip(), region.strip() or None)
        for part in parts
        if part.strip()
    ]
    return column.separator.join(form for form in found if form) or None
