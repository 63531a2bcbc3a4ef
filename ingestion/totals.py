"""The vendor's own totals rows: recognised, never loaded, and used as a free check."""

import re
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.errors import FileRefused
from ingestion.reading import distinct
from ingestion.sources import Dialect, Table
from ingestion.sources import Totals as TotalsRows


def find_totals(rows: pa.Table, first_cell: str, table: Table) -> NDArray[np.bool_]:
    """Mask of the totals rows. `first_cell` names the column that holds each row's first cell."""
    declared = table.dialect.totals
    mask = np.zeros(rows.num_rows, np.bool_)
    if declared and declared.first_cell and rows.num_rows:
        hits = pc.match_substring_regex(rows[first_cell], declared.first_cell)
        mask |= hits.to_numpy(zero_copy_only=False).astype(np.bool_)
    if declared and declared.blank and rows.num_rows:
        empty = np.ones(rows.num_rows, np.bool_)
        for name in declared.blank:
            is_empty = pc.equal(pc.utf8_trim_whitespace(rows[name]), "")
            empty &= is_empty.to_numpy(zero_copy_only=False).astype(np.bool_)
        mask |= empty
    return mask


class Totals:
    """Adds up the rows of a file, block by block, and compares the sums with its totals rows."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._con, self._table = con, table
        self._declared = table.dialect.totals
        self._sums: dict[str, Decimal] = {}
        self._stated: list[tuple[str, dict[str, str]]] = []
        """Each totals row: its first cell, and its text by column."""
        self._currencies: set[str] = set()
        self._rows = 0

    def add(self, rows: pa.Table, totals: pa.Table, first_cell: str) -> None:
        """Take in one block. FileRefused where a summed value is not a number as declared."""
        if self._declared is None:
            return
        self._rows += rows.num_rows
        self._currencies |= distinct(rows, self._table.currency_column)
        summed = [name for name in self._declared.sums if name in rows.column_names]
        for row in totals.select([first_cell, *summed]).to_pylist():
            label = str(row.pop(first_cell)).strip()
            self._stated.append((label, {name: str(text) for name, text in row.items()}))
        for name in summed if len(self._currencies) < 2 else ():
            found = _sum(self._con, rows, name, self._table.dialect)
            self._sums[name] = self._sums.get(name, Decimal(0)) + found

    def compared(self) -> dict[str, Any]:
        """Compare each totals row with the exact sum of the rows; returns what was compared.

        FileRefused names column, the vendor's figure and ours; also when a total that must be there
        is not.
        """
        declared, labels = self._declared, [label for label, _ in self._stated]
        if declared is None or not (self._rows or labels):
            return {}
        missing = [label for label in declared.equal if label not in labels]
        if missing:
            raise FileRefused(
                f"its totals row {', '.join(missing)} is missing, so the file may be cut; "
                "export it again with totals"
            )
        if len(self._currencies) > 1:
            found = ", ".join(sorted(self._currencies))
            return {"totals": f"not compared: rows are in {found}"}
        for label, stated in self._stated:
            for column, text in stated.items():
                self._compare(declared, label, column, text)
        sums = {column: f"{_plain(found):f}" for column, found in self._sums.items()}
        return {"totals": {"rows": labels, "sums": sums}}

    def _compare(self, declared: TotalsRows, label: str, column: str, text: str) -> None:
        theirs = _number(text, self._table.dialect)
        ours = self._sums[column]
        slack = Decimal(str(declared.sums[column])) * self._rows
        at_least = label in declared.at_least
        if theirs is not None and _differs(ours, theirs, slack, at_least):
            more = "at least " if at_least else ""
            raise FileRefused(
                f"its row `{label}` says {column} {theirs:f}, but the rows add up to "
                f"{_plain(ours):f} (expected {more}the sum); export it again"
            )


def _plain(number: Decimal) -> Decimal:
    """Without trailing zeros."""
    return number.normalize() if number else Decimal(0)


def _differs(ours: Decimal, theirs: Decimal, slack: Decimal, at_least: bool) -> bool:
    if at_least:
        return ours > theirs + slack
    return abs(ours - theirs) > slack


def _number(text: str, dialect: Dialect) -> Decimal | None:
    """A vendor's number as an exact decimal; None for a declared null. FileRefused otherwise."""
    text = text.strip()
    if text in dialect.nulls:
        return None
    plain = text.replace(dialect.number.thousands, "") if dialect.number.thousands else text
    plain = plain.replace(dialect.number.decimal, ".")
    if not re.fullmatch(r"-?\d+(\.\d+)?", plain):
        raise FileRefused("a totals row holds something that is not a number as declared")
    return Decimal(plain)


def _sum(con: duckdb.DuckDBPyConnection, rows: pa.Table, column: str, dialect: Dialect) -> Decimal:
    nulls = ", ".join("'" + n.replace("'", "''") + "'" for n in dialect.nulls)
    thousands = re.escape(dialect.number.thousands)
    shape = rf"-?\d{{1,3}}({thousands}\d{{3}})*" if thousands else r"-?\d+"
    shape = rf"({shape}|-?\d+)({re.escape(dialect.number.decimal)}\d+)?"
    con.register("_summed", pa.table({"value": rows[column]}))
    ((wrong, total),) = con.execute(
        f"""
        with
        trimmed as (select trim(value) as value from _summed),
        numbers as (select value from trimmed where value not in ({nulls})),
        plain as (
            select
                regexp_full_match(value, $shape) as is_number,
                replace(replace(value, $thousands, ''), $decimal, '.') as value,
            from numbers
        )
        select
            count(*) filter (not is_number),
            coalesce(sum(try_cast(value as decimal(38, 9))) filter (is_number), 0),
        from plain
        """,
        {
            "shape": shape,
            "thousands": dialect.number.thousands,
            "decimal": dialect.number.decimal,
        },
    ).fetchall()
    con.unregister("_summed")
    if wrong:
        raise FileRefused(
            f"{wrong} values of {column} are not numbers as declared (thousands "
            f"{dialect.number.thousands!r}, decimal {dialect.number.decimal!r}); was it exported "
            "in another language?"
        )
    return Decimal(total)
