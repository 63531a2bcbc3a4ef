"""A run that is killed at any moment, and run again, ends where an undisturbed run ends."""

import itertools
import os
import random
from pathlib import Path
from typing import Any

SEED = 20260630
ALL = os.environ.get("ONEFOLD_TEST_KILLS") == "all"
FROM_THE_START, CLEARED = (6, 14) if ALL else (1, 4)
"""`make test-kills` kills at twenty moments, `make test` at five of them."""


def _moments(undisturbed: Any, seed: int, count: int) -> list[tuple[str, float]]:
    """Moments of the undisturbed run, in time's order: stage, and seconds since it began."""
    draw = random.Random(seed)
    stages = list(undisturbed.seconds)
    begins = [0.0, *itertools.accumulate(undisturbed.seconds.values())]
    total = begins[-1]
    found = []
    for moment in sorted(draw.random() * total for _ in range(count)):
        place = max(i for i, begin in enumerate(begins[:-1]) if begin <= moment)
        found.append((stages[place], moment - begins[place]))
        print(f"seed {seed}: killed {found[-1][1]:.3f} s into {stages[place]} of {total:.3f} s")
    assert len(found) == count
    return found


def test_killed_at_any_moment_and_run_again_from_the_start(
    crashes: Any, undisturbed: Any, look: Any, tmp_path: Path
) -> None:
    """Every run starts with what the killed ones before it left; the last one is left alone."""
    home = crashes.new_home(tmp_path / "home")
    moments = _moments(undisturbed, SEED, FROM_THE_START)
    random.Random(SEED).shuffle(moments)
    stages = list(undisturbed.seconds)
    for stage, offset in moments:
        before = sum(undisturbed.seconds[s] for s in stages[: stages.index(stage)])
        crashes.run(home, {"seconds": before + offset})
    crashes.run(home, None)
    assert look(home) == undisturbed.result


def test_killed_at_any_moment_and_resumed_at_that_stage(
    crashes: Any, undisturbed: Any, look: Any, tmp_path: Path
) -> None:
    """As clearing the killed task in Airflow does: each stage dies as often as it is drawn."""
    home = crashes.new_home(tmp_path / "home")
    at = "ingest"
    for stage, offset in _moments(undisturbed, SEED + 1, CLEARED):
        if stage != at:
            crashes.run(home, None, at, stage)
        crashes.run(home, {"seconds": offset}, stage)
        at = stage
    crashes.run(home, None, at)
    assert look(home) == undisturbed.result
