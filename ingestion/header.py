"""Finding the header of a CSV file and reading what stands above it."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ingestion.errors import FileRefused
from ingestion.languages import codes, decimal_mark, mixed
from ingestion.sources import Column, Table

_HEAD_BYTES = 1 << 20
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Header(NamedTuple):
    """Where the header is and which declared column each of its cells is."""

    line: int
    """1-based physical line."""
    delimiter: str
    cells: tuple[str, ...]
    columns: tuple[str, ...]
    """Declared name per cell; empty where the cell is not declared."""
    body_offset: int
    """First byte after the header line."""
    captured: dict[str, str]
    """What the header and the lines above it say, by the names declared for it."""

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Cells that are not loaded."""
        pairs = zip(self.cells, self.columns, strict=True)
        return tuple(cell for cell, name in pairs if cell and not name)

    @property
    def renamed(self) -> dict[str, str]:
        """Cells that are loaded under another name: an alias, or another spelling."""
        pairs = zip(self.cells, self.columns, strict=True)
        return {cell: name for cell, name in pairs if name and cell != name}


def holds_header(data: bytes, table: Table) -> bool:
    """Is this much of a file enough to look for the header in?"""
    lines = table.dialect.header_within
    enough = not table.dialect.languages and data.count(b"\n") >= lines
    return enough or len(data) >= _HEAD_BYTES


def find_header(data: bytes, table: Table) -> Header:
    """Find the header among the first lines. FileRefused names the required columns not found."""
    head = data[:_HEAD_BYTES].split(b"\n")
    lines = head[: table.dialect.header_within]
    best: tuple[int, str, Header] | None = None
    offset = 0
    for number, raw in enumerate(lines, start=1):
        offset += len(raw) + 1
        line = raw.decode(errors="replace").rstrip("\r")
        for delimiter in table.dialect.delimiters:
            cells = _cells(line, delimiter)
            for language in codes(table):
                columns = match_columns(cells, table.columns, table.words(language))
                missing = len(set(table.required) - set(columns))
                if best is None or missing < best[0]:
                    found = Header(number, delimiter, cells, columns, offset, {})
                    best = missing, language, found
        if best and best[0] == 0:
            break
    if best is None:
        raise FileRefused("holds no line: expected a header")
    missing, language, header = best
    if missing:
        _refuse_delimiter(lines, table)
    _check(header, table, language)
    above = [line.decode().rstrip("\r") for line in lines[: header.line - 1]]
    captured = _capture(above, table.dialect.capture)
    if language:
        below = head[header.line : -1]
        mark = decimal_mark(below, header.delimiter, header.columns, language, table)
        captured |= {"language": language, "decimal_mark": mark}
    for name, value in _said_by_names(header, table.columns):
        if captured.setdefault(name, value) != value:
            raise FileRefused(f"says {name} {captured[name]} and {value}; export one at a time")
    for column in table.columns:
        if column.from_header and column.from_header not in captured and not column.optional:
            wanted = table.dialect.capture.get(column.from_header, "a column named after it")
            raise FileRefused(
                f"says its {column.from_header} neither in its header nor above it (expected "
                f"{wanted}); export it with its header as {table.full_name} declares it"
            )
    return header._replace(captured=captured)


def match_columns(
    cells: Sequence[str], columns: Sequence[Column], words: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Declared column per header cell: the exact name, an alias, a pattern, else ignoring case.

    `words` are the names of each column, the first one the usual one.
    """
    exact = {names[0]: name for name, names in words.items() if names}
    alias = {a: name for name, names in words.items() for a in names[1:]}
    folded = {usual.casefold(): name for usual, name in exact.items()}
    found = [exact.get(cell) or alias.get(cell) or _like(cell, columns) for cell in cells]
    taken = set(found)
    for i, cell in enumerate(cells):
        name = folded.get(cell.casefold(), "")
        if not found[i] and name and name not in taken:
            found[i] = name
            taken.add(name)
    return tuple(found)


def _like(cell: str, columns: Sequence[Column]) -> str:
    hits = (c.name for c in columns for p in c.alias_patterns if re.fullmatch(p, cell))
    return next(hits, "")


def _said_by_names(header: Header, columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """What the named groups of the columns' patterns match in the header."""
    patterns = {c.name: c.alias_patterns for c in columns}
    for cell, column in zip(header.cells, header.columns, strict=True):
        for hit in (re.fullmatch(pattern, cell) for pattern in patterns.get(column, ())):
            yield from ((k, v.strip()) for k, v in hit.groupdict("").items() if v) if hit else ()


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        row = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        row = []
    return tuple(cell.strip().lstrip("\ufeff").strip() for cell in row)


def _refuse_delimiter(lines: Sequence[bytes], table: Table) -> None:
    """FileRefused if a line would be the header, were its delimiter one that is declared."""
    for delimiter in (d for d in _NAMES if d not in table.dialect.delimiters):
        for raw in lines:
            cells = _cells(raw.decode(errors="replace").rstrip("\r"), delimiter)
            read = (match_columns(cells, table.columns, table.words(c)) for c in codes(table))
            if any(set(table.required) <= set(columns) for columns in read):
                wanted = " or ".join(_NAMES.get(d, repr(d)) for d in table.dialect.delimiters)
                raise FileRefused(
                    f"is separated by {_NAMES[delimiter]}: expected {wanted}; export it so, or "
                    "declare the delimiter"
                )


def _check(header: Header, table: Table, language: str) -> None:
    missing = [name for name in table.required if name not in header.columns]
    if 2 * len(missing) > len(table.required):
        # Its cells may be a row of personal data, so they are not repeated here.
        read = f", in one of the languages {', '.join(codes(table))}" if language else ""
        raise FileRefused(
            f"missing declared column {', '.join(missing)}: no line looks like the header of "
            f"{table.full_name}; export it with its header and all columns{read}"
        )
    elsewhere = mixed(header.cells, missing, language, table) if language else ""
    if elsewhere:
        raise FileRefused(
            f"its header on line {header.line} is in {language}, but holds {elsewhere}: expected "
            "one language; export the report in one"
        )
    if missing:
        unknown = f"; undeclared there: {', '.join(header.undeclared)}" if header.undeclared else ""
        raise FileRefused(
            f"missing declared column {', '.join(missing)}: expected every required column of "
            f"{table.full_name} in the header on line {header.line}{unknown}; export it, or "
            "declare an alias or `optional: true`"
        )
    twice = sorted({n for n in header.columns if n and header.columns.count(n) > 1})
    if twice:
        raise FileRefused(f"column {', '.join(twice)} appears twice in the header; export it once")


def _capture(lines: Sequence[str], patterns: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, pattern in patterns.items():
        for line in lines:
            hit = re.search(pattern, line)
            if hit:
                found.setdefault(name, hit.group(name).strip())
    return found
