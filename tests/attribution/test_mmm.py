"""Adstock and Hill against the published worked example, a plain loop and their own laws."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from attribution.errors import AttributionError
from attribution.mmm import adstock, hill

EXAMPLE = json.loads((Path(__file__).parent / "mmm_example.json").read_text("utf-8"))
SEED = 20261130


def test_the_worked_example() -> None:
    given, expected = EXAMPLE["input"], EXAMPLE["expected"]
    carried = adstock(given["x"], given["alpha"], given["max_lag"])
    assert carried == pytest.approx(expected["adstock_normalised_truncated"])
    plain = adstock(given["x"], given["alpha"], given["max_lag"], normalise=False)
    assert plain == pytest.approx(expected["adstock_unnormalised"])
    responses = hill(carried, given["ec"], given["slope"])
    assert responses == pytest.approx(expected["hill_of_normalised"])
    assert hill([given["ec"]], given["ec"], given["slope"]) == [expected["hill_at_ec"]]


@pytest.mark.parametrize("max_lag", [None, 0, 3, 60])
def test_adstock_equals_a_plain_loop(max_lag: int | None) -> None:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    media = [[rng.uniform(0, 100) for _ in range(3)] for _ in range(40)]
    alpha = 0.7
    lags = range(40 if max_lag is None else max_lag + 1)
    total = sum(alpha**s for s in range(10_000 if max_lag is None else max_lag + 1))
    expected = [
        [sum(alpha**s * media[t - s][c] for s in lags if s <= t) / total for c in range(3)]
        for t in range(40)
    ]
    found = adstock(media, alpha, max_lag)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(adstock([row[1] for row in media], alpha, max_lag), found[:, 1])


def test_adstock_that_fades_for_ever_is_the_recursive_one() -> None:
    media, left, expected = [5.0, 0.0, 2.0, 9.0, 0.0, 0.0], 0.0, []
    for week in media:
        left = week + 0.3 * left
        expected.append(left)
    assert adstock(media, 0.3, normalise=False) == pytest.approx(expected)
    assert adstock([8.0] * 200, 0.3)[-1] == pytest.approx(8)  # steady media stays as large


def test_hill_is_a_share_that_grows_with_media() -> None:
    assert hill([0], 3, 0.5) == [0]
    responses = hill([0.1, 1, 3, 10, 1e300], 3, 2.5)
    assert (np.diff(responses) > 0).all()
    assert responses[2] == 0.5
    assert responses[-1] == 1
    assert hill([9], 3, 2) == pytest.approx([9**2 / (9**2 + 3**2)])


def test_no_weeks_stay_none() -> None:
    assert adstock([], 0.5).shape == hill([], 1, 1).shape == (0,)


@pytest.mark.parametrize(
    ("alpha", "max_lag"), [(1.0, None), (-0.1, None), (float("nan"), None), (0.5, -1)]
)
def test_adstock_refuses_what_has_no_meaning(alpha: float, max_lag: int | None) -> None:
    with pytest.raises(AttributionError, match="expected"):
        adstock([1, 2], alpha, max_lag)


@pytest.mark.parametrize(("ec", "slope"), [(0, 1), (1, 0), (float("inf"), 1), (1, float("nan"))])
def test_hill_refuses_what_has_no_meaning(ec: float, slope: float) -> None:
    with pytest.raises(AttributionError, match="expected ec and slope"):
        hill([1, 2], ec, slope)


@pytest.mark.parametrize("media", [[-1.0], [float("nan")], [float("inf")], 3.0])
def test_media_must_be_amounts_by_week(media: object) -> None:
    for response in (lambda: adstock(media, 0.5), lambda: hill(media, 1, 1)):  # type: ignore[arg-type]
        with pytest.raises(AttributionError, match="expected"):
            response()
