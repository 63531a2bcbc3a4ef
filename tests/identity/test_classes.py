"""Learning finds the kinds that a simulation made, relatives among them."""

import numpy as np

from identity.linkage.classes import learn, weigh

_SEED = 7
_CHANCE = [np.array([0.97, 0.02, 0.01])] * 3 + [np.array([0.95, 0.05])] * 3
_PERSON = [np.array([0.1, 0.2, 0.7])] * 3 + [np.array([0.2, 0.8])] * 3
_SHARED = [False, False, False, True, True, True]


def _simulated(records: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels of 1,000 pairs of one person, 2,000 of relatives and 60,000 of strangers."""
    rng = np.random.default_rng(_SEED)
    relatives = [p if s else c for p, c, s in zip(_PERSON, _CHANCE, _SHARED, strict=True)]
    parts, kinds = [], []
    for kind, (rates, count) in enumerate(
        ((_PERSON, 1_000), (relatives, 2_000), (_CHANCE, 60_000))
    ):
        columns = [rng.choice(len(rate), count, p=rate) for rate in rates]
        parts.append(np.stack(columns, axis=1))
        kinds.append(np.full(count, kind))
    level = np.concatenate(parts).astype(np.int8)
    level[rng.random(level.shape) < 0.1] = -1
    return level, np.concatenate(kinds)


def test_people_relatives_and_strangers_are_told_apart() -> None:
    records = 356  # 63,190 pairs, nearly as many as were simulated
    level, kind = _simulated(records)
    found = learn(level, _CHANCE, [_SHARED], records)
    every = records * (records - 1) / 2
    assert np.allclose(np.array(found.share) * every, [1_000, 2_000], rtol=0.1)
    for learnt, made in zip(found.kinds[0], _PERSON, strict=True):
        assert np.allclose(learnt, made, atol=0.06)
    weight = weigh(found, level, np.zeros(level.shape))
    assert np.mean(kind[weight > 0] == 0) > 0.95

    # With people and strangers alone, relatives are taken for people.
    alone = learn(level, _CHANCE, [], records)
    assert np.mean(kind[weigh(alone, level, np.zeros(level.shape)) > 0] == 0) < 0.6


def test_the_order_of_pairs_changes_nothing() -> None:
    level, _ = _simulated(356)
    turned = level[np.random.default_rng(_SEED).permutation(len(level))]
    a, b = (learn(pairs, _CHANCE, [_SHARED], 356) for pairs in (level, turned))
    assert a.share == b.share
    assert all(np.array_equal(x, y) for x, y in zip(a.kinds[0], b.kinds[0], strict=True))


def test_rarity_counts_for_relatives_only_where_they_agree() -> None:
    level, _ = _simulated(356)
    found = learn(level, _CHANCE, [_SHARED], 356)
    pair = np.array([[2, 2, 2, 1, 1, 1]], np.int8)
    plain = weigh(found, pair, np.zeros((1, 6)))
    shared, own = np.zeros((1, 6)), np.zeros((1, 6))
    shared[0, 4], own[0, 0] = 5.0, 5.0
    # What relatives share as well tells against strangers alone; what they do not, against both.
    assert weigh(found, pair, shared) < weigh(found, pair, own)
    assert weigh(found, pair, own) > plain
