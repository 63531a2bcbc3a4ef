"""A run that is killed at any moment, and run again, ends where an undisturbed run ends."""

import random
from pathlib import Path
from typing import Any

import pytest

SEED = 20260630
SEQUENCES, KILLS = 2, 10


@pytest.mark.parametrize("sequence", range(SEQUENCES))
def test_killed_at_any_moment(
    crashes: Any, undisturbed: Any, look: Any, tmp_path: Path, sequence: int
) -> None:
    """Each run of a sequence is killed and run again; the last one is left alone and compared."""
    draw = random.Random(SEED + sequence)
    home = crashes.new_home(tmp_path / "home")
    for _ in range(KILLS):
        seconds = draw.random() * undisturbed.seconds
        print(f"seed {SEED + sequence}: killed after {seconds:.3f} of {undisturbed.seconds:.3f} s")
        crashes.run(home, {"seconds": seconds})
    crashes.run(home, None)
    assert look(home) == undisturbed.result
