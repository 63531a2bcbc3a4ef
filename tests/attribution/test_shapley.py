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


def _game(players: int, seed: int) -> NDArray[np.float64]:
    """A random worth for every coalition, by its number in binary."""
    return np.random.default_rng(seed).normal(size=2**players)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_equals_brute_force_over_all_coalitions(players: int, seed: int) -> None:
    """By dividends: what a coalition is worth beyond its parts is shared alike by its members."""
    worth = _game(players, seed)
    dividend = worth.copy()
    for player in range(players):
        for coalition in range(2**players):
            if coalition >> player & 1:
                dividend[coalition] -= dividend[coalition & ~(1 << player)]
    expected = np.zeros(players)
    for coalition in range(1, 2**players):
        members = [p for p in range(players) if coalition >> p & 1]
        expected[members] += dividend[coalition] / len(members)
    assert shapley(worth[None])[0] == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_equals_the_mean_over_all_orders_of_arrival(players: int, seed: int) -> None:
    """The definition itself."""
    worth = _game(players, seed)
    gained = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            gained[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    (found,) = shapley(worth[None])
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


@pytest.mark.parametrize("is_mix", [False, True])
def test_counts_or_mix_whichever_made_the_journeys(is_mix: bool) -> None:
    """Journeys of 1 to 6 touches; a touch of b adds 1.2, or the part that is b adds 4."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    rows = []
    for _ in range(6000):
        path = rng.choice(["a", "b"], rng.integers(1, 7)).tolist()
        seen = path.count("b") / len(path) if is_mix else path.count("b")
        converts = rng.random() < 1 / (1 + np.exp(2 - (4 if is_mix else 1.2) * seen))
        rows.append((path, float(converts), float(not converts)))
    model = learn(paths_of(rows)[0])
    assert model.is_mix == is_mix
    a, b = model.coefficient
    assert b - a == pytest.approx(4 if is_mix else 1.2, abs=0.3)
    both = model(np.array([[1.0, 1.0], [2.0, 2.0]]))
    assert (both[0] == both[1]) == is_mix


def test_credit_follows_what_channels_add() -> None:
    """Of two channels always seen together, the one that converts alone is owed more."""
    rows = [(["a"], 30, 70), (["b"], 10, 90), (["a", "b"], 40, 60)]
    paths, names = paths_of(rows)
    found = dict(zip(names, credit(paths, learn(paths)), strict=True))
    assert 0 < found["b"] < found["a"]
    assert sum(found.values()) < 80


def test_a_channel_that_does_harm_owes_conversions() -> None:
    """Without it there would be more."""
    rows = [(["a"], 50, 50), (["a", "harm"], 5, 95), (["harm"], 1, 99)]
    paths, names = paths_of(rows)
    owed = dict(zip(names, credit(paths, learn(paths)), strict=True))
    assert owed["harm"] < 0 < owed["a"] <= 55


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abcde"), min_size=1, max_size=9),
            st.integers(0, 4), st.integers(0, 4),
        ),
        min_size=1, max_size=12,
    ).filter(lambda rows: sum(r[1] for r in rows) > 0),
    st.booleans(),
)  # fmt: skip
def test_credit_equals_a_plain_loop_over_journeys(
    rows: list[tuple[list[str], int, int]], is_mix: bool
) -> None:
    """Each journey by itself, every order of its channels, with counts of touches or their mix."""
    paths, names = paths_of(rows)
    coefficient = np.linspace(-0.6, 1.4, len(names))
    model = ConversionModel(-1.3, coefficient, is_mix)
    value = dict(zip(names, coefficient, strict=True))

    def chance(path: list[str], kept: set[str]) -> float:
        seen = sum(value[name] for name in path if name in kept)
        return 1 / (1 + np.exp(1.3 - seen / (len(path) if is_mix else 1)))

    owed, without = dict.fromkeys(names, 0.0), 0.0
    for path, converted, _ in rows:
        channels = sorted(set(path))
        orders = list(permutations(channels))
        for order in orders:
            for place, name in enumerate(order):
                before = set(order[:place])
                gained = chance(path, before | {name}) - chance(path, before)
                owed[name] += converted * gained / len(orders) / chance(path, set(channels))
        without += converted * chance(path, set()) / chance(path, set(channels))
    found = credit(paths, model)
    assert dict(zip(names, found, strict=True)) == pytest.approx(owed)
    assert found.sum() == pytest.approx(paths.converted.sum() - without)


def test_closed_form_is_linear_over_distinct_channels() -> None:
    """Published: six journeys a, a, b are three each; those that did not convert do not count."""
    paths, names = paths_of([(["a", "a", "b"], 6, 0), (["b"], 0, 50)])
    assert dict(zip(names, closed_form(paths), strict=True)) == {"a": 3, "b": 3}


def test_bad_input_is_refused() -> None:
    """Too many players to enumerate; nothing to learn from."""
    many, _ = paths_of([([f"c{number}" for number in range(MOST + 1)], 1, 1)])
    with pytest.raises(AttributionError):
        credit(many, ConversionModel(0.0, np.zeros(MOST + 1)))
    with pytest.raises(AttributionError):
        learn(paths_of([(["a"], 4, 0)])[0])
