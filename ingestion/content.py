"""A file's bytes, out of their gzip or zip wrapping, and the hash that names them."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from blake3 import blake3

from ingestion.errors import FileMoved, FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX)")
_LARGEST = 64 << 30
"""What a packed file may unpack to, in bytes: more is a mistake or an attack."""
_STEP = 4 << 20
_DAMAGE = (EOFError, zlib.error, OSError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class Content:
    """What is in a file. It can be opened again and again; nothing of it is kept in memory.

    The hash is of the unpacked bytes, so a file and its packed copy are one content.
    """

    open: Callable[[], IO[bytes]]
    """A stream of the unpacked bytes; reading it may raise FileRefused inside `reading`."""
    digest: str
    """BLAKE3, in hex: SHA-256 takes several times as long."""
    size: int
    """Unpacked bytes."""
    packed: str = ""
    """gzip or zip, where it came in one."""
    confirm: Callable[[], None] = lambda: None
    """Raises FileMoved where the file is no longer the one that was hashed."""

    @classmethod
    def of(cls, raw: bytes) -> "Content":
        """Bytes at hand as a content."""
        return cls(lambda: io.BytesIO(raw), blake3(raw).hexdigest(), len(raw))

    def head(self, size: int = 4) -> bytes:
        """The first bytes."""
        with reading(), self.open() as stream:
            return stream.read(size)

    def read(self) -> bytes:
        """All of it, for formats that cannot be read in parts."""
        with reading(), self.open() as stream:
            return stream.read()


def read_content(path: Path) -> Content:
    """Hash the file. FileMoved if it changed meanwhile, FileRefused if it cannot be read.

    A zip must hold one file; a spreadsheet, a zip too, stays as it is.
    """
    before = _stamp(path)

    def confirm() -> None:
        if _stamp(path) != before:
            raise FileMoved("changed while it was read; the next run takes it")

    with reading():
        opener, packed = _opener(path)
        digest, size = _digest(opener)
    confirm()
    return Content(opener, digest, size, packed, confirm)


@contextmanager
def reading() -> "Iterator[None]":
    """Turns what the operating system or an unpacker says into FileRefused."""
    try:
        yield
    except PermissionError as error:
        raise FileRefused(f"cannot be read: {error.strerror}") from None
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno:
            raise FileRefused(f"cannot be read: {error.strerror}") from None
        raise FileRefused(
            f"truncated or damaged: it cannot be unpacked ({type(error).__name__}); fetch it again"
        ) from None


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise FileRefused(f"cannot be read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns


def _opener(path: Path) -> tuple[Callable[[], IO[bytes]], str]:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_GZIP):
        return lambda: cast(IO[bytes], gzip.open(path)), "gzip"
    if start.startswith(_ZIP):
        with zipfile.ZipFile(path) as archive:
            member = _only_member(archive)
        if member:
            return lambda: zipfile.ZipFile(path).open(member), "zip"
    return lambda: path.open("rb"), ""


def _digest(opener: Callable[[], IO[bytes]]) -> tuple[str, int]:
    found, size = blake3(), 0
    with opener() as stream:
        while piece := stream.read(_STEP):
            size += len(piece)
            _bound(size)
            found.update(piece)
    return found.hexdigest(), size


def _only_member(archive: zipfile.ZipFile) -> str:
    """The one file of an archive; empty for a spreadsheet. FileRefused for anything else."""
    if "xl/workbook.xml" in archive.namelist():
        return ""
    members = [m for m in archive.infolist() if not (m.is_dir() or _HIDDEN.search(m.filename))]
    if len(members) != 1:
        raise FileRefused(
            f"is a zip with {len(members)} files: expected one; unpack it and land each file"
        )
    if members[0].flag_bits & 1:
        raise FileRefused("is a zip with a password: unpack it and land what is in it")
    _bound(members[0].file_size)
    return members[0].filename


def _bound(size: int) -> None:
    if size > _LARGEST:
        raise FileRefused(f"holds more than {_LARGEST >> 30} GiB; split it and land the parts")
