"""Whole syncs: plan, gate, apply and fold, as `onefold sync apply` does it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from activation.apply import ApplySummary, apply
from activation.config import Sync
from activation.errors import ActivationError
from activation.plan import PlanSummary, plan
from activation.quarantine import quarantined_keys
from warehouse.connection import connect

Gate = Callable[[str, Sequence[PlanSummary], str], dict[str, list[str]]]
"""Judges stored plans of a run: by sync, why nothing of it may leave (empty: it may)."""


@dataclass(frozen=True)
class SyncResult:
    """One sync from plan to delivery; `problems` says why nothing was sent, or what failed."""

    plan: PlanSummary
    delivery: ApplySummary | None = None
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        return asdict(self)


def plan_gate(run_id: str, plans: Sequence[PlanSummary], as_of: str) -> dict[str, list[str]]:
    """Ask the expectations room about the plans that add or change something."""
    from expectations.gates import gate_plans

    asked = [planned.sync for planned in plans if planned.adds or planned.changes]
    verdicts = gate_plans(run_id, asked, as_of)
    return {
        name: [f"sync {name} blocked by its plan gate: {problem}" for problem in verdict.problems]
        for name, verdict in verdicts.items()
        if verdict.is_blocked
    }


def run_syncs(
    syncs: Sequence[Sync], run_id: str, as_of: str, *, approve: str = "", gate: Gate = plan_gate
) -> list[SyncResult]:
    """Plan all, judge all, then deliver each that may go. One sync's stop does not stop another."""
    plans = [plan(sync, run_id, as_of) for sync in syncs]
    blocked = gate(run_id, plans, as_of)
    return [
        SyncResult(planned, problems=blocked[sync.name])
        if blocked.get(sync.name)
        else _deliver(sync, planned, run_id, approve)
        for sync, planned in zip(syncs, plans, strict=True)
    ]


def _deliver(sync: Sync, planned: PlanSummary, run_id: str, approve: str) -> SyncResult:
    with connect(holder=f"activation quarantine {sync.name}") as con:
        excluded = quarantined_keys(con, sync.name)
    try:
        delivery = apply(sync, run_id, approve=approve, excluded_keys=excluded)
    except ActivationError as stop:
        return SyncResult(planned, problems=[str(stop)])
    return SyncResult(planned, delivery, _problems(delivery))


def _problems(delivery: ApplySummary) -> list[str]:
    if delivery.status != "incomplete":
        return []
    classes = ", ".join(f"{name} {count}" for name, count in delivery.errors.items())
    return [
        f"sync {delivery.sync}: {delivery.failed} failed, {delivery.unknown} unknown, "
        f"{delivery.not_tried} not tried ({classes}); the next run tries them again"
    ]
