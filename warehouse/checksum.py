"""Whether two builds hold the same rows: one checksum a table, independent of row order."""

import hashlib

import duckdb


def table_checksums(
    con: duckdb.DuckDBPyConnection, schemas: tuple[str, ...] = ("marts",)
) -> dict[str, tuple[int, str]]:
    """{"schema.table": (rows, checksum)}; the sum of row hashes, so duplicates count."""
    marks = ", ".join("?" for _ in schemas)
    names = con.execute(
        "select table_schema, table_name from information_schema.tables "
        f"where table_catalog = current_database() and table_schema in ({marks}) order by 1, 2",
        list(schemas),
    ).fetchall()
    found: dict[str, tuple[int, str]] = {}
    for schema, table in names:
        row = con.execute(
            "select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar "
            f'from {schema}."{table}" t'
        ).fetchone()
        assert row is not None
        found[f"{schema}.{table}"] = (row[0], row[1])
    return found


def combined(checksums: dict[str, tuple[int, str]]) -> str:
    """One short checksum over all tables."""
    text = "\n".join(f"{name} {rows} {value}" for name, (rows, value) in sorted(checksums.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
