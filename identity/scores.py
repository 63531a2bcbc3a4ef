"""How right a clustering is: pairs of records, and B-cubed. Pure functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Scores:
    """A clustering against the truth; a score is None where it would divide by zero.

    Pairwise, over unordered pairs of records: precision = correct / predicted, recall = correct /
    true. B-cubed, averaged over records: of the records in my cluster, the share that are my person
    (precision); of my person's records, the share in my cluster (recall). Pairs weigh a cluster by
    the square of its size, B-cubed by its size (Bagga and Baldwin 1998).
    """

    records: int
    people: int
    clusters: int
    true: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None
    bcubed_precision: float | None
    bcubed_recall: float | None
    bcubed_f1: float | None


def score(truth: ArrayLike, found: ArrayLike) -> Scores:
    """Score the clusters `found` against the people `truth`: one label a record, shape (records,).

    Labels may be any values that can be sorted. Raises ValueError for different lengths.
    """
    people, person = _numbered(truth)
    clusters, cluster = _numbered(found)
    if len(person) != len(cluster):
        raise ValueError(f"expected as many labels, got {len(person)} and {len(cluster)}")
    person_size, cluster_size = _sizes(person, people), _sizes(cluster, clusters)
    cells, cell = _numbered(person * max(clusters, 1) + cluster)
    cell_size = _sizes(cell, cells)
    true, predicted, correct = map(_pairs, (person_size, cluster_size, cell_size))
    precision, recall = ratio(correct, predicted), ratio(correct, true)
    mine = cell_size[cell]
    bcubed_precision, bcubed_recall = (
        _mean(mine / cluster_size[cluster]),
        _mean(mine / person_size[person]),
    )
    return Scores(
        records=len(person),
        people=people,
        clusters=clusters,
        true=true,
        predicted=predicted,
        correct=correct,
        precision=precision,
        recall=recall,
        f1=f1(precision, recall),
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f1=f1(bcubed_precision, bcubed_recall),
    )


def ratio(part: float, whole: float) -> float | None:
    """part / whole, or None for an empty whole."""
    return part / whole if whole else None


def f1(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean of precision and recall, or None without one of them."""
    if precision is None or recall is None or precision + recall == 0:
        return None
    return 2 * precision * recall / (precision + recall)


def _numbered(labels: ArrayLike) -> tuple[int, NDArray[np.int64]]:
    """The number of different labels, and each record's label as 0 … count-1."""
    different, numbers = np.unique(np.asarray(labels), return_inverse=True)
    return len(different), numbers.reshape(-1).astype(np.int64)


def _sizes(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.bincount(numbers, minlength=count).astype(np.int64)


def _pairs(sizes: NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None
