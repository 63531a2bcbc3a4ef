"""`onefold simulate`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this room's sub-command."""
    app.command("simulate")(simulate_command)


def simulate_command(  # noqa: PLR0917 (options of a command line)
    people: Annotated[int, typer.Option(help="People in the invented world.")] = 2_000,
    months: Annotated[int, typer.Option(help="Months up to the end of June 2026.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder that gets exports/ and truth/.")] = Path(
        "seeds"
    ),
    holdouts: Annotated[
        bool, typer.Option("--holdouts", help="Hold people out of some channels in some months.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write an invented company's exports exactly as the vendors would, with the truth beside."""
    from simulator.errors import SimulatorError
    from simulator.simulate import simulate

    try:
        summary = simulate(
            people, months, seed, out, lambda step: typer.echo(f"· {step}", err=True),
            holdouts=holdouts,
        )  # fmt: skip
    except SimulatorError as error:
        typer.echo(error.args[0], err=True)
        raise typer.Exit(2) from error
    if as_json:
        rates = {name: {"documented": d, "realised": r} for name, d, r in summary.rates}
        fields = {"people": people, "months": months, "seed": seed, "files": summary.files}
        typer.echo(json.dumps(fields | {"rates": rates}))
        return
    for name, rows in summary.files.items():
        typer.echo(f"{rows:>10,}  {name}")
    typer.echo("rate                        documented  realised")
    for name, documented, realised in summary.rates:
        typer.echo(f"{name:<28}{documented:>10.3f}{realised:>10.3f}")
