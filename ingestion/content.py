"""From a path to text bytes: the whole file, unpacked, its hash, its encoding."""

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ingestion.errors import FileMoved, FileRefused

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX)")
_LARGEST = 16 << 30
"""What a packed file may unpack to, in bytes: more is a mistake or an attack."""


class Content(NamedTuple):
    """A file's bytes as they were when it was read, out of their gzip or zip wrapping.

    The hash is of the unpacked bytes, so a file and its packed copy are one content.
    """

    raw: bytes
    sha256: str
    packed: str = ""
    """gzip or zip, where it came in one."""


class Text(NamedTuple):
    """The same as UTF-8 without a byte order mark."""

    data: bytes
    encoding: str


def read_content(path: Path) -> Content:
    """Read the file once. FileMoved if it changed meanwhile, FileRefused if it cannot be read.

    A zip must hold one file; a spreadsheet, a zip too, stays as it is.
    """
    try:
        before = path.stat()
        raw = path.read_bytes()
        after = path.stat()
    except OSError as error:
        raise FileRefused(f"cannot be read: {error.strerror}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileMoved("changed while it was read; the next run takes it")
    raw, packed = _unpack(raw)
    return Content(raw, hashlib.sha256(raw).hexdigest(), packed)


def _unpack(raw: bytes) -> tuple[bytes, str]:
    try:
        if raw.startswith(_GZIP):
            with gzip.open(io.BytesIO(raw)) as stream:
                return _bounded(stream.read(_LARGEST + 1)), "gzip"
        if raw.startswith(_ZIP):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                member = _only_member(archive)
                return (raw, "") if member is None else (_bounded(archive.read(member)), "zip")
    except (EOFError, zlib.error, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileRefused(
            f"truncated or damaged: it cannot be unpacked ({type(error).__name__}); fetch it again"
        ) from None
    return raw, ""


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """The one file of an archive; None for a spreadsheet. FileRefused for anything else."""
    if "xl/workbook.xml" in archive.namelist():
        return None
    members = [m for m in archive.infolist() if not (m.is_dir() or _HIDDEN.search(m.filename))]
    if len(members) != 1:
        raise FileRefused(
            f"is a zip with {len(members)} files: expected one; unpack it and land each file"
        )
    if members[0].flag_bits & 1:
        raise FileRefused("is a zip with a password: unpack it and land what is in it")
    if members[0].file_size > _LARGEST:
        _bounded(b"", too_large=True)
    return members[0]


def _bounded(raw: bytes, too_large: bool = False) -> bytes:
    if too_large or len(raw) > _LARGEST:
        raise FileRefused(f"unpacks to more than {_LARGEST >> 30} GiB; split it and land the parts")
    return raw


def decode(raw: bytes, declared: Sequence[str]) -> Text:
    """Check the bytes against the declared encodings and return UTF-8.

    A byte order mark decides; without one the declared encodings are tried in order. FileRefused
    names the encoding that was declared, and the byte and line where the file departs from it.
    """
    if not raw:
        raise FileRefused("is empty (0 bytes): expected at least a header; export it again")
    mark, marked = next(((m, e) for m, e in _MARKS if raw.startswith(m)), (b"", ""))
    wanted = " or ".join(declared)
    if marked:
        if not any(marked.startswith(d.lower()) for d in declared):
            raise FileRefused(
                f"declared as {wanted}, but byte 0 (line 1) starts a {marked} byte order mark; "
                f"export it as {wanted}, or declare the encoding"
            )
        return Text(_to_utf8(raw[len(mark) :], marked, len(mark)), marked)
    # Nearly every file decodes as UTF-16, so without a mark it is the last thing to believe.
    bare = [e for e in declared if e.lower() != "utf-16"] or ["utf-16-le"]
    for encoding in bare[:-1]:
        try:
            return Text(_to_utf8(raw, encoding, 0), encoding)
        except FileRefused:
            continue
    return Text(_to_utf8(raw, bare[-1], 0), bare[-1])


def _to_utf8(raw: bytes, encoding: str, offset: int) -> bytes:
    nul = raw.find(b"\0") if encoding.lower() == "utf-8" else -1
    if nul >= 0:
        raise FileRefused(_zero(encoding, offset + nul, raw.count(b"\n", 0, nul) + 1))
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line(raw[: error.start], encoding)
        if error.reason in ("unexpected end of data", "truncated data"):
            raise FileRefused(
                f"truncated: ends inside a character at byte {offset + error.start} "
                f"(line {line}); fetch it again"
            ) from None
        raise FileRefused(
            f"declared as {encoding}, but byte {offset + error.start} (line {line}) is not "
            f"{encoding}; export it as {encoding}, or declare the encoding it has"
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        before = text[:nul]
        at = offset + len(before.encode(encoding))
        raise FileRefused(_zero(encoding, at, before.count("\n") + 1))
    return raw if encoding.lower() == "utf-8" else text.encode("utf-8")


def _zero(encoding: str, at: int, line: int) -> str:
    return (
        f"declared as {encoding}, but byte {at} (line {line}) is zero, as in UTF-16 without a byte "
        "order mark or in a binary file; export it as text"
    )


def _line(before: bytes, encoding: str) -> int:
    return before.decode(encoding, errors="ignore").count("\n") + 1
