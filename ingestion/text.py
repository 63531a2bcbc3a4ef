"""From bytes in a declared encoding to UTF-8 without a byte order mark, block by block."""

import codecs
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from ingestion.content import Content, reading
from ingestion.errors import FileRefused

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


class Text(NamedTuple):
    """A content as UTF-8."""

    encoding: str
    blocks: Callable[[], Iterator[tuple[bytes, bool]]]
    """Pieces of the text, and whether each is the last one; a piece may end inside a character.

    Raises FileRefused at the first byte that is not in the encoding.
    """


def decode(content: Content, declared: Sequence[str], block: int) -> Text:
    """Find out which of the declared encodings the content has; `block` bytes are read at once.

    A byte order mark decides; without one they are tried in order. FileRefused names the encoding
    that was declared, and, while reading, the byte and line where the file departs from it.
    """
    head = content.head()
    if not head:
        raise FileRefused("is empty (0 bytes): expected at least a header; export it again")
    mark, marked = next(((m, e) for m, e in _MARKS if head.startswith(m)), (b"", ""))
    if marked and not any(marked.startswith(d.lower()) for d in declared):
        wanted = " or ".join(declared)
        raise FileRefused(
            f"declared as {wanted}, but byte 0 (line 1) starts a {marked} byte order mark; "
            f"export it as {wanted}, or declare the encoding"
        )
    # Nearly every file decodes as UTF-16, so without a mark it is the last thing to believe.
    bare = [e for e in declared if e.lower() != "utf-16"] or ["utf-16-le"]
    encoding = marked or next((e for e in bare[:-1] if _fits(content, e, block)), bare[-1])
    return Text(encoding, lambda: _with_last(_blocks(content, encoding, len(mark), block)))


def _fits(content: Content, encoding: str, block: int) -> bool:
    try:
        for _ in _blocks(content, encoding, 0, block):
            pass
    except FileRefused:
        return False
    return True


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    current = next(blocks, b"")
    for following in blocks:
        yield current, False
        current = following
    yield current, True


def _blocks(content: Content, encoding: str, skip: int, size: int) -> Iterator[bytes]:
    offset, line = skip, 1
    decoder = codecs.getincrementaldecoder(encoding)()
    is_utf8 = encoding.lower() == "utf-8"
    with content.open() as stream:
        _read(stream, skip)
        while True:
            raw = _read(stream, size)
            pending = decoder.getstate()[0]
            start = offset - len(pending)
            if is_utf8:
                _refuse_zero(raw, encoding, offset, line)
            if is_utf8 and not pending and raw.isascii():
                text, feeds = raw, raw.count(b"\n")
            else:
                try:
                    decoded = decoder.decode(raw, not raw)
                except UnicodeDecodeError as error:
                    before = (pending + raw)[: error.start].decode(encoding, errors="ignore")
                    line += before.count("\n")
                    raise _wrong(error, encoding, start + error.start, line) from None
                text, feeds = raw if is_utf8 else decoded.encode(), decoded.count("\n")
            if not is_utf8:
                _refuse_zero(text, encoding, start, line)
            if text:
                yield text
            if not raw:
                return
            offset, line = offset + len(raw), line + feeds


def _read(stream: IO[bytes], size: int) -> bytes:
    with reading():
        return stream.read(size)


def _wrong(error: UnicodeDecodeError, encoding: str, at: int, line: int) -> FileRefused:
    if error.reason in ("unexpected end of data", "truncated data"):
        return FileRefused(
            f"truncated: ends inside a character at byte {at} (line {line}); fetch it again"
        )
    return FileRefused(
        f"declared as {encoding}, but byte {at} (line {line}) is not {encoding}; export it as "
        f"{encoding}, or declare the encoding it has"
    )


def _refuse_zero(text: bytes, encoding: str, start: int, line: int) -> None:
    place = text.find(b"\0")
    if place >= 0:
        before = text[:place].decode(errors="ignore")
        at, line = start + len(before.encode(encoding)), line + before.count("\n")
        raise FileRefused(
            f"declared as {encoding}, but byte {at} (line {line}) is zero, as in UTF-16 without a "
            "byte order mark or in a binary file; export it as text"
        )
