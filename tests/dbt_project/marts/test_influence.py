"""Channel and campaign influence against a plain loop, and beside the totals they may exceed."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.errors import DbtFailed

SEED = 20261111
KINDS = ("lead_created", "opportunity_created", "closed_won", "refund")
CHANNELS = ("email", "paid_search", "direct", "webinars")
NAMES = {"salesforce:1": "Expo", "utm:expo": "Expo", "hubspot:7": "News", "utm:News": "News"}
MAIN = {"Expo": "salesforce:1", "News": "hubspot:7"}
COLUMNS = {
    "marts.fct_conversions": (
        "conversion_id varchar, conversion_type varchar, converted_at timestamp, "
        "revenue_usd decimal(18, 2), pipeline_usd decimal(18, 2)"
    ),
    "marts.conversion_touches": (
        "conversion_id varchar, touch_id varchar, channel varchar, campaign_id varchar"
    ),
    "marts.dim_campaigns": "campaign_id varchar, canonical_name varchar",
    "marts.int_campaigns__main": "campaign_id varchar, canonical_name varchar, channel varchar",
    "marts.int_attribution__credits": (
        "model varchar, conversion_type varchar, period date, channel varchar, weight double"
    ),
}
FIGURES = ("influenced_conversions", "influenced_revenue_usd", "influenced_pipeline_usd")

Tables = Mapping[str, list[dict[str, Any]]]
Query = Callable[[str], list[dict[str, Any]]]


def month(at: datetime) -> date:
    return at.date().replace(day=1)


@pytest.fixture(scope="module")
def tables(module_home: Path, warehouse_with: Callable[..., None]) -> Tables:
    """Two hundred conversions of three months, each with none to six touches."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    conversions, touches = [], []
    for number in range(200):
        key, kind = f"c{number:03}", rng.choice(KINDS)
        value = rng.choice([None, Decimal(rng.randint(1, 99_999)) / 100])
        conversions.append({
            "conversion_id": key, "conversion_type": kind,
            "converted_at": datetime(2026, 1, 1) + timedelta(seconds=rng.randint(0, 89 * 86400)),
            "revenue_usd": -value if value and kind == "refund" else value,
            "pipeline_usd": value if kind == "opportunity_created" else 0,
        })  # fmt: skip
        for touch in range(rng.randint(0, 6)):
            touches.append({
                "conversion_id": key, "touch_id": f"t{number}-{touch}",
                "channel": rng.choice(CHANNELS), "campaign_id": rng.choice([None, *NAMES]),
            })  # fmt: skip
        label = rng.choice(["(consent withheld)", "(unattributed)"])
        touches.append({"conversion_id": key, "touch_id": label, "channel": label})
    found = {
        "marts.fct_conversions": conversions,
        "marts.conversion_touches": touches,
        "marts.dim_campaigns": [
            {"campaign_id": key, "canonical_name": name} for key, name in NAMES.items()
        ],
        "marts.int_campaigns__main": [
            {"campaign_id": key, "canonical_name": name} for name, key in MAIN.items()
        ],
    }
    warehouse_with({name: (columns, found.get(name, [])) for name, columns in COLUMNS.items()})
    build("channels", command="seed")
    build("channel_influence campaign_influence")
    return found


def influenced(tables: Tables, of: Callable[[dict[str, Any]], str | None]) -> dict[Any, list[Any]]:
    """{(type, month, what): [conversions, revenue, pipeline]} by a plain loop."""
    sums: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for conversion in tables["marts.fct_conversions"]:
        met = {
            of(touch)
            for touch in tables["marts.conversion_touches"]
            if touch["conversion_id"] == conversion["conversion_id"]
            and touch["touch_id"].startswith("t")
        }
        for what in met - {None}:
            row = sums[conversion["conversion_type"], month(conversion["converted_at"]), what]
            row[0] += 1
            row[1] += conversion["revenue_usd"] or 0
            row[2] += conversion["pipeline_usd"] or 0
    return sums


def channel_of(touch: dict[str, Any]) -> str | None:
    return str(touch["channel"])


def campaign_of(touch: dict[str, Any]) -> str | None:
    return NAMES.get(touch["campaign_id"])


@pytest.mark.parametrize(
    ("mart", "column", "of"),
    [
        ("channel_influence", "channel", channel_of),
        ("campaign_influence", "canonical_name", campaign_of),
    ],
)
def test_influence_equals_a_plain_loop(
    mart: str, column: str, of: Callable[..., str | None], tables: Tables, query: Query
) -> None:
    found = {
        (row["conversion_type"], row["period"], row[column]): row
        for row in query(f"from marts.{mart}")
    }
    expected = influenced(tables, of)
    assert len(expected) > 20
    assert {key: [row[name] for name in FIGURES] for key, row in found.items()} == expected
    for (kind, period, _), row in found.items():
        alike = [
            conversion
            for conversion in tables["marts.fct_conversions"]
            if (conversion["conversion_type"], month(conversion["converted_at"])) == (kind, period)
        ]
        share = row["influenced_conversions"] / len(alike)
        assert row["influenced_share"] == pytest.approx(share)


def test_each_campaign_is_one_row_under_the_campaign_that_stands_for_it(
    tables: Tables, query: Query
) -> None:
    found = query("select distinct canonical_name, campaign_id from marts.campaign_influence")
    assert {row["canonical_name"]: row["campaign_id"] for row in found} == MAIN


def test_sums_over_channels_exceed_the_total_and_no_row_does(tables: Tables, query: Query) -> None:
    sales = sum(row["conversion_type"] == "closed_won" for row in tables["marts.fct_conversions"])
    (found,) = query(
        "select sum(influenced_conversions) as added, max(influenced_share) as share "
        "from marts.channel_influence where conversion_type = 'closed_won'"
    )
    assert found["added"] > sales
    assert found["share"] <= 1


@pytest.mark.parametrize(
    ("channel", "extra", "fails"),
    [("email", 0.0, False), ("email", 0.01, True), ("affiliate", 0.0, True)],
)
def test_no_model_may_credit_a_channel_with_more_than_it_influenced(
    channel: str, extra: float, fails: bool, tables: Tables
) -> None:
    at = "conversion_type = 'closed_won' and channel = 'email'"
    with connect("test set-up") as con:
        con.execute("delete from marts.int_attribution__credits")
        con.execute(
            "insert into marts.int_attribution__credits select 'linear', conversion_type, period, "
            f"?, influenced_conversions + ? from marts.channel_influence where {at}",
            [channel, extra],
        )
    if not fails:
        build("assert_influence_covers_attribution", command="test")
        return
    with pytest.raises(DbtFailed, match="assert_influence_covers_attribution"):
        build("assert_influence_covers_attribution", command="test")
