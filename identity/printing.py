"""What the commands of this room share: JSON as programs read it, errors as people do."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import typer

T = TypeVar("T")


def or_exit(work: Callable[[], T]) -> T:
    """Run `work`; a message and exit 2 when what was asked for does not exist."""
    from identity.errors import IdentityError

    try:
        return work()
    except IdentityError as error:
        typer.echo(f"onefold: {error}", err=True)
        raise typer.Exit(2) from None


def print_json(value: Any) -> None:
    """Print `value` as JSON; decimals as numbers, times as text."""
    typer.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
