"""The vendor's own totals rows: recognised, never loaded, and used as a free check."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.errors import FileRefused
from ingestion.reading import distinct
from ingestion.sources import Dialect, Table, Totals


def find_totals(rows: pa.Table, first_cell: str, table: Table) -> NDArray[np.bool_]:
    """Mask of the totals rows. `first_cell` names the column that holds each row's first cell."""
    declared = table.dialect.totals
    mask = np.zeros(rows.num_rows, np.bool_)
    if declared and declared.first_cell and rows.num_rows:
        for name in _label_columns(rows, first_cell, declared):
            hits = pc.match_substring_regex(rows[name], declared.first_cell)
            mask |= hits.to_numpy(zero_copy_only=False).astype(np.bool_)
    if declared and declared.blank and rows.num_rows:
        empty = np.ones(rows.num_rows, np.bool_)
        for name in declared.blank:
            is_empty = pc.equal(pc.utf8_trim_whitespace(rows[name]), "")
            empty &= is_empty.to_numpy(zero_copy_only=False).astype(np.bool_)
        mask |= empty
    return mask


class Summed(NamedTuple):
    """What the rows of a block add up to, and what its totals rows say."""

    rows: int
    currencies: set[str]
    sums: dict[str, Decimal]
    stated: list[tuple[str, dict[str, Decimal | None]]]
    """Label and figures of each totals row."""


def summed(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, totals: pa.Table, first_cell: str, table: Table
) -> Summed:
    """Add up one block. FileRefused where a summed value is not a number as declared."""
    currencies = distinct(rows, table.currency_column)
    declared = table.dialect.totals
    if declared is None:
        return Summed(rows.num_rows, currencies, {}, [])
    names = [name for name in declared.sums if name in rows.column_names]
    # Rows in several currencies have no sum.
    adds = names if len(currencies) < 2 else []
    sums = {name: _sum(con, rows, name, table.dialect) for name in adds}
    figures = totals.select(names).to_pylist() if names else [{}] * totals.num_rows
    numbers = ({n: _number(str(v), table.dialect) for n, v in row.items()} for row in figures)
    labels = _labels(totals, first_cell, declared)
    return Summed(rows.num_rows, currencies, sums, list(zip(labels, numbers, strict=True)))


class Tally:
    """Adds up the blocks of a file and compares the sums with its totals rows."""

    def __init__(self, table: Table) -> None:
        self._declared = table.dialect.totals
        self._sums: dict[str, Decimal] = {}
        self._stated: dict[str, dict[str, Decimal | None]] = {}
        """By label the vendor's figures: one row's, or the sum of several (a total a day)."""
        self.currencies: set[str] = set()
        self.rows = 0

    def add(self, block: Summed) -> None:
        """Take in one block."""
        self.rows += block.rows
        self.currencies |= block.currencies
        for name, found in block.sums.items():
            self._sums[name] = self._sums.get(name, Decimal(0)) + found
        for label, row in block.stated:
            before = self._stated.setdefault(label, {})
            for name, number in row.items():
                before[name] = _added(before.get(name), number)

    def compared(self) -> dict[str, Any]:
        """Compare each totals row with the exact sum of the rows; returns what was compared.

        FileRefused names column, the vendor's figure and ours; also when a total that must be there
        is not.
        """
        declared, labels = self._declared, [_plain(label) for label in self._stated]
        if declared is None or not (self.rows or labels):
            return {}
        missing = [label for label in declared.equal if _plain(label) not in labels]
        if missing or (declared.one_equals and not labels):
            wanted = ", ".join(missing or declared.at_least)
            raise FileRefused(
                f"its totals row {wanted} is missing, so the file may be cut; "
                "export it again with totals"
            )
        if len(self.currencies) > 1:
            found = ", ".join(sorted(self.currencies))
            return {"totals": f"not compared: rows are in {found}"}
        self._compare(declared)
        sums = {column: f"{found:f}" for column, found in _short(self._sums).items()}
        return {"totals": {"rows": list(self._stated), "sums": sums}}

    def _compare(self, declared: Totals) -> None:
        sums = _short(self._sums)
        slack = {c: Decimal(str(declared.sums[c])) * self.rows for c in sums}
        for label, theirs in self._stated.items():
            more = _plain(label) in map(_plain, declared.at_least)
            if more or _plain(label) in map(_plain, declared.equal) or _compares_all(declared):
                _compare(label, sums, theirs, slack, more)
        stated = self._stated.values()
        if declared.one_equals and not any(_agrees(sums, theirs, slack) for theirs in stated):
            added = ", ".join(f"{c} {s:f}" for c, s in sums.items())
            raise FileRefused(
                f"none of its totals rows ({', '.join(self._stated)}) is the sum of the rows "
                f"({added}); export it again"
            )


def _added(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return one if other is None else (one or Decimal(0)) + other


def _short(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Without trailing zeros."""
    return {c: found.normalize() if found else Decimal(0) for c, found in sums.items()}


def _label_columns(rows: pa.Table, first_cell: str, declared: Totals) -> list[str]:
    return [first_cell, *(name for name in declared.label_in if name in rows.column_names)]


def _labels(totals: pa.Table, first_cell: str, declared: Totals) -> list[str]:
    """Label of each totals row: of the cells where it may stand the first that looks like one."""
    columns = _label_columns(totals, first_cell, declared) if totals.num_rows else [first_cell]
    cells = zip(*(totals[name].to_pylist() for name in columns), strict=True)
    found = ([str(v) for v in row if re.search(declared.first_cell, str(v))] for row in cells)
    firsts = totals[first_cell].to_pylist()
    return [(hits or [str(v)])[0].strip() for hits, v in zip(found, firsts, strict=True)]


def _plain(label: str) -> str:
    """A label whatever its case and whichever blanks it has."""
    return " ".join(label.casefold().split())


def _compares_all(declared: Totals) -> bool:
    return not (declared.equal or declared.at_least)


Sums = Mapping[str, Decimal]


def _compare(
    label: str, sums: Sums, theirs: Mapping[str, Decimal | None], slack: Sums, at_least: bool
) -> None:
    for column, ours in sums.items():
        stated = theirs[column]
        if stated is not None and _differs(ours, stated, slack[column], at_least):
            more = "at least " if at_least else ""
            raise FileRefused(
                f"its row `{label}` says {column} {stated:f}, but the rows add up to {ours:f} "
                f"(expected {more}the sum); export it again"
            )


def _agrees(sums: Sums, theirs: Mapping[str, Decimal | None], slack: Sums) -> bool:
    pairs = ((ours, theirs[column], slack[column]) for column, ours in sums.items())
    return all(stated is None or not _differs(ours, stated, s, False) for ours, stated, s in pairs)


def _differs(ours: Decimal, theirs: Decimal, slack: Decimal, at_least: bool) -> bool:
    if at_least:
        return ours > theirs + slack
    return abs(ours - theirs) > slack


def _number(text: str, dialect: Dialect) -> Decimal | None:
    """A vendor's number as an exact decimal; None for a declared null. FileRefused otherwise."""
    text = text.strip()
    if text in dialect.nulls:
        return None
    if not re.fullmatch(dialect.number.shape, text):
        raise FileRefused("a totals row holds something that is not a number as declared")
    plain = text.translate({ord(c): None for c in dialect.number.thousands})
    return Decimal(plain.replace(dialect.number.decimal, "."))


def _sum(con: duckdb.DuckDBPyConnection, rows: pa.Table, column: str, dialect: Dialect) -> Decimal:
    nulls = ", ".join("'" + n.replace("'", "''") + "'" for n in dialect.nulls)
    between = "".join(dialect.number.thousands)
    con.register("_summed", pa.table({"value": rows[column]}))
    ((wrong, total),) = con.execute(
        f"""
        with
        trimmed as (select trim(value) as value from _summed),
        numbers as (select value from trimmed where value not in ({nulls})),
        plain as (
            select
                regexp_full_match(value, $shape) as is_number,
                replace(translate(value, $between, ''), $decimal, '.') as value,
            from numbers
        )
        select
            count(*) filter (not is_number),
            coalesce(sum(try_cast(value as decimal(38, 9))) filter (is_number), 0),
        from plain
        """,
        {
            "shape": dialect.number.shape,
            "between": between,
            "decimal": dialect.number.decimal,
        },
    ).fetchall()
    con.unregister("_summed")
    if wrong:
        raise FileRefused(
            f"{wrong} values of {column} are not numbers as declared (thousands "
            f"{between!r}, decimal {dialect.number.decimal!r}); was it exported "
            "in another language?"
        )
    return Decimal(total)
