"""Journeys as arrays: the ordered channels of each distinct path, and how often it was walked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution.errors import AttributionError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Paths:
    """Distinct paths of channels 0 … channels-1, without empty ones.

    `channel`: the channels of all paths, one path after the other; shape (touches,). `start`: where
    each path begins; shape (paths,). `converted`, `lost`: how many journeys took the path and ended
    with and without a conversion; shape (paths,), may be fractions.
    """

    channels: int
    channel: Ints
    start: Ints
    converted: Floats
    lost: Floats

    def __post_init__(self) -> None:
        """Raises AttributionError for a path without a touch, or a channel out of range."""
        ends = np.append(self.start[1:], len(self.channel))
        if len(self.start) and (self.start[0] != 0 or (ends <= self.start).any()):
            raise AttributionError("expected every path to hold a touch, got an empty one")
        if len(self.channel) and not 0 <= self.channel.min() <= self.channel.max() < self.channels:
            raise AttributionError(f"expected channels 0 to {self.channels - 1}, got others")

    @property
    def number(self) -> Ints:
        """Which path each touch belongs to; shape (touches,)."""
        is_start = np.zeros(len(self.channel), np.int64)
        is_start[self.start] = 1
        return np.cumsum(is_start) - 1

    @property
    def last(self) -> Ints:
        """The place of each path's last touch; shape (paths,)."""
        return np.append(self.start[1:], len(self.channel)) - 1


def paths_of(
    journeys: Sequence[tuple[Sequence[str], float, float]],
) -> tuple[Paths, list[str]]:
    """(channels in order, converted, lost) per path -> `Paths`, and the channels' names in order.

    Journeys without a touch hold nobody's credit and are left out.
    """
    kept = [journey for journey in journeys if len(journey[0])]
    names = sorted({name for path, _, _ in kept for name in path})
    place = {name: number for number, name in enumerate(names)}
    lengths = np.array([len(path) for path, _, _ in kept], np.int64)
    return (
        Paths(
            len(names),
            np.array([place[name] for path, _, _ in kept for name in path], np.int64),
            np.cumsum(lengths) - lengths,
            np.array([converted for _, converted, _ in kept], np.float64),
            np.array([lost for _, _, lost in kept], np.float64),
        ),
        names,
    )
