"""Shapley values of channels: a fair split of what a conversion model says each set is worth.

phi_i = sum over S without i of |S|! (n-|S|-1)! / n! x (v(S + i) - v(S)), Shapley (1953). v is the
probability to convert that a logistic model of the touches, learned from converting and lost
journeys, gives a journey of which only the touches of the channels in S are left.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from attribution.errors import AttributionError
from attribution.paths import Floats, Ints, Paths

RIDGE = 1.0
"""Weight of the penalty on squared coefficients, in journeys: little-seen channels stay near 0."""

MOST = 16
"""Channels of one journey that are enumerated: 2^16 sets."""

_CELLS = 2**22
"""Coalitions of journeys that are worked out at once."""


@dataclass(frozen=True)
class ConversionModel:
    """P(convert | touches) = expit(intercept + sum over channels of coefficient x touches)."""

    intercept: float
    coefficient: Floats

    def __call__(self, counts: Floats) -> Floats:
        """The probability to convert; `counts`: touches per channel, shape (journeys, channels)."""
        chance: Floats = expit(self.intercept + counts @ self.coefficient)
        return chance


def touch_counts(paths: Paths) -> tuple[Floats, Floats, Floats]:
    """Each distinct number of touches per channel, with its converting and lost journeys."""
    counts = np.zeros((len(paths.start), paths.channels))
    np.add.at(counts, (paths.number, paths.channel), 1)
    distinct, at = np.unique(counts, axis=0, return_inverse=True)
    at = at.ravel()
    converted, lost = (np.bincount(at, c, len(distinct)) for c in (paths.converted, paths.lost))
    return distinct, converted.astype(np.float64), lost.astype(np.float64)


def learn(paths: Paths, ridge: float = RIDGE) -> ConversionModel:
    """Logistic regression of converting on the touches per channel of a journey, with a ridge.

    Raises AttributionError where journeys do not include converting and lost ones: then nothing can
    be learned about what a channel adds.
    """
    counts, converted, lost = touch_counts(paths)
    if not converted.sum() or not lost.sum():
        raise AttributionError("expected journeys that converted and journeys that did not")
    given = np.column_stack([np.ones(len(counts)), counts])

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = given @ weights
        penalty = 0.5 * ridge * (weights[1:] ** 2).sum()
        value = converted @ np.logaddexp(0, -score) + lost @ np.logaddexp(0, score) + penalty
        slope = given.T @ ((converted + lost) * expit(score) - converted)
        slope[1:] += ridge * weights[1:]
        return float(value), slope

    start = np.zeros(given.shape[1])
    start[0] = np.log(converted.sum() / lost.sum())
    found = minimize(loss, start, jac=True, method="BFGS")
    return ConversionModel(float(found.x[0]), np.asarray(found.x[1:], np.float64))


def shapley(worth: Floats) -> Floats:
    """Shapley values of games of n players; shape (games, n).

    `worth`: of every coalition of each game, shape (games, 2^n); bit i of a coalition's number says
    whether player i is in it. The values of a game sum to v(all) - v(none).
    """
    players = worth.shape[1].bit_length() - 1
    number = np.arange(2**players)
    size = np.bitwise_count(number)
    weight = np.array(
        [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    )
    phi = np.empty((len(worth), players))
    for player in range(players):
        without = number[number >> player & 1 == 0]
        gained = worth[:, without | 1 << player] - worth[:, without]
        phi[:, player] = gained @ weight[size[without]]
    return phi


def credit(paths: Paths, model: ConversionModel) -> Floats:
    """Conversions credited to each channel: Shapley values of each journey, scaled to 1 conversion.

    A channel that makes conversion less likely gets nothing, and where no channel of a journey adds
    anything they share alike; shape (channels,), sums to the conversions. Raises AttributionError
    for more than MOST channels in one journey.
    """
    counts, converted, _ = touch_counts(paths)
    counts, converted = counts[converted > 0], converted[converted > 0]
    held = counts > 0
    players = held.sum(axis=1)
    if len(players) and players.max() > MOST:
        raise AttributionError(
            f"expected at most {MOST} channels in a journey, got {players.max()}"
        )
    total = np.zeros(paths.channels)
    for size in np.unique(players).tolist():
        step = max(_CELLS >> size, 1)
        mine = np.flatnonzero(players == size)
        for begin in range(0, len(mine), step):
            some = mine[begin : begin + step]
            channel = np.nonzero(held[some])[1].reshape(-1, size)
            adds = np.take_along_axis(counts[some], channel, 1) * model.coefficient[channel]
            phi = shapley(expit(model.intercept + adds @ _members(size).T)).clip(0)
            whole = phi.sum(axis=1, keepdims=True)
            part = np.divide(phi, whole, out=np.full_like(phi, 1 / size), where=whole > 0)
            np.add.at(total, channel, part * converted[some, None])
    return total


def lost_without(paths: Paths, model: ConversionModel) -> Floats:
    """Conversions that would not have been without each channel's touches, all else being equal.

    Of each converting journey 1 - P(convert | the others' touches) / P(convert); negative for a
    channel that does harm; shape (channels,). Channels need each other, so the sum is not the
    number of conversions.
    """
    counts, converted, _ = touch_counts(paths)
    score = model.intercept + counts @ model.coefficient
    without = expit(score[:, None] - counts * model.coefficient)
    lost: Floats = converted @ (1 - without / expit(score)[:, None])
    return lost


def closed_form(paths: Paths) -> Floats:
    """What is sold as "Shapley in closed form": v(S) counts the conversions of subsets of S.

    It is linear attribution over distinct channels, and journeys that did not convert do not matter
    to it (Zhao et al., arXiv 1804.05327). For comparison; shape (channels,).
    """
    counts, converted, _ = touch_counts(paths)
    held = counts > 0
    shared: Floats = (converted / held.sum(axis=1)) @ held
    return shared


def _members(players: int) -> Ints:
    """Who is in each coalition, 0 or 1; shape (2^players, players)."""
    members: Ints = np.arange(2**players)[:, None] >> np.arange(players) & 1
    return members
