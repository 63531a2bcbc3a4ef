"""Any file is read to the last record or refused with a reason: silent corruption never happens.

Files with any mix of preamble, delimiter, encoding, quoting, line ends, ragged rows, broken quotes,
zero bytes, totals and footer. An independent reader counts the records and says on which physical
line each starts; the rows that land must be the ones that were written.
"""

import importlib.util
import random
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import duckdb
import pytest

from ingestion.content import Content
from ingestion.errors import FileRefused
from ingestion.parts import read_parts
from ingestion.reading import whole
from ingestion.sources import Table

SEED, BATCHES, CASES = 20260701, 8, 260
CON = duckdb.connect()
COLUMNS = ("day", "name", "cost")
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1")
WORDS = (
    "a",
    "b c",
    "é",
    "ü",
    "x;y",
    "1,5",
    "tab\there",
    "bar|bar",
    "two\nlines",
    'say "hi"',
    "",
    " ",
)
BROKEN = ('2026-09-09{d}say "x"{d}1', '2026-09-09{d}"a"b{d}2', '2026-09-09{d}"a" {d}3')
FOOTER = "© All rights reserved"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


byte_reader = _module("byte_reader")


class File(NamedTuple):
    """A file and what is known about it because it was written here."""

    raw: bytes
    table: Table
    text: str
    delimiter: str
    header_line: int
    rows: list[tuple[str, ...]]
    flaws: set[str]
    block: int
    """Bytes that are read at once."""


@cache
def table(encodings: tuple[str, ...]) -> Table:
    return Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "load": "append", "key": ["day"], "event_column": "day",
            "dialect": {
                "format": "csv", "encodings": encodings, "delimiters": DELIMITERS,
                "header_within": 6, "footer": ["All rights reserved"],
                "totals": {"first_cell": "^Total", "sums": {"cost": 0}},
            },
            "columns": [
                {"name": c, "description": "", "pii": "none", "purposes": []} for c in COLUMNS
            ],
        }
    )  # fmt: skip


def build(draw: random.Random) -> File:
    """A file of random shape. Latin-1 must be declared alone: nearly any bytes are Latin-1."""
    encoding = draw.choice(ENCODINGS)
    declared = ("latin-1",) if encoding == "latin-1" else ("utf-8", "utf-16")
    if encoding == "utf-16-be":
        declared = ("utf-16-be",)
    delimiter, end = draw.choice(DELIMITERS), draw.choice(("\n", "\r\n"))
    always = draw.random() < 0.5

    def cell(value: str) -> str:
        special = any(c in value for c in ('"', "\n", "\r", *DELIMITERS))
        return '"' + value.replace('"', '""') + '"' if special or always else value

    preamble = [f"Report {i}" for i in range(draw.randrange(4))]
    rows, lines, flaws, total = [], [], set(), Decimal(0)
    for i in range(draw.randrange(12)):
        kind = draw.random()
        if kind < 0.08:
            cells = [f"2026-09-{i + 1:02}", *["x"] * draw.choice((0, 1, 5))]
            lines.append(delimiter.join(map(cell, cells)))
        elif kind < 0.14:
            lines.append(draw.choice(BROKEN).format(d=delimiter))
        elif kind < 0.18:
            lines.append("")
        elif kind < 0.22:
            lines.append(delimiter.join(map(cell, ("", "nameless", "0"))))
        else:
            row = (f"2026-09-{i + 1:02}", draw.choice(WORDS), f"{draw.randrange(10**6)}.5")
            rows.append(row)
            total += Decimal(row[2])
            lines.append(delimiter.join(map(cell, row)))
    if draw.random() < 0.4:
        stated = total + (draw.random() < 0.25)
        flaws |= {"total"} if stated != total else set()
        lines.append(delimiter.join(map(cell, ("Total: all", "", str(stated)))))
    if draw.random() < 0.3:
        lines.append(cell(FOOTER))
    header = delimiter.join(map(cell, COLUMNS))
    text = "".join(line + end for line in [*preamble, header, *lines])
    if draw.random() < 0.1:
        text = text.removesuffix(end)
    if draw.random() < 0.04:
        place = draw.randrange(len(text) + 1)
        text = text[:place] + "\0" + text[place:]
        flaws.add("zero")
    if draw.random() < 0.08:
        text = text[: draw.randrange(len(text))]
        flaws.add("cut")
    raw = text.encode(encoding)
    block = draw.choice((1, 7, 50, 1 << 20))
    return File(raw, table(declared), text, delimiter, len(preamble) + 1, rows, flaws, block)


def check(file: File) -> str:
    """Judge one file; returns what became of it."""
    try:
        reading = whole(read_parts(CON, Content.of(file.raw), file.table, block=file.block))
    except FileRefused as refusal:
        assert len(str(refusal)) > 20
        assert file.flaws or "truncated" in str(refusal), refusal
        return "refused"
    assert "zero" not in file.flaws
    assert "total" not in file.flaws or "cut" in file.flaws
    body = "".join(file.text.split("\n", file.header_line)[file.header_line :])
    records = byte_reader.read(body, file.delimiter)
    assert reading.rows_in == len(records)
    assert reading.rows_in == reading.rows.num_rows + len(reading.rejects) + reading.skipped
    lines = {r.line + file.header_line: r for r in records}
    found = reading.rows.to_pylist()
    for row in found:
        assert [row[c] for c in COLUMNS] == lines[row["_line"]].cells
    for reject in reading.rejects:
        assert reject.raw_text == lines[reject.line].text
    values, wanted = [tuple(row[c] for c in COLUMNS) for row in found], file.rows
    if "cut" in file.flaws:
        wanted = wanted[: len(values)]
        if values and values != wanted:
            # Without its line end a last value may be cut: no reader can know, so it is said.
            assert "may be cut" in reading.checks["final_newline"]
            assert wanted[-1][-1].startswith(values[-1][-1])
            values, wanted = values[:-1], wanted[:-1]
    assert values == wanted
    skipped = [
        r for line, r in lines.items()
        if line not in {row["_line"] for row in found} | {j.line for j in reading.rejects}
    ]  # fmt: skip
    assert all(re.search("^Total|rights reserved", r.text.strip('"')) or not r.text.strip()
               for r in skipped)  # fmt: skip
    return "read"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nothing_is_silently_wrong(batch: int) -> None:
    outcomes: dict[str, int] = {}
    for case in range(CASES):
        seed = SEED + batch * CASES + case
        file: Any = build(random.Random(seed))
        try:
            outcome = check(file)
        except AssertionError:
            print(f"seed {seed}: flaws {file.flaws}, text {file.text!r}")
            raise
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["read"] > CASES // 2, outcomes
    assert outcomes["refused"] > CASES // 50, outcomes


def test_there_are_enough_cases() -> None:
    assert BATCHES * CASES >= 2000
