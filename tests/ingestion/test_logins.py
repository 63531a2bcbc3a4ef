"""Logins come from Airflow connections and never show what they hold."""

import json

import pytest

from ingestion.errors import InboxError
from ingestion.logins import find_login

SECRET = "s3cr3t/canary"
EXTRA = {"endpoint_url": "https://s3.example.com", "private_key": "k3y-canary"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"host": "h", "port": 22, "login": "u", "password": SECRET, "extra": EXTRA}),
        json.dumps(
            {"host": "h", "port": "22", "login": "u", "password": SECRET,
             "extra": json.dumps(EXTRA)}
        ),
        "sftp://u:s3cr3t%2Fcanary@h:22/?endpoint_url=https%3A%2F%2Fs3.example.com"
        "&private_key=k3y-canary",
        "sftp://u:s3cr3t%2Fcanary@h:22/?__extra__=%7B%22endpoint_url%22%3A%22https%3A%2F%2F"
        "s3.example.com%22%2C%22private_key%22%3A%22k3y-canary%22%7D",
    ],
)  # fmt: skip
def test_both_forms_of_airflow_are_read(text: str) -> None:
    login = find_login("onefold_sftp", env={"AIRFLOW_CONN_ONEFOLD_SFTP": text})
    assert login is not None
    assert (login.host, login.port, login.login, login.password) == ("h", 22, "u", SECRET)
    assert dict(login.extra) == EXTRA
    assert login.secrets == (SECRET, "k3y-canary")
    assert "canary" not in repr(login)


def test_the_first_name_counts_and_none_is_none() -> None:
    env = {
        "AIRFLOW_CONN_ONEFOLD_S3_LAKE": json.dumps({"login": "lake"}),
        "AIRFLOW_CONN_ONEFOLD_S3": json.dumps({"login": "any"}),
    }
    for names, expected in ((("lake", ""), "lake"), (("other", ""), "any")):
        login = find_login(f"onefold_s3_{names[0]}", "onefold_s3", env=env)
        assert login is not None and login.login == expected
    assert find_login("onefold_gs", env=env) is None


@pytest.mark.parametrize("text", ["{broken canary", "canary", '["canary"]', '{"port": "canary"}'])
def test_a_broken_one_does_not_show_its_text(text: str) -> None:
    with pytest.raises(InboxError, match="AIRFLOW_CONN_ONEFOLD_S3") as error:
        find_login("onefold_s3", env={"AIRFLOW_CONN_ONEFOLD_S3": text})
    assert "canary" not in str(error.value)
