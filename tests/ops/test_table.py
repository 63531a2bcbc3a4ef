"""The final table of a run, as a person reads it."""

import json
from typing import Any

import pytest

from ops.table import WIDTH, render


def line(text: str, start: str) -> str:
    """The one line that starts with `start`."""
    found = [row.strip() for row in text.splitlines() if row.strip().startswith(start)]
    assert len(found) == 1, text
    return " ".join(found[0].split())


def test_every_section_is_there_with_its_row(summary: dict[str, Any]) -> None:
    text = render(summary)
    titles = [row.strip() for row in text.splitlines() if row.strip() in
              ("Sources", "Revenue", "Gates", "Syncs", "Stages")]  # fmt: skip
    assert titles == ["Sources", "Revenue", "Gates", "Syncs", "Stages"]
    assert line(text, "cdp_daily") == "cdp_daily, as of 2026-06-30 12:00:00"
    assert line(text, "salesforce") == "salesforce 8 7 2,200 2,300 0 0 2026-06-30 0.0 d fresh"
    assert line(text, "u_shaped") == "u_shaped 405037.31 405037.31 to the cent"
    assert line(text, "marts") == "marts passed 52"
    assert line(text, "newsletter") == "newsletter_audience done 395 1 2 483 398 0"
    assert line(text, "ingest") == "ingest done 3.0"
    assert line(text, "published file") == "published file /h/published/onefold.duckdb"
    assert line(text, "Airflow UI") == "Airflow UI http://[::1]"


def test_people_are_counted_and_scored(summary: dict[str, Any]) -> None:
    text = render(summary)
    assert (
        "1,479 people from 3,527 records; against the truth: precision 0.9976, recall 0.9987"
        in text
    )
    assert "927 pairs without any evidence left out" in text
    assert "plain components: precision 0.725" in " ".join(text.split()).replace("( ", "(")
    summary["people"] = {"people": 2, "records": 3}
    assert "truth" not in render(summary)
    assert "no people resolved" in render(summary | {"people": {}})


def test_revenue_that_does_not_reconcile_stands_out(summary: dict[str, Any]) -> None:
    summary["models"][0]["attributed_usd"] = "405037.30"
    assert line(render(summary), "u_shaped") == "u_shaped 405037.30 405037.31 NO"


def test_a_source_that_fell_silent_is_named_with_what_to_do(summary: dict[str, Any]) -> None:
    assert "! freshness" not in render(summary)
    assert line(render(summary), "No file ever landed") == "No file ever landed: billing."
    summary["freshness"][1] |= {"age_days": 9.26, "status": "stale"}
    text = render(summary)
    assert line(text, "salesforce") == "salesforce 8 7 2,200 2,300 0 0 2026-06-30 9.3 d stale"
    assert line(text, "! freshness").startswith(
        "! freshness: salesforce is stale: its last event is of 2026-06-30, 9.3 days before the "
        "run's clock; export it again"
    )
    summary["freshness"] = []
    assert line(render(summary), "salesforce") == "salesforce 8 7 2,200 2,300 0 0"


def test_nothing_changed_says_so(summary: dict[str, Any]) -> None:
    assert "Nothing changed" not in render(summary)
    text = render(summary | {"is_unchanged": True})
    assert line(text, "Nothing changed").endswith("(checksum 6638134c002f79ee).")


def test_problems_and_warnings_are_whole_lines(summary: dict[str, Any]) -> None:
    long = "refused: [bold]Lead.csv[/bold] " + "is cut off " * 20 + "end"
    summary |= {"problems": [long, "second"], "exit_code": 1, "status": "problems"}
    summary["gate_messages"] = [
        {"gate": "marts", "status": "warned", "message": "9 of 10 rows"},
        {"gate": "marts", "status": "blocked", "message": "said among the problems"},
    ]
    rows = render(summary).splitlines()
    assert f"✗ {long}" in rows
    assert "✗ second" in rows
    assert "! marts gate: 9 of 10 rows" in rows
    assert not [row for row in rows if "said among" in row]
    assert line("\n".join(rows), "2 problem(s)").endswith("Marts checksum 6638134c002f79ee.")


def test_a_run_that_did_nothing_still_renders(summary: dict[str, Any]) -> None:
    empty: dict[str, Any] = {
        key: [] for key in ("sources", "models", "gates", "gate_messages", "syncs", "stages")
    }
    text = render(summary | empty | {"people": {}, "as_of": None})
    assert "Done." in text


@pytest.mark.parametrize("wide", [False, True])
def test_tables_fit_and_numbers_survive_json(summary: dict[str, Any], wide: bool) -> None:
    if wide:
        summary["syncs"][0] |= {"sync": "a_sync_with_quite_a_long_name", "adds": 10_000_000}
    text = render(json.loads(json.dumps(summary)))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert ("10,000,000" in text) == wide
