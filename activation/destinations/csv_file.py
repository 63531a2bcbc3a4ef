"""csv_file: the allowed audience as one CSV file with a manifest, replaced whole.

UTF-8 without BOM, RFC 4180 (CRLF, minimal quoting), a header, null as an empty cell, rows sorted by
record key. Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV
injection).
"""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from activation.config import Sync
from activation.connections import Connection
from activation.snapshot import SnapshotFile, folder_of

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")


class CsvFile(SnapshotFile):
    """A CSV snapshot."""

    suffix = "csv"

    def write(self, table: pa.Table, path: Path) -> None:
        """Write header and rows; numbers, dates and booleans are never touched by the guard."""
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\r\n")
            writer.writerow(table.column_names)
            for batch in table.to_batches(max_chunksize=10_000):
                writer.writerows(zip(*map(_cells, batch.columns), strict=True))


def connect(sync: Sync, connection: Connection | None) -> CsvFile:
    """Open the snapshot of this sync."""
    return CsvFile(folder_of(sync, connection), sync.name)


def guard_formula(text: str) -> str:
    """`text` as a spreadsheet shows it without running it."""
    return f"'{text}" if text.startswith(_FORMULA_START) else text


def _cells(column: pa.Array) -> list[str]:
    is_text = pa.types.is_string(column.type)
    values = pc.cast(column, pa.string()).to_pylist()
    texts = ["" if value is None else value for value in values]
    return [guard_formula(text) for text in texts] if is_text else texts
