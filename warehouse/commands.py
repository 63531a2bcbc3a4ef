"""`onefold publish`."""

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this room's command."""
    app.command("publish")(publish)


def publish(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Judge the marts of the last build again and, if the gate lets them, publish them."""
    from expectations.gates import gate_marts
    from ops.state import last_run
    from warehouse.connection import connect
    from warehouse.publish import publish as write

    with connect("publish", read_only=True) as con:
        run_id, as_of = last_run(con)
    verdict = gate_marts(run_id, as_of)
    if verdict.is_blocked:
        typer.echo("onefold: blocked: " + "; ".join(verdict.problems), err=True)
        raise typer.Exit(1)
    done = write(run_id, as_of)
    if as_json:
        typer.echo(json.dumps({"published": str(done.path), "rows": done.rows}, indent=2))
    else:
        typer.echo(f"published {sum(done.rows.values()):,} rows to {done.path}")
