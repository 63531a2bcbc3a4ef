"""Shapley values against brute force over all coalitions, and the model they take v from."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribution.errors import AttributionError
from attribution.paths import paths_of
from attribution.shapley import MOST, ConversionModel, closed_form, credit, learn, shapley

SEED = 20261130


def _game(players: int, seed: int) -> tuple[NDArray[np.float64], object]:
    """A random worth for every coalition, by its number in binary."""
    worth = np.random.default_rng(seed).normal(size=2**players)
    return worth, lambda sets: worth[sets @ (1 << np.arange(players))]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_equals_brute_force_over_all_coalitions(players: int, seed: int) -> None:
    """By dividends: what a coalition is worth beyond its parts is shared alike by its members."""
    worth, value = _game(players, seed)
    dividend = worth.copy()
    for player in range(players):
        for coalition in range(2**players):
            if coalition >> player & 1:
                dividend[coalition] -= dividend[coalition & ~(1 << player)]
    expected = np.zeros(players)
    for coalition in range(1, 2**players):
        members = [p for p in range(players) if coalition >> p & 1]
        expected[members] += dividend[coalition] / len(members)
    assert shapley(value, players) == pytest.approx(expected, abs=1e-9)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_equals_the_mean_over_all_orders_of_arrival(players: int, seed: int) -> None:
    """The definition itself."""
    worth, value = _game(players, seed)
    gained = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            gained[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    found = shapley(value, players)  # type: ignore[arg-type]
    assert found == pytest.approx(gained / len(orders), abs=1e-9)
    assert found.sum() == pytest.approx(worth[-1] - worth[0])


def test_the_model_finds_the_odds_that_made_the_journeys() -> None:
    """50,000 journeys from known coefficients."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    truth = {"a": 1.0, "b": 0.3, "c": -0.5}
    rows = []
    for size in (1, 2, 3):
        for path in combinations("abc", size):
            chance = 1 / (1 + np.exp(1.5 - sum(truth[name] for name in path)))
            converted = rng.binomial(7000, chance)
            rows.append((path, float(converted), float(7000 - converted)))
    model = learn(paths_of(rows)[0])
    assert model.intercept == pytest.approx(-1.5, abs=0.08)
    assert model.coefficient == pytest.approx(list(truth.values()), abs=0.06)


def test_credit_follows_what_channels_add() -> None:
    """Of two channels always seen together, the one that converts alone earns more."""
    rows = [(["a"], 30, 70), (["b"], 10, 90), (["a", "b"], 40, 60)]
    paths, names = paths_of(rows)
    found = dict(zip(names, credit(paths, learn(paths)), strict=True))
    assert sum(found.values()) == pytest.approx(80)
    assert found["a"] > 30 + 20
    assert found["b"] > 10


def test_a_channel_that_does_harm_earns_nothing_beside_others() -> None:
    """Its value is negative; credit is not."""
    rows = [(["a"], 50, 50), (["a", "harm"], 5, 95), (["harm"], 1, 99)]
    paths, names = paths_of(rows)
    found = dict(zip(names, credit(paths, learn(paths)), strict=True))
    assert found == pytest.approx({"a": 55, "harm": 1})


def test_closed_form_is_linear_over_distinct_channels() -> None:
    """Published: six journeys a, a, b are three each; those that did not convert do not count."""
    paths, names = paths_of([(["a", "a", "b"], 6, 0), (["b"], 0, 50)])
    assert dict(zip(names, closed_form(paths), strict=True)) == {"a": 3, "b": 3}


def test_bad_input_is_refused() -> None:
    """Too many players to enumerate; nothing to learn from."""
    with pytest.raises(AttributionError):
        shapley(ConversionModel(0.0, np.zeros(MOST + 1)), MOST + 1)
    with pytest.raises(AttributionError):
        learn(paths_of([(["a"], 4, 0)])[0])
