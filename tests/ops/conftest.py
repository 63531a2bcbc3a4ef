"""A summary as ops.report writes it, and the tables it is written from."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Rows = list[dict[str, Any]]

LOADS = (
    "source varchar, file varchar, status varchar, message varchar, run_id varchar, "
    "rows_loaded bigint, rows_rejected bigint, rows_skipped bigint, load_seq bigint"
)
GATE_RESULTS = (
    "run_id varchar, gate varchar, status varchar, message varchar, expectation_id varchar"
)
SYNC_RUNS = (
    "run_id varchar, sync varchar, status varchar, adds bigint, changes bigint, removes bigint, "
    "skips bigint, sent bigint, failed bigint, unknown bigint, withheld bigint, "
    "breaches varchar[]"
)


@pytest.fixture(scope="session")
def outcome(
    warehouse_with: Callable[..., None],
) -> Callable[..., None]:
    """Write what the rooms of a run leave for its report, into the current home."""

    def write(
        loads: Rows | None = None,
        gates: Rows | None = None,
        syncs: Rows | None = None,
        credits: Mapping[str, str] | None = None,
        revenue: str = "100.00",
    ) -> None:
        attributed = {"u_shaped": "100.00"} if credits is None else credits
        warehouse_with({
            "state.loads": (LOADS, loads or []),
            "state.gate_results": (GATE_RESULTS, gates or []),
            "state.sync_runs": (SYNC_RUNS, syncs or []),
            "identity.person_records": ("person_id varchar, record_id varchar", [
                {"person_id": "p_1", "record_id": "1"}, {"person_id": "p_1", "record_id": "2"},
                {"person_id": "p_2", "record_id": "3"},
            ]),
            "marts.fct_conversions": ("revenue_usd decimal(18, 2)", [{"revenue_usd": revenue}]),
            "marts.fct_attributed_conversions": ("model varchar, revenue_usd decimal(18, 2)", [
                {"model": model, "revenue_usd": value} for model, value in attributed.items()
            ]),
        })  # fmt: skip

    return write


@pytest.fixture
def summary() -> dict[str, Any]:
    """The summary of a run without problems, as JSON gives it back."""
    return {
        "run_id": "r1",
        "as_of": "2026-06-30 12:00:00",
        "sources": [{"source": "salesforce", "files": 8, "new_files": 7, "rows_total": 2300,
                     "rows_landed": 2200, "rejected_total": 3, "rejected": 0, "skipped": 0,
                     "refused": 0}],
        "refused": [],
        "freshness": [
            {"source": "billing", "last_event_at": None, "age_days": None, "status": "absent"},
            {"source": "salesforce", "last_event_at": "2026-06-30 11:00:00", "age_days": 0.04,
             "status": "fresh"},
        ],
        "people": {"people": 1479, "records": 3527, "precision": 0.9976, "recall": 0.9987,
                   "pairs_without_evidence": 927, "precision_of_plain_components": 0.725},
        "models": [{"model": "u_shaped", "attributed_usd": "405037.31", "total_usd": "405037.31"}],
        "gates": [{"gate": "marts", "status": "passed", "expectations": 52}],
        "gate_messages": [],
        "syncs": [{"sync": "newsletter_audience", "status": "done", "adds": 395, "changes": 1,
                   "removes": 2, "skips": 483, "sent": 398, "failed": 0, "unknown": 0,
                   "withheld": 0, "breaches": []}],
        "marts": {"checksum": "6638134c002f79ee", "previous": None},
        "stages": [{"stage": "ingest", "event": "done", "seconds": 3.04, "detail": {"rows": 1},
                    "error": ""}],
        "is_unchanged": False,
        "problems": [],
        "status": "done",
        "exit_code": 0,
        "look": {"published file": "/h/published/onefold.duckdb", "Airflow UI": "http://[::1]"},
    }  # fmt: skip
