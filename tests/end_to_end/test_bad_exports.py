"""Bad files end in a clear message; everything else arrives."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator.simulate import simulate

REFUSED = {
    "salesforce/Lead_truncated.csv": "truncated",
    "salesforce/Contact_empty.csv": "empty",
    "salesforce/Lead_missing_column.csv": "Email",
    "hubspot/contacts_latin1.csv": "utf-8",
}

Onefold = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, run_onefold: Onefold
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run over a small world and bad files beside the good ones."""
    home = tmp_path_factory.mktemp("bad")
    simulate(250, 6, 5, home / "world")
    landing = home / "landing"
    (home / "world" / "exports").rename(landing)
    salesforce, hubspot = landing / "salesforce", landing / "hubspot"
    leads = (salesforce / "Lead.csv").read_bytes()
    header, first, _ = leads.split(b"\n", 2)
    (salesforce / "Lead_truncated.csv").write_bytes(leads[: len(leads) * 2 // 3 - 7])
    (salesforce / "Contact_empty.csv").write_bytes(b"")
    missing = header.replace(b'"Email"', b'"Mail"') + b"\n" + first + b"\n"
    (salesforce / "Lead_missing_column.csv").write_bytes(missing)
    (salesforce / "Lead_bad_line.csv").write_bytes(
        b"\n".join([header, b'"only","three","cells"', first, b""])
    )
    contacts = (hubspot / "contacts.csv").read_text("utf-8-sig").splitlines()[:2]
    latin = "\n".join([contacts[0], contacts[1].replace(',"', ',"Zoë ', 1)])
    (hubspot / "contacts_latin1.csv").write_bytes(latin.encode("latin-1", errors="replace"))
    return home, run_onefold(["run"], home, ONEFOLD_AS_OF="latest_event")


def test_exit_code_and_table_say_so(run: tuple[Path, Any]) -> None:
    _, result = run
    assert result.returncode == 1, result.stdout + result.stderr
    problems = [line for line in result.stdout.splitlines() if line.startswith("✗")]
    for file, word in REFUSED.items():
        assert [line for line in problems if file in line and word in line], (file, problems)
    assert [line for line in problems if "rejected" in line and "salesforce" in line]


def test_the_other_sources_arrive(run: tuple[Path, Any]) -> None:
    home, _ = run
    with duckdb.connect(str(home / "published" / "onefold.duckdb"), read_only=True) as con:
        loads = con.execute("select status, count(*) from ops.loads group by status").fetchall()
        people = con.execute("select count(*) from marts.dim_people").fetchone()
    counted = dict(loads)
    assert counted["refused"] == len(REFUSED)
    assert counted["loaded"] > 10
    assert people is not None
    assert people[0] > 100


def test_bad_line_is_kept_with_its_reason(run: tuple[Path, Any]) -> None:
    home, _ = run
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        rejects = con.execute("select file, reason, raw_text from ops.rejects").fetchall()
    assert len(rejects) == 1
    assert rejects[0][0] == "salesforce/Lead_bad_line.csv"
    assert rejects[0][1]
    assert rejects[0][2]


def test_refusals_end_when_their_files_go(run: tuple[Path, Any], run_onefold: Onefold) -> None:
    home, _ = run
    for file in REFUSED:
        (home / "landing" / file).unlink()
    result = run_onefold(["ingest", "--json"], home)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)
