"""`onefold ingest [PATH or URI …] | status | retry [LOAD …] | pull [NAME …]`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ingestion.load import FileResult


def register(app: typer.Typer) -> None:
    """Add this room's command."""
    app.command("ingest")(ingest)


def ingest(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH or URI …] | status | retry [LOAD …] | pull [NAME …]",
            help="Files to land; nothing: what the inboxes and the landing folder hold; `status`: "
            "what the ledger says; `retry`: the refused files only, or those of the loads named; "
            "`pull`: the APIs of ONEFOLD_PULLS, or those named.",
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="Source of the files, such as hubspot.")] = "",
    table: Annotated[
        str, typer.Option("--object", help="Table in the source's YAML, such as contacts.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option(help="Read and check, list what would be fetched, write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Land export files, each once. Exit 1 if a file was refused or a line was rejected."""
    if what == ["status"]:
        return _status(as_json)
    if what and what[0] == "retry":
        only = _refused(what[1:])
        return _finish(_landing(dry_run, as_json, only), as_json, single=False)
    if what and what[0] == "pull":
        return _finish(_pull(what[1:], dry_run, as_json), as_json, single=False)
    if not what:
        if source or table:
            raise typer.BadParameter("--source and --object describe a PATH; give one")
        return _finish(_landing(dry_run, as_json), as_json, single=False)
    from ingestion.one_file import land_files

    results = land_files(what, source, table, dry_run=dry_run, as_json=as_json)
    return _finish(results, as_json, single=len(results) == 1)


def _refused(loads: Sequence[str]) -> tuple[str, ...]:
    """Files that stand refused, or those of them named by load id or file. BadParameter if not."""
    from ingestion import ledger
    from warehouse.connection import connect

    with connect("ingest retry", read_only=True) as con:
        rows = ledger.rows(con) if ledger.is_prepared(con) else []
    refused = [row for row in rows if row["status"] == "refused"]
    for load in loads:
        if not any(load in (row["load_id"], row["file"]) for row in refused):
            known = any(load in (row["load_id"], row["file"]) for row in rows)
            why = "is not refused, so there is nothing to retry" if known else "is unknown"
            raise typer.BadParameter(
                f"{load} {why}; `onefold ingest status` lists the refused loads"
            )
    return tuple(r["file"] for r in refused if not loads or {r["load_id"], r["file"]} & {*loads})


def _landing(dry_run: bool, as_json: bool, only: Sequence[str] | None = None) -> "list[FileResult]":
    from ingestion.arrivals import ingest_all
    from ingestion.show import listener, progress

    results: list[FileResult] = []
    with listener(as_json) as listen:
        ingest_all("", progress(results, as_json), listen, only=only, dry_run=dry_run)
    return results


def _pull(names: Sequence[str], dry_run: bool, as_json: bool) -> "list[FileResult]":
    """Pull APIs now, and land what they gave."""
    from ingestion.arrivals import land_arrived
    from ingestion.dlt_adapter import pull
    from ingestion.show import listener, progress
    from warehouse.settings import settings

    if dry_run:
        raise typer.BadParameter("a pull cannot be tried: what an API has shows when it is asked")
    names = names or settings().pulls.split()
    if not names:
        raise typer.BadParameter("say which API to pull, or set ONEFOLD_PULLS")
    results: list[FileResult] = []
    with listener(as_json) as listen:
        land_arrived(pull(names, listen), progress(results, as_json))
    return results


def as_dict(result: "FileResult") -> dict[str, Any]:
    """One file for a machine."""
    load = result.load
    return {
        "file": load.file,
        "source": load.source,
        "object": load.object,
        "status": result.outcome,
        "message": load.message,
        "load_id": load.load_id or None,
        "rows": load.rows_loaded,
        "rejected": load.rows_rejected,
        "skipped": load.rows_skipped,
        "rows_in": load.rows_in,
        "checks": load.checks,
        "currency": load.currency,
        "time_zone": load.time_zone,
        "is_partial": load.is_partial,
        "undeclared_columns": list(load.undeclared_columns),
        "missing_optional": list(load.missing_optional),
        "content_hash": load.content_hash,
        "bytes": load.bytes,
    }


def _finish(results: "Sequence[FileResult]", as_json: bool, single: bool) -> None:
    from ingestion.landing import summarise

    fresh = [r.load for r in results if single or r.outcome in ("loaded", "checked")]
    if as_json and single:
        typer.echo(json.dumps(as_dict(results[0]), indent=2))
    elif as_json:
        counts = {
            "rows": sum(load.rows_loaded for load in fresh),
            "rejected": sum(load.rows_rejected for load in fresh),
            "skipped": sum(load.rows_skipped for load in fresh),
        }
        found = counts | summarise(results).as_dict() | {"files": [as_dict(r) for r in results]}
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(results, single)
    if not all(r.ok for r in results):
        raise typer.Exit(1)


def _print(results: "Sequence[FileResult]", single: bool) -> None:
    from ingestion.landing import summarise
    from warehouse.settings import settings

    if not results:
        typer.echo(f"nothing to land in {settings().landing}")
        return
    for result in results:
        load = result.load
        if load.message and (
            single or not result.ok or result.outcome in ("duplicate", "deferred")
        ):
            typer.echo(f"{result.outcome}: {load.message}", err=not result.ok)
    undeclared: dict[str, set[str]] = {}
    for load in (r.load for r in results if not single and r.load.undeclared_columns):
        undeclared.setdefault(f"{load.source}.{load.object}", set()).update(load.undeclared_columns)
    for name, columns in undeclared.items():
        typer.echo(f"{name}: {len(columns)} columns are not declared, so not loaded")
    rows = [
        (s.source, s.files, s.new_files, s.rows_loaded, s.rows_rejected, s.rows_skipped,
         len(s.refused))
        for s in summarise(results).sources
    ]  # fmt: skip
    _grid(("source", "files", "new", "rows", "rejected", "skipped", "refused"), rows)


def _grid(names: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
    """Print a table: text to the left, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD)
    for i, name in enumerate(names):
        is_number = bool(rows) and isinstance(rows[0][i], int)
        grid.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for cell in row))
    Console(width=100).print(grid)


def _status(as_json: bool) -> None:
    from ingestion import freshness, ledger
    from warehouse.connection import connect

    as_of = _last_clock()
    with connect("ingest status", read_only=True) as con:
        prepared = ledger.is_prepared(con)
        rows = ledger.rows(con) if prepared else []
        sources = freshness.ages(con, as_of) if prepared else []
    if as_json:
        age = {row["source"]: row for row in sources}
        found = [_json_row(row) | {"freshness": age.get(row["source"])} for row in rows]
        typer.echo(json.dumps(found, indent=2, default=str))
    else:
        _print_status(rows)
        _print_freshness(sources, as_of)
    if any(row["status"] == "refused" for row in rows):
        raise typer.Exit(1)


def _last_clock() -> str | None:
    """What the last run took for now; None where nothing ran yet."""
    from ops.clock import LATEST, ClockError, of_command
    from warehouse.settings import settings

    try:
        return of_command()
    except ClockError:
        if settings().as_of not in ("", LATEST):
            raise
        return None


def _print_freshness(sources: Sequence[dict[str, Any]], as_of: str | None) -> None:
    from ingestion.freshness import describe, shown

    landed = [row for row in sources if row["status"] != "absent"]
    if not landed:
        return
    limits = ("warn_after_days", "error_after_days")

    def cells(row: dict[str, Any]) -> Sequence[str]:
        return [*shown(row), *("" if row[x] is None else f"{row[x]:g} d" for x in limits)]

    _grid(
        ("source", "last event", "age", "status", "late after", "stale after"),
        [(row["source"], *cells(row)) for row in landed],
    )
    typer.echo(f"Ages as of {as_of}." if as_of else "No run yet, so no clock to tell ages by.")
    absent = [row["source"] for row in sources if row["status"] == "absent"]
    if absent:
        typer.echo(f"No file ever landed: {', '.join(absent)}.")
    for row in landed:
        if as_of and row["status"] in ("late", "stale", "unknown"):
            typer.echo(describe(row))


def _json_row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"checks": json.loads(row["checks"])}


def _print_status(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("no file has landed yet")
        return
    loaded = [row for row in rows if row["status"] == "loaded"]
    found: list[Sequence[str | int]] = []
    for name in dict.fromkeys(f"{r['source']}.{r['object']}" for r in loaded):
        own = [r for r in loaded if f"{r['source']}.{r['object']}" == name]
        sums = [sum(r[f"rows_{what}"] for r in own) for what in ("loaded", "rejected", "skipped")]
        found.append((name, len(own), *sums, f"{own[-1]['loaded_at']:%Y-%m-%d %H:%M}"))
    _grid(("table", "files", "rows", "rejected", "skipped", "last load"), found)
    for row in rows:
        if row["status"] in ("refused", "duplicate"):
            typer.echo(f"{row['status']} {row['load_id']}: {row['message']}")
