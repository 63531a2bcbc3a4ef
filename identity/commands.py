"""`onefold identity profile | explain | evaluate | status | train`, and the overrides."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from identity import override_commands
from identity.printing import or_exit, print_json

if TYPE_CHECKING:
    from identity.evaluate import Evaluation

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PERSON = "A person_id (former ids resolve) or TYPE:VALUE, such as email:… or salesforce:…"


def register(app: typer.Typer) -> None:
    """Add the sub-commands of this room."""
    group = typer.Typer(no_args_is_help=True, help="Who is who, why, and how sure.")
    group.command("profile")(profile_command)
    group.command("explain")(explain_command)
    group.command("evaluate")(evaluate_command)
    group.command("train")(train_command)
    override_commands.register(group)
    group.command("status")(status_command)
    app.add_typer(group, name="identity")


def profile_command(
    person: Annotated[str, typer.Argument(help=_PERSON)], as_json: _Json = False
) -> None:
    """Show everything known of one person. Exit 2 if nobody is known under PERSON."""
    from identity.profile import profile
    from warehouse.connection import connect

    with connect("onefold identity profile", read_only=True) as con:
        found = or_exit(lambda: profile(con, person))
    print_json(found) if as_json else _print_profile(found)


def explain_command(
    a: Annotated[str, typer.Argument(metavar="A", help=_PERSON)],
    b: Annotated[str | None, typer.Argument(metavar="[B]", help=_PERSON)] = None,
    as_json: _Json = False,
    as_of_run: Annotated[
        str | None, typer.Option(help="As a run (its number or id) had decided it.")
    ] = None,
) -> None:
    """Show why A and B are one person: record, value, record. Exit 1 if they are two."""
    from identity.explain import explain
    from warehouse.connection import connect

    with connect("onefold identity explain", read_only=True) as con:
        found = or_exit(lambda: explain(con, a, b, as_of_run))
    print_json(found) if as_json else _print_path(found)
    if not found["same_person"]:
        raise typer.Exit(1)


def evaluate_command(
    labelled: Annotated[
        Path | None,
        typer.Argument(metavar="[LABELLED]", help="A CSV or Parquet file that says who each is."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="YAML: the column of LABELLED for each key.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="CSV: source, record_type, record_id, person.")
    ] = None,
    as_json: _Json = False,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Compare with plain connected components.")
    ] = False,
) -> None:
    """Score people against a truth: pairs of records, and B-cubed.

    With LABELLED and --mapping: how well the probabilistic model, trained on the file's records
    without their labels, finds the people again. With --truth: the people of the warehouse.
    """
    if labelled is not None and mapping is not None and truth is None:
        _evaluate_file(labelled, mapping, as_json)
    elif truth is not None and labelled is None and mapping is None:
        _evaluate_people(truth, as_json, baseline)
    else:
        raise typer.BadParameter("expected LABELLED with --mapping, or --truth")


def _evaluate_people(truth: Path, as_json: bool, baseline: bool) -> None:
    from identity.evaluate import evaluate
    from warehouse.connection import connect

    with connect("onefold identity evaluate", read_only=True) as con:
        found = or_exit(lambda: evaluate(con, truth))
    if as_json:
        print_json(_scores(found, baseline))
    else:
        _print_scores(found, baseline)


def status_command(
    as_json: _Json = False,
    runs: Annotated[int, typer.Option(min=1, help="How many of the last runs.")] = 5,
) -> None:
    """Show what the last runs did to the people: churn, sizes, refused merges, scores."""
    from identity.status import last_runs
    from warehouse.connection import connect

    with connect("onefold identity status", read_only=True) as con:
        found = or_exit(lambda: last_runs(con, runs))
    print_json(found) if as_json else _print_runs(found)


def _evaluate_file(labelled: Path, mapping: Path, as_json: bool) -> None:
    from identity.labelled import evaluate_file

    found = or_exit(lambda: evaluate_file(labelled, mapping))
    if as_json:
        print_json(found)
        return
    for label, key in (("pairs", ""), ("B-cubed", "bcubed_")):
        shares = (_share(found[f"{key}{name}"]) for name in ("precision", "recall", "f1"))
        typer.echo("{:<8} precision {}  recall {}  F1 {}".format(label, *shares))
    typer.echo(
        f"{found['records']:,} records of {found['people']:,} people in {found['clusters']:,} "
        f"clusters; {found['predicted']:,} pairs joined, {found['correct']:,} of them rightly, of "
        f"{found['true']:,} true; {found['compared_pairs']:,} compared, cut at {found['cut']} bits"
    )


def train_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Learn, but write no file.")] = False,
    as_json: _Json = False,
) -> None:
    """Learn from the warehouse's records what one person's records look like; write a model file.

    It changes nobody: the model counts once ONEFOLD_IDENTITY_MODEL switches it on.
    """
    from identity.linkage.train import read_records, train
    from warehouse.connection import connect

    with connect("onefold identity train", read_only=True) as con:
        records = or_exit(lambda: read_records(con))
    found = or_exit(lambda: train(records, dry_run=dry_run))
    if as_json:
        print_json(found)
        return
    state = "written" if found["written"] else "not written" if dry_run else "already there"
    typer.echo(f"{found['version']}  {state}: {found['path']}")
    typer.echo(
        f"{found['records']:,} records, {found['compared_pairs']:,} pairs compared on "
        f"{', '.join(found['compared'])}; {found['skipped_blocks']:,} values too common to compare"
    )
    typer.echo(
        f"cut at {found['cut']:.2f} bits from {found['triangles']:,} third records: "
        f"{found['similar_pairs']:,} pairs above it, {found['joins']:,} joins"
    )


def _scores(found: "Evaluation", baseline: bool) -> dict[str, Any]:
    from dataclasses import asdict

    scores = asdict(found)
    plain = {key: scores.pop(key) for key in list(scores) if key.startswith("baseline_")}
    if baseline:
        scores["baseline"] = {k.removeprefix("baseline_"): v for k, v in plain.items()}
    return scores


def _print_scores(found: "Evaluation", baseline: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "precision", "recall", "pairs joined")
    table.add_row("people", _share(found.precision), _share(found.recall), f"{found.predicted:,}")
    if baseline:
        table.add_row(
            "plain components",
            _share(found.baseline_precision),
            _share(found.baseline_recall),
            f"{found.baseline_predicted:,}",
        )
    Console().print(table)
    typer.echo(
        f"{found.records:,} records of the truth, {found.missing:,} of them not loaded; "
        f"{found.unreachable:,} true pairs share no evidence and are left out of recall"
    )
    shares = map(_share, (found.bcubed_precision, found.bcubed_recall, found.bcubed_f1))
    typer.echo("B-cubed precision {}, recall {}, F1 {}".format(*shares))


def _print_runs(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", *(f"run {run['run_number']}" for run in found), box=None)
    table.add_row("as of", *(str(run["as_of"])[:16] for run in found))
    for metric in dict.fromkeys(metric for run in found for metric in run["metrics"]):
        table.add_row(metric, *(_figure(run["metrics"].get(metric)) for run in found))
    for column in table.columns:
        column.no_wrap, column.justify = True, "right"
    table.columns[0].justify = "left"
    console = Console()
    console.width = max(console.width, 30 + 20 * len(found))
    console.print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value.is_integer() else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _print_profile(found: dict[str, Any]) -> None:
    attributes = found["attributes"]
    typer.echo(f"person          {found['person_id']}")
    for key in ("first_name", "last_name", "title", "company_name", "country"):
        if attributes.get(key):
            typer.echo(f"{key:<15} {attributes[key]}")
    account = found["account"]
    typer.echo(f"stage           {found['lifecycle_stage'] or '-'}")
    typer.echo(f"account         {account['account_name'] if account else '-'}")
    typer.echo(f"last engagement {found['last_engagement'] or '-'}")
    typer.echo(f"touchpoints     {found['total_touchpoints']}")
    typer.echo(f"channels        {', '.join(found['active_channels']) or '-'}")
    typer.echo(f"former ids      {', '.join(found['aliases']) or '-'}")
    typer.echo("identifiers")
    for kind, values in found["identifiers"].items():
        typer.echo(f"  {kind}: {', '.join(values)}")
    typer.echo("merge history")
    for row in found["merge_history"]:
        record = f"{row['source']} {row['record_type']} {row['record_id']}"
        typer.echo(f"  {row['at']}  {record}  {row['rule']}  confidence {row['confidence']}")
    for row in found["id_events"]:
        typer.echo(f"  {row['at']}  {row['event']} {row['other_person_id'] or ''}  {row['rule']}")
    typer.echo("consents")
    for row in found["consents"]:
        typer.echo(f"  {row['purpose']}: {row['status']} ({row['source']}, {row['decided_at']})")


def _print_path(found: dict[str, Any]) -> None:
    if not found["same_person"]:
        typer.echo(f"two people: {found['person_id']} and {found['other_person_id']}")
        return
    typer.echo(f"one person: {found['person_id']}")
    for step in found["steps"]:
        weakest = "  <- weakest link" if step.get("is_weakest") else ""
        typer.echo(
            f"  {step['source']} {step['record_type']} {step['record_id']} -- {step['id_type']} "
            f"{step['id_value']} ({step['rule']}, {step['_file']}:{step['_line']}, "
            f"{step['observed_at']}, confidence {step['confidence']}){weakest}"
        )
