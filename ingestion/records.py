"""Where the records of a CSV body start and end, found without parsing a value.

A record ends at a line feed outside quotes (RFC 4180). The scan is array arithmetic over the bytes,
so it costs the same for clean files whatever they hold, and it is the independent count that the
parser's count must agree with. Only behind a misplaced quote does it go line by line.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_QUOTE, _LF, _CR = 34, 10, 13
_WINDOW, _PIECE = 1 << 16, 1 << 18

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Records(NamedTuple):
    """Records of a body: byte range without the line end, fields, soundness of the quotes."""

    start: Ints
    end: Ints
    stop: Ints
    """Behind the line end."""
    line: Ints
    """Line feeds before it."""
    fields: Ints
    sound: Bools
    open_at: int
    """Start of the last record whose quote is never closed, or -1."""

    def first(self, count: int) -> "Records":
        """The first records alone."""
        return _take(self, 0, count, 0, 0)

    def blank(self, body: Bytes) -> Bools:
        """Which records hold nothing, or nothing but blanks."""
        result: Bools = self.end == self.start
        single = np.flatnonzero((self.fields == 1) & ~result)
        for i in single[np.isin(body[self.start[single]], list(b" \t\v\f\r"))]:
            result[i] = not body[self.start[i] : self.end[i]].tobytes().strip()
        return result


def line_feeds(body: Bytes) -> int:
    """How many there are."""
    return int(np.count_nonzero(body == _LF))


def split(body: Bytes, delimiter: str, is_last: bool = True) -> Records:
    """Split a CSV body into records; a body that goes on elsewhere, into its complete ones.

    A record with a misplaced quote is one physical line: what follows is read afresh, so one bad
    line never swallows the good ones behind it.
    """
    whole = _scan(body, ord(delimiter))
    complete = _complete(whole, body, is_last)
    wrong = np.flatnonzero(~whole.sound[:complete])
    if not len(wrong):
        return whole if is_last else _take(whole, 0, complete, 0, 0)
    first = int(wrong[0])
    parts = [_take(whole, 0, first, 0, 0)]
    parts += _careful(
        body, int(whole.start[first]), int(whole.line[first]), ord(delimiter), is_last
    )
    return Records(
        np.concatenate([p.start for p in parts]),
        np.concatenate([p.end for p in parts]),
        np.concatenate([p.stop for p in parts]),
        np.concatenate([p.line for p in parts]),
        np.concatenate([p.fields for p in parts]),
        np.concatenate([p.sound for p in parts]),
        max(p.open_at for p in parts),
    )


def _complete(records: Records, body: Bytes, is_last: bool) -> int:
    """How many records end in this body: the last one may go on, unless a line end is seen."""
    count = len(records.start)
    goes_on = not is_last and count and (records.open_at >= 0 or body[-1] != _LF)
    return count - 1 if goes_on else count


def _scan(body: Bytes, delimiter: int) -> Records:
    """One pass over `body`, trusting its quotes; `sound` says where they cannot be trusted.

    A byte is inside quotes where an odd number of quotes stands before it.
    """
    places, marks = _marked(body, delimiter)
    inside = np.bitwise_xor.accumulate((marks == _QUOTE).view(np.uint8)).view(np.bool_)
    feeds = marks == _LF
    at_end = np.flatnonzero(feeds & ~inside)
    ends = places[at_end].astype(np.int64)
    before = np.cumsum((marks == delimiter) & ~inside, dtype=np.int32)
    separators = before[at_end].astype(np.int64)
    lines = np.arange(1, len(ends) + 1)
    if np.count_nonzero(feeds) > len(ends):  # some are inside quotes
        lines = np.cumsum(feeds, dtype=np.int64)[at_end]
    if len(body) and (not len(ends) or ends[-1] != len(body) - 1):
        ends, lines = np.append(ends, len(body)), np.append(lines, 0)
        separators = np.append(separators, before[-1] if len(before) else 0)
    none = np.zeros(min(1, len(ends)), np.int64)
    starts = np.concatenate([none, ends[:-1] + 1])
    fields = np.diff(separators, prepend=0) + 1
    sound = np.ones(len(ends), np.bool_)
    wrong = _misplaced(places, marks, inside, len(body))
    sound[np.searchsorted(ends, wrong)] = False
    open_at = -1
    if inside[-1:].any():
        sound[-1] = False
        open_at = int(starts[-1])
    stop = ends.copy()
    has_cr = (stop > starts) & (body[np.maximum(stop - 1, 0)] == _CR)
    stop[has_cr] -= 1
    after = np.minimum(ends + 1, len(body))
    line = np.concatenate([none, lines[:-1]])
    return Records(starts, stop, after, line, fields, sound, open_at)


def _marked(body: Bytes, delimiter: int) -> tuple[NDArray[Any], Bytes]:
    """Where the bytes stand that shape a CSV body, and which they are.

    A tenth of a file or so: what is asked later is asked of them alone. They are looked for in
    pieces that stay in the processor's cache.
    """
    short = np.int32 if len(body) < 1 << 31 else np.int64
    places, marks = [np.zeros(0, short)], [body[:0]]
    hit, more = np.empty((2, min(_PIECE, len(body))), np.bool_)
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        this, other = hit[: len(piece)], more[: len(piece)]
        np.equal(piece, delimiter, out=this)
        for mark in (_QUOTE, _LF, _CR):
            np.equal(piece, mark, out=other)
            np.logical_or(this, other, out=this)
        found = np.flatnonzero(this)
        marks.append(piece[found])
        places.append(np.add(found, start, dtype=short, casting="unsafe"))
    return np.concatenate(places), np.concatenate(marks)


def _misplaced(places: NDArray[Any], marks: Bytes, inside: Bools, size: int) -> NDArray[Any]:
    """Positions of quotes and carriage returns that RFC 4180 does not allow where they are.

    A quote opens behind an edge and closes before one; a doubled quote does both. `inside` says of
    each mark whether it is followed by something quoted; a body of `size` bytes ends with an edge.
    """
    if not len(places):
        return places
    quotes, returns = marks == _QUOTE, marks == _CR
    joined = places[1:] - places[:-1] == 1
    at_end = places[-1:] == size - 1
    wrong = np.zeros(len(places), np.bool_)
    if quotes.any():
        before_edge = np.concatenate([joined, at_end])
        after_edge = np.concatenate([places[:1] == 0, joined & ~returns[:-1]])
        wrong = quotes & ~np.where(inside, after_edge, before_edge)
    if returns.any():
        before_feed = np.concatenate([joined & (marks[1:] == _LF), at_end])
        wrong |= returns & ~inside & ~before_feed
    return places[np.flatnonzero(wrong)]


def _careful(body: Bytes, offset: int, line: int, delimiter: int, is_last: bool) -> list[Records]:
    """Windows from `offset` on: take sound records, give up one line at an unsound one.

    `line` counts the line feeds before it.
    """
    parts, window = [], _WINDOW
    while offset < len(body):
        reach = min(len(body), offset + window)
        seen = _scan(body[offset:reach], delimiter)
        at_end = reach == len(body)
        complete = _complete(seen, body[:reach], is_last) if at_end else len(seen.start) - 1
        wrong = np.flatnonzero(~seen.sound[:complete])
        usable = int(wrong[0]) if len(wrong) else complete
        parts.append(_take(seen, 0, usable, offset, line))
        if at_end and not len(wrong):
            break
        line += int(seen.line[usable])
        start = offset + int(seen.start[usable])
        if len(wrong):
            never_closed = at_end and seen.open_at == seen.start[usable]
            parts.append(_line(body, start, line, start if never_closed else -1))
            offset, window = _next_line(body, start), _WINDOW
            line += 1
        else:
            offset = start
            window *= 2
    return parts


def _line(body: Bytes, start: int, line: int, open_at: int) -> Records:
    end = _next_line(body, start)
    stop = end - 1 if end > start and body[end - 1] == _LF else end
    stop -= 1 if stop > start and body[stop - 1] == _CR else 0
    one = np.ones(1, np.int64)
    return Records(
        one * start, one * stop, one * end, one * line, one * 0, np.zeros(1, np.bool_), open_at
    )


def _next_line(body: Bytes, start: int) -> int:
    step = _WINDOW
    while start < len(body):
        feeds = np.flatnonzero(body[start : start + step] == _LF)
        if len(feeds):
            return start + int(feeds[0]) + 1
        start += step
    return len(body)


def _take(records: Records, first: int, last: int, offset: int, line: int) -> Records:
    cut = slice(first, last)
    return Records(
        records.start[cut] + offset,
        records.end[cut] + offset,
        records.stop[cut] + offset,
        records.line[cut] + line,
        records.fields[cut],
        records.sound[cut],
        -1,
    )
