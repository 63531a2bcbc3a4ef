"""What channels add in a Markov chain of order k: exact, by sparse solves for each channel.

A state is the window of the last k touches. From it a journey goes on to the next touch, converts,
or is lost. Anderl, Becker, von Wangenheim and Schumann, "Mapping the customer journey" (2016).

Taking a channel away has two readings. In theirs, every journey that reaches it is lost: the effect
is the probability that a converting journey visits it, whatever those that do not convert look
like. In the other, the touch is skipped and the journey goes on from where it was: the effect is
what the channel's touches do to the chance to convert, which journeys that were lost tell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import bicgstab, splu

from attribution.errors import AttributionError
from attribution.paths import Floats, Ints, Paths

SMOOTHING = 1.0
"""How many journeys the next shorter window counts as, where a window was seen too rarely."""


PRECISION = 1e-13
"""What a solve may leave over, as a part of the right-hand side."""


@dataclass(frozen=True)
class Markov:
    """Of one chain: the probability to convert, and per channel by what share it would fall.

    `removal_effect[c]` = 1 - P(convert, journeys that reach c being lost) / P(convert), which is
    the probability that a converting journey visits c. `skip_effect[c]` = 1 - P(convert, touches of
    c being skipped) / P(convert), negative for a channel that does harm. Shape (channels,), nought
    where nothing converts.
    """

    order: int
    conversion_rate: float
    removal_effect: Floats
    skip_effect: Floats

    @property
    def share(self) -> Floats:
        """Each channel's removal effect over the sum of all of them, as Anderl et al. do."""
        total = self.removal_effect.sum()
        return self.removal_effect / total if total > 0 else self.removal_effect


def markov(paths: Paths, order: int) -> Markov:
    """The chain of `order` (1 or more) learned from converting and lost journeys.

    Raises AttributionError for an order below 1, or one whose windows cannot be numbered.
    """
    windows, state = np.unique(_windows(paths, order), return_inverse=True)
    states = len(windows) + 1  # the last is the start
    begin = len(windows)
    step, converts = _chain(paths, state, states)
    rate = _reach(step, converts, np.ones(states, np.bool_), begin)
    ends_with = np.full(states, -1, np.int64)
    ends_with[:begin] = windows % (paths.channels + 1) - 1
    removed, skipped = np.zeros(paths.channels), np.zeros(paths.channels)
    if rate > 0:
        for channel in range(paths.channels):
            kept = ends_with != channel
            stays = np.asarray(step @ ~kept, np.float64)
            removed[channel] = 1 - _reach(step, converts, kept, begin) / rate
            skipped[channel] = 1 - _reach(step, converts, kept, begin, stays) / rate
    return Markov(order, rate, removed.clip(0, 1), skipped)


def _windows(paths: Paths, order: int) -> Ints:
    """A number for the window of up to `order` touches that ends with each touch."""
    base = paths.channels + 1
    if order < 1 or base**order >= 2**62:
        raise AttributionError(
            f"expected an order of 1 or more for which windows of {paths.channels} channels can be "
            f"numbered, got {order}"
        )
    window = paths.channel + 1
    place = np.arange(len(paths.channel)) - paths.start[paths.number]
    for back in range(1, order):
        reaches = place >= back
        window[reaches] += (paths.channel[np.flatnonzero(reaches) - back] + 1) * base**back
    return window


def _chain(paths: Paths, state: Ints, states: int) -> tuple[Any, Floats]:
    """Probabilities of going from state to state, and of converting next."""
    came_from = np.empty_like(state)
    came_from[1:] = state[:-1]
    came_from[paths.start] = states - 1
    journeys = paths.converted + paths.lost
    walked = sparse.coo_array(
        (journeys[paths.number], (came_from, state)), shape=(states, states)
    ).tocsr()
    ended = np.bincount(state[paths.last], journeys, states)
    converted = np.bincount(state[paths.last], paths.converted, states)
    left = walked.sum(axis=1) + ended
    chance = np.divide(1.0, left, out=np.zeros(states), where=left > 0)
    step = sparse.csr_array(sparse.diags_array(chance) @ walked)
    return step, np.asarray(converted * chance, np.float64)


def _reach(
    step: Any, converts: Floats, kept: NDArray[np.bool_], begin: int, stays: Floats | None = None
) -> float:
    """The probability to convert from `begin` where journeys that leave `kept` are lost.

    With `stays`, the chance to leave `kept` of each state: they stay where they are and go on.
    Where no other way leads to a conversion, a journey is lost.
    """
    places = np.flatnonzero(kept)
    if stays is not None:
        places = places[_can_reach(step[places][:, places], converts[places] > 0)]
        if begin not in places:
            return 0.0
    left = sparse.csr_array(sparse.eye_array(len(places)) - step[places][:, places])
    if stays is not None:
        left = sparse.csr_array(left - sparse.diags_array(stays[places]))
    chance, failed = bicgstab(left, converts[places], rtol=PRECISION, atol=0)
    if failed:  # journeys so long that iterating does not get there
        chance = splu(sparse.csc_array(left), permc_spec="NATURAL").solve(converts[places])
    return float(chance[np.searchsorted(places, begin)])


def _can_reach(step: Any, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From which states any walk leads to one that is `there`."""
    while (more := there | (step @ there > 0)).sum() > there.sum():
        there = more
    return there


def order_scores(
    paths: Paths, orders: range = range(1, 5), folds: int = 5, seed: int = 0
) -> Floats:
    """How well each order foretells how unseen journeys end; shape (orders,).

    The mean log-likelihood of a journey's end, converted or lost, given its last touches: that is
    what effects follow from, while most of a journey's likelihood is in which channel comes next.
    Each journey is held out once, by `seed`; counts are rounded to whole journeys. Windows too rare
    to learn from lean on the next shorter window by `SMOOTHING`. The order with the highest score
    is the one to believe. NaN without journeys.
    """
    rng = np.random.default_rng(seed)
    counts = np.stack([paths.converted, paths.lost]).round().astype(np.int64)
    part = np.stack([rng.multinomial(count, np.full(folds, 1 / folds)) for count in counts])
    total = counts.sum()
    if not total:
        return np.full(len(orders), np.nan)
    windows = [np.zeros(len(paths.last), np.int64)]
    for length in range(1, max(orders) + 1):
        _, window = np.unique(_windows(paths, length)[paths.last], return_inverse=True)
        windows.append(window)
    held = [
        sum(_likelihood(windows[: order + 1], counts - part[..., fold], part[..., fold])
            for fold in range(folds))
        for order in orders
    ]  # fmt: skip
    scores: Floats = np.asarray(held, np.float64) / total
    return scores


def _likelihood(windows: list[Ints], known: Ints, unseen: Ints) -> float:
    """The log-likelihood of how `unseen` journeys end (converted, lost per path), after `known`."""
    chance = np.full(unseen.shape, 0.5)
    for window in windows:  # from no touch to the longest window
        seen = np.bincount(window, known.sum(axis=0))[window]
        ended = np.stack([np.bincount(window, count)[window] for count in known])
        chance = (ended + SMOOTHING * chance) / (seen + SMOOTHING)
    return float((unseen * np.log(chance)).sum())
