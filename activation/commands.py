"""`onefold sync plan | apply | history`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from activation.config import Sync
    from activation.history import History
    from activation.plan import PlanSummary
    from activation.runner import SyncResult

Name = Annotated[str, typer.Argument(help="One sync of activation/syncs.yml; all when left out.")]
AsOf = Annotated[str, typer.Option("--as-of", help="The clock, ISO and UTC; that of the last run.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    sync = typer.Typer(no_args_is_help=True, help="Send what changed, with consent, once.")
    sync.command("plan")(plan_command)
    sync.command("apply")(apply_command)
    sync.command("history")(history_command)
    app.add_typer(sync, name="sync")


def plan_command(name: Name = "", as_of: AsOf = "", as_json: Json = False) -> None:
    """Show what would be added, changed, removed and skipped, and why. Sends and keeps nothing."""
    from activation.plan import plan
    from ops.clock import of_command

    syncs, moment = _chosen(name), of_command(as_of)
    plans = [plan(sync, "dry-run", moment, store=False) for sync in syncs]
    if as_json:
        _print_json([p.as_dict() for p in plans])
    else:
        typer.echo("\n\n".join(map(_plan_text, plans)))
    raise typer.Exit(1 if any(p.breaches for p in plans) else 0)


def apply_command(
    name: Name = "",
    approve: Annotated[
        str, typer.Option("--approve", metavar="REASON", help="Let a plan pass its guards.")
    ] = "",
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Plan, ask the gate, send, write down every outcome."""
    from activation.apply import utc_now
    from activation.runner import run_syncs
    from ops.clock import of_command

    if approve and not name:
        typer.echo("onefold: name the sync that --approve is for", err=True)
        raise typer.Exit(2)
    syncs, moment = _chosen(name), of_command(as_of)
    run_id = f"manual__{utc_now().isoformat()}"
    results = run_syncs(syncs, run_id, moment, approve=approve)
    if as_json:
        _print_json([result.as_dict() for result in results])
    else:
        typer.echo("\n".join(map(_result_text, results)))
    raise typer.Exit(1 if any(result.problems for result in results) else 0)


def history_command(
    person: Annotated[
        str, typer.Argument(help="A person id, present or former, or TYPE:VALUE, such as email:…")
    ],
    as_json: Json = False,
) -> None:
    """Why was this person sent, or not sent?"""
    from activation.history import history

    found = history(person)
    if as_json:
        _print_json(found.as_dict())
    else:
        typer.echo(_history_text(found))


def _chosen(name: str) -> "list[Sync]":
    from activation.config import find_sync, load_syncs

    return [find_sync(name)] if name else list(load_syncs().values())


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2, default=str))


def _plan_text(plan: "PlanSummary") -> str:
    configured = "" if plan.is_configured else " (not configured: planned, not sent)"
    lines = [
        f"{plan.sync} → {plan.destination}{configured}, as of {plan.as_of}",
        f"  {plan.candidates} candidates, {plan.allowed} allowed, {plan.held} held",
    ]
    lines += [f"  {r['action']:<7} {r['records']:>7}  {r['reason']}" for r in plan.reasons]
    lines += [f"  ✗ {breach}" for breach in plan.breaches]
    return "\n".join(lines)


def _result_text(result: "SyncResult") -> str:
    if result.delivery is None:
        lines = [f"{result.plan.sync}: stopped, nothing sent"]
    else:
        d = result.delivery
        lines = [
            f"{d.sync}: {d.status}, {d.sent} sent, {d.failed} failed, {d.unknown} unknown, "
            f"{d.withheld} withheld, {d.not_tried} not tried"
        ]
    return "\n".join(lines + [f"  ✗ {problem}" for problem in result.problems])


def _history_text(history: "History") -> str:
    earlier = f" (earlier {', '.join(history.earlier_ids)})" if history.earlier_ids else ""
    lines = [f"{history.person_id}{earlier}"]
    for d in history.decisions:
        held = "held" if d.is_held else "not held"
        lines.append(f"  {d.sync:<28} {d.action:<7} {d.reason:<22} {held}, as of {d.as_of}")
    if not history.decisions:
        lines.append("  in no sync's newest plan")
    for a in history.attempts:
        why = f" ({a.error_class})" if a.error_class else ""
        lines.append(f"  {a.at[:19]}  {a.sync:<28} {a.action:<7} {a.status}{why}, {a.reason}")
    return "\n".join(lines)
