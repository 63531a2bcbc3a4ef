"""Rows in a file = rows loaded + rejected + recognised non-data, counted by somebody else."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from ingestion.commands import register
from ingestion.sources import Table, match_file, read_tables
from warehouse.settings import PROJECT_ROOT, settings

SAMPLE = PROJECT_ROOT / "seeds" / "exports"
EXPORTS = PROJECT_ROOT / "tests" / "ingestion" / "exports"
BROKEN = "hubspot/email_events_broken.csv"
CUT = "hubspot/email_events_cut.csv"
HEADER = "id,created,type,recipient,emailCampaignId,portalId,appId,sentBy.id,sentBy.created,url\n"
ROW = "e1,1427997766000,CLICK,a@example.test,1,2,3,,,https://x.test/\n"


def onefold(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["ingest", *arguments])


@pytest.fixture(scope="module")
def loads(module_home: Path) -> list[dict[str, Any]]:
    """What the ledger says: the sample, every vendor's layout, a broken file and a cut one."""
    tables = read_tables()
    for file in sorted(f for f in SAMPLE.rglob("*") if f.is_file()):
        _land(file.relative_to(SAMPLE).as_posix(), file.read_bytes())
    for file in sorted(EXPORTS.iterdir()):
        for source in {t.source for t in tables}:
            name = f"{source}/{'api/' * ('api_micros' in file.name)}{file.name}"
            if match_file(tables, name).table and source == _source(file, tables):
                _land(name, file.read_bytes())
    _land(BROKEN, HEADER + ROW + "short,row\n\n" + ROW.replace("CLICK", 'CL"ICK') + ROW)
    _land(CUT, HEADER + ROW + "e2,14279")
    result = onefold("--json")
    assert result.exit_code == 1
    status = onefold("status", "--json")
    assert status.exit_code == 1
    found: list[dict[str, Any]] = json.loads(status.stdout)
    return found


def _source(file: Path, tables: Sequence[Table]) -> str:
    """The source that a sample's name begins with, or that its vendor belongs to."""
    first = file.name.split("_")[0]
    vendors = {"zoom": "webinars", "on24": "webinars", "stripe": "billing", "badge": "events",
               "onetrust": "consent", "segment": "consent", "costs.csv": "costs"}  # fmt: skip
    named = (t.source for t in tables if file.name.startswith(t.source))
    return vendors.get(first) or next(named, "")


def _land(name: str, content: bytes | str) -> None:
    path = settings().landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _loaded(loads: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each loaded file's ledger row and its text."""
    for load in loads:
        if load["status"] == "loaded":
            raw = (settings().landing / load["file"]).read_bytes()
            encoding = (
                "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else load["checks"]["encoding"]
            )
            yield load, raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)


def test_the_equation_holds_for_every_file(loads: Any, covered: Any) -> None:
    loaded = [load for load in loads if load["status"] == "loaded"]
    assert len(loaded) > 50
    for load in loaded:
        parts = ("rows_loaded", "rows_rejected", "rows_skipped")
        assert load["rows_in"] == sum(load[part] for part in parts), load["file"]
    assert sum(load["rows_skipped"] for load in loaded) > 10
    assert sum(load["rows_rejected"] for load in loaded) == 2
    covered(f"{len(loaded)} files")


def test_another_reader_counts_the_same(loads: Any, covered: Any) -> None:
    """Python's csv module and a line count, over everything below the header."""
    counted = 0
    for load, text in _loaded(loads):
        if load["file"] == BROKEN:
            continue  # its quotes are wrong on purpose
        below = io.StringIO(text, newline="")
        if "header_line" in load["checks"]:
            for _ in range(load["checks"]["header_line"]):
                below.readline()
            records = sum(1 for _ in csv.reader(below, delimiter=load["checks"]["delimiter"]))
        else:
            records = len(text.splitlines())
        assert records == load["rows_in"], load["file"]
        counted += records
    assert counted > 15_000
    covered(f"{counted:,} records")


def test_the_tables_hold_what_the_ledger_says(loads: Any, covered: Any) -> None:
    with duckdb.connect(str(settings().warehouse), read_only=True) as con:
        for load in loads:
            table = f'raw_{load["source"]}."{load["object"]}"'
            if load["status"] == "loaded":
                [(rows,)] = con.execute(
                    f"select count(*) from {table} where _load_id = ?", [load["load_id"]]
                ).fetchall()
                assert rows == load["rows_loaded"], load["file"]
        rejects = con.execute("select file, line, raw_text, reason from state.rejects").fetchall()
    assert [(file, line) for file, line, _, _ in rejects] == [(BROKEN, 3), (BROKEN, 5)]
    assert rejects[0][2] == "short,row"
    assert all(reason for *_, reason in rejects)
    covered(f"{sum(load['rows_loaded'] for load in loads):,} rows, {len(rejects)} rejected lines")


def test_a_refused_file_is_said_and_can_be_tried_again(loads: Any, covered: Any) -> None:
    [refused] = [load for load in loads if load["status"] == "refused"]
    assert refused["file"] == CUT
    assert "truncated" in refused["message"]
    shown = onefold("status").output
    assert refused["load_id"] in shown
    _land(CUT, HEADER + ROW.replace("e1", "e2"))
    retried = json.loads(onefold("retry", refused["load_id"], "--json").stdout)
    assert [(file["file"], file["rows"]) for file in retried["files"]] == [(CUT, 1)]
    assert onefold("status").exit_code == 0
    covered("1 refused, 1 tried again")
