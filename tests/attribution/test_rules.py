"""Weights sum to one and amounts to the cent, whatever the journeys; both equal a plain loop."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.credit_rows import MODELS, NEVER
from attribution.rules import WEIGHTS, Journeys, held, largest_remainder, weights

MACRO = Path(__file__).parents[2] / "dbt_project" / "macros" / "attribution_models.sql"
HOUR = 3_600_000_000

rules = st.builds(
    lambda parts, rest: dict(zip(WEIGHTS.values(), parts, strict=True)) | {
        "other_weight": rest if any(parts) else 1.0, "half_life_seconds": None},
    st.lists(st.sampled_from([0.0, 0.1, 0.225, 0.4, 1.0]), min_size=6, max_size=6),
    st.sampled_from([0.0, 0.1, 0.2]),
)  # fmt: skip
decays = st.builds(
    lambda half_life: {"half_life_seconds": half_life} | dict.fromkeys(WEIGHTS.values(), 0.0),
    st.sampled_from([60.0, 3600.0, 604800.0]),
)


@st.composite
def journeys(draw: st.DrawFn) -> Journeys:
    """Some journeys of a few touches, milestones before, among and after them or never reached."""
    counts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    number = sum(counts)
    moments = st.one_of(st.just(NEVER), st.integers(-2, 12).map(lambda hour: hour * HOUR))
    reached = [np.array([draw(moments) for _ in counts]) for _ in range(3)]
    hours = [sorted(draw(st.integers(0, 9)) for _ in range(count)) for count in counts]
    return Journeys(
        np.cumsum([0, *counts[:-1]]),
        np.concatenate(hours).astype(np.int64) * HOUR,
        np.array(draw(st.lists(st.booleans(), min_size=number, max_size=number))),
        np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=number,
                               max_size=number))),
        *reached,
    )  # fmt: skip


@given(journeys(), st.one_of(rules, decays))
def test_weights_of_a_journey_sum_to_one(found: Journeys, rule: Any) -> None:
    share = weights(found, held(found), rule)
    assert (share >= 0).all()
    assert np.add.reduceat(share, found.start) == pytest.approx(np.ones(len(found.start)))


@given(journeys(), rules)
def test_a_touch_whose_role_counts_nothing_has_no_share(found: Journeys, rule: Any) -> None:
    share = weights(found, held(found), rule)
    counts_nothing = found.role_weight == 0
    weighed = np.add.reduceat(found.role_weight * (share > 0), found.start)[found.journey] > 0
    assert not share[counts_nothing & weighed].any()


@given(journeys())
def test_a_milestone_is_of_the_last_touch_that_came_before(found: Journeys) -> None:
    holds = held(found)
    for journey, start in enumerate(found.start.tolist()):
        its = range(start, start + int(found.count[journey]))
        before = [n for n in its if found.touched_at[n] <= found.lead_created_at[journey]]
        assert np.flatnonzero(holds["lead_creation"][list(its)]).tolist() == (
            [before[-1] - start] if before else []
        )
        others = [n for n in its if not found.is_direct[n]] or list(its)
        assert np.flatnonzero(holds["last_non_direct"][list(its)]).tolist() == [others[-1] - start]


@st.composite
def shares(draw: st.DrawFn) -> list[tuple[list[int], int]]:
    """Journeys as whole parts of their sum, many of them equal, and a value in cents."""
    parts = st.lists(st.integers(0, 4), min_size=1, max_size=12).filter(any)
    return draw(st.lists(st.tuples(parts, st.integers(-(10**11), 10**11)), min_size=1, max_size=5))


@given(shares())
def test_amounts_are_those_of_a_plain_loop_to_the_cent(found: list[tuple[list[int], int]]) -> None:
    start = np.cumsum([0, *(len(parts) for parts, _ in found[:-1])])
    share = np.concatenate([np.array(parts) / sum(parts) for parts, _ in found])
    cents = np.array([value for _, value in found])
    given_out = largest_remainder(share, start, cents)
    assert np.add.reduceat(given_out, start).tolist() == cents.tolist()
    assert given_out.tolist() == [
        amount for parts, value in found for amount in _plain(parts, value)
    ]


def _plain(parts: list[int], value: int) -> list[int]:
    exact = [Fraction(part * abs(value), sum(parts)) for part in parts]
    whole = [int(amount) for amount in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: (whole[n] - exact[n], n))
    for n in by_remainder[: abs(value) - sum(whole)]:
        whole[n] += 1
    return [-amount if value < 0 else amount for amount in whole]


def test_dbt_names_the_same_models_in_the_same_order() -> None:
    listed = re.search(r"attribution_models\(\).*?return\(\[(.*?)\]\)", MACRO.read_text(), re.S)
    assert listed is not None
    assert tuple(re.findall(r'"(\w+)"', listed[1])) == MODELS
