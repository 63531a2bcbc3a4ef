"""Exports elsewhere land as if they had been dropped into the folder: S3, SFTP, other folders."""

import importlib.util
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from ingestion import remote
from ingestion.arrivals import Arrival, Listener, alone, ingest_all
from ingestion.commands import register
from ingestion.errors import InboxError
from ingestion.remote import mirror
from warehouse.connection import connect
from warehouse.settings import settings

ROOT = Path(__file__).parents[2]
HUBSPOT = ROOT / "seeds" / "exports" / "hubspot"
FILE = "hubspot/email_events.csv"
NUMBERS = itertools.count()


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


places = _module("remote_places")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with places.s3() as bucket:
        yield bucket


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket with its login in the environment."""
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_S3", s3.connection)
    return s3.other(f"bucket-{next(NUMBERS)}")


def ingest(*arguments: str) -> Result:
    """`onefold ingest`, in this process."""
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)  # with one command only, Typer would drop its name
    return CliRunner().invoke(app, ["ingest", *arguments])


def outcomes(arrived: list[Arrival]) -> dict[str, str]:
    return {a.file or a.uri: a.outcome for a in arrived}


def landed(file: str) -> str:
    return (settings().landing / file).read_text()


def left_over(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob("*.part")]


def raw_tables(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every HubSpot table but for the moment it was loaded."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw_hubspot'"
        ).fetchall()
        return {
            name: con.execute(
                f"select * exclude _loaded_at from raw_hubspot.{name} order by _load_id, _line"
            ).fetchall()
            for (name,) in names
        }


def test_a_bucket_lands_the_same_raw_tables_as_the_folder(
    bucket: Any, tmp_path: Path, run_onefold: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(p for p in HUBSPOT.iterdir() if p.is_file())
    assert len(files) > 3
    for path in files:
        bucket.put(f"daily/hubspot/{path.name}", path.read_bytes())
    inbox = f"s3://{bucket.name}/daily"
    there, here = tmp_path / "there", tmp_path / "here"
    found = run_onefold(
        ["ingest"], there, ONEFOLD_INBOX=inbox, AIRFLOW_CONN_ONEFOLD_S3=bucket.connection
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{files[0].stat().st_size:>9,} bytes hubspot/{files[0].name}" in found.stdout
    assert places.SECRET not in found.stdout + found.stderr
    shutil.copytree(HUBSPOT, here / "landing" / "hubspot")
    monkeypatch.setenv("ONEFOLD_HOME", str(here))
    assert ingest().exit_code == 0
    reference = raw_tables(here)
    assert sum(map(len, reference.values())) > 1000
    assert raw_tables(there) == reference
    monkeypatch.setenv("ONEFOLD_HOME", str(there))
    monkeypatch.setenv("ONEFOLD_INBOX", inbox)
    again = json.loads(ingest("--json").stdout)
    assert {f["status"] for f in again["files"]} == {"already_loaded"}


def test_what_is_here_is_not_fetched_again_and_what_changed_is(
    bucket: Any, inbox: Any, events: Callable[[int], str]
) -> None:
    inbox(f"s3://{bucket.name}")
    bucket.put(FILE, events(2))
    bucket.put("hubspot/contacts.csv", "x")
    assert set(outcomes(mirror()).values()) == {"fetched"}
    before = (settings().landing / FILE).stat()
    assert set(outcomes(mirror()).values()) == {"present"}
    after = (settings().landing / FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    bucket.put(FILE, events(3))
    bucket.client.delete_object(Bucket=bucket.name, Key="hubspot/contacts.csv")
    assert outcomes(mirror()) == {FILE: "fetched"}
    assert landed(FILE) == events(3)
    assert landed("hubspot/contacts.csv") == "x"
    assert bucket.files() == [FILE]


def test_hidden_and_unfinished_files_and_markers_stay_where_they_are(
    bucket: Any, inbox: Any
) -> None:
    inbox(f"s3://{bucket.name}/out/")
    skipped = ("a.csv.part", "a.TMP", ".hidden.csv", ".cache/a.csv", "_READY", "sub/_SUCCESS")
    for name in (*skipped, "a.csv", "sub/b.csv"):
        bucket.put(f"out/hubspot/{name}", "x")
    bucket.put("out/hubspot/folder/", "")
    bucket.put("outside/hubspot/c.csv", "x")
    assert outcomes(mirror()) == {"hubspot/a.csv": "fetched", "hubspot/sub/b.csv": "fetched"}


@pytest.mark.parametrize(
    "key", ["hubspot/../../escape.csv", "/etc/escape.csv", "hubspot//x.csv", "a/b\\c", "a/\x01b"]
)
def test_a_name_that_would_leave_the_folder_is_refused(
    bucket: Any, inbox: Any, home: Path, key: str
) -> None:
    inbox(f"s3://{bucket.name}/out")
    bucket.put(f"out/{key}", "x")
    bucket.put("out/hubspot/fine.csv", "x")
    arrived = {a.file: a for a in mirror()}
    assert (arrived[key].outcome, arrived["hubspot/fine.csv"].outcome) == ("failed", "fetched")
    assert "rename it" in arrived[key].message
    assert not list(home.parent.rglob("*escape*"))


def test_a_link_out_of_the_landing_folder_is_not_followed(
    bucket: Any, inbox: Any, tmp_path: Path
) -> None:
    inbox(f"s3://{bucket.name}")
    outside = tmp_path / "outside"
    outside.mkdir()
    settings().landing.mkdir()
    (settings().landing / "hubspot").symlink_to(outside)
    bucket.put(FILE, "x")
    (arrival,) = mirror()
    assert arrival.outcome == "failed" and "leave the landing folder" in arrival.message
    assert list(outside.iterdir()) == []


def test_what_cannot_be_fetched_is_refused_by_name_and_the_others_land(
    bucket: Any, inbox: Any, events: Callable[[int], str], query: Any
) -> None:
    missing = f"s3://{bucket.name}-not-yet/exports"
    inbox(missing, f"s3://{bucket.name}")
    bucket.put(FILE, events(4))
    summary = ingest_all("run-1")
    assert summary.rows_loaded == 4
    (message,) = summary.refused
    assert missing in message and "does not exist" in message
    refused = "select file, source, run_id from state.loads where status = 'refused'"
    assert query(refused) == [(missing, "(inbox)", "run-1")]
    bucket.other(f"{bucket.name}-not-yet").put("exports/hubspot/more_email_events.csv", events(5))
    assert ingest_all("run-2").refused == ()
    assert query(refused) == []
    assert query("select count(*) from raw_hubspot.email_events") == [(9,)]


def test_a_refusal_from_elsewhere_is_retried_by_its_load(
    bucket: Any, inbox: Any, events: Callable[[int], str], query: Any
) -> None:
    inbox(f"s3://{bucket.name}")
    bucket.put(FILE, events(4))

    def overwrite(*_: Any) -> None:
        bucket.put(FILE, events(5))

    summary = ingest_all("run", None, Listener(bytes=overwrite))
    assert [m for m in summary.refused if "changed while it was fetched" in m]
    assert not (settings().landing / FILE).exists() and left_over(settings().landing) == []
    uri = f"s3://{bucket.name}/{FILE}"
    ((file,),) = query("select file from state.loads where status = 'refused'")
    assert file == uri
    assert ingest_all("retry", only=[uri]).rows_loaded == 5
    assert query("select file from state.loads where status = 'refused'") == []


def test_two_inboxes_may_share_a_file_but_not_a_name(
    bucket: Any, inbox: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "share"
    (folder / "hubspot").mkdir(parents=True)
    inbox(f"s3://{bucket.name}", f"file://{folder}")
    for name, one, other in (("same", "abc", "abc"), ("size", "abc", "ab"), ("text", "abc", "abd")):
        bucket.put(f"hubspot/{name}.csv", one)
        (folder / "hubspot" / f"{name}.csv").write_text(other)
    arrived = {a.file: a for a in mirror()}
    assert outcomes(list(arrived.values())) == {
        "hubspot/same.csv": "fetched", "hubspot/size.csv": "failed", "hubspot/text.csv": "failed",
    }  # fmt: skip
    for name in ("size", "text"):
        message = arrived[f"hubspot/{name}.csv"].message
        assert f"s3://{bucket.name}/hubspot/{name}.csv" in message
        assert f"file://{folder}/hubspot/{name}.csv" in message
    assert left_over(settings().landing) == []


def test_a_file_that_was_changed_here_is_never_overwritten(bucket: Any, inbox: Any) -> None:
    inbox(f"s3://{bucket.name}")
    bucket.put(FILE, "abc")
    mirror()
    target = settings().landing / FILE
    later = target.stat().st_mtime + 10
    os.utime(target, (later, later))
    assert outcomes(mirror()) == {FILE: "present"}, "the same bytes"
    assert target.stat().st_mtime < later
    for text in ("abd", "longer"):
        target.write_text(text)
        os.utime(target, (later, later))
        (arrival,) = mirror()
        assert arrival.outcome == "failed" and "is newer" in arrival.message
        assert target.read_text() == text


def test_a_download_is_streamed(bucket: Any, inbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox(f"s3://{bucket.name}")
    monkeypatch.setattr(remote, "_BLOCK", 1000)
    text = "".join(f"{i:09}\n" for i in range(1050))
    bucket.put(FILE, text)
    seen: list[tuple[str, int, int]] = []
    mirror(Listener(bytes=lambda *heard: seen.append(heard)))
    assert [done for _, done, _ in seen] == [*range(1000, 10_500, 1000), 10_500]
    assert {(file, total) for file, _, total in seen} == {(FILE, 10_500)}
    assert landed(FILE) == text


def test_an_inbox_that_names_one_file_says_what_takes_it(bucket: Any, inbox: Any) -> None:
    bucket.put(FILE, "x")
    inbox(f"s3://{bucket.name}/{FILE}")
    (arrival,) = mirror()
    assert arrival.outcome == "failed" and "`onefold ingest` takes a single file" in arrival.message
    assert not list(settings().landing.iterdir())


def test_only_one_process_fetches_at_a_time(bucket: Any, inbox: Any) -> None:
    inbox(f"s3://{bucket.name}")
    with alone(), pytest.raises(InboxError, match="another process is fetching"):
        mirror()


def test_a_folder_by_uri(inbox: Any, tmp_path: Path) -> None:
    (tmp_path / "x" / "hubspot").mkdir(parents=True)
    (tmp_path / "x" / "hubspot" / "a.csv").write_text("abc")
    inbox(
        f"file://{tmp_path}/x", f"file://{tmp_path}/missing", f"file://{tmp_path}/x/hubspot/a.csv"
    )
    found = outcomes(mirror())
    assert found.pop("hubspot/a.csv") == "fetched"
    assert list(found.values()) == ["failed", "failed"]


def test_a_dry_run_lists_what_it_would_fetch_and_leaves_no_trace(
    bucket: Any, inbox: Any, home: Path
) -> None:
    inbox(f"s3://{bucket.name}")
    bucket.put(FILE, "x" * 12_345)
    found = ingest("--dry-run")
    assert found.exit_code == 0
    assert f"would_fetch     12,345 bytes {FILE}" in found.stdout
    assert list(home.iterdir()) == []


def test_one_file_by_uri(bucket: Any, home: Path, events: Callable[[int], str]) -> None:
    bucket.put("any/name.csv", events(4))

    def one(uri: str, *options: str) -> tuple[int, Any]:
        found = ingest(
            uri, "--source", "hubspot", "--object", "email_events", "--json", *options
        )  # fmt: skip
        return found.exit_code, json.loads(found.stdout)

    uri = f"s3://{bucket.name}/any/name.csv"
    code, tried = one(uri, "--dry-run")
    assert (code, tried["status"], tried["bytes"]) == (0, "would_fetch", len(events(4)))
    assert list(home.iterdir()) == []
    code, loaded = one(uri)
    assert (code, loaded["status"], loaded["rows"]) == (0, "loaded", 4)
    assert loaded["file"] == "hubspot/name.csv"
    assert sorted(p.name for p in home.iterdir()) == ["warehouse.duckdb", "warehouse.lock"]
    for wrong in (f"s3://{bucket.name}/any", f"s3://{bucket.name}/missing.csv"):
        code, refused = one(wrong)
        assert (code, refused["status"]) == (1, "refused")
        assert wrong in refused["message"]


def test_a_run_without_a_landing_folder_takes_the_inbox(
    bucket: Any, inbox: Any, events: Callable[[int], str]
) -> None:
    from ops import stages
    from ops.run import is_new

    assert is_new(settings())
    inbox(f"s3://{bucket.name}", "file:///nowhere/at/all")
    bucket.put(FILE, events(4))
    assert not is_new(settings())
    stages.ingest("run", "2026-06-01T00:00:00+00:00")
    with connect("test", read_only=True) as con:
        rows = con.execute("select status, count(*) from state.loads group by 1 order by 1")
        assert rows.fetchall() == [("loaded", 1), ("refused", 1)]
