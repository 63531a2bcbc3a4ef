"""Inboxes: folders elsewhere whose tree `<source>/<file>` is mirrored into the landing folder.

Nothing is remembered between runs: a file with the size and the time of the one elsewhere is the
same file, as for rsync. Nothing is deleted, here or there.
"""

import filecmp
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ingestion import partitions
from ingestion.arrivals import SILENT, Arrival, Listener, alone
from ingestion.errors import FetchFailed
from ingestion.landing import is_export
from ingestion.locations import Remote, parse
from warehouse import files
from warehouse.settings import settings

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_BLOCK = 8 << 20
"""Bytes read at a time: what a download holds in memory."""


@dataclass(frozen=True)
class RemoteFile:
    """A file elsewhere, as its listing shows it."""

    remote: Remote
    path: str
    uri: str
    file: str
    """Its name below the inbox and below the landing folder."""
    size: int
    modified_us: int | None
    """Microseconds since 1970, None where the place keeps no times."""
    etag: str

    def is_still(self, now: "RemoteFile") -> bool:
        """Is it unchanged? Where a place has tags they decide: some round the times they tell."""
        if self.etag and now.etag:
            return (self.size, self.etag) == (now.size, now.etag)
        seconds = [f.modified_us // 1_000_000 if f.modified_us else 0 for f in (self, now)]
        return self.size == now.size and seconds[0] == seconds[1]


def mirror(
    listen: Listener = SILENT, *, dry_run: bool = False, day: date | None = None
) -> list[Arrival]:
    """Bring every inbox's new and changed files into the landing folder, each whole or not at all.

    A file or an inbox that fails is an Arrival with the reason, and the others go on. `day` limits
    it to the files whose path names it. Raises InboxError where ONEFOLD_INBOX cannot be used.
    """
    uris = dict.fromkeys(settings().inbox.split())
    if not uris:
        return []
    remotes = [Remote(location) for location in [parse(uri) for uri in uris]]
    arrived: list[Arrival] = []

    def settle(arrival: Arrival) -> None:
        arrived.append(arrival)
        listen.settled(arrival)

    with nullcontext() if dry_run else alone():
        found: dict[str, list[RemoteFile]] = {}
        for remote in remotes:
            try:
                for file in listed(remote):
                    if day not in (None, partitions.place(file.file).day):
                        continue
                    found.setdefault(file.file, []).append(file)
            except FetchFailed as error:
                message = f"{error}; correct ONEFOLD_INBOX or its login, or wait for the next run"
                settle(Arrival("failed", remote.location.uri, message=message))
        for name in sorted(found):
            settle(_settled(found[name], listen, dry_run))
    return arrived


def _settled(same: Sequence[RemoteFile], listen: Listener, dry_run: bool) -> Arrival:
    """One name, from one inbox or several, fetched or not."""
    first = same[0]
    try:
        target = place(first.file)
        for other in same[1:]:
            _must_agree(first, other, target, dry_run)
        if _is_present(first, target, dry_run):
            return Arrival("present", first.uri, first.file, first.size)
        if dry_run:
            return Arrival("would_fetch", first.uri, first.file, first.size)
        fetch(first, target, listen)
    except FetchFailed as error:
        return Arrival("failed", first.uri, first.file, first.size, str(error))
    except OSError as error:
        reason = f"cannot be written to {error.filename}: {error.strerror or type(error).__name__}"
        return Arrival("failed", first.uri, first.file, first.size, reason)
    return Arrival("fetched", first.uri, first.file, first.size)


def listed(remote: Remote) -> Iterator[RemoteFile]:
    """The files of one inbox that have finished arriving there. FetchFailed if it has no answer."""
    location = remote.location
    root = location.path.rstrip("/") + "/"
    for path, info in remote.find().items():
        name = path.removeprefix(root)
        if name == path:
            raise FetchFailed("is a file: expected a folder; `onefold ingest` takes a single file")
        if not _is_export(name, info):
            continue
        yield describe(remote, path, name, info)


def find_one(uri: str) -> RemoteFile:
    """The one file that a URI names. FetchFailed where it is not there or is a folder."""
    remote = Remote(parse(uri))
    path = remote.location.path
    with remote.failing():
        info = remote.info(path)
    if info["type"] != "file":
        raise FetchFailed("is a folder: expected a file; ONEFOLD_INBOX takes folders")
    return describe(remote, path, path.rpartition("/")[2], info, uri)


def describe(
    remote: Remote, path: str, name: str, info: dict[str, Any], uri: str = ""
) -> RemoteFile:
    """One entry of a listing. Each library has its own words for time and tag."""
    times = (info.get(key) for key in ("LastModified", "last_modified", "mtime", "updated"))
    etag = str(info.get("ETag") or info.get("etag") or "").strip('"')
    modified = _microseconds(next((t for t in times if t), None))
    uri = uri or remote.location.named(name)
    return RemoteFile(remote, path, uri, name, int(info.get("size") or 0), modified, etag)


def _is_export(name: str, info: dict[str, Any]) -> bool:
    """What landing passes over is not fetched."""
    return info["type"] in ("file", "link") and not name.endswith("/") and is_export(name)


def _microseconds(modified: datetime | float | str | None) -> int | None:
    if isinstance(modified, str):
        modified = datetime.fromisoformat(modified)
    if isinstance(modified, datetime):
        modified = modified.timestamp()
    return None if modified is None else round(modified * 1_000_000)


def place(file: str) -> Path:
    """Where a name lies in the landing folder. FetchFailed where it would leave the folder."""
    landing = settings().landing
    parts = file.split("/")
    if any(part in ("", ".", "..") or _UNWRITABLE.search(part) for part in parts):
        raise FetchFailed(f"{file!r} is no name for a file in the landing folder; rename it there")
    target = landing.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(landing.resolve()):
        raise FetchFailed(
            f"would leave the landing folder through a link; remove the link {target.parent}"
        )
    return target


def _is_present(file: RemoteFile, target: Path, dry_run: bool) -> bool:
    """Is this the file that is here? FetchFailed where the one here is newer and another."""
    if not target.exists():
        return False
    here = target.stat()
    if file.modified_us is None:
        return here.st_size == file.size
    newer = here.st_mtime_ns // 1000 - file.modified_us
    if newer == 0:
        return here.st_size == file.size
    if newer < 0:
        return False
    if here.st_size == file.size and (dry_run or _equals(file, target)):
        if not dry_run:
            os.utime(target, ns=(here.st_atime_ns, file.modified_us * 1000))
        return True
    raise FetchFailed(
        f"differs from {target}, which is newer and is not overwritten; put the right file into "
        "the inbox, or delete the one here to fetch the inbox's"
    )


def _must_agree(first: RemoteFile, other: RemoteFile, target: Path, dry_run: bool) -> None:
    """Two inboxes may hold the same file under one name, but not two files. FetchFailed if so."""
    same_place = first.remote.location.protocol == other.remote.location.protocol
    if same_place and first.etag and (first.size, first.etag) == (other.size, other.etag):
        return
    if first.size == other.size:
        if dry_run:
            return
        with _downloaded(first, target) as part:
            if _equals(other, part):
                return
    raise FetchFailed(
        f"{first.file} is one name for two different files, {first.uri} and {other.uri}; rename one"
    )


def _equals(file: RemoteFile, here: Path) -> bool:
    with _downloaded(file, here) as part:
        return filecmp.cmp(part, here, shallow=False)


def fetch(file: RemoteFile, target: Path, listen: Listener = SILENT) -> None:
    """Download one file whole and rename it into place. FetchFailed or OSError otherwise."""
    with _downloaded(file, target, listen) as part:
        if file.modified_us is not None:
            os.utime(part, ns=(file.modified_us * 1000, file.modified_us * 1000))
        files.replace(part, target)


@contextmanager
def _downloaded(file: RemoteFile, target: Path, listen: Listener = SILENT) -> Iterator[Path]:
    """The file under a name that landing passes over; gone afterwards unless it was renamed."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
        with os.fdopen(handle, "wb") as out:
            _stream(file, out, listen)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _stream(file: RemoteFile, out: BinaryIO, listen: Listener) -> None:
    """Copy block by block. FetchFailed where the file is not the one that was listed."""
    remote, done = file.remote, 0
    with remote.failing(), remote.fs.open(file.path, "rb", block_size=_BLOCK) as source:
        while block := source.read(_BLOCK):
            out.write(block)
            done += len(block)
            listen.bytes(file.file, done, file.size)
    with remote.failing():
        now = describe(remote, file.path, file.file, remote.info(file.path), file.uri)
    if done != file.size or not file.is_still(now):
        raise FetchFailed(
            f"changed while it was fetched: expected {file.size:,} bytes, got {done:,}; "
            "the next run takes it"
        )
