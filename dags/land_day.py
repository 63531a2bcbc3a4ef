"""Past days of the landing folder, by Airflow's own backfill (an Airflow DAG)."""

from datetime import datetime

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from ops import schedule, stages
from ops.notifier import Alert

DOC = """
### What it does
Lands the files of one day and no others: those whose path names it, such as
`hubspot/2026-05-03/contacts.csv` or `hubspot/dt=2026-05-03/contacts.csv`. Each day is a partition
of this DAG, and no clock starts it:

    onefold airflow backfill create --dag-id land_day --from-date 2026-05-01 --to-date 2026-05-03

The next run of `cdp_daily` builds on what has landed. A day landed twice brings nothing twice.

### If it fails
- The log of `land` names the files that were refused or had lines rejected; the rest of the day has
  landed. `onefold ingest status` says what to do.
- After repairing a file, clear the task, or run the backfill again with
  `--reprocess-behavior failed`; what has landed is not landed again.
- `WarehouseBusy`: another process holds the warehouse; the message names it. Clear the task later.
"""


@dag(
    dag_id="land_day",
    schedule=schedule.by_day(),
    start_date=datetime(2000, 1, 1),
    end_date=datetime(2000, 1, 1),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args={"retries": 0, "pool": "duckdb_writer", "owner": "data-engineering"},
    tags=["cdp"],
    doc_md=DOC,
)
def land_day() -> None:
    """Land the files of the partition's day."""

    @task(on_failure_callback=Alert())
    def land() -> None:
        run = get_current_context()["dag_run"]
        if problems := stages.land_day(run.run_id, run.partition_key):
            raise AirflowFailException("\n".join(problems))

    land()


land_day()
