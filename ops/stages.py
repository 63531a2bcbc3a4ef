"""The stages of the road, in order. DAG tasks and tests call these; each is safe to run again."""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from ops import clock, progress
from ops.run import summary_path
from ops.state import ensure_state, record_run
from warehouse.connection import connect, transaction
from warehouse.errors import OnefoldError
from warehouse.files import replace
from warehouse.settings import settings

if TYPE_CHECKING:
    from ingestion.landing import LandingSummary

SEEDS = "resource_type:seed"
STAGING = "path:models/staging"
EVIDENCE = "path:models/identity/evidence"
PEOPLE = "path:models/identity/public"
ATTRIBUTES = "".join(
    f" int_people__{kind}_values" for kind in ("contact", "lead", "hubspot", "web")
)
MARTS = (
    "path:models/marts path:models/segments path:models/sync path:models/quality path:models/ops"
)
LAWS = "path:tests"


class GateBlocked(OnefoldError):
    """A gate said no; the message says why."""


class NoDay(OnefoldError):
    """A run that lands one day was not told which."""


class SyncFailed(OnefoldError):
    """A sync did not deliver everything; the message says what is left and what to do."""


def ingest(run_id: str, logical_date: str) -> str:
    """Land what is new; returns the run's clock. A refused file is reported, never raised."""
    from activation import state as activation_state
    from attribution import state as attribution_state
    from expectations.state import ensure_state as ensure_gates
    from ingestion import freshness
    from ingestion.arrivals import ingest_all

    with progress.stage(run_id, "ingest") as running:
        landed = ingest_all(run_id)
        running.detail |= _counts(landed)
        with connect("ingest") as con:
            for ensure in (
                ensure_state, ensure_gates, activation_state.ensure, attribution_state.ensure,
            ):  # fmt: skip
                ensure(con)
            as_of = clock.as_of(con, logical_date)
            freshness.record(con, as_of)
            return as_of


def land_day(run_id: str, day: str | None) -> list[str]:
    """Land the files whose path names `day` (ISO); returns what was refused or rejected.

    Raises NoDay where the run is of no day, as one triggered without a partition key is.
    """
    from ingestion.arrivals import ingest_all

    run_id = f"land_day.{run_id}"  # not to be taken for the main job's run of the same moment
    with progress.stage(run_id, "land_day") as running:
        landed = ingest_all(run_id, day=_day(day))
        running.detail |= _counts(landed)
    return [f"refused: {message}" for message in landed.refused] + [
        f"rejected: {s.rows_rejected} line(s) of {s.source}; see ops.rejects"
        for s in landed.sources
        if s.rows_rejected
    ]


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise NoDay(
            f"expected a day such as 2026-05-03 as the run's partition key, got {text!r}; start it "
            "with `onefold airflow backfill create --dag-id land_day --from-date DAY --to-date DAY`"
        ) from None


def _counts(landed: "LandingSummary") -> dict[str, int]:
    return {
        "new_files": sum(s.new_files for s in landed.sources),
        "rows_landed": landed.rows_loaded,
        "rejected": landed.rows_rejected,
        "refused": len(landed.refused),
    }


def staging(run_id: str, as_of: str) -> None:
    """Rules and staging models; tables of sources that never landed are empty and not tested."""
    from ingestion.ledger import absent_sources

    with progress.stage(run_id, "staging") as running:
        with connect("staging") as con:
            absent = absent_sources(con)
        untested = " ".join(f"{STAGING}/{source},resource_type:test" for source in absent)
        running.detail |= _build(f"{SEEDS} {STAGING}", as_of, exclude=untested)


def identity(run_id: str, as_of: str) -> None:
    """Evidence in SQL, the decision in Python, the public tables in SQL."""
    from identity.step import resolve

    with progress.stage(run_id, "identity") as running:
        counts = _build(EVIDENCE + (ATTRIBUTES if settings().identity_model else ""), as_of)
        decided = resolve(as_of, run_id)
        running.detail |= {
            "people": decided.people,
            "created": decided.created,
            "merged": decided.merged,
            "split": decided.split,
            "refused_merges": decided.refused,
        }
        running.detail |= _sum(counts, _build(PEOPLE, as_of))


def marts(run_id: str, as_of: str) -> None:
    """Marts, segments, sync candidates, and the laws over them."""
    from attribution import history
    from attribution.state import ensure

    with progress.stage(run_id, "marts") as running:
        running.detail |= _build(f"{MARTS} {LAWS}", as_of)
        if settings().attribution_history:
            with connect("attribution history") as con:
                ensure(con)
                running.detail["credited_otherwise"] = history.record(con, run_id, as_of)


def gate_marts(run_id: str, as_of: str) -> None:
    """May today's data leave the house? Raises GateBlocked if not."""
    from expectations.gates import gate_marts as gate

    with progress.stage(run_id, "gate_marts") as running:
        verdict = gate(run_id, as_of)
        running.detail["verdict"] = verdict.status
        if verdict.is_blocked:
            raise GateBlocked(
                "nothing was published or sent; `onefold check` prints why. For exports of another "
                "time set ONEFOLD_AS_OF to its end, or to latest_event"
            )


def publish(run_id: str, as_of: str) -> None:
    """Swap in the file that BI reads."""
    from warehouse.publish import publish as write

    with progress.stage(run_id, "publish") as running:
        done = write(run_id, as_of)
        running.detail |= {"tables": len(done.rows), "rows": sum(done.rows.values())}


def plan(run_id: str, as_of: str) -> list[str]:
    """Plan every sync and let the plan gate judge; returns the syncs that may be applied."""
    from activation.config import load_syncs
    from activation.plan import plan as plan_sync
    from activation.runner import plan_gate

    with progress.stage(run_id, "plan") as running:
        planned = [plan_sync(name, run_id, as_of) for name in load_syncs()]
        blocked = plan_gate(run_id, planned, as_of)
        running.detail |= {
            "adds": sum(p.adds for p in planned),
            "changes": sum(p.changes for p in planned),
            "removes": sum(p.removes for p in planned),
            "blocked": len(blocked),
        }
        return [p.sync for p in planned if p.sync not in blocked]


def apply(run_id: str, name: str) -> None:
    """Deliver one sync's plan. Raises SyncFailed if records are left for the next run."""
    from activation.apply import INCOMPLETE
    from activation.apply import apply as apply_sync
    from activation.config import find_sync
    from activation.quarantine import quarantined_keys

    with progress.stage(run_id, f"sync {name}") as running:
        with connect("quarantine") as con:
            excluded = quarantined_keys(con, name)
        done = apply_sync(find_sync(name), run_id, excluded_keys=excluded)
        running.detail |= {"outcome": done.status, "sent": done.sent, "failed": done.failed}
        if done.status == INCOMPLETE:
            raise SyncFailed(
                f"sync {name}: {done.failed} failed, {done.unknown} unknown, {done.not_tried} not "
                f"tried; they go again in the next run, or now with `onefold sync apply {name}`"
            )


def report(run_id: str, as_of: str | None) -> list[str]:
    """Close the run: record it, write its summary, return its problems.

    `as_of` is None where landing itself failed. Documentation that cannot be built is a problem in
    the summary, not the end of it.
    """
    from ops.report import summarise
    from warehouse.dbt import docs

    if as_of:
        with suppress(OnefoldError), progress.stage(run_id, "docs"):
            docs(as_of)
    with connect("report") as con:
        ensure_state(con)
        summary = summarise(con, run_id, as_of)
        with transaction(con):
            record_run(con, summary, datetime.now(UTC).replace(tzinfo=None))
    target = summary_path(run_id)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(summary, default=str), encoding="utf-8")
    replace(part, target)
    problems: list[str] = summary["problems"]
    return problems


def _build(select: str, as_of: str, exclude: str = "") -> dict[str, int]:
    from warehouse.dbt import build

    nodes = build(select, vars={"as_of": as_of}, exclude=exclude).nodes
    tests = sum(n.resource_type == "test" for n in nodes)
    return {"models": len(nodes) - tests, "tests": tests}


def _sum(*counts: dict[str, int]) -> dict[str, Any]:
    keys: Iterable[str] = counts[0]
    return {key: sum(c[key] for c in counts) for key in keys}
