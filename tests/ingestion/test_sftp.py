"""SFTP is mirrored like a bucket, from a server that is known and lets us in."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingestion.arrivals import Arrival, ingest_all
from ingestion.remote import mirror
from warehouse.settings import settings


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


places = _module("remote_places")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("sftp") / "root"
    root.mkdir()
    with places.sftp(root) as running:
        yield running


def outcomes(arrived: list[Arrival]) -> dict[str, str]:
    return {a.file or a.uri: a.outcome for a in arrived}


def landed(file: str) -> str:
    return (settings().landing / file).read_text()


def test_sftp_is_mirrored_with_a_key_or_a_password(
    server: Any, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = server.root / "out" / "hubspot"
    folder.mkdir(parents=True)
    (folder / "contacts.csv").write_text("abc")
    (folder / "linked.csv").symlink_to("contacts.csv")
    (folder / "broken.csv").symlink_to("nowhere.csv")
    inbox(f"sftp://127.0.0.1:{server.port}/out")
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_SFTP_127_0_0_1", server.connection())
    arrived = {a.file: a for a in mirror()}
    assert outcomes(list(arrived.values())) == {
        "hubspot/broken.csv": "failed", "hubspot/contacts.csv": "fetched",
        "hubspot/linked.csv": "fetched",
    }  # fmt: skip
    assert (settings().landing / "hubspot" / "linked.csv").is_symlink() is False
    assert landed("hubspot/linked.csv") == "abc"
    (folder / "broken.csv").unlink()
    assert set(outcomes(mirror()).values()) == {"present"}
    parts = json.loads(server.connection(private_key="")) | {"password": places.SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_SFTP_127_0_0_1", json.dumps(parts))
    (folder / "contacts.csv").write_text("abcd")
    assert outcomes(mirror())["hubspot/contacts.csv"] == "fetched"


@pytest.mark.parametrize("what", ["host", "password", "folder"])
def test_sftp_that_does_not_answer_right_says_so(
    server: Any, inbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    inbox(f"sftp://vendor@127.0.0.1:{server.port}/{'nowhere' if what == 'folder' else ''}")
    monkeypatch.setenv("HOME", str(tmp_path))
    connection = server.connection()
    if what == "host":  # an unknown host is not trusted
        connection = server.connection(host_key="")
    if what == "password":
        wrong = json.loads(server.connection(private_key=""))
        connection = json.dumps(wrong | {"password": "wr0ng-canary"})
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_SFTP", connection)
    summary = ingest_all()
    (message,) = summary.refused
    expected = {"host": "not trusted", "password": "Permission denied", "folder": "No such file"}
    assert expected[what].lower() in message.lower()
    assert "127.0.0.1" in message and "canary" not in message
