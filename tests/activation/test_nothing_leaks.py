"""Logs, exceptions, reprs and the ledger hold neither secrets nor personal data."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from activation.apply import apply
from activation.connections import find_connection
from activation.destinations import open_destination
from activation.plan import plan
from simulator.receiver import Fault, start
from warehouse.settings import settings

SECRET = "s3cr3t-canary"
MAIL = "canary.person@x.test"


def test_a_bad_day_at_debug_level(
    kit: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    kit.write_model(dict.fromkeys("abc", (MAIL, 1)))
    faults = [Fault("error_before"), Fault("partial", keys=frozenset({"a"})), Fault("drop_after")]
    with start(settings().outbox / "received.sqlite", SECRET, faults) as receiver:
        connection = {"conn_type": "http", "host": f"{receiver.url}?token={SECRET}"}
        text = json.dumps(connection | {"password": SECRET})
        monkeypatch.setenv("AIRFLOW_CONN_HOOK", text)
        sync = replace(
            kit.make_sync(destination="webhook", connection="hook"),
            options={"batch_size": 1, "max_attempts": 2},
        )
        destination: Any = open_destination(sync)
        destination._sleep = lambda seconds: None
        plan(sync, "one", kit.as_of)
        applied = apply(sync, "one", destination=destination)
    assert applied.sent == 2 and applied.failed == 1
    assert "sync people: incomplete, 2 sent" in caplog.text
    shown = [caplog.text, repr(find_connection("hook")), repr(destination), repr(applied)]
    stored = [file.read_bytes().decode("latin-1") for file in
              settings().home.glob("sync_ledger.sqlite*")]  # fmt: skip
    assert stored
    for text in shown + stored:
        assert MAIL not in text and SECRET not in text
