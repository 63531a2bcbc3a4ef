"""The final table of a run, as text."""

import io
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from ingestion.freshness import describe, shown

WIDTH = 100


def render(summary: dict[str, Any]) -> str:
    """Everything `ops.report.summarise` found, section by section."""
    out = Console(file=io.StringIO(), width=WIDTH, force_terminal=False)
    out.print(f"\ncdp_daily, as of {summary['as_of']}", highlight=False)
    age = {f["source"]: f for f in summary["freshness"]}
    out.print(_table(
        "Sources", ("source", "files", "new", "landed", "in total", "rejected", "refused",
                    "last event", "age", "status"),
        [(s["source"], s["files"], s["new_files"], s["rows_landed"], s["rows_total"],
          s["rejected"], s["refused"], *shown(age.get(s["source"])))
         for s in summary["sources"]],
    ))  # fmt: skip
    if absent := [f["source"] for f in summary["freshness"] if f["status"] == "absent"]:
        out.print(f"No file ever landed: {', '.join(absent)}.\n", highlight=False)
    if summary.get("cast_failures"):
        out.print(_table(
            "Texts that could not be read: null in staging, never nought",
            ("table", "column", "failed", "of", "look at"),
            [(c["name"], c["column_name"], c["failed"], c["texts"], c["example"])
             for c in summary["cast_failures"]],
        ))  # fmt: skip
    if summary.get("restatements"):
        out.print(_table(
            "Ad spend that later reports restate",
            ("platform", "currency", "campaign days", "change", "up and down"),
            [(r["source"], r["currency"], r["restated"], r["change_local"], r["moved_local"])
             for r in summary["restatements"]],
        ))  # fmt: skip
    out.print(_people(summary["people"]), highlight=False)
    out.print(_table(
        "Revenue", ("model", "attributed USD", "total USD", "reconciles"),
        [(m["model"], m["attributed_usd"], m["total_usd"],
          "to the cent" if m["attributed_usd"] == m["total_usd"] else "NO")
         for m in summary["models"]],
    ))  # fmt: skip
    out.print(_table(
        "Gates", ("gate", "verdict", "expectations"),
        [(g["gate"], g["status"], g["expectations"]) for g in summary["gates"]],
    ))  # fmt: skip
    out.print(_table(
        "Syncs", ("sync", "outcome", "added", "changed", "removed", "skipped", "sent", "failed"),
        [(s["sync"], s["status"], s["adds"], s["changes"], s["removes"], s["skips"], s["sent"],
          s["failed"]) for s in summary["syncs"]],
    ))  # fmt: skip
    out.print(_table(
        "Stages", ("stage", "outcome", "seconds"),
        [(s["stage"], s["event"], f"{s['seconds']:.1f}") for s in summary["stages"]],
    ))  # fmt: skip
    for message in summary["gate_messages"]:
        if message["status"] not in ("blocked", "error"):
            line = f"! {message['gate']} gate: {message['message']}"
            out.print(line, soft_wrap=True, highlight=False, markup=False)
    for f in summary["freshness"]:
        if f["status"] in ("late", "stale", "unknown"):
            out.print(f"! freshness: {describe(f)}", soft_wrap=True, highlight=False, markup=False)
    for problem in summary["problems"]:
        out.print(f"✗ {problem}", soft_wrap=True, highlight=False, markup=False)
    out.print(_verdict(summary), highlight=False)
    for what, where in summary["look"].items():
        out.print(f"{what:<15} {where}", soft_wrap=True, highlight=False, markup=False)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _people(people: dict[str, Any]) -> str:
    if not people:
        return "no people resolved"
    line = f"{people['people']:,} people from {people['records']:,} records"
    if "precision" in people:
        line += (
            f"; against the truth: precision {people['precision']}, recall {people['recall']}\n"
            f"({people['pairs_without_evidence']:,} pairs without any evidence left out; plain "
            f"components: precision {people['precision_of_plain_components']})"
        )
    return line + "\n"


def _verdict(summary: dict[str, Any]) -> str:
    checksum = summary["marts"]["checksum"]
    if summary["is_unchanged"]:
        return f"Nothing changed: no new rows, no sends, marts identical (checksum {checksum})."
    if summary["problems"]:
        return f"{len(summary['problems'])} problem(s) above. Marts checksum {checksum}."
    return f"Done. Marts checksum {checksum}."
