"""The data-driven models on companies whose true causal effects are known."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.attribution import accuracy
from simulator.rates import MEDIA
from simulator.world import build_world
from warehouse.dbt import build


@pytest.fixture(scope="module", autouse=True)
def ready(module_home: Path) -> None:
    build(accuracy.SEEDS, command="seed")


@pytest.mark.parametrize("turned", [0, 4])
def test_they_come_much_nearer_to_the_truth_than_last_touch(turned: int) -> None:
    """And with the same effects in other channels: each has that of the one four places on."""
    effect = MEDIA.effect[turned:] + MEDIA.effect[:turned]
    world = build_world(200_000, 12, 1, media=replace(MEDIA, effect=effect), holdouts=True)
    found = dict(zip(accuracy.MODELS, accuracy.errors(world), strict=True))
    print(found)
    assert found["last_touch"] > 0.3
    assert 0 < found["markov"] < 0.6 * found["last_touch"]
    assert 0 < found["shapley"] < 0.6 * found["last_touch"]
