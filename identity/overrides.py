"""Splits and merges by hand: rows with who, why and when, which every later run obeys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from identity import state
from identity.errors import IdentityError
from identity.lookup import person_id
from warehouse.connection import fetch_rows

Record = tuple[str, str, str]


@dataclass(frozen=True)
class Maker:
    """Who makes an override, why, and when (UTC)."""

    by: str
    reason: str
    at: datetime


def merge(con: duckdb.DuckDBPyConnection, a: str, b: str, maker: Maker) -> int:
    """Make the people that `a` and `b` name one from the next run on; the override's number.

    The override ties one record of each: the one that is named, or the person's first. Raises
    PersonNotFound, and IdentityError where both are one person already.
    """
    state.create(con)
    sides = [_matching(con, asked) for asked in (a, b)]
    if sides[0][0] == sides[1][0]:
        raise IdentityError(f"expected two people, got {sides[0][0]} twice; nothing to merge")
    return _write(con, "merge", {"a": sides[0][1][:1], "b": sides[1][1][:1]}, maker)


def split(con: duckdb.DuckDBPyConnection, person: str, named: list[str], maker: Maker) -> int:
    """Take the records that `named` name (an identifier, or a record's id) out of `person`.

    They and the person's other records are two people from the next run on, whatever links them.
    Returns the override's number. Raises PersonNotFound, and IdentityError where nobody or
    everybody would leave.
    """
    state.create(con)
    owner, everyone = _matching(con, person_id(con, person))
    out: set[Record] = set()
    for asked in named:
        holder, records = _matching(con, asked)
        if holder != owner:
            raise IdentityError(
                f"expected records of {owner}, got an identifier of {holder}; check what to split"
            )
        out |= set(records)
    if not out or out == set(everyone):
        raise IdentityError(
            f"expected some of the {len(everyone)} records of {owner}, got {len(out)}; "
            "name those that are another person, such as salesforce:003… or email:…"
        )
    rest = [record for record in everyone if record not in out]
    return _write(con, "split", {"out": sorted(out), "in": rest}, maker)


def undo(con: duckdb.DuckDBPyConnection, number: int, maker: Maker) -> None:
    """Take an override back from the next run on. Raises IdentityError where there is none."""
    state.create(con)
    row = con.execute(
        "select undone_at from state.identity_overrides where override_number = ?", [number]
    ).fetchone()
    if row is None or row[0] is not None:
        problem = "there is none" if row is None else "it is undone already"
        raise IdentityError(
            f"expected override {number} to stand, but {problem}; `onefold identity overrides`"
        )
    con.execute(
        "update state.identity_overrides set undone_by = ?, undone_at = ? "
        "where override_number = ?",
        [maker.by, maker.at, number],
    )


def listed(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every override, the newest last, with the people that its records are today."""
    state.create(con)
    return fetch_rows(
        con,
        """
        select
            o.*, count(*) as records,
            list(distinct person_id order by person_id) filter (where side in ('a', 'in')) as kept,
            list(distinct person_id order by person_id) filter (where side in ('b', 'out')) as other
        from state.identity_overrides as o
        inner join state.identity_override_records as r using (override_number)
        left join state.person_records using (source, record_type, record_id)
        group by all
        order by override_number
        """,
    )


def _matching(con: duckdb.DuckDBPyConnection, asked: str) -> tuple[str, list[Record]]:
    """The person that `asked` names, and those of its records that carry what was asked for."""
    person = person_id(con, asked)
    value = (asked.partition(":")[2] or asked).strip().lower()
    rows = con.execute(
        """
        select source, record_type, record_id, bool_or(lower(id_value) = $value or
            lower(record_id) = $value or left(lower(id_value), 15) = $value) as is_named
        from state.person_records
        left join identity.int_identity__links using (source, record_type, record_id)
        where person_id = $person
        group by all
        order by all
        """,
        {"value": value, "person": person},
    ).fetchall()
    named = [row[:3] for row in rows if row[3]]
    return person, named or [row[:3] for row in rows]


def _write(
    con: duckdb.DuckDBPyConnection, action: str, sides: dict[str, list[Record]], maker: Maker
) -> int:
    ((number,),) = con.execute(
        "select coalesce(max(override_number), 0) + 1 from state.identity_overrides"
    ).fetchall()
    con.execute(
        "insert into state.identity_overrides (override_number, action, reason, made_by, made_at) "
        "values (?, ?, ?, ?, ?)",
        [number, action, maker.reason, maker.by, maker.at],
    )
    rows = [(number, side, *record) for side, records in sides.items() for record in records]
    con.executemany(
        "insert into state.identity_override_records "
        "select $1, $2, $3, $4, $5, hash($3::varchar, $4::varchar, $5::varchar)",
        rows,
    )
    return int(number)
