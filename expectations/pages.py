"""The quality page people open first, and Great Expectations' pages beside it; all offline.

`<data_docs>/quality.html` lists the latest verdict of every gate. `<data_docs>/gx/<gate>/` holds
one page per table as Great Expectations renders it, without scripts and styles from the network.
Rows appear nowhere by value: counts here, ids in quality.violations.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.files import replace

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
.passed{color:#176b2c}.warned{color:#8a5a00}.quarantined{color:#7a3fa0}
.blocked,.error{color:#b00020;font-weight:600}
td.number{text-align:right;font-variant-numeric:tabular-nums}
"""
_PLAIN = (
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:1rem}table{border-collapse:collapse}"
    "th,td{padding:.3rem .6rem;border:1px solid #ddd;text-align:left}pre{white-space:pre-wrap}"
    ".modal,.navbar-nav,svg{display:none}</style>"
)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(
    r"<(?:link|img|source|iframe)\b[^>]*?(?:href|src)\s*=\s*[\"'](?:https?:)?//[^>]*>",
    re.IGNORECASE,
)
_STYLE_BLOCK = re.compile(r"<style\b.*?</style>", re.DOTALL | re.IGNORECASE)
_LINK_OUT = re.compile(
    r"\s(?:href|action|src)\s*=\s*[\"'](?:https?:)?//[^\"']*[\"']", re.IGNORECASE
)
_RELATIVE_ASSET = re.compile(r"<(?:link|img)\b[^>]*>", re.IGNORECASE)
_HOME = re.compile(r"(?:\.\./)+index\.html")
_ADDRESS = re.compile(r"https?://[^\s\"'<)]+")

_LATEST = """
with latest as (
    select gate, arg_max(run_id, rowid) as run_id
    from state.gate_results
    group by gate
)
select
    gate, run_id, cast(as_of as varchar), expectation_id, table_name, title, status,
    level, unit, limit_value, observed, evaluated_rows, unexpected_rows, message
from state.gate_results
inner join latest using (gate, run_id)
order by gate, expectation_id
"""


class Line(NamedTuple):
    """One expectation of a gate's latest verdict, as the page shows it."""

    gate: str
    run_id: str
    as_of: str
    expectation_id: str
    table: str
    title: str
    status: str
    level: str | None
    unit: str | None
    limit_value: float | None
    observed: float | None
    evaluated_rows: int | None
    unexpected_rows: int | None
    message: str | None


def write(con: duckdb.DuckDBPyConnection, folder: Path, rendered: Mapping[str, str]) -> None:
    """Write the quality page and the pages of the gates that just ran, each file whole.

    `rendered` maps `<gate>/<batch>` to the page Great Expectations made of it.
    """
    for gate in {name.split("/")[0] for name in rendered}:
        shutil.rmtree(folder / "gx" / slug(gate), ignore_errors=True)
    for name, html in rendered.items():
        gate, batch = name.split("/", 1)
        _put(folder / "gx" / slug(gate) / f"{slug(batch)}.html", offline(html))
    linked = {str(path.relative_to(folder)) for path in sorted((folder / "gx").glob("*/*.html"))}
    _put(folder / "quality.html", quality(latest_lines(con), linked))


def latest_lines(con: duckdb.DuckDBPyConnection) -> list[Line]:
    """The last verdict of every gate, by gate and expectation."""
    return [Line(*row) for row in con.execute(_LATEST).fetchall()]


def _put(path: Path, html: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_suffix(".tmp")
    tmp.write_text(html, encoding="utf-8")
    replace(tmp, path)


def slug(name: str) -> str:
    """A file name for a gate or batch."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def offline(html: str) -> str:
    """A page of Great Expectations without scripts, remote files or remote links."""
    for pattern in (_SCRIPT, _REMOTE, _STYLE_BLOCK, _RELATIVE_ASSET, _LINK_OUT, _ADDRESS):
        html = pattern.sub("", html)
    html = _HOME.sub("../../quality.html", html)
    return html.replace("</head>", f"{_PLAIN}</head>", 1)


def quality(lines: Iterable[Line], linked: set[str]) -> str:
    """The quality page: one table a gate, the worst expectation's status beside its name."""
    sections = [
        _section(gate, list(members), linked)
        for gate, members in groupby(lines, key=lambda line: line.gate)
    ]
    body = "".join(sections) or "<p>No gate has run yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Data quality</title>'
        f"<style>{_STYLE}</style></head><body><h1>Data quality</h1>"
        "<p>What each gate decided when it last ran. Bad rows are listed by id in "
        f"<code>quality.violations</code>.</p>{body}</body></html>\n"
    )


def _section(gate: str, lines: list[Line], linked: set[str]) -> str:
    pages = sorted(page for page in linked if page.startswith(f"gx/{slug(gate)}/"))
    links = ", ".join(f'<a href="{escape(page)}">{escape(Path(page).stem)}</a>' for page in pages)
    rows = "".join(_row(line) for line in lines)
    return (
        f"<h2>{escape(gate)}</h2><p>Run {escape(lines[0].run_id)} as of {escape(lines[0].as_of)}."
        f"{f' Great Expectations: {links}.' if links else ''}</p>"
        "<table><tr><th>Status</th><th>Expectation</th><th>Level</th><th>Observed</th>"
        f"<th>Limit</th><th>Rows</th><th>Bad rows</th></tr>{rows}</table>"
    )


def _row(line: Line) -> str:
    note = f"<br><small>{escape(line.message)}</small>" if line.message else ""
    numbers = (line.observed, line.limit_value, line.evaluated_rows, line.unexpected_rows)
    cells = "".join(f'<td class="number">{_number(number)}</td>' for number in numbers)
    return (
        f'<tr><td class="{line.status}">{line.status}</td>'
        f"<td>{escape(line.title)}<br><small><code>{escape(line.expectation_id)}</code></small>"
        f"{note}</td><td>{line.level or ''}</td>{cells}</tr>"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"
