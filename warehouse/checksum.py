"""Whether two builds hold the same rows: one checksum a table, independent of row order."""

import hashlib

import duckdb


def table_checksums(
    con: duckdb.DuckDBPyConnection,
    schemas: tuple[str, ...] = ("marts",),
    without: tuple[str, ...] = (),
) -> dict[str, tuple[int, str]]:
    """{"schema.table": (rows, checksum)}; the sum of row hashes, so duplicates count.

    Columns named in `without` are left out.
    """
    marks = ", ".join("?" for _ in schemas)
    tables = con.execute(
        "select table_schema, table_name, list(column_name order by ordinal_position) "
        "from information_schema.columns where table_catalog = current_database() "
        f"and table_schema in ({marks}) group by all order by 1, 2",
        list(schemas),
    ).fetchall()
    found: dict[str, tuple[int, str]] = {}
    for schema, table, columns in tables:
        listed = ", ".join(f'"{name}"' for name in columns if name not in without)
        row = con.execute(
            "select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar "
            f'from (select {listed} from {schema}."{table}") t'
        ).fetchone()
        assert row is not None
        found[f"{schema}.{table}"] = (row[0], row[1])
    return found


def combined(checksums: dict[str, tuple[int, str]]) -> str:
    """One short checksum over all tables."""
    text = "\n".join(f"{name} {rows} {value}" for name, (rows, value) in sorted(checksums.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
