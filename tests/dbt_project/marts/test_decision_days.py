"""int_attribution__decision_days: where the rate of touches changes, against a plain loop."""

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build

SEED = 20261130
WINDOW = 180
OPENED = datetime(2026, 1, 10, 12)
KNOWN_FROM = OPENED - timedelta(days=WINDOW)
# kind -> people of an opportunity, opportunities, touches of each: on the last so many days, before
KINDS: dict[str, tuple[int, int, int, int, int]] = {
    "alone": (1, 40, 3, 6, 5), "group": (3, 15, 12, 50, 10), "too_early": (1, 20, 9, 100, 0),
}  # fmt: skip


def _ages(rng: random.Random) -> dict[str, list[tuple[str, str, float]]]:
    """By kind: the opportunity, who of its people, and the days before it, of each touch."""
    found: dict[str, list[tuple[str, str, float]]] = {}
    for kind, (people, count, late, days, early) in KINDS.items():
        found[kind] = []
        for deal in range(count):
            ages = [rng.uniform(0, days) for _ in range(late)]
            ages += [rng.uniform(days, WINDOW - 0.01) for _ in range(early)]
            found[kind] += [
                (f"{kind}{deal}", f"{kind}{deal}-{rng.randrange(people)}", age) for age in ages
            ]
    return found


@pytest.fixture(scope="module")
def built(
    module_home: Path, warehouse_with: Callable[..., None]
) -> dict[str, list[tuple[str, str, float]]]:
    print(f"seed {SEED}")
    ages = _ages(random.Random(SEED))
    opened = dict.fromkeys(KINDS, OPENED) | {"too_early": OPENED - timedelta(days=30)}
    conversions, touches, members = [], [], []
    for kind, (people, count, *_) in KINDS.items():
        for deal in range(count):
            name = f"{kind}{deal}"
            conversions.append(
                {"conversion_id": f"opportunity_created:{name}", "person_id": f"{name}-0",
                 "conversion_type": "opportunity_created", "converted_at": opened[kind],
                 "credit_conversion_id": f"opportunity_created:{name}"}
            )  # fmt: skip
            members += [
                {"conversion_id": f"opportunity_created:{name}", "person_id": f"{name}-{person}"}
                for person in range(people)
            ]
        for number, (_, person, age) in enumerate(ages[kind]):
            touches.append(
                {"touch_id": f"{kind}{number:05}", "person_id": person, "channel": "email",
                 "touched_at": max(opened[kind] - timedelta(days=age), KNOWN_FROM),
                 "source_priority": 1, "is_consented": True}
            )  # fmt: skip
    touches.append({**touches[0], "touch_id": "first", "person_id": "nobody",
                    "touched_at": KNOWN_FROM})  # fmt: skip
    warehouse_with({
        "marts.fct_conversions": (
            "conversion_id varchar, conversion_type varchar, person_id varchar, "
            "salesforce_opportunity_id varchar, credit_conversion_id varchar, "
            "converted_at timestamp", conversions,
        ),
        "marts.fct_touches": (
            "touch_id varchar, person_id varchar, account_id varchar, campaign_id varchar, "
            "channel varchar, touched_at timestamp, source_priority integer, is_consented boolean",
            touches,
        ),
        "marts.int_conversions__people": ("conversion_id varchar, person_id varchar", members),
        "marts.int_buying_groups__members": (
            "salesforce_opportunity_id varchar, person_id varchar, basis varchar, role varchar", []
        ),
    })  # fmt: skip
    build("channels conversion_types role_weights", command="seed")
    build(
        "int_attribution__people int_attribution__eligible_touches int_attribution__decision_days",
        command="run",
    )
    return ages


def _clearest(ages: list[float]) -> tuple[int, float]:
    """The day at which two rates explain the touches best, and by how much better than one."""

    def explained(count: int, days: int) -> float:
        return count * math.log(count / days) if count else 0.0

    gains = {}
    for days in range(1, WINDOW):
        late = sum(age < days for age in ages)
        early = len(ages) - late
        if late / days > early / (WINDOW - days):
            gains[days] = explained(late, days) + explained(early, WINDOW - days)
    best = max(gains, key=lambda days: gains[days])
    return best, gains[best] - explained(len(ages), WINDOW)


def _days(kind: str) -> set[Any]:
    sql = "select conversion_id, decision_days from marts.int_attribution__decision_days"
    with connect("test", read_only=True) as con:
        found = con.execute(sql).fetchall()
    return {days for name, days in found if name.startswith(f"opportunity_created:{kind}")}


@pytest.mark.parametrize("kind", ["alone", "group"])
def test_the_day_is_the_likeliest(
    kind: str, built: dict[str, list[tuple[str, str, float]]]
) -> None:
    days, gain = _clearest([age for _, _, age in built[kind]])
    assert gain > math.log(len(built[kind]))
    assert abs(days - KINDS[kind][3]) <= 3
    assert _days(kind) == {days}


def test_opportunities_of_a_window_half_known_say_nothing(
    built: dict[str, list[tuple[str, str, float]]],
) -> None:
    """They would have made it 100 days; they get what the others show."""
    assert _days("too_early") == _days("alone")
