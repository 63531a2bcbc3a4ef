"""The main job, once a day: exports in, one customer, segments out (an Airflow DAG)."""

from datetime import datetime

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from ops import schedule, stages
from ops.notifier import Alert

# A past day of this job would send as of that day; `land_day` lands past days.
NO_BACKFILL = ["scheduled", "asset_triggered", "manual"]
DOC = """
### What it does
By the clock (`ONEFOLD_SCHEDULE`) and whenever a `_READY` file is written into the landing folder:
lands new export files, builds staging, resolves people, builds the marts, lets the gates decide,
publishes the file that BI reads, and sends what changed. Past days are landed by `land_day`.

### If it fails
- `ingest` never fails for a bad file: the file is refused, the rest arrives and `report` goes red.
  `onefold ingest status` names the file and what to do; repair it and clear `ingest`.
- `gate_marts` red: data quality said no and nothing left the house. `onefold check` prints why.
- `sync` red: `GuardStopped` means a plan looks dangerous; `onefold sync plan NAME` shows it.
  Anything else is retried by the next run, or now by clearing the task.
- Every failed run says what is wrong in the log of `report`, and posts the same to the connection
  `onefold_alerts` where there is one.
- The final table calls a source late or stale: its export stopped coming. Ask for it; what is older
  than the `error_after` of the source's YAML makes `gate_marts` red.
- `WarehouseBusy`: another process holds the warehouse; the message names it. Clear the task later.
- Any other red task is safe to clear: every task ends in the same place however often it runs.
"""


@dag(
    dag_id="cdp_daily",
    schedule=schedule.main_job(),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    allowed_run_types=NO_BACKFILL,
    default_args={"retries": 0, "pool": "duckdb_writer", "owner": "data-engineering"},
    tags=["cdp"],
    doc_md=DOC,
)
def cdp_daily() -> None:
    """Ingest, shape, resolve, decide, publish, send, report."""

    @task
    def ingest() -> str:
        return stages.ingest(run_id(), logical_date())

    @task
    def staging(as_of: str) -> None:
        stages.staging(run_id(), as_of)

    @task
    def identity(as_of: str) -> None:
        stages.identity(run_id(), as_of)

    @task
    def marts(as_of: str) -> None:
        stages.marts(run_id(), as_of)

    @task
    def gate_marts(as_of: str) -> None:
        stages.gate_marts(run_id(), as_of)

    @task
    def publish(as_of: str) -> None:
        stages.publish(run_id(), as_of)

    @task
    def plan(as_of: str) -> list[str]:
        return stages.plan(run_id(), as_of)

    @task
    def sync(name: str) -> None:
        stages.apply(run_id(), name)

    @task(trigger_rule="all_done", on_failure_callback=Alert())
    def report(as_of: str | None) -> None:
        if problems := stages.report(run_id(), as_of):
            raise AirflowFailException("\n".join(problems))

    as_of = ingest()
    gate = gate_marts(as_of)
    staging(as_of) >> identity(as_of) >> marts(as_of) >> gate
    published = publish(as_of)
    names = plan(as_of)
    gate >> [published, names]
    [published, sync.expand(name=names)] >> report(as_of)


def run_id() -> str:
    """The Airflow run's id names the run in every Onefold table."""
    return str(get_current_context()["run_id"])


def logical_date() -> str:
    """The run's logical date, ISO with offset; its start where it was triggered without one."""
    context = get_current_context()
    return str((context.get("logical_date") or context["dag_run"].run_after).isoformat())


cdp_daily()
