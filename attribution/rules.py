"""The rule models: what share of its conversion each touch has, and what amount, to the cent.

Arrays hold the touches of whole journeys, one journey after the other, each in the order of its
touches. `start` is where each journey begins, `journey` which one a touch is of, both from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attribution.paths import Floats, Ints

Flags = NDArray[np.bool_]

WEIGHTS = {
    "first": "first_weight",
    "last": "last_weight",
    "last_non_direct": "last_non_direct_weight",
    "lead_creation": "lead_weight",
    "opportunity_creation": "opportunity_weight",
    "won": "won_weight",
}
"""What a touch may hold, and the column of attribution_models with its weight."""

TOO_SMALL = 1e-6
"""Of a cent. Doubles are exact to far less, and what is rounded away lets equal remainders tie."""


@dataclass(frozen=True)
class Journeys:
    """Touches in order; moments are in microseconds since 1970, those of milestones per journey.

    A milestone that was not reached has the least integer. `role_weight` is what a touch of its
    person counts beside those of others of the buying group.
    """

    start: Ints
    touched_at: Ints
    is_direct: Flags
    role_weight: Floats
    lead_created_at: Ints
    opportunity_created_at: Ints
    won_at: Ints
    count: Ints = field(init=False)
    journey: Ints = field(init=False)
    number: Ints = field(init=False)

    def __post_init__(self) -> None:
        count = np.diff(self.start, append=len(self.touched_at))
        journey = np.repeat(np.arange(len(count)), count)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "journey", journey)
        object.__setattr__(self, "number", np.arange(len(journey)) - self.start[journey] + 1)


def held(journeys: Journeys) -> dict[str, Flags]:
    """Which touches hold each milestone; at most one of a journey does, the last before it."""
    count, number, start = journeys.count, journeys.number, journeys.start
    not_direct = np.maximum.reduceat(np.where(journeys.is_direct, 0, number), start)
    holder = {
        "first": np.ones_like(count),
        "last": count,
        "last_non_direct": np.where(not_direct > 0, not_direct, count),
        "lead_creation": _reached(journeys, journeys.lead_created_at),
        "opportunity_creation": _reached(journeys, journeys.opportunity_created_at),
        "won": _reached(journeys, journeys.won_at),
    }
    return {name: number == at[journeys.journey] for name, at in holder.items()}


def _reached(journeys: Journeys, moment: Ints) -> Ints:
    """How many touches of each journey were made at the moment or before."""
    before = journeys.touched_at <= moment[journeys.journey]
    counted: Ints = np.add.reduceat(before, journeys.start, dtype=np.int64)
    return counted


def weights(
    journeys: Journeys, milestones: Mapping[str, Flags], rule: Mapping[str, float | None]
) -> Floats:
    """Each touch's share of its conversion, in one model; those of a journey sum to 1.

    `rule` is the model's row of attribution_models, `milestones` what `held` gives. The share of
    milestones that are missing goes to those that are there, in proportion.
    """
    start, journey = journeys.start, journeys.journey
    half_life = rule["half_life_seconds"]
    if half_life is not None:
        age = (journeys.touched_at[start + journeys.count - 1][journey] - journeys.touched_at) / 1e6
        score = np.exp2(-age / half_life)
        return by_role(score / np.add.reduceat(score, start)[journey], journeys)
    score = np.zeros(len(journey))
    for name, column in WEIGHTS.items():
        if rule[column]:
            score += float(rule[column] or 0) * milestones[name]
    holds = score > 0
    there = np.add.reduceat(score, start)
    others = journeys.count - np.add.reduceat(holds, start, dtype=np.int64)
    shared = np.where(others > 0, float(rule["other_weight"] or 0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = there / (1 - shared)
        rest = np.where(there > 0, shared, 1.0) / others
        share = np.where(holds, score / total[journey], rest[journey])
    return by_role(share, journeys)


def by_role(share: Floats, journeys: Journeys) -> Floats:
    """Shares times the weight of the role; a journey of nobody who counts is shared as it was.

    So is one in which all weigh 1, to the last bit: what else is credited makes no difference.
    """
    weighs = journeys.role_weight != 1
    if not weighs.any():
        return share
    weighed = share * journeys.role_weight
    total = np.add.reduceat(weighed, journeys.start)[journeys.journey]
    changes = np.logical_or.reduceat(weighs, journeys.start)[journeys.journey] & (total > 0)
    return np.divide(weighed, total, out=share.copy(), where=changes)


def largest_remainder(share: Floats, start: Ints, cents: Ints) -> Ints:
    """Whole cents of each touch that sum to the `cents` of its journey; shares sum to 1.

    Each has its share rounded down; the cents left over go to the largest remainders, of equal ones
    to the earlier touch. Negative totals are shared as positive ones.
    """
    count = np.diff(start, append=len(share))
    journey = np.repeat(np.arange(len(start)), count)
    exact = share * np.abs(cents).astype(np.float64)[journey]
    whole = np.floor(exact + TOO_SMALL)
    remainder = np.rint((exact - whole) / TOO_SMALL).astype(np.int64)
    given = whole.astype(np.int64)
    left = np.abs(cents) - np.add.reduceat(given, start)
    given[_largest(remainder, start, journey, left)] += 1
    return given * np.sign(cents)[journey]


def _largest(remainder: Ints, start: Ints, journey: Ints, left: Ints) -> Ints:
    """Where each journey's `left` largest remainders are; the sort is of one number a touch."""
    some = np.flatnonzero((remainder > 0) & (left[journey] > 0))
    within = (some - start[journey[some]]).astype(np.uint64)
    bits = np.uint64(int(within.max(initial=0)).bit_length())
    smallest_first = np.uint64(1 / TOO_SMALL) - remainder[some].astype(np.uint64)
    keys = journey[some].astype(np.uint64) << np.uint64(20) | smallest_first
    keys = np.sort(keys << bits | within)
    owner = (keys >> (bits + np.uint64(20))).astype(np.int64)
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(len(keys)) - np.repeat(begin, np.diff(begin, append=len(keys)))
    chosen = place < left[owner]
    within = (keys[chosen] & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    return np.asarray(start[owner[chosen]] + within)
