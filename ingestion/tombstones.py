"""Erased people never come back: rows that name one are left out before they land.

`state.tombstones` holds one row per erased identifier: its type and a keyed digest of its normal
form, never the value. An erasure writes it (`bury`), landing reads it (`Erased`).

A digest costs microseconds, too much for every cookie of a large file. So a tombstone also has a
mark, a short keyed hash that DuckDB works out for a whole column in a fraction of that time. What
bears no known mark is nobody's; the few values that do are decided by their digest.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.errors import IngestionError
from ingestion.identifiers import add_normal_forms, column_forms, normal_forms, parts
from ingestion.reading import Reading, Reject
from ingestion.records import Bools
from ingestion.sources import Column, Table
from warehouse.settings import settings

TOMBSTONES = """
create table if not exists state.tombstones (
    id_type varchar not null,
    digest varchar not null,
    buried_at timestamp not null,
    mark varchar
);
alter table state.tombstones add column if not exists mark varchar
"""
WITHHELD = "(withheld: it names an erased person)"
_KEY = "(key)"
"""Stands as an id_type for the row that tells whether the key is still the one."""
_MARKS = "select left(md5($secret::blob || encode(coalesce(form, ''))), 8) as mark from _forms"
_BATCH = 100_000
"""Rows of a batch: one thread marks one batch at a time."""
_SPREAD, _SLOT_BITS = np.uint64(0x9E3779B97F4A7C15), 24
"""Fibonacci hashing: the high bits of the product depend on every byte of a mark."""
_WORD = r"[^\s\"',;<>|(){}\[\]:\\%s]+"
_WORDS = (re.compile(_WORD % ""), re.compile(_WORD % "=&?/#"))
"""What may be an address in a line that could not be read; the second also sees into a URL."""


def digest(id_type: str, normal_form: str) -> str:
    """HMAC-SHA256 of a normal form under ONEFOLD_TOMBSTONE_KEY: without the key nobody can guess.

    Raises IngestionError where the key is not set.
    """
    return _digest(_key(), id_type, normal_form)


def bury(
    con: duckdb.DuckDBPyConnection, identifiers: Iterable[tuple[str, str]], at: datetime
) -> int:
    """Add tombstones for (id_type, normal form) pairs; returns how many are new.

    Call inside the erasure's transaction. They are stored in the order of their digests, which says
    nothing about the identifiers.
    """
    key = _key()
    pairs = sorted({*identifiers, (_KEY, "")})
    kinds, forms = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    digests = [_digest(key, kind, form) for kind, form in pairs]
    rows = pa.table({"id_type": kinds, "form": forms, "digest": digests})
    buried = [
        found.append_column("mark", _marks(con, key, kind, found["form"].combine_chunks()))
        for kind, found in _by_type(rows).items()
    ]
    con.register("_buried", pa.concat_tables(buried))
    added = con.execute(
        "insert into state.tombstones (id_type, digest, buried_at, mark) "
        "select id_type, digest, ?, mark from _buried "
        "anti join state.tombstones using (id_type, digest) order by digest returning id_type",
        [at],
    ).fetchall()
    con.unregister("_buried")
    return sum(kind != _KEY for (kind,) in added)


@dataclass(frozen=True)
class Erased:
    """Who was erased, read once and asked for every file or block of one.

    Holds what the table holds: no identifier, but enough to recognise one.
    """

    digests: dict[str, frozenset[str]]
    """Identifier type -> digests."""
    marked: dict[str, Bools]
    """Identifier type -> which of the slots that a mark can fall in are taken."""

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection) -> "Erased":
        """The tombstones as they are now.

        Raises IngestionError where there are some, but the key is not set or is not theirs.
        """
        rows = con.execute("select id_type, digest, mark from state.tombstones").to_arrow_table()
        if rows.num_rows:
            _check_key(con, rows)
        found = _by_type(rows.filter(pc.not_equal(rows["id_type"], _KEY)))
        return cls(
            {kind: frozenset(of_kind["digest"].to_pylist()) for kind, of_kind in found.items()},
            {kind: _taken(of_kind["mark"].combine_chunks()) for kind, of_kind in found.items()},
        )

    def withhold(self, con: duckdb.DuckDBPyConnection, reading: Reading, table: Table) -> Reading:
        """The same with normal forms, without rows that name an erased person.

        They count as recognised and skipped, `checks["erased"]` says how many; nothing of them is
        kept, and a rejected line that names an erased address keeps its place and reason alone.
        """
        rows = add_normal_forms(reading.rows, table)
        if not self.digests:
            return replace(reading, rows=rows)
        mask = np.zeros(rows.num_rows, np.bool_)
        for column in (c for c in table.columns if c.identifier in self.digests):
            mask |= self._named(con, rows, column)
        count = int(mask.sum())
        return replace(
            reading,
            rows=rows.filter(pa.array(~mask)) if count else rows,
            rejects=self._without_erased(con, reading.rejects),
            skipped=reading.skipped + count,
            checks=reading.checks | ({"erased": count} if count else {}),
        )

    def among(self, con: duckdb.DuckDBPyConnection, id_type: str, forms: pa.Array) -> Bools:
        """Which of these normal forms (a string array, nulls allowed) are of an erased person."""
        none = np.zeros(len(forms), np.bool_)
        known = forms.drop_null()
        if id_type not in self.digests or not len(known):
            return none
        key = _key()
        marked = self.marked[id_type][_slots(_marks(con, key, id_type, known))]
        suspects = known.filter(pa.array(marked)).unique().to_pylist()
        found = [f for f in suspects if _digest(key, id_type, f) in self.digests[id_type]]
        if not found:
            return none
        hits: Bools = pc.is_in(forms, value_set=pa.array(found)).to_numpy(zero_copy_only=False)
        return hits

    def _named(self, con: duckdb.DuckDBPyConnection, rows: pa.Table, column: Column) -> Bools:
        """Which rows hold an erased identifier in this column."""
        known = column.normal in rows.column_names
        cells = rows[column.normal].combine_chunks() if known else column_forms(rows, column)
        forms, owners = parts(cells, column.separator)
        mask = np.zeros(rows.num_rows, np.bool_)
        mask[owners.to_numpy()[self.among(con, column.identifier, forms)]] = True
        return mask

    def _without_erased(
        self, con: duckdb.DuckDBPyConnection, rejects: tuple[Reject, ...]
    ) -> tuple[Reject, ...]:
        found = [
            (place, word)
            for place, reject in enumerate(rejects)
            for word in {word for words in _WORDS for word in words.findall(reject.raw_text)}
            if "@" in word
        ]
        forms = normal_forms("email", pa.array([word for _, word in found], pa.string()))
        hits = np.flatnonzero(self.among(con, "email", forms))
        if not len(hits):
            return rejects
        withheld = {found[hit][0] for hit in hits}
        return tuple(
            reject._replace(raw_text=WITHHELD) if place in withheld else reject
            for place, reject in enumerate(rejects)
        )


def _key() -> bytes:
    key = settings().tombstone_key
    if not key:
        raise IngestionError(
            "expected ONEFOLD_TOMBSTONE_KEY, for people were erased and could come back; set it to "
            "the key they were erased under"
        )
    return key.encode()


def _digest(key: bytes, id_type: str, normal_form: str) -> str:
    return hmac.digest(key, f"{id_type}\0{normal_form}".encode(), "sha256").hex()


def _marks(con: duckdb.DuckDBPyConnection, key: bytes, id_type: str, forms: pa.Array) -> pa.Array:
    """Eight characters for each form: keyed MD5, cut short.

    Its secret has 16 bytes, so that secret and an ordinary identifier are one block of MD5. Without
    it a mark says nothing, and a false one costs a digest: it need not withstand collisions.
    """
    secret = hmac.digest(key, f"mark\0{id_type}".encode(), "sha256")[:16]
    batches = pa.table({"form": forms}).to_batches(max_chunksize=_BATCH)
    # A cursor, because a reader may still be streaming from the connection itself.
    with con.cursor() as cursor:
        cursor.register("_forms", pa.Table.from_batches(batches, pa.schema({"form": pa.string()})))
        return cursor.execute(_MARKS, {"secret": secret}).to_arrow_table()["mark"].combine_chunks()


def _slots(marks: pa.Array) -> NDArray[np.uint64]:
    """Each mark's slot, 24 bits of it: a mark is eight bytes, and so is an integer."""
    fixed = marks.cast(pa.binary()).cast(pa.binary(8))
    words = np.frombuffer(fixed.buffers()[1], np.uint64, len(fixed), 8 * fixed.offset)
    return (words * _SPREAD) >> np.uint64(64 - _SLOT_BITS)


def _taken(marks: pa.Array) -> Bools:
    taken = np.zeros(1 << _SLOT_BITS, np.bool_)
    taken[_slots(marks)] = True
    return taken


def _by_type(rows: pa.Table) -> dict[str, pa.Table]:
    kinds = rows["id_type"].unique().to_pylist()
    return {kind: rows.filter(pc.equal(rows["id_type"], kind)) for kind in kinds}


def _check_key(con: duckdb.DuckDBPyConnection, rows: pa.Table) -> None:
    """The row of the key must hold what today's key, and today's functions, make of nothing."""
    key = _key()
    mark = _marks(con, key, _KEY, pa.array([""]))[0]
    same = pc.and_(pc.equal(rows["digest"], _digest(key, _KEY, "")), pc.equal(rows["mark"], mark))
    if not pc.any(pc.and_(same, pc.equal(rows["id_type"], _KEY))).as_py():
        raise IngestionError(
            "expected the ONEFOLD_TOMBSTONE_KEY under which people were erased, got another one; "
            "with it they would come back"
        )
