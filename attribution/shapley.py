"""Shapley values of channels: a fair split of what a conversion model says each set is worth.

phi_i = sum over S without i of |S|! (n-|S|-1)! / n! x (v(S + i) - v(S)), Shapley (1953). v is the
probability to convert that a logistic model of the touches, learned from converting and lost
journeys, gives a journey of which only the touches of the channels in S are left.

The model counts touches, or looks at their mix: what part of the journey each channel has. Where
more touches make a conversion likelier the first foretells better; where every journey is long,
as that of an opportunity until it is won or lost, the second.
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
    """P(convert | touches) = expit(intercept + sum over channels of coefficient x touches).

    `is_mix`: the touches of a channel are divided by those of the whole journey.
    """

    intercept: float
    coefficient: Floats
    is_mix: bool = False

    def __call__(self, counts: Floats) -> Floats:
        """The probability to convert; `counts`: touches per channel, shape (journeys, channels)."""
        seen = _mix(counts) if self.is_mix else counts
        chance: Floats = expit(self.intercept + seen @ self.coefficient)
        return chance


def touch_counts(paths: Paths) -> tuple[Floats, Floats, Floats]:
    """Each distinct number of touches per channel, with its converting and lost journeys."""
    counts = np.zeros((len(paths.start), paths.channels))
    np.add.at(counts, (paths.number, paths.channel), 1)
    distinct, at = np.unique(counts, axis=0, return_inverse=True)
    at = at.ravel()
    converted, lost = (np.bincount(at, c, len(distinct)) for c in (paths.converted, paths.lost))
    return distinct, converted.astype(np.float64), lost.astype(np.float64)


def learn(paths: Paths, ridge: float = RIDGE, folds: int = 5, seed: int = 0) -> ConversionModel:
    """Logistic regression of converting on the touches per channel of a journey, with a ridge.

    Of counts and mix, the one that better foretells journeys it has not seen: each is held out
    once, by `seed`; counts of journeys are rounded to whole ones. Raises AttributionError where
    journeys do not include converting and lost ones: then nothing can be learned about what a
    channel adds.
    """
    counts, converted, lost = touch_counts(paths)
    if not converted.sum() or not lost.sum():
        raise AttributionError("expected journeys that converted and journeys that did not")
    rng = np.random.default_rng(seed)
    whole = np.stack([converted, lost]).round().astype(np.int64)
    part = np.stack([rng.multinomial(count, np.full(folds, 1 / folds)) for count in whole])
    scores = [
        sum(
            _likelihood(seen, whole - part[..., fold], part[..., fold], ridge)
            for fold in range(folds)
        )
        for seen in (counts, _mix(counts))
    ]
    is_mix = scores[1] > scores[0]
    weights = _fit(_mix(counts) if is_mix else counts, converted, lost, ridge)
    return ConversionModel(float(weights[0]), weights[1:], is_mix)


def _mix(counts: Floats) -> Floats:
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _likelihood(seen: Floats, known: Ints, unseen: Ints, ridge: float) -> float:
    """The log-likelihood of `unseen` journeys (converted, lost) after `known` ones."""
    has = known.sum(axis=0) > 0
    if not known.sum(axis=1).all():
        return 0.0
    converted, lost = known[:, has].astype(np.float64)
    weights = _fit(seen[has], converted, lost, ridge)
    score = weights[0] + seen @ weights[1:]
    return -float(unseen[0] @ np.logaddexp(0, -score) + unseen[1] @ np.logaddexp(0, score))


def _fit(seen: Floats, converted: Floats, lost: Floats, ridge: float) -> Floats:
    """Intercept and coefficients of the highest likelihood less the ridge."""
    given = np.column_stack([np.ones(len(seen)), seen])
    total = converted + lost
    penalty = np.full(given.shape[1], ridge)
    penalty[0] = 0

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = given @ weights
        value = converted @ np.logaddexp(0, -score) + lost @ np.logaddexp(0, score)
        slope = given.T @ (total * expit(score) - converted) + penalty * weights
        return float(value + 0.5 * penalty @ weights**2), slope

    def curvature(weights: Floats) -> Floats:
        chance = expit(given @ weights)
        bend = total * chance * (1 - chance)
        return np.asarray((given.T * bend) @ given + np.diag(penalty))

    start = np.zeros(given.shape[1])
    start[0] = np.log(converted.sum() / lost.sum())
    found = minimize(loss, start, jac=True, hess=curvature, method="trust-exact")
    return np.asarray(found.x, np.float64)


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
    """Conversions owed to each channel: Shapley values of each over its probability to convert.

    They sum to the conversions less those that the model expects without a single touch; a channel
    that makes conversion less likely owes some. Shape (channels,). Raises AttributionError for more
    than MOST channels in one journey.
    """
    counts, converted, _ = touch_counts(paths)
    counts, converted = counts[converted > 0], converted[converted > 0]
    seen = _mix(counts) if model.is_mix else counts
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
            adds = np.take_along_axis(seen[some], channel, 1) * model.coefficient[channel]
            worth = expit(model.intercept + adds @ _members(size).T)
            part = shapley(worth) / worth[:, -1:]
            np.add.at(total, channel, part * converted[some, None])
    return total


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
