"""Explanations of the sample against a plain loop over touches, groups and the rules."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from attribution.explain import WITHHELD, explain

SEED = 20261102
CONVERSIONS = 40


@pytest.fixture(scope="module")
def con(sample_run: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample's warehouse, to look at."""
    path = str(sample_run.home / "warehouse.duckdb")
    with duckdb.connect(path, read_only=True) as con:
        yield con


def _group(con: duckdb.DuckDBPyConnection, conversion: str, person: str | None) -> set[str]:
    members = con.execute(
        "select person_id from marts.int_conversions__people where conversion_id = ?", [conversion]
    ).fetchall()
    return {member for (member,) in members} | ({person} if person else set())


def _statuses(
    touches: list[tuple[Any, ...]], at: datetime, window: timedelta, most: int
) -> dict[str, str]:
    """{touch_id: status} of touches (touch_id, touched_at, source_priority, duplicate_of)."""
    found, inside = {}, []
    for touch_id, touched_at, priority, duplicate_of in touches:
        if duplicate_of:
            found[touch_id] = "duplicate"
        elif touched_at > at:
            found[touch_id] = "after_conversion"
        elif touched_at < at - window:
            found[touch_id] = "before_window"
        else:
            inside.append((touched_at, priority, touch_id))
    inside.sort()
    for place, (_, _, touch_id) in enumerate(inside):
        is_kept = place == 0 or place >= len(inside) - most + 1
        found[touch_id] = "eligible" if is_kept else "cut"
    return found


def test_every_touch_of_the_group_is_judged_as_a_plain_loop_judges_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    print(f"seed {SEED}")
    types = {
        kind: (timedelta(seconds=seconds), most)
        for kind, seconds, most in con.execute(
            "select conversion_type, lookback_seconds, max_touches from rules.conversion_types"
        ).fetchall()
    }
    made: dict[str, list[Any]] = defaultdict(list)
    refused = set()
    for person, touch_id, is_consented, *rest in con.execute(
        "select person_id, touch_id, is_consented, touched_at, source_priority, duplicate_of "
        "from marts.int_touches__channels inner join marts.int_touches__consents using (touch_id)"
    ).fetchall():
        made[person].append((touch_id, *rest))
        if not is_consented:
            refused.add(touch_id)
    known = con.execute(
        "select conversion_id, conversion_type, person_id, converted_at "
        "from marts.fct_conversions where conversion_type <> 'refund' order by all"
    ).fetchall()
    seen = Counter[str]()
    for conversion, kind, person, at in random.Random(SEED).sample(known, CONVERSIONS):
        people = _group(con, conversion, person)
        touches = [touch for member in people for touch in made[member]]
        expected = _statuses(touches, at, *types[kind])
        found = explain(con, conversion)
        assert {member["person_id"] for member in found["group"]} == people
        rows = found["eligibility"]
        shown = {row["touch_id"]: row["status"] for row in rows if row["touch_id"] != WITHHELD}
        assert shown == {t: status for t, status in expected.items() if t not in refused}
        withheld = {row["status"]: row["touches"] for row in rows if row["touch_id"] == WITHHELD}
        assert withheld == Counter(status for t, status in expected.items() if t in refused)
        journey = Counter(row["touch_id"] for row in found["journey"])
        assert journey[WITHHELD] == withheld.get("eligible", 0)
        assert all(total["ties"] for total in found["totals"])
        seen.update(expected.values())
    assert min(seen[s] for s in ("eligible", "duplicate", "after_conversion", "before_window")) > 5
