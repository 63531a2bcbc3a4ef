"""One person, people who look alike, or strangers: kinds of pairs, learnt without labels. Pure.

A pair's levels are taken as independent within its kind. Kinds that look alike (relatives,
namesakes) agree like one person on some comparisons and like strangers on the rest. With one person
and strangers alone, as Fellegi and Sunter have it, whole families would be taken for one person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Masks = Sequence[Sequence[bool]]
_ROUNDS = 500
_TOLERANCE = 1e-6
_LEAST = 1e-24
_RAREST = 2e-6
"""What a level counts for strangers if no sampled pair reached it: half a pair of the sample."""
_AGREE = 0.9
"""Where learning starts: people agree with themselves on the highest level nine times in ten."""


@dataclass(frozen=True)
class Classes:
    """How often each kind of pair reaches each level; one array (levels,) a comparison.

    `kinds[0]` is one person, the others look alike: kind k agrees by nature where `agrees[k]`
    (comparisons,) says so. `share[k]`: the part of all pairs of records that is of kind k.
    """

    strangers: list[Floats]
    kinds: list[list[Floats]]
    agrees: list[list[bool]]
    share: list[float]


def learn(
    level: NDArray[np.int8], strangers: Sequence[Floats], look_alikes: Masks, records: int
) -> Classes:
    """Expectation maximisation over the levels (pairs, comparisons) of the compared pairs.

    `strangers`: how often random pairs reach each level, kept as it is. `look_alikes`: a mask
    (comparisons,) for each kind beside one person; one that agrees on fewer than two comparisons
    or on all cannot be told apart and is left out. Pairs that were not compared count as strangers.
    Patterns are sorted and counted first, so the order of pairs changes nothing.
    """
    every = max(records * (records - 1) / 2, 1.0)
    patterns, counts = np.unique(level, axis=0, return_counts=True)
    chance = [np.maximum(u, _RAREST) / np.maximum(u, _RAREST).sum() for u in strangers]
    distinct = [list(mask) for mask in look_alikes if sum(mask) >= 2 and not all(mask)]
    agrees = [[True] * len(chance), *distinct]
    start = [
        [_mostly_alike(len(u)) if alike else u for u, alike in zip(chance, mask, strict=True)]
        for mask in agrees
    ]
    found = Classes(chance, start, agrees, [1 / records] * len(agrees))
    for _ in range(_ROUNDS):
        weight = _responsible(_bits(found, patterns)) * counts[:, None]
        kinds = [
            [
                _rates(patterns[:, j], weight[:, k], u) if mask[j] else u
                for j, u in enumerate(chance)
            ]
            for k, mask in enumerate(agrees)
        ]
        share = np.maximum(weight.sum(axis=0) / every, _LEAST).tolist()
        settled = np.allclose(share, found.share, _TOLERANCE, _TOLERANCE / every)
        found = Classes(chance, kinds, agrees, share)
        if settled:
            break
    return found


def weigh(classes: Classes, level: NDArray[np.int8], rarity: Floats) -> Floats:
    """Bits for one person against every other kind, shape (pairs,): 0 is even odds.

    `rarity` (pairs, comparisons): what the rarity of a shared value adds, in bits.
    """
    bits = _bits(classes, level)
    for k, mask in enumerate(classes.agrees):
        bits[:, k] += rarity[:, mask].sum(axis=1)
    others = np.column_stack([np.zeros(len(bits)), bits[:, 1:]])
    found: Floats = bits[:, 0] - np.logaddexp2.reduce(others, axis=1)
    return found


def _mostly_alike(levels: int) -> Floats:
    rates = np.full(levels, (1 - _AGREE) / max(levels - 1, 1))
    rates[-1] = _AGREE
    return rates


def _rates(level: NDArray[np.int8], weight: Floats, chance: Floats) -> Floats:
    """The weighted share of each level; half a pair of strangers keeps every level possible."""
    seen = level >= 0
    counted = np.bincount(level[seen], weight[seen], minlength=len(chance)) + 0.5 * chance
    rates: Floats = counted / counted.sum()
    return rates


def _bits(classes: Classes, level: NDArray[np.int8]) -> Floats:
    """log2 odds of each kind against strangers, shape (pairs, kinds)."""
    strange = max(1 - sum(classes.share), _LEAST)
    bits = np.empty((len(level), len(classes.kinds)))
    for k, rates in enumerate(classes.kinds):
        bits[:, k] = np.log2(classes.share[k] / strange)
        for j, (rate, chance) in enumerate(zip(rates, classes.strangers, strict=True)):
            # Level -1, missing, takes the zero at the end.
            bits[:, k] += np.append(np.log2(rate / chance), 0.0)[level[:, j]]
    return bits


def _responsible(bits: Floats) -> Floats:
    """The probability of each kind; strangers, at 0 bits, take the rest."""
    top = np.maximum(bits.max(axis=1), 0.0)
    weight = np.exp2(bits - top[:, None])
    shares: Floats = weight / (weight.sum(axis=1) + np.exp2(-top))[:, None]
    return shares
