"""What reading one file gave, before anything is written, and what a reader of blocks does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LINE = "_line"


class Reject(NamedTuple):
    """A line that could not be read as a row. `raw_text` is personal data: never log it."""

    line: int
    raw_text: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """The rows of a file, or of a block of it, as text, and an account of everything else in it.

    What is said about the whole file (from `undeclared` on) is known with the last block.
    Conservation: `rows_in == rows.num_rows + len(rejects) + skipped`, where `rows_in` was counted
    by another reader than the one that made `rows`.
    """

    rows: pa.Table
    """Declared columns that the file has, as text, and `_line` (1-based physical line)."""
    rows_in: int
    """Records after the header."""
    rejects: tuple[Reject, ...]
    skipped: int
    """Records that are not data: totals, footers, blank lines."""
    undeclared: tuple[str, ...] = ()
    missing_optional: tuple[str, ...] = ()
    checks: dict[str, Any] = field(default_factory=dict)
    currency: str | None = None
    time_zone: str | None = None
    is_partial: bool = False

    @property
    def balanced(self) -> bool:
        """Does the conservation law hold?"""
        return self.rows_in == int(self.rows.num_rows) + len(self.rejects) + self.skipped


NOTHING = Reading(pa.table({LINE: pa.array([], pa.int64())}), 0, (), 0)
"""Of a block that cannot be read before more of the file is there."""


@dataclass(frozen=True)
class Parsed:
    """What one block gave, whatever the others hold."""

    reading: Reading
    is_last: bool
    found: Any = None
    """What `settle` of the reader that made it wants to know of the block."""


Block = TypeVar("Block")


class Reader(ABC, Generic[Block]):
    """Reads a file block by block: what takes time looks at one block alone.

    `cut` is called for one block after the other, `settle` for one result after the other; between
    them any thread may `parse`.
    """

    block: int
    """Bytes to read at once: what a landing needs in memory is a small multiple of it."""

    @abstractmethod
    def cut(self, data: bytes, is_last: bool) -> tuple[Block | None, int]:
        """The complete records of `data`, and how many bytes they take; the rest starts the next.

        None before more of the file is there. FileRefused if the file must not be loaded.
        """

    @abstractmethod
    def parse(self, block: Block) -> Parsed:
        """The rows of a block, and an account of the others. FileRefused as above."""

    @abstractmethod
    def settle(self, parsed: Parsed) -> Reading:
        """The block's reading; of the last one, with what is to be said about the whole file."""

    def read(self, data: bytes, is_last: bool) -> tuple[Reading, int]:
        """All three of them, one after the other."""
        block, used = self.cut(data, is_last)
        return (NOTHING if block is None else self.settle(self.parse(block))), used


Renumber = Callable[[NDArray[np.int64]], NDArray[np.int64]]


def renumbered(reading: Reading, number: Renumber) -> Reading:
    """The same with other line numbers: `number` maps an array of them, elementwise."""
    place = reading.rows.column_names.index(LINE)
    lines = number(reading.rows[LINE].to_numpy())
    rows = reading.rows.set_column(place, LINE, pa.array(lines, pa.int64()))
    rejects = tuple(r._replace(line=int(number(np.array([r.line]))[0])) for r in reading.rejects)
    return replace(reading, rows=rows, rejects=rejects)


def whole(parts: Iterable[Reading]) -> Reading:
    """The parts of a file as one reading, all rows in memory."""
    found = list(parts)
    rows = [part.rows for part in found if part.rows.num_rows] or [found[-1].rows]
    return replace(
        found[-1],
        rows=pa.concat_tables(rows),
        rows_in=sum(part.rows_in for part in found),
        rejects=tuple(reject for part in found for reject in part.rejects),
        skipped=sum(part.skipped for part in found),
    )


def distinct(rows: pa.Table, column: str) -> set[str]:
    """Values of a column that may be absent, without blanks."""
    if column not in rows.column_names:
        return set()
    return {str(value) for value in rows[column].unique().to_pylist() if value}
