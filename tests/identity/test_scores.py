"""Scores against brute force over every pair and every record."""

from hypothesis import given
from hypothesis import strategies as st

from identity.scores import score


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_scores_are_what_counting_gives(records: list[tuple[int, int]]) -> None:
    truth, found = [t for t, _ in records], [f for _, f in records]
    n = len(records)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    predicted = [p for p in pairs if found[p[0]] == found[p[1]]]
    true = [p for p in pairs if truth[p[0]] == truth[p[1]]]
    correct = set(predicted) & set(true)
    scores = score(truth, found)
    assert (scores.true, scores.predicted, scores.correct) == (
        len(true),
        len(predicted),
        len(correct),
    )
    assert (scores.records, scores.people, scores.clusters) == (
        n,
        len(set(truth)),
        len(set(found)),
    )
    assert scores.precision == (len(correct) / len(predicted) if predicted else None)
    assert scores.recall == (len(correct) / len(true) if true else None)
    if not n:
        assert scores.bcubed_f1 is None
        return
    mine = [[j for j in range(n) if found[j] == found[i]] for i in range(n)]
    ours = [[j for j in range(n) if truth[j] == truth[i]] for i in range(n)]
    both = [len(set(a) & set(b)) for a, b in zip(mine, ours, strict=True)]
    precision = sum(b / len(m) for b, m in zip(both, mine, strict=True)) / n
    recall = sum(b / len(o) for b, o in zip(both, ours, strict=True)) / n
    assert scores.bcubed_precision is not None and scores.bcubed_recall is not None
    assert abs(scores.bcubed_precision - precision) < 1e-12
    assert abs(scores.bcubed_recall - recall) < 1e-12
    assert scores.bcubed_f1 is not None
    assert abs(scores.bcubed_f1 - 2 * precision * recall / (precision + recall)) < 1e-12


def test_one_cluster_of_two_people() -> None:
    scores = score(["a", "a", "b"], [1, 1, 1])
    assert (scores.precision, scores.recall) == (1 / 3, 1.0)
    assert scores.bcubed_precision == (2 / 3 + 2 / 3 + 1 / 3) / 3
