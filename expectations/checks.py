"""What an expectation is, before any engine runs it. Pure: nothing here imports Great Expectations.

A check pairs an expectation of Great Expectations with SQL that selects the key of each bad row as
`row_key`. Great Expectations decides; the SQL says which rows. Both read the same batch, and must
agree on the number of bad rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

BATCH = "{batch}"
"""Stands for the batch in every query; literal braces are doubled, as in `str.format`."""


@dataclass(frozen=True)
class Batch:
    """The rows a suite looks at: `table` as people know it, and the query that selects them."""

    table: str
    query: str
    name: str = ""

    @property
    def asset(self) -> str:
        """Name of the batch within a run; distinct where one table is read in two ways."""
        return self.name or self.table


@dataclass(frozen=True)
class Check:
    """One expectation on one batch.

    `bad_rows` is None where no row is to blame (row counts, freshness, columns). `observed` then
    selects the one number that the limit is compared with.
    """

    expectation_id: str
    batch: Batch
    title: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    bad_rows: str | None = None
    observed: str | None = None


def table(name: str) -> Batch:
    """A whole table of the warehouse, such as `marts.fct_touches`."""
    return Batch(name, f"select * from {name}")


def not_null(expectation_id: str, batch: Batch, key: str, column: str) -> Check:
    """Every row has `column`. `key` is SQL for the row's key."""
    return Check(
        expectation_id,
        batch,
        f"Every row of {batch.table} has {column}.",
        "ExpectColumnValuesToNotBeNull",
        {"column": column},
        f"select coalesce(cast({key} as varchar), '(no key)') as row_key from {BATCH} "
        f"where {column} is null",
    )


def unique(expectation_id: str, batch: Batch, columns: Sequence[str]) -> Check:
    """No two rows share `columns`; rows where one of them is null are left to `not_null`."""
    names = ", ".join(columns)
    key = " || '|' || ".join(f"cast({column} as varchar)" for column in columns)
    return rows(
        expectation_id,
        batch,
        f"No two rows of {batch.table} share {names}.",
        f"select {key} as row_key from {BATCH} "
        + " ".join(
            f"{'and' if i else 'where'} {column} is not null" for i, column in enumerate(columns)
        )
        + f" qualify count(*) over (partition by {names}) > 1",
    )


def rows(expectation_id: str, batch: Batch, title: str, bad_rows: str) -> Check:
    """No row is bad; `bad_rows` selects their keys as `row_key` from {batch}."""
    return Check(
        expectation_id,
        batch,
        title,
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": bad_rows},
        bad_rows,
    )


def row_count(expectation_id: str, batch: Batch, minimum: float) -> Check:
    """The batch has at least `minimum` rows."""
    return Check(
        expectation_id,
        batch,
        f"{batch.table} has at least {minimum:g} rows.",
        "ExpectTableRowCountToBeBetween",
        {"min_value": int(minimum)},
        observed=f"select count(*) from {BATCH}",
    )


def fresh(expectation_id: str, batch: Batch, column: str, days: float, as_of: datetime) -> Check:
    """The newest `column` lies at most `days` before the clock; no value at all is not fresh."""
    age = f"date_diff('second', cast(max({column}) as timestamp), {timestamp(as_of)}) / 86400.0"
    return Check(
        expectation_id,
        batch,
        f"The newest {column} of {batch.table} is at most {days:g} days old.",
        "UnexpectedRowsExpectation",
        {
            "unexpected_rows_query": f"select max({column}) as newest from {BATCH} "
            f"having coalesce({age} > {days!r}, true)"
        },
        observed=f"select {age} from {BATCH}",
    )


def at_most(expectation_id: str, batch: Batch, title: str, measured: str, limit: float) -> Check:
    """`measured`, a query over {batch} giving row_key and size, has no size above `limit`."""
    over = f"select row_key from ({measured}) as measured where size > {limit!r}"
    return Check(
        expectation_id,
        batch,
        title,
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": over},
        over,
        f"select coalesce(max(size), 0) from ({measured}) as measured",
    )


def columns(expectation_id: str, batch: Batch, names: Sequence[str]) -> Check:
    """The batch has all of the named columns; others are allowed."""
    return Check(
        expectation_id,
        batch,
        f"{batch.table} has the columns {', '.join(names)}.",
        "ExpectTableColumnsToMatchSet",
        {"column_set": list(names), "exact_match": False},
        observed=(
            f"select {len(names)} - count(*) from (describe {batch.query}) "
            f"where column_name in ({', '.join(text(name) for name in names)})"
        ),
    )


def text(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def timestamp(value: datetime) -> str:
    """A SQL timestamp literal."""
    return f"timestamp '{value.isoformat(sep=' ')}'"
