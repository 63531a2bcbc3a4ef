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
from ingestion.sources import Dialect, Table


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


def check_totals(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, totals: pa.Table, first_cell: str, table: Table
) -> dict[str, Any]:
    """Compare each totals row with the exact sum of the rows.

    Returns what was compared. FileRefused names column, the vendor's figure and ours; also when a
    total that must be there is not, or a summed value is not a number as declared.
    """
    declared = table.dialect.totals
    if declared is None or (not rows.num_rows and not totals.num_rows):
        return {}
    labels = [str(v).strip() for v in totals[first_cell].to_pylist()]
    missing = [label for label in declared.equal if label not in labels]
    if missing:
        raise FileRefused(
            f"its totals row {', '.join(missing)} is missing, so the file may be cut; "
            "export it again with totals"
        )
    currencies = _distinct(rows, table.currency_column)
    if len(currencies) > 1:
        return {"totals": f"not compared: rows are in {', '.join(currencies)}"}
    sums = {c: _sum(con, rows, c, table.dialect) for c in declared.sums if c in rows.column_names}
    for i, label in enumerate(labels):
        for column, ours in sums.items():
            theirs = _number(str(totals[column][i].as_py()), table.dialect)
            slack = Decimal(str(declared.sums[column])) * rows.num_rows
            at_least = label in declared.at_least
            if theirs is not None and _differs(ours, theirs, slack, at_least):
                more = "at least " if at_least else ""
                raise FileRefused(
                    f"its row `{label}` says {column} {theirs:f}, but the rows add up to {ours:f} "
                    f"(expected {more}the sum); export it again"
                )
    return {"totals": {"rows": labels, "sums": {c: f"{s:f}" for c, s in sums.items()}}}


def _differs(ours: Decimal, theirs: Decimal, slack: Decimal, at_least: bool) -> bool:
    if at_least:
        return ours > theirs + slack
    return abs(ours - theirs) > slack


def _distinct(rows: pa.Table, column: str) -> list[str]:
    if column not in rows.column_names:
        return []
    return sorted({str(v) for v in rows[column].unique().to_pylist() if v})


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
    return Decimal(total).normalize() if total else Decimal(0)
