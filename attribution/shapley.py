"""Shapley values of channels: a fair split of what a conversion model says each set is worth.

phi_i = sum over S without i of |S|! (n-|S|-1)! / n! x (v(S + i) - v(S)), Shapley (1953). v is the
probability to convert that a logistic model learned from converting and lost journeys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from attribution.errors import AttributionError
from attribution.paths import Floats, Paths

RIDGE = 1.0
"""Weight of the penalty on squared coefficients, in journeys: little-seen channels stay near 0."""

MOST = 16
"""Channels of one journey that are enumerated: 2^16 sets."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ConversionModel:
    """P(convert | set of channels) = expit(intercept + sum of the coefficients of the set)."""

    intercept: float
    coefficient: Floats

    def __call__(self, sets: Bools) -> Floats:
        """The probability of each set; `sets`: shape (sets, channels), true where it holds one."""
        chance: Floats = expit(self.intercept + sets @ self.coefficient)
        return chance


def channel_sets(paths: Paths) -> tuple[Bools, Floats, Floats]:
    """Which channels each distinct set of channels holds, and its converting and lost journeys."""
    held = np.zeros((len(paths.start), paths.channels), np.bool_)
    held[paths.number, paths.channel] = True
    sets, at = np.unique(held, axis=0, return_inverse=True)
    at = at.ravel()
    converted, lost = (np.bincount(at, c, len(sets)) for c in (paths.converted, paths.lost))
    return sets, converted.astype(np.float64), lost.astype(np.float64)


def learn(paths: Paths, ridge: float = RIDGE) -> ConversionModel:
    """Logistic regression of converting on the channels of a journey, with a ridge.

    Raises AttributionError where journeys do not include converting and lost ones: then nothing can
    be learned about what a channel adds.
    """
    sets, converted, lost = channel_sets(paths)
    if not converted.sum() or not lost.sum():
        raise AttributionError("expected journeys that converted and journeys that did not")
    given = np.column_stack([np.ones(len(sets)), sets])

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = given @ weights
        penalty = 0.5 * ridge * (weights[1:] ** 2).sum()
        value = converted @ np.logaddexp(0, -score) + lost @ np.logaddexp(0, score) + penalty
        slope = given.T @ ((converted + lost) * expit(score) - converted)
        slope[1:] += ridge * weights[1:]
        return float(value), slope

    start = np.zeros(given.shape[1])
    start[0] = np.log(converted.sum() / lost.sum())
    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-6 * lost.sum()})
    return ConversionModel(float(found.x[0]), np.asarray(found.x[1:], np.float64))


def shapley(value: Callable[[Bools], Floats], players: int) -> Floats:
    """Shapley values under `value`, over all coalitions of `players` channels; shape (players,).

    `value` takes sets as `ConversionModel` does. The values sum to v(all) - v(none). Raises
    AttributionError for more than MOST players.
    """
    if players > MOST:
        raise AttributionError(f"expected at most {MOST} channels in one journey, got {players}")
    number = np.arange(2**players)
    member = (number[:, None] >> np.arange(players) & 1).astype(np.bool_)
    worth = value(member)
    size = member.sum(axis=1)
    weight = np.array(
        [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    )
    phi = np.empty(players)
    for player in range(players):
        without = number[~member[:, player]]
        gained = worth[without | 1 << player] - worth[without]
        phi[player] = weight[size[without]] @ gained
    return phi


def credit(paths: Paths, value: ConversionModel) -> Floats:
    """Conversions credited to each channel: each set's Shapley values, scaled to its conversions.

    A channel that makes conversion less likely gets nothing, and where no channel of a set adds
    anything they share alike; shape (channels,), sums to the conversions.
    """
    sets, converted, _ = channel_sets(paths)
    total = np.zeros(paths.channels)
    for held, conversions in zip(sets, converted, strict=True):
        if conversions:
            mine = np.flatnonzero(held)
            model = ConversionModel(value.intercept, value.coefficient[mine])
            phi = shapley(model, len(mine)).clip(0)
            part = phi / phi.sum() if phi.sum() > 0 else np.full(len(mine), 1 / len(mine))
            total[mine] += conversions * part
    return total


def closed_form(paths: Paths) -> Floats:
    """What is sold as "Shapley in closed form": v(S) counts the conversions of subsets of S.

    It is linear attribution over distinct channels, and journeys that did not convert do not matter
    to it (Zhao et al., arXiv 1804.05327). For comparison; shape (channels,).
    """
    sets, converted, _ = channel_sets(paths)
    shared: Floats = (converted / sets.sum(axis=1)) @ sets
    return shared
