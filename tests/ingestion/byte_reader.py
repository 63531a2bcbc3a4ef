"""An independent reader of delimited bytes: one character after the other, no arrays, no parser.

It knows RFC 4180 and one law beyond it: a record that breaks the rules is one physical line.
"""

from typing import NamedTuple


class Record(NamedTuple):
    """What stands between two line ends outside quotes."""

    line: int
    """1-based physical line on which it starts."""
    cells: list[str] | None
    """None where the quotes break the rules."""
    text: str


def read(text: str, delimiter: str) -> list[Record]:
    """Every record of a text, the last one also without a line end."""
    found, at, line = [], 0, 1
    while at < len(text):
        cells, end = _record(text, at, delimiter)
        if cells is None:
            feed = text.find("\n", at)
            end = len(text) if feed < 0 else feed + 1
        raw = text[at:end]
        found.append(Record(line, cells, raw.removesuffix("\n").removesuffix("\r")))
        line += raw.count("\n")
        at = end
    return found


def _record(text: str, at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the record that starts at `at`, and where the next one starts."""
    cells = []
    while True:
        cell, at = _quoted(text, at) if text[at : at + 1] == '"' else _bare(text, at, delimiter)
        if cell is None:
            return None, at
        cells.append(cell)
        rest = text[at : at + 2]
        if rest[:1] == delimiter:
            at += 1
        elif rest == "\r\n":
            return cells, at + 2
        elif rest[:1] == "\n":
            return cells, at + 1
        elif rest in ("", "\r"):  # the end of the file ends the last record
            return cells, len(text)
        else:
            return None, at


def _bare(text: str, at: int, delimiter: str) -> tuple[str | None, int]:
    start = at
    while at < len(text) and text[at] not in (delimiter, "\n", '"', "\r"):
        at += 1
    return (None, at) if text[at : at + 1] == '"' else (text[start:at], at)


def _quoted(text: str, at: int) -> tuple[str | None, int]:
    cell, at = "", at + 1
    while at < len(text):
        if text[at] != '"':
            cell += text[at]
            at += 1
        elif text[at : at + 2] == '""':
            cell += '"'
            at += 2
        else:
            return cell, at + 1
    return None, at
