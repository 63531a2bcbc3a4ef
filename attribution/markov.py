"""Removal effects of channels in a Markov chain of order k: exact, by one sparse solve a channel.

A state is the window of the last k touches. From it a journey goes on to the next touch, converts,
or is lost. Anderl, Becker, von Wangenheim and Schumann, "Mapping the customer journey" (2016).
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
    the probability that a converting journey visits c; shape (channels,), nought where nothing
    converts.
    """

    order: int
    conversion_rate: float
    removal_effect: Floats

    @property
    def share(self) -> Floats:
        """Each channel's part of the credit: its removal effect over the sum of all of them."""
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
    effect = np.zeros(paths.channels)
    if rate > 0:
        for channel in range(paths.channels):
            effect[channel] = 1 - _reach(step, converts, ends_with != channel, begin) / rate
    return Markov(order, rate, effect.clip(0, 1))


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


def _reach(step: Any, converts: Floats, kept: NDArray[np.bool_], begin: int) -> float:
    """The probability to convert from `begin` where journeys that leave `kept` are lost."""
    places = np.flatnonzero(kept)
    left = sparse.csr_array(sparse.eye_array(len(places)) - step[places][:, places])
    chance, failed = bicgstab(left, converts[places], rtol=PRECISION, atol=0)
    if failed:  # journeys so long that iterating does not get there
        chance = splu(sparse.csc_array(left), permc_spec="NATURAL").solve(converts[places])
    return float(chance[np.searchsorted(places, begin)])


def order_scores(
    paths: Paths, orders: range = range(1, 5), folds: int = 5, seed: int = 0
) -> Floats:
    """How well each order foretells unseen journeys: mean log-likelihood of one; shape (orders,).

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
    held = [
        sum(_likelihood(paths, order, counts - part[..., fold], part[..., fold])
            for fold in range(folds))
        for order in orders
    ]  # fmt: skip
    scores: Floats = np.asarray(held, np.float64) / total
    return scores


def _likelihood(paths: Paths, order: int, known: Ints, unseen: Ints) -> float:
    """The log-likelihood of `unseen` journeys (converted, lost per path) after `known` ones."""
    outcomes = paths.channels + 2  # a touch of each channel, converted, lost
    number, last, start = paths.number, paths.last, paths.start
    count = len(paths.channel)
    event = np.concatenate(
        [paths.channel, np.full(len(last), outcomes - 2), np.full(len(last), outcomes - 1)]
    )
    learned = np.concatenate([known.sum(axis=0)[number], *known])
    tested = np.concatenate([unseen.sum(axis=0)[number], *unseen])
    chance = np.full(len(event), 1 / outcomes)
    for length in range(order + 1):
        window = np.zeros(count, np.int64) if length == 0 else _windows(paths, length)
        before = np.zeros(count, np.int64)
        before[1:] = window[:-1]
        before[start] = 0
        context = np.concatenate([before, window[last], window[last]])
        _, at = np.unique(context, return_inverse=True)
        _, pair = np.unique(at * outcomes + event, return_inverse=True)
        seen, followed = np.bincount(at, learned), np.bincount(pair, learned)
        chance = (followed[pair] + SMOOTHING * chance) / (seen[at] + SMOOTHING)
    return float((tested * np.log(chance)).sum())
