"""Erased people never come back: rows that name one are left out before they land.

`state.tombstones` holds one row per erased identifier: its type and a keyed digest of its normal
form, never the value. An erasure writes it (`bury`), landing reads it (`withhold`).
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import IngestionError
from ingestion.identifiers import add_normal_forms, normalise
from ingestion.reading import Reading, Reject
from ingestion.records import Bools
from ingestion.sources import Column, Table
from warehouse.settings import settings

TOMBSTONES = """
create table if not exists state.tombstones (
    id_type varchar not null,
    digest varchar not null,
    buried_at timestamp not null
)
"""
WITHHELD = "(withheld: it names an erased person)"
_KEY = "(key)"
"""Stands as an id_type for the row that tells whether the key is still the one."""
_ADDRESS = re.compile(r"[^\s\"',;<>|(){}\[\]:]+@[^\s\"',;<>|(){}\[\]:]+")


def digest(id_type: str, normal_form: str) -> str:
    """HMAC-SHA256 of a normal form under ONEFOLD_TOMBSTONE_KEY: without the key nobody can guess.

    Raises IngestionError where the key is not set.
    """
    key = settings().tombstone_key
    if not key:
        raise IngestionError(
            "expected ONEFOLD_TOMBSTONE_KEY, for people were erased and could come back; set it to "
            "the key they were erased under"
        )
    return hmac.new(key.encode(), f"{id_type}\0{normal_form}".encode(), hashlib.sha256).hexdigest()


def bury(
    con: duckdb.DuckDBPyConnection, identifiers: Iterable[tuple[str, str]], at: datetime
) -> int:
    """Add tombstones for (id_type, normal form) pairs; returns how many are new.

    Call inside the erasure's transaction.
    """
    rows = sorted({(kind, digest(kind, form)) for kind, form in [*identifiers, (_KEY, "")]})
    con.register(
        "_buried", pa.table({"id_type": [r[0] for r in rows], "digest": [r[1] for r in rows]})
    )
    added = con.execute(
        "insert into state.tombstones select id_type, digest, ? from _buried "
        "anti join state.tombstones using (id_type, digest) returning id_type",
        [at],
    ).fetchall()
    con.unregister("_buried")
    return sum(kind != _KEY for (kind,) in added)


def withhold(con: duckdb.DuckDBPyConnection, reading: Reading, table: Table) -> Reading:
    """The same with normal forms, without rows that name an erased person.

    They count as recognised and skipped, `checks["erased"]` says how many; nothing of them is kept,
    and a rejected line that names an erased address keeps its place and reason alone.
    """
    rows = add_normal_forms(reading.rows, table)
    erased = _erased(con)
    if not erased:
        return replace(reading, rows=rows)
    mask = np.zeros(rows.num_rows, np.bool_)
    for column in (c for c in table.columns if c.identifier in erased):
        mask |= _names_erased(rows, column, erased[column.identifier])
    rejects = tuple(_without_erased(r, erased.get("email")) for r in reading.rejects)
    count = int(mask.sum())
    return replace(
        reading,
        rows=rows.filter(pa.array(~mask)) if count else rows,
        rejects=rejects,
        skipped=reading.skipped + count,
        checks=reading.checks | ({"erased": count} if count else {}),
    )


def _erased(con: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    rows = con.execute(
        "select id_type, list(digest) from state.tombstones group by id_type"
    ).fetchall()
    found = {kind: frozenset(digests) for kind, digests in rows}
    if found and digest(_KEY, "") not in found.pop(_KEY, frozenset()):
        raise IngestionError(
            "expected the ONEFOLD_TOMBSTONE_KEY under which people were erased, got another one; "
            "with it they would come back"
        )
    return found


def _names_erased(rows: pa.Table, column: Column, erased: frozenset[str]) -> Bools:
    """Which rows hold an erased identifier; each distinct cell is looked at once."""
    encoded = rows[column.normal].combine_chunks().dictionary_encode()
    hits = [_is_erased(cell, column, erased) for cell in encoded.dictionary.to_pylist()]
    if not any(hits):
        return np.zeros(rows.num_rows, np.bool_)
    found = pc.fill_null(pa.array(hits, pa.bool_()).take(encoded.indices), False)
    result: Bools = found.to_numpy(zero_copy_only=False).astype(np.bool_)
    return result


def _is_erased(cell: str, column: Column, erased: frozenset[str]) -> bool:
    parts = cell.split(column.separator) if column.separator else [cell]
    return any(digest(column.identifier, part) in erased for part in parts)


def _without_erased(reject: Reject, erased: frozenset[str] | None) -> Reject:
    for address in _ADDRESS.findall(reject.raw_text) if erased else ():
        form = normalise()("email", address, None)
        if form and erased and digest("email", form) in erased:
            return reject._replace(raw_text=WITHHELD)
    return reject
