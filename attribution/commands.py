"""`onefold attribution explain | diff | holdouts`."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from identity.printing import print_json

if TYPE_CHECKING:
    from rich.table import Table


def register(app: typer.Typer) -> None:
    """Add the sub-commands of this room."""
    group = typer.Typer(no_args_is_help=True, help="Which touches share a conversion, and why.")
    group.command("explain")(explain_command)
    group.command("diff")(diff_command)
    group.command("holdouts")(holdouts_command)
    app.add_typer(group, name="attribution")


def explain_command(
    conversion: Annotated[
        str, typer.Argument(help="A conversion_id of fct_conversions, such as closed_won:006…")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a conversion's journey, which touches count and why, and each model's credit.

    Exit 2 if there is no such conversion.
    """
    from attribution.explain import explain
    from warehouse.connection import connect

    with connect("onefold attribution explain", read_only=True) as con:
        found = explain(con, conversion)
    print_json(found) if as_json else _print(found)


def diff_command(
    run_a: Annotated[
        str, typer.Argument(help="A run_id of ops.runs, or `previous`: as it was.")
    ] = "previous",
    run_b: Annotated[str, typer.Argument(help="A later run, or `latest`: as it is.")] = "latest",
    conversion_type: Annotated[
        str | None, typer.Option("--type", help="One conversion type, such as closed_won.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Conversions that are printed.", min=0)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, all of it.")] = False,
) -> None:
    """Show which conversions a later run credits otherwise, why, and what channels gain or lose.

    Exit 2 if a run was not recorded: ONEFOLD_ATTRIBUTION_HISTORY=true does.
    """
    from attribution.history import diff
    from warehouse.connection import connect

    with connect("onefold attribution diff", read_only=True) as con:
        found = diff(con, run_a, run_b, conversion_type)
    print_json(found) if as_json else _print_diff(found, limit)


def holdouts_command(
    file: Annotated[
        Path, typer.Argument(help="A CSV of assignments; its columns are in docs/attribution.md.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, write nothing.")] = False,
) -> None:
    """Load who was kept out of a channel by chance; `marts.lift_results` measures it from then on.

    Exit 2, and nothing is written, if the file contradicts itself or what was loaded before.
    """
    from attribution.errors import HoldoutsRefused
    from attribution.holdouts import load
    from warehouse.connection import connect

    now = datetime.now(UTC).replace(tzinfo=None)
    with connect("onefold attribution holdouts", read_only=dry_run) as con:
        try:
            lines = file.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            message = f"expected a CSV file at {file}, got: {error.strerror}"
            raise HoldoutsRefused(message) from None
        with lines:
            found = load(con, lines, now, dry_run=dry_run)
    print_json(found) if as_json else _print_holdouts(found)


def _print_diff(found: dict[str, Any], limit: int) -> None:
    from rich.console import Console

    out = Console(highlight=False, markup=False, emoji=False, width=1_000)
    for name, run in (("was", found["run_a"]), ("is", found["run_b"])):
        typer.echo(f"{name:<4} {run['run_id']}, as of {run['as_of']} UTC")
    conversions, channels = found["conversions"], found["channels"]
    counts = Counter(row["change"] for row in conversions)
    told = ", ".join(f"{count:,} {change}" for change, count in sorted(counts.items()))
    typer.echo(f"\nconversions credited otherwise: {len(conversions):,}{told and f' ({told})'}")
    table = _table("conversion", "change", "USD was", "USD is", "touches were", "touches are")
    for row in conversions[:limit]:
        touches = ("-" if row[n] is None else str(row[n]) for n in ("touches_were", "touches_are"))
        money = (_money(row[n]) for n in ("revenue_usd_was", "revenue_usd_is"))
        table.add_row(row["conversion_id"], row["change"], *money, *touches)
    if table.rows:
        out.print(table)
    if len(conversions) > limit:
        typer.echo(f"… and {len(conversions) - limit:,} more; --limit or --json")
    table = _table("model", "channel", "conversions", "USD was", "USD is", "difference")
    for row in channels:
        counted = f"{row['conversions_were']:.2f} -> {row['conversions_are']:.2f}"
        was, now = row["revenue_usd_was"], row["revenue_usd_is"]
        table.add_row(row["model"], row["channel"], counted, *map(_money, (was, now, now - was)))
    if table.rows:
        typer.echo("\nchannels")
        out.print(table)


def _print_holdouts(found: dict[str, Any]) -> None:
    typer.echo(
        f"rows          {found['rows_in']:,}: {found['rows_loaded']:,} loaded, "
        f"{found['rows_rejected']:,} rejected"
    )
    for reason, count in found["rejected"].items():
        typer.echo(f"  rejected    {count:,}: {reason}")
    arms = ", ".join(f"{count:,} {arm}" for arm, count in found["people"].items())
    typer.echo(f"people        {arms}; in both arms, so left out: {found['in_both_arms']:,}")
    would = "would be new, nothing was written" if found["dry_run"] else "new"
    typer.echo(f"assignments   {found['new']:,} {would}")


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console

    _print_conversion(found["conversion"], found["group"])
    out = Console(highlight=False, markup=False, emoji=False)
    out.width = 1_000  # a line is as long as it must be: piped or not, nothing is cut
    for title, table in (
        ("milestones", _milestones(found["milestones"])),
        ("journey", _journey(found["journey"])),
        ("touches in reach", _eligibility(found["eligibility"])),
        (f"credit: weight and {found['conversion']['currency']}", _credits(found)),
    ):
        typer.echo(f"\n{title}")
        out.print(table) if table.rows else typer.echo("  none")
    typer.echo()
    astray = [total["model"] for total in found["totals"] if not total["ties"]]
    if not found["totals"] or astray:
        typer.echo(f"does not sum to 1 and the value: {', '.join(astray) or 'no model credits it'}")
    else:
        typer.echo(f"all {len(found['totals'])} models sum to 1 and to the conversion's value")


def _print_conversion(conversion: dict[str, Any], group: list[dict[str, Any]]) -> None:
    from attribution.explain import days

    currency = conversion["currency"]
    value = _value(conversion, "revenue", currency)
    people = (f"{person['person_id']}{_standing(person, conversion)}" for person in group)
    window = (
        f"{days(conversion['window_seconds'])} days, {conversion['window_from']} to "
        f"{conversion['window_to']}; at most {conversion['max_touches']:,} touches, "
        f"{conversion['cut_count']:,} cut"
    )
    lines = {
        "conversion": conversion["conversion_id"],
        "type": conversion["conversion_type"],
        "when": f"{conversion['converted_at']} UTC, dated by {conversion['dated_by']}",
        "person": conversion["person_id"] or "-",
        "account": conversion["account_id"] or "-",
        "value": value,
    }
    if conversion["conversion_type"] == "opportunity_created":
        lines["pipeline"] = _value(conversion, "pipeline", currency)
    if conversion["refund_of"]:
        lines["refund of"] = f"{conversion['refund_of']}, whose journey and weights it takes"
    elif conversion["conversion_type"] == "refund":
        lines["refund of"] = "an unknown sale: credited by its own journey"
    lines |= {"window": window, "group": ", ".join(people) or "-"}
    for name, text in lines.items():
        typer.echo(f"{name:<11} {text}")


def _standing(person: dict[str, Any], conversion: dict[str, Any]) -> str:
    notes = ["main"] if person["is_main"] else []
    if conversion["credited_by"] == "role":
        notes.append(f"{person['role'] or 'no role'}, weighs {person['role_weight']:g}")
    return f" ({', '.join(notes)})" if notes else ""


def _value(conversion: dict[str, Any], kind: str, currency: str) -> str:
    local = f"{_money(conversion[f'{kind}_local'])} {currency}"
    return local if currency == "USD" else f"{local}, {_money(conversion[f'{kind}_usd'])} USD"


def _money(amount: Any) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(*columns, box=None, header_style="")
    for column in table.columns:
        column.no_wrap = True
    return table


def _milestones(rows: list[dict[str, Any]]) -> "Table":
    table = _table("milestone", "at", "touch")
    for row in rows:
        at, holder = str(row["at"] or ""), row["touch_id"] or "no touch at or before it"
        table.add_row(row["milestone"], at, holder)
    return table


def _journey(rows: list[dict[str, Any]]) -> "Table":
    columns = (
        "touched_at", "touch_type", "channel", "channel_rule", "campaign", "person_id", "source",
    )  # fmt: skip
    table = _table("#", "touch", *columns, "milestones")
    for row in rows:
        cells = (str(row[name] or "-") for name in columns)
        held = ", ".join(row["milestones"] or [])
        table.add_row(str(row["touch_number"]), row["touch_id"], *cells, held)
    return table


def _eligibility(rows: list[dict[str, Any]]) -> "Table":
    table = _table("touch", "touched_at", "channel", "person_id", "touches", "counts?")
    for row in rows:
        cells = (str(row[name] or "-") for name in ("touched_at", "channel", "person_id"))
        table.add_row(row["touch_id"], *cells, str(row["touches"]), row["reason"])
    return table


def _credits(found: dict[str, Any]) -> "Table":
    models = [total["model"] for total in found["totals"]]
    table = _table("touch", *(model.replace("_", "_\n", 1) for model in models))
    for column in table.columns[1:]:
        column.justify = "right"
    for row in found["credits"]:
        table.add_row(row["touch_id"], *(_credit(row["models"][model]) for model in models))
    table.add_row("total", *(_credit(total) for total in found["totals"]))
    return table


def _credit(credit: dict[str, Any]) -> str:
    return f"{credit['weight']:.4f}\n{_money(credit['revenue_local'])}"
