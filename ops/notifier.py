"""Telling people that a run has problems, through an Airflow notifier."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from activation.connections import find_connection
from activation.errors import ConnectionInvalid
from activation.http_calls import check_url, is_loopback
from warehouse.errors import OnefoldError

CONNECTION = "onefold_alerts"
_MOST = 20
_TIMEOUT_SECONDS = 10

log = logging.getLogger(__name__)
# The client writes every address at INFO, and a webhook's address is its secret.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Alert(BaseNotifier):  # type: ignore[misc]
    """A task's failure callback: logs what is wrong, and posts it where `onefold_alerts` points.

    The connection holds the address of a webhook that takes Slack's `{"text": …}`; without one the
    log is all. An alert that cannot be delivered never fails anything itself.
    """

    def notify(self, context: Mapping[str, Any]) -> None:
        """Tell of the failed task in `context`."""
        text = message(context)
        log.warning(text)
        try:
            connection = find_connection(CONNECTION, in_airflow=True)
            if connection is not None:
                check_url(CONNECTION, connection.url)
                _post(connection.url, connection.secret, text)
        except ConnectionInvalid as error:
            log.error("the alert was not sent: %s", error)


def message(context: Mapping[str, Any]) -> str:
    """What failed and what to do: file names, counts and commands, never personal data."""
    run = context["dag_run"]
    task = context["ti"].task_id
    problems = _problems(context.get("exception"))
    kept = [f"• {problem}" for problem in problems[:_MOST]]
    if len(problems) > _MOST:
        kept.append(f"• and {len(problems) - _MOST} more")
    head = f"Onefold: {run.dag_id} has problems (task {task}, run {run.run_id})."
    todo = (
        "`onefold ingest status` and `onefold check` say more; the DAG's notes in Airflow say what "
        "to do, and so does the task's log."
    )
    return "\n".join([head, *kept, todo])


def _problems(error: BaseException | str | None) -> list[str]:
    """One line a problem. Only messages written for people are free of personal data for sure."""
    if isinstance(error, OnefoldError | AirflowFailException):
        return [line for line in str(error).splitlines() if line]
    if isinstance(error, BaseException):
        return [f"stopped by {type(error).__name__}"]
    return ["stopped from outside: killed, or timed out"]


def _post(url: str, token: str, text: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    trust_env = not is_loopback(urlsplit(url).hostname or "")
    with httpx2.Client(timeout=_TIMEOUT_SECONDS, trust_env=trust_env) as client:
        try:
            answer = client.post(url, json={"text": text}, headers=headers)
        except httpx2.HTTPError as error:
            # Its message would show the address.
            log.error("the alert was not sent: %s; see %s", type(error).__name__, CONNECTION)
            return
    if not answer.is_success:
        log.error("the alert was not taken: HTTP %s; see %s", answer.status_code, CONNECTION)
