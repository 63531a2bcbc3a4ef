"""Airflow's own scheduler in one process, which also runs the tasks that it queues.

Reads one JSON command a line from stdin and answers with one JSON line:

    {"airflow": [arguments]}      the command line, in this process; answers with its error
    {"sync": {name: value}}       what the DAG processor does, with these settings
    {"schedule": null}            the scheduler's loop until nothing is left to do
    {"triggerer": true | false}   start or stop `airflow triggerer`, a process of its own
    {"rows": sql}                 rows of Airflow's metadata database

Only tasks named by the variable RUN (`dag.task`, separated by commas) do their work; the others
succeed at once, so that a run of the main job costs one task.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.airflow_home import environment, prepare

os.environ.update(environment())

from airflow.cli.cli_parser import get_parser
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.exceptions import AirflowException
from airflow.executors.base_executor import BaseExecutor
from airflow.jobs.job import Job, run_job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.sdk.execution_time.supervisor import run_task_in_process
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import text

RUN = set(os.environ["RUN"].split(","))


class Here(BaseExecutor):
    """Runs each queued task at once, in this process, against the in-process API server."""

    is_local = True

    def __init__(self, dags: dict[str, Any]) -> None:
        super().__init__(parallelism=1)
        self.dags = dags

    def start(self) -> None:
        """There are no workers to start."""

    def sync(self) -> None:
        """Tasks are over when they were handed in."""

    def end(self) -> None:
        """There is nothing to wait for."""

    def _process_workloads(self, workloads: Any) -> None:
        for work in workloads:
            self.queued_tasks.pop(work.key)
            self.running.add(work.key)
            if f"{work.ti.dag_id}.{work.ti.task_id}" in RUN:
                task = self.dags[work.ti.dag_id].task_dict[work.ti.task_id]
                outcome = run_task_in_process(ti=work.ti, task=task)
                done = outcome.error is None
            else:
                done = _succeed(work.ti.id)
            state = TaskInstanceState.SUCCESS if done else TaskInstanceState.FAILED
            self.change_state(work.key, state, None)


def _succeed(ti_id: Any) -> bool:
    with create_session() as session:
        session.execute(
            text("update task_instance set state = 'success' where id = :id"),
            {"id": str(ti_id).replace("-", "")},
        )
    return True


def sync() -> dict[str, Any]:
    """Write the DAGs to the database as the DAG processor does; returns them by id."""
    manager = DagBundlesManager()
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    (bundle,) = manager.get_all_dag_bundles()
    bundle.initialize()
    bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, bundle.name, bundle.version)
    return dict(bag.dags)


def schedule(dags: dict[str, Any]) -> None:
    """Run the scheduler until it has been idle three times."""
    runner = SchedulerJobRunner(
        job=Job(), num_runs=3, only_idle=True, scheduler_idle_sleep_time=0.05,
        executors=[Here(dags)],
    )  # fmt: skip
    run_job(job=runner.job, execute_callable=runner._execute)
    runner._mark_backfills_complete()  # the loop does so every 30 seconds


def rows(sql: str) -> list[list[Any]]:
    """Rows of the metadata database, as JSON knows values."""
    with create_session() as session:
        found = session.execute(text(sql)).all()
    return [[None if value is None else str(value) for value in row] for row in found]


class Server:
    """Answers commands; holds what lasts from one to the next."""

    def __init__(self) -> None:
        prepare()
        self.triggerer: subprocess.Popen[bytes] | None = None
        self.dags = sync()

    def serve(self, what: str, value: Any) -> Any:
        """One command of the list above."""
        if what == "airflow":
            arguments = get_parser().parse_args(value)
            try:
                arguments.func(arguments)
            except AirflowException as error:
                return str(error)
        elif what == "sync":
            os.environ.update(value)
            self.dags = sync()
        elif what == "schedule":
            schedule(self.dags)
        elif what == "rows":
            return rows(value)
        elif value:
            command = [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"]
            self.triggerer = subprocess.Popen(command, start_new_session=True)
        else:
            self.close()
        return None

    def close(self) -> None:
        """Stop the triggerer with its child processes."""
        if self.triggerer:
            os.killpg(self.triggerer.pid, signal.SIGKILL)
            self.triggerer.wait()
            self.triggerer = None


def main() -> None:
    """Serve commands until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    with (Path(os.environ["AIRFLOW_HOME"]) / "here.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    server = Server()
    print("null", file=answers, flush=True)
    try:
        for line in sys.stdin:
            ((what, value),) = json.loads(line).items()
            print(json.dumps(server.serve(what, value)), file=answers, flush=True)
    finally:
        server.close()
        answers.flush()
        os._exit(0)  # what Airflow leaves running here takes its time to end


if __name__ == "__main__":
    main()
