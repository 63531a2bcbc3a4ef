"""The core of destinations that are one file: staged beside its target, then swapped in whole."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from activation.config import Sync
from activation.connections import Connection
from activation.errors import ConnectionInvalid
from activation.records import FAILED, SENT, Audience, Outcome, Record
from warehouse.files import replace
from warehouse.settings import settings


class SnapshotFile(ABC):
    """A full snapshot of the allowed audience with a manifest beside it.

    The bytes are a function of the audience alone, so a run that changes nothing rewrites nothing
    and a replay publishes the same file. A target that somebody removed or edited is put back.
    """

    batch_size: int | None = None
    suffix: str

    def __init__(self, folder: Path, name: str) -> None:
        self.target = folder / f"{name}.{self.suffix}"
        self.manifest = folder / f"{name}.manifest.json"
        self._staged: tuple[Path, bytes] | None = None

    @abstractmethod
    def write(self, table: pa.Table, path: Path) -> None:
        """Write `table` (record_key and the mapped fields, sorted) to `path`, byte for byte
        repeatable."""

    def check(self) -> None:
        """The folder exists or can be made."""
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConnectionInvalid(
                f"expected a folder that can be written for {self.target.name}, "
                f"got {error.strerror}"
            ) from None

    def prepare(self, audience: Audience) -> None:
        """Stage the file; keep it only if it differs from what is published."""
        staged = self.target.with_name(f".{self.target.name}.tmp")
        table = audience.table.drop_columns(["record_key"])
        self.write(table, staged)
        digest = _sha256(staged)
        if self._is_published(digest):
            staged.unlink()
            return
        manifest = {
            "sync": audience.sync,
            "file": self.target.name,
            "rows": table.num_rows,
            "sha256": digest,
            "columns": table.column_names,
            "as_of": audience.as_of.isoformat(sep=" "),
        }
        self._staged = staged, (json.dumps(manifest, indent=2) + "\n").encode()

    def send(self, records: Sequence[Record]) -> list[Outcome]:
        """Publish the staged file, which holds the records."""
        return self._publish(records)

    def remove(self, records: Sequence[Record]) -> list[Outcome]:
        """Publish the staged file, which no longer holds the records."""
        return self._publish(records)

    def _publish(self, records: Sequence[Record]) -> list[Outcome]:
        try:
            self._swap()
        except OSError as error:
            failed = Outcome(FAILED, error_class=f"io_error_{error.errno}", halts=True)
            return [failed] * len(records)
        return [Outcome(SENT)] * len(records)

    def _swap(self) -> None:
        if self._staged is None:
            return
        staged, manifest = self._staged
        if staged.exists():
            replace(staged, self.target)
        # The manifest comes last: a reader that sees a matching one has a whole file.
        manifest_staged = self.manifest.with_name(f".{self.manifest.name}.tmp")
        manifest_staged.write_bytes(manifest)
        replace(manifest_staged, self.manifest)
        self._staged = None

    def _is_published(self, digest: str) -> bool:
        if not (self.target.exists() and self.manifest.exists()):
            return False
        try:
            said = json.loads(self.manifest.read_bytes()).get("sha256")
        except (ValueError, AttributeError):
            return False
        return bool(said == digest == _sha256(self.target))


def folder_of(sync: Sync, connection: Connection | None) -> Path:
    """The folder that a file sync writes to: its connection's `file://` path, or the outbox."""
    if connection is None:
        return settings().outbox / sync.destination
    url = urlsplit(connection.url)
    if url.scheme != "file" or not url.path.startswith("/"):
        raise ConnectionInvalid(
            f"connection {connection.name}: expected file:///an/absolute/folder "
            f"for sync {sync.name}"
        )
    return Path(unquote(url.path))


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
