"""parquet_file: the allowed audience as one Parquet file with typed columns, replaced whole."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from activation.config import Sync
from activation.connections import Connection
from activation.snapshot import SnapshotFile, folder_of


class ParquetFile(SnapshotFile):
    """A Parquet snapshot."""

    suffix = "parquet"

    def write(self, table: pa.Table, path: Path) -> None:
        """Write one row group per 100,000 rows, Zstandard, format version 2.6."""
        pq.write_table(
            table.combine_chunks(), path, version="2.6", compression="zstd", row_group_size=100_000
        )


def connect(sync: Sync, connection: Connection | None) -> ParquetFile:
    """Open the snapshot of this sync."""
    return ParquetFile(folder_of(sync, connection), sync.name)
