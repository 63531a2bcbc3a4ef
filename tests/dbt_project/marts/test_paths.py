"""Reports on paths, positions and time to convert against a plain loop over what was put in."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any, NamedTuple

import pytest

from warehouse.dbt import build

Query = Callable[[str], list[dict[str, Any]]]

SEED = 20261102
START = datetime(2025, 3, 1, 9)
DAY = timedelta(days=1)
WINDOW = {"opportunity_created": 180 * DAY, "closed_won": 365 * DAY}
WITHHELD = "(consent withheld)"
LANDINGS: dict[str, dict[str, Any]] = {
    "direct": {},
    "organic_search": {"referrer_host": "www.google.de"},
    "email": {"utm_source": "hubspot", "utm_medium": "E-Mail"},
    "paid_search": {"gclid": "x"},
}
REPORTS = "conversion_paths position_attribution time_to_convert"


class Journey(NamedTuple):
    """A conversion as the oracle sees it."""

    conversion_type: str
    path: tuple[str, ...]
    usd: Decimal
    days: float | None


def _deal(
    key: str, person: str, opened: datetime, closed: date | None, **more: Any
) -> dict[str, Any]:
    return {
        "salesforce_opportunity_id": key, "salesforce_contact_id": f"003{person}",
        "opportunity_type": "New", "currency": "USD", "is_won": closed is not None,
        "is_closed": closed is not None, "close_date": closed, "created_at": opened, **more,
    }  # fmt: skip


def _seen(kind: str, at: datetime, money: Decimal, touches: list[tuple[datetime, str]]) -> Journey:
    """`touches`: of the sale where it is a refund, so that only the end of the days moves."""
    path = tuple(channel for _, channel in touches)
    is_dated = bool(path) and path[0] != WITHHELD
    days = (at - touches[0][0]).total_seconds() / 86400 if is_dated else None
    return Journey(kind, path, money, days)


@pytest.fixture(scope="module")
def journeys(module_home: Path, marts: Callable[..., None]) -> list[Journey]:
    """A hundred and twenty deals of one person each, with random touches; some are refunded."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    found = []
    for number in range(120):
        person, opened = f"p{number}", START + timedelta(hours=rng.randint(0, 2000))
        tables["marts.dim_people"].append({"person_id": person})
        tables["identity.person_records"].append({
            "source": "salesforce", "record_type": "contact", "record_id": f"003{person}",
            "person_id": person,
        })  # fmt: skip
        touches = []
        for hour in rng.sample(range(-190 * 24, 30 * 24), rng.choice([0, 1, 1, 2, 2, 3, 5])):
            at, channel = opened + timedelta(hours=hour), rng.choice(list(LANDINGS))
            is_refused = rng.random() < 0.25
            touches.append((at, WITHHELD if is_refused else channel))
            device = f"{person}-{hour}"
            tables["identity.identifiers"].append(
                {"id_type": "anonymous_id", "id_value": device, "person_id": person}
            )
            tables["staging.stg_web_events__pages"].append({
                "web_event_id": device, "anonymous_id": device, "occurred_at": at,
                "page_url": "https://shop.example/", "page_host": "shop.example",
                "has_analytics_consent": False if is_refused else None, **LANDINGS[channel],
            })  # fmt: skip
        touches.sort()

        def within(kind: str, at: datetime, of: list[Any] = touches) -> list[tuple[datetime, str]]:
            return [touch for touch in of if at - WINDOW[kind] <= touch[0] <= at]

        closed = (opened + rng.randint(0, 40) * DAY).date() if rng.random() < 0.6 else None
        money = Decimal(rng.randint(1, 99999)) / 100
        deals = tables["staging.stg_salesforce__opportunities"]
        deals.append(_deal(f"d{number}", person, opened, closed, amount_local=money))
        eligible = within("opportunity_created", opened)
        found.append(_seen("opportunity_created", opened, Decimal(0), eligible))
        if closed:
            won = datetime.combine(closed, time(23, 59, 59))
            eligible = within("closed_won", won)
            found.append(_seen("closed_won", won, money, eligible))
            if rng.random() < 0.4:
                deals.append(_deal(
                    f"d{number}r", person, opened, closed + 45 * DAY, amount_local=money,
                    opportunity_type="Refund", original_opportunity_id=f"d{number}",
                ))  # fmt: skip
                found.append(_seen("refund", won + 45 * DAY, -money, eligible))
    marts(tables)
    kinds = [journey.conversion_type for journey in found]
    assert min(kinds.count(kind) for kind in ("opportunity_created", "closed_won", "refund")) > 10
    return found


def grouped(journeys: list[Journey], key: Callable[[Journey], Any]) -> dict[Any, list[Journey]]:
    """Journeys by what `key` says of them."""
    groups: dict[Any, list[Journey]] = defaultdict(list)
    for journey in journeys:
        groups[key(journey)].append(journey)
    return groups


def known_days(group: list[Journey]) -> list[float]:
    """The days that may be known, sorted."""
    return sorted(journey.days for journey in group if journey.days is not None)


def test_paths_equal_a_plain_loop(journeys: list[Journey], query: Query) -> None:
    rows = query("from marts.conversion_paths")
    groups = grouped(journeys, lambda j: (j.conversion_type, j.path))
    assert len(rows) == len(groups) > 50
    assert any(not path for _, path in groups)
    assert any(WITHHELD in path[1:-1] for _, path in groups)
    for row in rows:
        group = groups[row["conversion_type"], tuple(row["path"])]
        days = known_days(group)
        assert row["conversions"] == len(group)
        assert row["revenue_usd"] == sum(journey.usd for journey in group)
        assert row["touches"] == sum(len(journey.path) for journey in group)
        assert row["median_days"] == (pytest.approx(median(days)) if days else None)


def test_positions_equal_a_plain_loop(journeys: list[Journey], query: Query) -> None:
    touches: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, journey in enumerate(journeys):
        for step, channel in enumerate(journey.path):
            place = "only" if len(journey.path) == 1 else {
                0: "first", len(journey.path) - 1: "last"}.get(step, "middle")  # fmt: skip
            touches[journey.conversion_type, channel, place].append(number)
    found = {
        (row["conversion_type"], row["channel"], row["position"]): row
        for row in query("from marts.position_attribution")
    }
    untouched = grouped([j for j in journeys if not j.path], lambda j: j.conversion_type)
    assert {key for key in found if key[2] == "none"} == {
        (kind, "(unattributed)", "none") for kind in untouched
    }
    for kind, group in untouched.items():
        row = found.pop((kind, "(unattributed)", "none"))
        assert (row["touches"], row["conversions"]) == (0, len(group))
    assert {place for _, _, place in found} == {"first", "middle", "last", "only"}
    assert {key: (row["touches"], row["conversions"]) for key, row in found.items()} == {
        key: (len(numbers), len(set(numbers))) for key, numbers in touches.items()
    }
    assert any(row["touches"] > row["conversions"] for row in found.values())


def test_time_to_convert_equals_a_plain_loop(journeys: list[Journey], query: Query) -> None:
    rows = query("from marts.time_to_convert")
    groups = grouped(
        journeys, lambda j: (j.conversion_type, j.path[0] if j.path else "(unattributed)")
    )
    assert len(rows) == len(groups) > 10
    for row in rows:
        group = groups[row["conversion_type"], row["first_channel"]]
        days = known_days(group)
        assert row["conversions"] == len(group)
        assert row["median_touches"] == median(len(journey.path) for journey in group)
        if not days:
            assert row["first_channel"] in (WITHHELD, "(unattributed)")
            assert {row["mean_days"], row["median_days"], row["p90_days"]} == {None}
            continue
        p90 = quantiles(days, n=10, method="inclusive")[8] if len(days) > 1 else days[0]
        assert row["mean_days"] == pytest.approx(fmean(days))
        assert row["median_days"] == pytest.approx(median(days))
        assert row["p90_days"] == pytest.approx(p90)


def test_a_channel_that_looks_like_a_path_stays_one_step(
    home: Path,
    warehouse_with: Callable[[Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]]], None],
    query: Query,
) -> None:
    """Joined by " > " the first two paths would be one and the same."""
    at = datetime(2026, 1, 9)
    paths = {"one": ["email > direct"], "two": ["email", "direct"], "gap": [None, "email"]}
    warehouse_with({
        "marts.fct_conversions": (
            "conversion_id varchar, conversion_type varchar, revenue_usd decimal(18, 2), "
            "converted_at timestamp",
            [{"conversion_id": key, "conversion_type": "mql", "revenue_usd": 0, "converted_at": at}
             for key in paths],
        ),
        "marts.conversion_touches": (
            "conversion_id varchar, channel varchar, touched_at timestamp, touch_number bigint, "
            "touch_count bigint",
            [{"conversion_id": key, "channel": channel, "touched_at": at - number * DAY,
              "touch_number": number, "touch_count": len(path)}
             for key, path in paths.items() for number, channel in enumerate(path, 1) if channel]
            + [{"conversion_id": "gap", "channel": WITHHELD, "touch_number": 3, "touch_count": 2}],
        ),
    })  # fmt: skip
    build(f"int_attribution__steps int_attribution__paths {REPORTS}", command="run")
    rows = query("from marts.conversion_paths")
    assert sorted((row["path"], row["conversions"], row["median_days"]) for row in rows) == [
        ([WITHHELD, "email"], 1, None),
        (["email", "direct"], 1, 1.0),
        (["email > direct"], 1, 1.0),
    ]
    (only,) = query("from marts.position_attribution where position = 'only'")
    assert only["channel"] == "email > direct"
