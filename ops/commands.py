"""`onefold run`, `onefold up`, `onefold doctor`."""

import json
from typing import Annotated, Any

import typer

from warehouse.settings import settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("run")(run)
    app.command("up")(up)
    app.command("doctor")(doctor)
    app.command(
        "airflow",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )(airflow)


def run(
    sample: Annotated[
        bool, typer.Option("--sample/--no-sample", help="Land the committed sample exports first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole job through Airflow: exports in, segments out."""
    from ops.run import is_new
    from ops.run import run as run_once
    from ops.table import render

    s = settings()
    if not sample and is_new(s):
        typer.echo(
            f"onefold: nothing to land in {s.landing}; put exports in {s.landing}/<source>/, "
            "or start with the sample: onefold run --sample",
            err=True,
        )
        raise typer.Exit(2)
    summary = run_once(sample=sample, listen=_silent if as_json else _show)
    typer.echo(json.dumps(summary, indent=2) if as_json else render(summary))
    raise typer.Exit(summary["exit_code"])


def up() -> None:
    """Start Airflow with its UI on loopback."""
    from ops.up import up as serve

    raise typer.Exit(serve())


def doctor(as_json: Json = False) -> None:
    """Check the installation and say where everything is."""
    from ops.doctor import examine

    found = examine()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            typer.echo(f"{key:<13} {_line(value)}")
    raise typer.Exit(1 if found["problems"] else 0)


def airflow(ctx: typer.Context) -> None:
    """Airflow's own command line in this deployment, such as `airflow backfill create …`."""
    import os
    import subprocess
    import sys

    from ops.airflow_home import environment

    command = [sys.executable, "-m", "airflow", *ctx.args]
    done = subprocess.run(command, env={**os.environ, **environment()}, check=False)
    raise typer.Exit(done.returncode)


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return "; ".join(value) or "none" if isinstance(value, list) else str(value)


def _show(event: dict[str, Any]) -> None:
    name = event["stage"]
    if event["event"] == "started":
        typer.echo(f"  … {name}")
        return
    mark = "✓" if event["event"] == "done" else "✗"
    detail = ", ".join(f"{k} {_plain(v)}" for k, v in event["detail"].items())
    typer.echo(f"  {mark} {name:<14} {event['seconds']:6.1f} s  {detail}")


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _silent(event: dict[str, Any]) -> None:
    """Progress is not shown."""
