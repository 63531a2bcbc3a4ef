"""Connections come from the environment and never show what they hold."""

import json

import pytest

from activation.config import Sync
from activation.connections import find_connection, is_configured
from activation.errors import ConnectionInvalid

SECRET = "s3cr3t-canary"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            json.dumps({"conn_type": "http", "host": "http://127.0.0.1:9/in", "password": SECRET}),
            "http://127.0.0.1:9/in",
        ),
        (
            json.dumps(
                {"host": "example.com", "schema": "https", "port": 8443, "password": SECRET}
            ),
            "https://example.com:8443",
        ),
        (json.dumps({"host": "example.com", "password": SECRET}), "https://example.com"),
        (
            json.dumps({"password": SECRET, "extra": {"url": "https://example.com/hook?a=b"}}),
            "https://example.com/hook?a=b",
        ),
        (
            json.dumps({"password": SECRET, "extra": json.dumps({"path": "/srv/out"})}),
            "file:///srv/out",
        ),
        (f"https://:{SECRET}@example.com/hook/1", "https://example.com/hook/1"),
        (f"http://:{SECRET}@127.0.0.1:9/in", "http://127.0.0.1:9/in"),
        (f"http://user:{SECRET}@example.com:443/https", "https://example.com:443"),
        (
            f"http://:{SECRET}@h/?__extra__=%7B%22url%22%3A%22https%3A%2F%2Fexample.com%22%7D",
            "https://example.com",
        ),
    ],
)
def test_both_forms_of_airflow_are_read(text: str, url: str) -> None:
    connection = find_connection("crm_hook", {"AIRFLOW_CONN_CRM_HOOK": text})
    assert connection is not None
    assert (connection.url, connection.secret) == (
        url,
        SECRET,
    )
    assert SECRET not in repr(connection) and "example" not in repr(connection)


def test_own_variables_and_none() -> None:
    env = {"ONEFOLD_CONN_CRM_URL": "https://example.com", "ONEFOLD_CONN_CRM_SECRET": SECRET}
    connection = find_connection("crm", env)
    assert connection is not None and connection.secret == SECRET
    assert find_connection("crm", {}) is None


@pytest.mark.parametrize(
    "text", ["{not json " + SECRET, '["' + SECRET + '"]', SECRET, '{"extra": 3}']
)
def test_a_broken_connection_does_not_show_its_text(text: str) -> None:
    with pytest.raises(ConnectionInvalid) as error:
        find_connection("crm", {"AIRFLOW_CONN_CRM": text})
    assert SECRET not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_sync_without_connection_is_configured(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    assert is_configured(sync)
    named = replace(sync, connection="crm")
    assert not is_configured(named)
    for text in ("https://:x@example.com", "{broken"):
        monkeypatch.setenv("AIRFLOW_CONN_CRM", text)
        assert is_configured(named)
