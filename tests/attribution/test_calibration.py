"""The level of effects: before, with and after experiments, and the shares that follow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.calibration import NO_EXPERIMENTS, Experiments, level, shares

SEED = 20261130
LINEAR = np.array([0.5, 0.3, 0.2])


def _experiments(*rows: tuple[int, float, float, float]) -> Experiments:
    channel, linear, caused, error = zip(*rows, strict=True)
    return Experiments(np.array(channel), *(np.array(x, float) for x in (linear, caused, error)))


def test_without_experiments_it_is_the_least_without_harm() -> None:
    """Channel 1 does most harm by its credit: 0.06 of 0.3."""
    effect = np.array([0.1, -0.06, -0.02])
    found = level(effect, LINEAR, NO_EXPERIMENTS, 0.5)
    assert found == pytest.approx(0.2)
    assert (effect + found * LINEAR).min() == pytest.approx(0)
    assert level(np.array([0.1, 0.2, 0.0]), LINEAR, NO_EXPERIMENTS, 0.5) == 0


def test_a_rare_channel_that_does_harm_adds_no_more_than_a_conversion() -> None:
    effect, linear = np.array([0.2, -0.02]), np.array([0.999, 0.001])
    assert level(effect, linear, NO_EXPERIMENTS, 0.5) == 1


def test_experiments_weigh_by_their_error() -> None:
    """By hand: 40 of 100 measured where the model says 20, error 10: a level of 0.2 +- 0.1."""
    effect = np.array([0.1, -0.06, 0.1])  # a worth of 0.2, -0.2, 0.5; before: 0.2
    one = _experiments((0, 100, 60, 10))  # 0.6 - 0.2 = 0.4, error 0.1
    assert level(effect, LINEAR, one, 0.5) == pytest.approx((4 * 0.2 + 100 * 0.4) / 104)
    two = _experiments((0, 100, 60, 10), (2, 50, 0, 25))  # -0.5, error 0.5
    expected = (4 * 0.2 + 100 * 0.4 + 4 * -0.5) / 108
    assert level(effect, LINEAR, two, 0.5) == pytest.approx(expected)
    assert level(effect, LINEAR, one, 1e-6) == pytest.approx(0.2)


def test_experiments_that_say_nothing_are_left_out() -> None:
    """No credit to compare with, an error of nought, and a channel without credit."""
    effect, linear = np.array([0.1, -0.06, 0.0]), np.array([0.5, 0.3, 0.0])
    silent = _experiments((0, 0, 5, 1), (1, 10, 5, 0), (2, 10, 5, 1))
    assert level(effect, linear, silent, 0.5) == pytest.approx(0.2)


def test_many_experiments_find_the_level_that_made_them() -> None:
    """2,000 of them, each with an error as large as what it measures."""
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    effect, truth = np.array([0.1, -0.06, 0.1]), 0.35
    channel = rng.integers(0, 3, 2000)
    caused = 100 * (effect / LINEAR + truth)[channel] + rng.normal(0, 50, 2000)
    many = Experiments(channel, np.full(2000, 100.0), caused, np.full(2000, 50.0))
    assert level(effect, LINEAR, many, 0.5) == pytest.approx(truth, abs=0.04)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_shares_are_of_what_is_caused(caused: list[float]) -> None:
    found = shares(np.array(caused))
    good = sum(x for x in caused if x > 0)
    assert found == pytest.approx([max(x, 0) / good if good else 0 for x in caused])
