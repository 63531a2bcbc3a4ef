"""The one console command: each room contributes its sub-commands from `<room>/commands.py`."""

import sys
from importlib import import_module

import typer

from warehouse.errors import OnefoldError

ROOMS = (
    "ops",
    "ingestion",
    "identity",
    "attribution",
    "expectations",
    "activation",
    "warehouse",
    "simulator",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Onefold: a customer data platform that a company owns as a repository.",
)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 a gate or check said no, 2 bad usage or input."""
    for room in ROOMS:
        import_module(f"{room}.commands").register(app)
    try:
        app()
    except OnefoldError as error:
        print(f"onefold: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
