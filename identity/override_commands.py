"""`onefold identity split | merge | undo | overrides | what-if`."""

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from identity.printing import or_exit, print_json

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Why = Annotated[str, typer.Option("--why", help="The reason, kept beside the override.")]
_By = Annotated[str | None, typer.Option("--by", help="Who decides; default: the system's user.")]
_Person = Annotated[str, typer.Argument(help="A person_id or TYPE:VALUE, such as email:…")]
_Records = Annotated[
    list[str], typer.Argument(help="The records that leave: salesforce:…, hubspot:…, email:…")
]
_NEXT = "It holds from the next run on; `onefold identity undo {number}` takes it back."


def register(group: typer.Typer) -> None:
    """Add the sub-commands to `onefold identity`."""
    group.command("split")(split_command)
    group.command("merge")(merge_command)
    group.command("undo")(undo_command)
    group.command("overrides")(overrides_command)
    trial = typer.Typer(no_args_is_help=True, help="What a change would touch; changes nothing.")
    trial.command("split")(what_if_split)
    trial.command("merge")(what_if_merge)
    trial.command("rule-change")(what_if_rule)
    group.add_typer(trial, name="what-if")


def split_command(
    person: _Person, records: _Records, why: _Why, by: _By = None, as_json: _Json = False
) -> None:
    """Take RECORDS out of PERSON for good: they are two people in every later run."""
    from identity.overrides import split

    _override(lambda con: split(con, person, records, _maker(by, why)), as_json)


def merge_command(
    a: _Person, b: _Person, why: _Why, by: _By = None, as_json: _Json = False
) -> None:
    """Make A and B one person in every later run."""
    from identity.overrides import merge

    _override(lambda con: merge(con, a, b, _maker(by, why)), as_json)


def undo_command(
    number: Annotated[int, typer.Argument(help="See `onefold identity overrides`.")],
    by: _By = None,
    as_json: _Json = False,
) -> None:
    """Take a split or merge back from the next run on."""
    from identity.overrides import undo
    from warehouse.connection import connect, transaction

    with connect("onefold identity undo") as con, transaction(con):
        or_exit(lambda: undo(con, number, _maker(by, "")))
    if as_json:
        print_json({"override": number, "undone": True})
    else:
        typer.echo(f"Override {number} holds no longer from the next run on.")


def overrides_command(as_json: _Json = False) -> None:
    """List every split and merge by hand."""
    from identity.overrides import listed
    from warehouse.connection import connect, transaction

    with connect("onefold identity overrides") as con, transaction(con):
        found = listed(con)
    if as_json:
        print_json(found)
        return
    for row in found:
        state = "undone" if row["undone_at"] else "applied" if row["applied_run"] else "pending"
        people = " | ".join(", ".join(side or []) for side in (row["kept"], row["other"]))
        typer.echo(
            f"{row['override_number']:>4}  {row['action']:<5}  {state:<8}  {people}  "
            f"{row['made_by']}, {row['made_at']:%Y-%m-%d}: {row['reason']}"
        )
    if not found:
        typer.echo("No overrides.")


def what_if_split(person: _Person, records: _Records, as_json: _Json = False) -> None:
    """What taking RECORDS out of PERSON would touch."""
    from identity.overrides import split

    _try(lambda con: lambda: split(con, person, records, _maker(None, "what-if")), as_json)


def what_if_merge(a: _Person, b: _Person, as_json: _Json = False) -> None:
    """What making A and B one person would touch."""
    from identity.overrides import merge

    _try(lambda con: lambda: merge(con, a, b, _maker(None, "what-if")), as_json)


def what_if_rule(
    id_type: Annotated[str, typer.Argument(help="A type of identifier, such as email.")],
    setting: Annotated[str, typer.Argument(help="COLUMN=VALUE, such as max_per_person=3.")],
    as_json: _Json = False,
) -> None:
    """What another limit in seeds/rules/identity_id_types.csv would touch."""
    from identity.what_if import set_rule

    column, _, value = setting.partition("=")
    _try(lambda con: set_rule(con, id_type, column, value), as_json)


def _maker(by: str | None, why: str) -> Any:
    from identity.overrides import Maker

    return Maker(by or getpass.getuser(), why, datetime.now(UTC).replace(tzinfo=None))


def _override(make: Any, as_json: bool) -> None:
    from warehouse.connection import connect, transaction

    with connect("onefold identity") as con, transaction(con):
        number = or_exit(lambda: make(con))
    if as_json:
        print_json({"override": number})
    else:
        typer.echo(f"Override {number} is written. " + _NEXT.format(number=number))


def _try(change_of: Any, as_json: bool) -> None:
    from identity.what_if import what_if
    from warehouse.connection import connect

    with connect("onefold identity what-if") as con:
        found = or_exit(lambda: what_if(con, _as_of(con), change_of(con)))
    print_json(found) if as_json else _print_radius(found)


def _as_of(con: Any) -> str:
    """The clock of the last run: what it would have decided."""
    from identity.lookup import require_resolved

    require_resolved(con)
    row = con.execute("select max(as_of)::varchar from state.identity_runs").fetchone()
    return str(row[0])


def _print_radius(found: dict[str, Any]) -> None:
    typer.echo(
        f"people          {found['people_before']:,} -> {found['people_after']:,}\n"
        f"records moved   {found['records']:,}, of {found['affected_people']:,} people"
    )
    for row in found["events"]:
        typer.echo(f"  {row['event']} {row['person_id']} {row['other_person_id'] or ''}")
    for row in found["refused_merges"]:
        typer.echo(
            f"  kept apart: {row['id_type']} against the limit of {row['limit_id_type']}, "
            f"{row['would_be']} where {row['limit_value']} are allowed"
        )
    typer.echo("held today by the people concerned:")
    for kind in ("segments", "syncs"):
        for table, count in found[kind].items():
            typer.echo(f"  {kind[:-1]:<12}  {table}: {count:,}")
    for row in found["attribution"]:
        typer.echo(
            f"  attribution   {row['model']}: {row['conversions']:,} conversions, "
            f"{row['revenue_usd']:,} USD"
        )
    for row in found["consent"]:
        typer.echo(f"  consent       {row['purpose']} {row['status']}: {row['people']:,}")
    typer.echo("Nothing was changed.")
