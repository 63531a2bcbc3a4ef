"""A URI is read, or refused with what to do, and never shows what could be a password."""

import sys
from pathlib import Path
from typing import Any

import pytest

from ingestion import locations
from ingestion.errors import InboxError
from ingestion.remote import mirror
from warehouse.settings import settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:canary@bucket/x",
        "s3://AKIA:can/ary@bucket/x",
        "s3://canary@bucket/x",
        "sftp://user:canary@host/x",
        "sftp://user:can/ary@host/x",
        "abfs://exports@account.dfs.core.windows.net/x?sv=1&sig=canary",
        "https://user:canary@host/x",
        "canary",
        "file://host/canary",
        "s3:///canary",
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_without_showing_it(inbox: Any, uri: str) -> None:
    inbox(uri)
    assert "canary" not in repr(settings())
    with pytest.raises(InboxError) as error:
        mirror()
    assert "canary" not in str(error.value).replace("file://host/…", "") or uri == "canary"
    assert "expected" in str(error.value)


@pytest.mark.parametrize(
    ("uri", "path", "connections"),
    [
        ("s3://my.bucket/a b/c/", "my.bucket/a b/c", ("onefold_s3_my_bucket", "onefold_s3")),
        ("gs://b", "b", ("onefold_gs_b", "onefold_gs")),
        ("abfs://c@acc.dfs.core.windows.net/x", "c/x", ("onefold_abfs_c", "onefold_abfs")),
        ("sftp://u@h.example:22/x/", "/x", ("onefold_sftp_h_example", "onefold_sftp")),
    ],
)
def test_what_a_uri_names(uri: str, path: str, connections: tuple[str, ...]) -> None:
    location = locations.parse(uri)
    assert (location.path, location.connections) == (path, connections)


@pytest.mark.parametrize(
    ("uri", "module", "extra"),
    [
        ("gs://bucket/x", "gcsfs", "gcs"),
        ("abfs://container/x", "adlfs", "azure"),
        ("s3://bucket/x", "s3fs", "s3"),
        ("sftp://host/x", "sshfs", "sftp"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    inbox: Any, monkeypatch: pytest.MonkeyPatch, uri: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    inbox(uri)
    with pytest.raises(InboxError, match=rf"{module}.*\.\[{extra}\]"):
        mirror()
    assert f'\n{extra} = ["{module}' in (ROOT / "pyproject.toml").read_text()


def test_the_guide_names_every_protocol_with_its_extra_and_its_connection() -> None:
    guide = (ROOT / "docs" / "how_to_land_from_a_bucket.md").read_text()
    named = [p for p in locations.BACKENDS if f"`{p}://" in guide]
    assert named == list(locations.BACKENDS) and len(named) > 4
    for protocol, backend in locations.BACKENDS.items():
        if backend.extra:
            assert f"'.[{backend.extra}]'" in guide
            assert guide.count(f"`onefold_{protocol}`") == 2


@pytest.mark.parametrize("text", ["{broken canary", "canary", '{"extra": "canary"}'])
def test_a_broken_connection_does_not_show_its_text(
    inbox: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_S3", text)
    inbox("s3://bucket/x")
    with pytest.raises(InboxError, match="AIRFLOW_CONN_ONEFOLD_S3") as error:
        mirror()
    assert "canary" not in str(error.value)
