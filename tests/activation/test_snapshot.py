"""File destinations: whole, repeatable, and quiet when nothing changed."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activation.apply import apply
from activation.connections import Connection
from activation.destinations.csv_file import CsvFile, guard_formula
from activation.errors import ConnectionInvalid
from activation.plan import plan
from activation.snapshot import folder_of
from warehouse.settings import settings

ROWS = {"b": ("b@x.test", 2), "a": ("ä@x.test", None), "n": ("consent_absent",)}


def deliver(kit: Any, sync: Any, run_id: str, **options: Any) -> Any:
    plan(sync, run_id, kit.as_of)
    return apply(sync, run_id, **options)


def state_of(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns


def test_the_file_holds_the_allowed_sorted_with_a_manifest(kit: Any) -> None:
    kit.write_model(ROWS)
    assert deliver(kit, kit.make_sync(), "one").sent == 2
    folder = settings().outbox / "csv_file"
    content = (folder / "people.csv").read_bytes()
    assert content == "mail,score\r\nä@x.test,\r\nb@x.test,2\r\n".encode()
    assert json.loads((folder / "people.manifest.json").read_text()) == {
        "sync": "people",
        "file": "people.csv",
        "rows": 2,
        "sha256": hashlib.sha256(content).hexdigest(),
        "columns": ["mail", "score"],
        "as_of": kit.as_of,
    }
    assert sorted(p.name for p in folder.iterdir()) == ["people.csv", "people.manifest.json"]


@pytest.mark.parametrize("destination", ["csv_file", "parquet_file"])
def test_nothing_new_rewrites_nothing_and_damage_is_repaired(kit: Any, destination: str) -> None:
    sync = kit.make_sync(destination=destination)
    kit.write_model(ROWS)
    deliver(kit, sync, "one")
    target = next((settings().outbox / destination).glob("people.[cp]*"))
    before = state_of(target)
    kit.write_model(dict(reversed(ROWS.items())))
    assert deliver(kit, sync, "two").sent == 0
    assert state_of(target) == before
    target.write_bytes(b"edited")
    assert deliver(kit, sync, "three").sent == 0
    assert target.read_bytes() == before[0]
    target.unlink()
    deliver(kit, sync, "four")
    assert target.read_bytes() == before[0]


def test_parquet_keeps_types(kit: Any) -> None:
    kit.write_model(ROWS)
    deliver(kit, kit.make_sync(destination="parquet_file"), "one")
    table = pq.read_table(settings().outbox / "parquet_file" / "people.parquet")
    assert table.schema.field("score").type == pa.int32()
    assert table.to_pylist() == [
        {"mail": "ä@x.test", "score": None},
        {"mail": "b@x.test", "score": 2},
    ]


def test_a_quarantined_change_leaves_the_old_row_and_a_quarantined_add_stays_out(kit: Any) -> None:
    sync = kit.make_sync()
    kit.write_model({"a": ("a@x.test", 1), "b": ("b@x.test", 1)})
    deliver(kit, sync, "one")
    kit.write_model({"a": ("a@x.test", 2), "c": ("c@x.test", 1)})
    assert deliver(kit, sync, "two", excluded_keys=["a", "c"]).withheld == 2
    target = settings().outbox / "csv_file" / "people.csv"
    assert target.read_text() == "mail,score\na@x.test,1\n"
    deliver(kit, sync, "three")
    assert target.read_text() == "mail,score\na@x.test,2\nc@x.test,1\n"


def test_an_audience_of_nobody_is_a_file_with_a_header(kit: Any) -> None:
    kit.write_model({"n": ("consent_absent",)})
    deliver(kit, kit.make_sync(), "one")
    assert (settings().outbox / "csv_file" / "people.csv").read_text() == "mail,score\n"


def test_a_disk_that_refuses_is_a_failure_to_retry(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = kit.make_sync()
    kit.write_model(ROWS)

    def full(tmp: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("activation.snapshot.replace", full)
        applied = deliver(kit, sync, "one")
    assert (applied.failed, applied.errors) == (2, {"io_error_28": 2})
    assert deliver(kit, sync, "two").sent == 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_formulas_are_shown_and_not_run(tmp_path: Path, start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    table = pa.table({"name": [hostile, "plain", None], "number": [-1, 2, None]})
    CsvFile(tmp_path, "people").write(table, tmp_path / "people.csv")
    with (tmp_path / "people.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    assert rows == [["name", "number"], [f"'{hostile}", "-1"], ["plain", "2"], ["", ""]]
    assert guard_formula("a=b") == "a=b"


def test_a_connection_may_name_the_folder(kit: Any, tmp_path: Path) -> None:
    sync = kit.make_sync(connection="share")
    assert folder_of(sync, Connection("share", "file:///srv/a%20b")) == Path("/srv/a b")
    for url in ("https://example.com/x", "file://host", "relative/path"):
        with pytest.raises(ConnectionInvalid, match="an/absolute/folder"):
            folder_of(sync, Connection("share", url))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectionInvalid, match="a folder that can be written"):
        CsvFile(tmp_path / "file", "people").check()
