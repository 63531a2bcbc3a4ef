"""An alert says what is wrong and what to do, reaches a real server, and never breaks anything."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops.notifier import Alert, message
from warehouse.errors import WarehouseBusy

CONNECTION = "AIRFLOW_CONN_ONEFOLD_ALERTS"
PERSON = "canary.person@secret-mailbox.example"


def context(error: Any) -> dict[str, Any]:
    """What Airflow hands to a failure callback."""
    return {
        "dag_run": SimpleNamespace(dag_id="cdp_daily", run_id="manual__2026-06-30"),
        "ti": SimpleNamespace(task_id="report"),
        "exception": error,
    }


@pytest.fixture
def server() -> Iterator[Any]:
    """A real HTTP server that answers `status` and keeps what was posted."""
    kept: list[tuple[str, dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    found = SimpleNamespace(
        kept=kept, status=200, url=f"http://127.0.0.1:{http.server_port}/services/secret-path"
    )
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield found
    http.shutdown()
    http.server_close()


def test_the_message_names_problems_and_what_to_do() -> None:
    text = message(context(AirflowFailException("refused: a.csv: cut off\nrejected: 3 line(s)")))
    assert text.splitlines()[:3] == [
        "Onefold: cdp_daily has problems (task report, run manual__2026-06-30).",
        "• refused: a.csv: cut off",
        "• rejected: 3 line(s)",
    ]
    assert "`onefold ingest status`" in text.splitlines()[-1]


def test_a_long_list_is_cut_and_counted() -> None:
    text = message(context(AirflowFailException("\n".join(f"refused: {i}" for i in range(25)))))
    assert "• refused: 19" in text and "• refused: 20" not in text
    assert "• and 5 more" in text


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (WarehouseBusy("dbt holds the warehouse"), "• dbt holds the warehouse"),
        (
            duckdb.BinderException(f"no cast of {PERSON}"),
            "• stopped by BinderException",
        ),
        (KeyError(PERSON), "• stopped by KeyError"),
        (None, "• stopped from outside"),
        (f"killed while reading {PERSON}", "• stopped from outside"),
    ],
)
def test_only_messages_written_for_people_are_repeated(error: Any, says: str) -> None:
    text = message(context(error))
    assert says in text
    assert PERSON not in text


def test_it_is_posted_as_slack_takes_it(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONNECTION, json.dumps({"conn_type": "http", "host": server.url}))
    Alert()(context(AirflowFailException("refused: a.csv")))
    ((path, headers, body),) = server.kept
    assert path == "/services/secret-path"
    assert body == {"text": message(context(AirflowFailException("refused: a.csv")))}
    assert "Authorization" not in headers
    assert headers["Content-Type"] == "application/json"


def test_a_password_is_a_bearer_token(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        CONNECTION, json.dumps({"conn_type": "http", "host": server.url, "password": "hush"})
    )
    Alert()(context(None))
    assert server.kept[0][1]["Authorization"] == "Bearer hush"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_server_that_says_no_breaks_nothing_and_hides_its_address(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    server.status = status
    monkeypatch.setenv(CONNECTION, json.dumps({"conn_type": "http", "host": server.url}))
    with caplog.at_level(logging.DEBUG, logger="ops"):
        Alert()(context(AirflowFailException("refused: a.csv")))
    assert len(server.kept) == 1
    assert f"HTTP {status}" in caplog.text
    assert "refused: a.csv" in caplog.text, "the log has it all the same"
    assert "secret-path" not in caplog.text


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("http://127.0.0.1:9/secret-path", "ConnectError"),
        ("http://hooks.example.com/secret-path", "expected an https address"),
        ("", "expected a host"),
    ],
)
def test_an_address_that_cannot_be_used_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, host: str, says: str
) -> None:
    monkeypatch.setenv(CONNECTION, json.dumps({"conn_type": "http", "host": host}))
    Alert()(context(AirflowFailException("refused: a.csv")))
    assert says in caplog.text
    assert "secret-path" not in caplog.text
