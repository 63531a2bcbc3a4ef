"""`onefold ingest PATH` and `URI`: any one file into the table it belongs to."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import typer

from ingestion import ledger
from ingestion.errors import FetchFailed
from ingestion.ledger import Load
from ingestion.load import FileResult, ingest_file, refuse
from ingestion.locations import is_uri, parse
from ingestion.remote import fetch, find_one
from ingestion.show import listener
from ingestion.sources import Table, find_table, match_file, read_tables
from warehouse.connection import connect
from warehouse.settings import settings


def land_files(
    whats: Sequence[str], source: str, name: str, *, dry_run: bool, as_json: bool
) -> list[FileResult]:
    """Land the files that these paths and URIs name. typer.BadParameter where one has no table."""
    tables = read_tables()
    # Everything is placed before anything is fetched or landed, so a typing error changes nothing.
    chosen = [
        (what, *(_place_uri if is_uri(what) else _place)(what, tables, source, name))
        for what in whats
    ]
    return [
        _fetch_and_ingest(what, table, file, dry_run, as_json)
        if is_uri(what)
        else _ingest(Path(what), table, file, dry_run)
        for what, table, file in chosen
    ]


def _ingest(path: Path, table: Table, file: str, dry_run: bool) -> FileResult:
    with duckdb.connect() if dry_run else connect("ingest") as con:
        if not dry_run:
            ledger.prepare(con, read_tables())
        return ingest_file(con, path, table, file=file, dry_run=dry_run)


def _fetch_and_ingest(
    uri: str, table: Table, file: str, dry_run: bool, as_json: bool
) -> FileResult:
    """Land one file from elsewhere; it stays there and is not kept here."""
    stub = Load(table.source, table.name, file, "", "refused")
    try:
        found = find_one(uri)
        if dry_run:
            message = f"{file}: would be fetched from {uri}, {found.size:,} bytes"
            load = replace(stub, bytes=found.size, message=message)
            return FileResult("would_fetch", load)
        settings().home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings().home, prefix="fetch-") as folder:
            target = Path(folder) / Path(file).name
            with listener(as_json) as listen:
                fetch(found, target, listen)
            return _ingest(target, table, file, dry_run)
    except FetchFailed as error:
        with duckdb.connect() if dry_run else connect("ingest") as con:
            if not dry_run:
                ledger.prepare(con, read_tables())
            return refuse(con, stub, f"{uri} {error}", run_id="", dry_run=dry_run)


def _place(what: str, tables: Sequence[Table], source: str, name: str) -> tuple[Table, str]:
    """The table a PATH belongs to and the name the ledger gives it. BadParameter if unclear."""
    path = Path(what)
    if not path.is_file():
        raise typer.BadParameter(f"expected a file, {path} is none")
    landing = settings().landing.resolve()
    inside = path.resolve().is_relative_to(landing)
    file = path.resolve().relative_to(landing).as_posix() if inside else ""
    return _belongs(file, path.resolve(), tables, source, name)


def _place_uri(what: str, tables: Sequence[Table], source: str, name: str) -> tuple[Table, str]:
    """The same for a URI."""
    return _belongs("", Path(parse(what).path), tables, source, name)


def _belongs(
    file: str, path: Path, tables: Sequence[Table], source: str, name: str
) -> tuple[Table, str]:
    if source and name:
        return find_table(tables, source, name), file or f"{source}/{path.name}"
    if name:
        raise typer.BadParameter("--object needs --source")
    file = file or f"{source or path.parent.name}/{path.name}"
    table, problem = match_file([t for t in tables if source in ("", t.source)], file)
    if table is None:
        raise typer.BadParameter(f"{file}: {problem}; say --source and --object")
    return table, file
