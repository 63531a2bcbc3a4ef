"""A run that is killed right before or right after any commit ends where it would have ended.

A killed stage is run again with all that follows it, as clearing its task in Airflow does.
"""

import itertools
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

WHEN = ("before", "after")
SEED, SAMPLE = 20261127, 2
ALL = os.environ.get("ONEFOLD_TEST_KILLS") == "all"
"""`make test-kills` tries every death, `make test` a seeded sample of each stage's."""
RESUMED_AT = {"plan": "publish", "report": "sync"}
READERS = ("publish", "plan", "sync", "report")
PAGES = ("gate_marts/file", "plan/file")


def test_every_kind_of_commit_is_met(undisturbed: Any) -> None:
    met = set(undisturbed.commits)
    assert {"ingest/warehouse", "identity/warehouse", "gate_marts/warehouse"} <= met
    assert {"publish/file", "plan/warehouse", "sync/ledger", "sync/file"} <= met
    assert {"sync/warehouse", "report/warehouse", "report/file"} <= met


def test_killed_around_each_landed_file(
    crashes: Any, undisturbed: Any, look: Any, tmp_path: Path
) -> None:
    """Every run dies before, then after, the first file that is left, until none is left.

    The first commit of a landing prepares its tables, the second is the first file's.
    """
    home = crashes.new_home(tmp_path / "home")
    kills = [{"stage": "ingest", "commit": 1, "when": when} for when in WHEN]
    assert all(crashes.run(home, kill, "ingest", "staging")["killed"] for kill in kills)
    deaths = 0
    killed = True
    while killed and (ALL or deaths < 2 * SAMPLE):
        kill = {"stage": "ingest", "commit": 2, "when": WHEN[deaths % 2]}
        killed = crashes.run(home, kill, "ingest", "staging")["killed"]
        deaths += killed
    files = sum(c.startswith("ingest/") for c in undisturbed.commits) - 1
    assert deaths == 2 * (files if ALL else SAMPLE)
    assert files > 10
    crashes.run(home, None)
    assert look(home) == undisturbed.result


@pytest.mark.parametrize("stage", ["identity", "gate_marts", "publish", "plan", "sync", "report"])
def test_killed_around_each_commit_of_a_stage(
    crashes: Any, undisturbed: Any, look: Any, glance: Any, tmp_path: Path, stage: str
) -> None:
    """Run again, each killed stage ends as the undisturbed one did; the last goes on to the end."""
    start = RESUMED_AT.get(stage, stage)
    labels = [c for c in undisturbed.commits if c.startswith(f"{stage}/")]
    numbers = _told_apart(labels)
    assert numbers
    # Calls to the world lie between two commits of the sync ledger, intent and outcome: elsewhere
    # "after" is the same death as the one right before the next commit.
    calls = {n for n in numbers if labels[n - 1 : n + 1] == ["sync/ledger"] * 2}
    assert calls or stage != "sync"
    deaths = [
        (number, when)
        for number, when in itertools.product(numbers, WHEN)
        if when == "before" or number + 1 not in numbers or number in calls
    ]
    if not ALL:
        print(f"seed {SEED}: {SAMPLE} of {len(deaths)} deaths")
        deaths = sorted(random.Random(SEED).sample(deaths, SAMPLE))
    road = list(undisturbed.seconds)
    following = {**dict(itertools.pairwise(road)), road[-1]: None}
    for number, when in deaths:
        home = tmp_path / f"{number}_{when}"
        shutil.copytree(undisturbed.before[start], home)
        kill = {"stage": stage, "commit": number, "when": when}
        assert crashes.run(home, kill, start)["killed"]
        crashes.run(home, None, start, following[stage])
        if stage in READERS:
            assert glance(home) == undisturbed.glanced[stage], kill
        else:
            assert look(home) == undisturbed.after[stage], kill
        if (number, when) == deaths[-1]:
            if following[stage]:
                crashes.run(home, None, following[stage])
            assert look(home) == undisturbed.result, kill
        shutil.rmtree(home)


def _told_apart(labels: list[str]) -> list[int]:
    """Numbers of the commits; of a gate's many pages, swapped one after the other, two."""
    numbers: list[int] = []
    for label, group in itertools.groupby(enumerate(labels, 1), key=lambda pair: pair[1]):
        found = [number for number, _ in group]
        numbers += [found[0], found[-1]] if label in PAGES and len(found) > 2 else found
    return numbers
