"""`onefold check`: ask the marts gate now, or list what the gates last said."""

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `onefold check`."""
    app.command("check")(check)


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    latest: Annotated[
        bool, typer.Option("--latest", help="List the last verdict of every gate; run none.")
    ] = False,
    as_of: Annotated[
        str, typer.Option(help="The clock, ISO, UTC. Default: that of the last run.")
    ] = "",
) -> None:
    """Run the marts gate on the current build. Exit code 1 if it blocks."""
    from expectations import report

    lines = report.latest() if latest else report.run(as_of)
    if as_json:
        print(json.dumps([line._asdict() for line in lines], indent=2))
    else:
        report.show(lines)
    if any(line.status in ("blocked", "error") for line in lines):
        raise typer.Exit(1)
