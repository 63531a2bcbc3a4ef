"""Removal effects against published examples, a dense solve, a simulation, and their laws."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.errors import AttributionError
from attribution.markov import markov, order_scores
from attribution.paths import Paths, paths_of

EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
SEED = 20261130

Journeys = list[tuple[list[str], float, float]]
journeys = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=8,
).filter(lambda found: sum(converted for _, converted, _ in found) > 0)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_published_examples(example: dict) -> None:
    """Rate, removal effects and shares of order 1."""
    paths, names = paths_of(example["paths"])
    found = markov(paths, 1)
    total = sum(converted for _, converted, _ in example["paths"])
    assert found.conversion_rate == pytest.approx(example["rate"])
    assert dict(zip(names, found.share * total, strict=True)) == pytest.approx(
        example["conversions"], abs=5e-7
    )
    if "removal_effect" in example:
        assert dict(zip(names, found.removal_effect, strict=True)) == pytest.approx(
            example["removal_effect"]
        )


def _dense(rows: Journeys, order: int, skips: bool = False) -> dict[str, float]:
    """Removal or skip effects by tuples, dictionaries and a dense solve a channel."""
    moves: dict[tuple[str, ...], dict[object, float]] = {}
    for path, converted, lost in rows:
        walked = [tuple(path[max(0, end - order) : end]) for end in range(len(path) + 1)]
        for source, target in pairwise(walked):
            moves.setdefault(source, {}).setdefault(target, 0.0)
            moves[source][target] += converted + lost
        ends = moves.setdefault(walked[-1], {})
        ends["converted"] = ends.get("converted", 0.0) + converted
        ends["lost"] = ends.get("lost", 0.0) + lost
    moves = {source: ends for source, ends in moves.items() if sum(ends.values())}

    def reach(removed: str | None) -> float:
        states = [s for s in moves if not s or s[-1] != removed]
        place = {s: number for number, s in enumerate(states)}
        matrix, converts = np.eye(len(states)), np.zeros(len(states))
        for source in states:
            total = sum(moves[source].values())
            if skips and removed:  # of the ways that are left
                total -= sum(n for t, n in moves[source].items() if t in moves and t not in place)
            for target, count in moves[source].items():
                if count == 0:
                    continue
                if target == "converted":
                    converts[place[source]] += count / total
                elif target in place:
                    matrix[place[source], place[target]] -= count / total
        if not skips:
            return float(np.linalg.solve(matrix, converts)[place[()]])
        walked = np.eye(len(states)) - matrix  # steps may go round for ever: 2^40 of them will do
        for _ in range(40):
            converts, walked = converts + walked @ converts, walked @ walked
        return float(converts[place[()]])

    names = {name for path, _, _ in rows for name in path}
    return {name: 1 - reach(name) / reach(None) for name in names}


@settings(deadline=None)
@given(journeys, st.integers(1, 4))
def test_equals_an_independent_dense_solve(rows: Journeys, order: int) -> None:
    """The same chain, written with dictionaries."""
    paths, names = paths_of(rows)
    found = markov(paths, order)
    removed = dict(zip(names, found.removal_effect, strict=True))
    assert removed == pytest.approx(_dense(rows, order), abs=1e-9)
    skipped = dict(zip(names, found.skip_effect, strict=True))
    assert skipped == pytest.approx(_dense(rows, order, skips=True), abs=1e-9)


@settings(deadline=None)
@given(journeys, st.integers(1, 4))
def test_laws(rows: Journeys, order: int) -> None:
    """Effects are probabilities, shares sum to 1, and what every converting path holds has all.

    A journey that goes on after a touch that is missing converts at least as often as one that is
    lost there.
    """
    paths, names = paths_of(rows)
    found = markov(paths, order)
    assert ((found.removal_effect >= 0) & (found.removal_effect <= 1)).all()
    assert found.share.sum() == pytest.approx(1)
    assert (found.skip_effect <= found.removal_effect + 1e-9).all()
    for name, effect in zip(names, found.removal_effect, strict=True):
        if all(path[0] == name for path, converted, lost in rows if converted + lost):
            assert effect == pytest.approx(1)


@pytest.mark.parametrize("order", [1, 2])
def test_agrees_with_a_simulated_chain(order: int) -> None:
    """200,000 walks: of those that convert, the share that visits each channel."""
    rows = [(list("abc"), 3, 5), (list("ba"), 2, 2), (list("cab"), 1, 4), (list("cc"), 2, 1),
            (list("abab"), 4, 1)]  # fmt: skip
    paths, names = paths_of(rows)
    found = markov(paths, order)
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    moves: dict[str, list[tuple[str, int]]] = {}
    for path, converted, lost in rows:
        steps = ["".join(path[max(0, end - order) : end]) for end in range(len(path) + 1)]
        for source, target in pairwise(steps):
            moves.setdefault(source, []).append((target, converted + lost))
        moves.setdefault(steps[-1], []).extend([("+", converted), ("-", lost)])
    walks = 200_000
    at = np.full(walks, "", dtype="U4")
    visited = {name: np.zeros(walks, np.bool_) for name in names}
    while (moving := ~np.isin(at, ["+", "-"])).any():
        for state in np.unique(at[moving]):
            here = np.flatnonzero(at == state)
            targets, counts = zip(*moves[str(state)], strict=True)
            chance = np.array(counts) / sum(counts)
            at[here] = rng.choice(np.array(targets), len(here), p=chance)
            for name in names:
                visited[name][here] |= np.char.endswith(at[here], name)
    converted_walks = at == "+"
    assert converted_walks.mean() == pytest.approx(found.conversion_rate, abs=0.006)
    for name, effect in zip(names, found.removal_effect, strict=True):
        assert visited[name][converted_walks].mean() == pytest.approx(effect, abs=0.006)


def _walk(moves: dict[str, list[tuple[str, int]]], skipped: str, rng: np.random.Generator) -> float:
    """The share of 100,000 walks that convert, touches of one channel being skipped."""
    at = np.full(100_000, "", dtype="U4")
    while (moving := ~np.isin(at, ["+", "-"])).any():
        for state in np.unique(at[moving]):
            here = np.flatnonzero(at == state)
            ways = [(to, count) for to, count in moves[str(state)] if not to.endswith(skipped)]
            targets, counts = zip(*ways or [("-", 1)], strict=True)
            at[here] = rng.choice(np.array(targets), len(here), p=np.array(counts) / sum(counts))
    return float((at == "+").mean())


@pytest.mark.parametrize("order", [1, 2])
def test_skipping_agrees_with_a_simulated_chain(order: int) -> None:
    """A walk that would go on to the channel draws again, from the ways that are left."""
    rows = [(list("abc"), 3, 5), (list("ba"), 2, 2), (list("cab"), 1, 4), (list("cc"), 2, 1),
            (list("abab"), 4, 1)]  # fmt: skip
    paths, names = paths_of(rows)
    found = markov(paths, order)
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    moves: dict[str, list[tuple[str, int]]] = {}
    for path, converted, lost in rows:
        steps = ["".join(path[max(0, end - order) : end]) for end in range(len(path) + 1)]
        for source, target in pairwise(steps):
            moves.setdefault(source, []).append((target, converted + lost))
        moves.setdefault(steps[-1], []).extend([("+", converted), ("-", lost)])
    for name, effect in zip(names, found.skip_effect, strict=True):
        rate = _walk(moves, name, rng)
        assert rate == pytest.approx(found.conversion_rate * (1 - effect), abs=0.006)


def test_skipping_looks_at_lost_journeys_and_removal_does_not() -> None:
    """Converting journeys visit both channels alike; lost ones hold b nine times as often."""
    found = markov(paths_of([(["a"], 50, 50), (["b"], 50, 450)])[0], 1)
    assert found.removal_effect == pytest.approx([0.5, 0.5])
    assert found.skip_effect == pytest.approx([1 - 0.1 * 6, 1 - 0.5 * 6])


def test_a_journey_with_no_other_way_on_is_lost() -> None:
    """From a only b follows: without b nothing converts from there, rather than for ever."""
    paths, names = paths_of([(["a", "b"], 4, 4), (["c"], 4, 4)])
    found = dict(zip(names, markov(paths, 1).skip_effect, strict=True))
    assert found["b"] == pytest.approx(0.5)


def test_a_channel_named_like_a_separator_and_journeys_without_a_touch() -> None:
    """Paths are lists, so no name breaks them; empty journeys credit nobody."""
    paths, names = paths_of([([" > "], 2, 1), (["a", " > "], 1, 1), ([], 9, 9)])
    assert names == [" > ", "a"]
    assert markov(paths, 1).removal_effect[0] == pytest.approx(1)


def test_nothing_converts() -> None:
    """No effect and no share, rather than a division by nought."""
    found = markov(paths_of([(["a"], 0, 3)])[0], 1)
    assert found.conversion_rate == 0
    assert found.share.tolist() == found.skip_effect.tolist() == [0]


def test_the_order_that_made_the_journeys_is_chosen() -> None:
    """A journey converts if its last two touches differ: order 1 cannot see that, order 2 can.

    Which channel comes next does not matter: that follows three touches, and order 1 is enough.
    """
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    rows: Journeys = []
    for _ in range(4000):
        path = rng.choice(list("ab"), 1 + rng.geometric(0.4)).tolist()
        converts = rng.random() < (0.9 if path[-1] != path[-2] else 0.1)
        rows.append((path, float(converts), float(not converts)))
    scores = order_scores(paths_of(rows)[0])
    assert np.argmax(scores) + 1 == 2
    forgetful: Journeys = []
    for _ in range(2000):
        path = list("abaab" * 3)[rng.integers(5) :][: 1 + rng.geometric(0.2)]
        converts = rng.random() < (0.8 if path[-1] == "a" else 0.2)
        forgetful.append((path, float(converts), float(not converts)))
    assert np.argmax(order_scores(paths_of(forgetful)[0])) + 1 == 1


def test_bad_input_is_refused() -> None:
    """An order below 1, windows too many to number, an empty path, an unknown channel."""
    paths, _ = paths_of([(["a"], 1, 1)])
    for order in (0, 99):
        with pytest.raises(AttributionError):
            markov(paths, order)
    with pytest.raises(AttributionError):
        Paths(1, np.array([0]), np.array([0, 1]), np.ones(2), np.ones(2))
    with pytest.raises(AttributionError):
        Paths(1, np.array([3]), np.array([0]), np.ones(1), np.ones(1))
