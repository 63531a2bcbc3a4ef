"""The window of the simulation and times in it that look like people's working days."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from simulator import names

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

DAY = 86_400_000
"""Milliseconds of a day; every time in this room is epoch milliseconds, UTC."""

LAST_MONTH = (2026, 6)
"""The company's last month; windows count months backwards from its end."""

_WEEKDAY = np.array([1.00, 1.12, 1.10, 1.05, 0.82, 0.22, 0.20])  # Monday first
_HOUR = np.array(
    [0.3, 0.2, 0.15, 0.1, 0.1, 0.2, 0.6, 1.4, 3.0, 5.2, 6.0, 5.6,
     4.4, 5.0, 5.8, 5.6, 4.8, 3.6, 2.4, 2.0, 2.0, 1.8, 1.2, 0.6]
)  # fmt: skip
_UTC_OFFSET_HOURS = np.array([-5, 0, 1, 1], dtype=np.int64)  # standard time by country


def rng(seed: int, stream: str) -> Generator:
    """The generator of one named stream: a change in one room's draws leaves the others alone."""
    return Generator(PCG64(SeedSequence([seed, *stream.encode()])))


@dataclass(frozen=True)
class Window:
    """Whole months, [start, end) in epoch milliseconds, and the first instant of each month."""

    start: int
    end: int
    months: tuple[tuple[int, int], ...]
    month_starts: tuple[int, ...]

    @property
    def years(self) -> float:
        """The window's length in years."""
        return len(self.months) / 12


def epoch_ms(year: int, month: int, day: int = 1) -> int:
    """Epoch milliseconds of a UTC midnight."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1000


def window(months: int) -> Window:
    """The last `months` whole months up to the end of LAST_MONTH."""
    last = LAST_MONTH[0] * 12 + LAST_MONTH[1] - 1
    names_ = tuple(divmod(last - back, 12) for back in range(months - 1, -1, -1))
    chosen = tuple((year, month + 1) for year, month in names_)
    starts = tuple(epoch_ms(*month) for month in chosen)
    after = divmod(last + 1, 12)
    return Window(starts[0], epoch_ms(after[0], after[1] + 1), chosen, starts)


def busy_times(gen: Generator, count: int, span: Window, country: Ints) -> Ints:
    """`count` instants in the window: weekdays over weekends, office hours over nights, growing."""
    days = (span.end - span.start) // DAY
    first = (span.start // DAY + 3) % 7  # 1970-01-01 was a Thursday
    weights = _WEEKDAY[(np.arange(days) + first) % 7] * (1 + 0.3 * np.arange(days) / days)
    day = np.searchsorted(np.cumsum(weights) / weights.sum(), gen.random(count))
    hour = np.searchsorted(np.cumsum(_HOUR) / _HOUR.sum(), gen.random(count))
    local = span.start + day * DAY + hour * 3_600_000 + gen.integers(0, 3_600_000, count)
    utc = local - _UTC_OFFSET_HOURS[country] * 3_600_000
    # The few minutes past an edge of the window come back to the same hour a day inside it.
    return np.asarray(
        np.where(utc < span.start, utc + DAY, np.where(utc >= span.end, utc - DAY, utc))
    )


def local_wall(ms: Ints, zone: str) -> Ints:
    """Epoch milliseconds of the wall clock of `zone`, from its transitions 2015 to 2027."""
    info = ZoneInfo(zone)
    hour = timedelta(hours=1)
    at, stop = datetime(2015, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    edges, offsets = [0], [at.astimezone(info).utcoffset()]
    day = timedelta(days=1)
    while at < stop:
        after = at + day
        if after.astimezone(info).utcoffset() != offsets[-1]:
            edge = at
            while edge.astimezone(info).utcoffset() == offsets[-1]:
                edge += hour
            edges.append(int(edge.timestamp()) * 1000)
            offsets.append(edge.astimezone(info).utcoffset())
        at = after
    shift = np.array([int((o or timedelta()).total_seconds()) * 1000 for o in offsets])
    return np.asarray(ms + shift[np.searchsorted(np.array(edges), ms, side="right") - 1])


def countries(gen: Generator, count: int) -> Ints:
    """Country numbers by the share of each market."""
    return np.searchsorted(np.cumsum(names.COUNTRY_SHARE), gen.random(count)).clip(0, 3)
