"""The cut follows what third records say, and the model alone where there are none."""

import numpy as np

from identity.linkage.cut import SURE, UNSEEN, calibrate


def _triples(weight: float, closing: float) -> list[tuple[int, int, float]]:
    """100 times a, b, c: a and c surely one person, a and b at `weight`, b and c at `closing`."""
    pairs = []
    for n in range(0, 300, 3):
        pairs += [(n, n + 2, 12.0), (n, n + 1, weight), (n + 1, n + 2, closing)]
    return pairs


def _cut(pairs: list[tuple[int, int, float]]) -> float:
    first, second, weight = (np.array(column) for column in zip(*pairs, strict=True))
    found = calibrate(int(second.max()) + 1, first, second, weight.astype(np.float64))
    assert found.missing == found.bits - UNSEEN
    return found.bits


def test_without_third_records_the_cut_is_at_even_odds() -> None:
    pairs = [(2 * n, 2 * n + 1, n / 10 - 10) for n in range(200)]
    assert abs(_cut(pairs)) < 0.2


def test_pairs_that_third_records_confirm_count_below_even_odds() -> None:
    assert _cut(_triples(-3.0, 12.0)) <= -3.0


def test_pairs_that_third_records_deny_do_not_count_above_even_odds() -> None:
    assert _cut(_triples(3.0, -12.0)) > 3.0


def test_a_third_record_that_cannot_tell_has_no_voice() -> None:
    # c is neither like b nor unlike: the model's own opinion stands on both sides of even odds.
    assert _cut(_triples(1.0, -1.0)) <= 1.0
    assert _cut(_triples(-1.0, -1.0)) > -1.0


def test_no_pairs_have_a_cut_too() -> None:
    empty = np.empty(0, np.int64)
    assert calibrate(3, empty, empty, empty.astype(np.float64)).bits == 0.0
    assert SURE > 6
