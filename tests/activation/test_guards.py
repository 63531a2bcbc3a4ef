"""Guards stop what a person should look at first."""

from dataclasses import replace

import pytest

from activation.config import Guards
from activation.guards import Counts, breaches

GUARDS = Guards(max_add_share=0.5, max_remove_share=0.2, min_records=10, first_run="approve")
QUIET = Counts(
    candidates=120, allowed=100, held=100, adds=0, changes=0, removes=0, skips=20, is_first=False
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"removes": 20}, ""),
        ({"removes": 21}, "removes ≤ 20% of the 100 records held, got 21 (21%)"),
        ({"adds": 50}, ""),
        ({"adds": 51}, "adds ≤ 50% of the 100 records held, got 51 (51%)"),
        ({"held": 12, "removes": 10}, ""),
        ({"held": 12, "removes": 11}, "got 11 (92%)"),
        ({"allowed": 0, "candidates": 7}, "none of 7 candidates while the destination holds 100"),
        ({"allowed": 0, "candidates": 0, "held": 0}, ""),
        ({"held": 0, "adds": 5, "is_first": True}, "first run: 5 records would be added"),
        ({"held": 0, "adds": 0, "is_first": True}, ""),
        ({"held": 0, "adds": 500}, ""),
    ],
)
def test_each_limit(changes: dict[str, int], said: str) -> None:
    found = breaches(replace(QUIET, **changes), GUARDS)  # type: ignore[arg-type]
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_limits_can_be_opened() -> None:
    wide = replace(GUARDS, empty_model="allow", first_run="allow", max_remove_share=1.0)
    emptied = replace(QUIET, allowed=0, removes=100)
    first = replace(QUIET, held=0, adds=100, is_first=True)
    assert not breaches(emptied, wide) and not breaches(first, wide)
    assert len(breaches(emptied, GUARDS)) == 2
