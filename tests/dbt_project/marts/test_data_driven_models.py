"""markov and shapley in the marts: which journeys they learn from, and what they share out."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from attribution.markov import markov
from attribution.paths import paths_of
from attribution.shapley import credit, learn

Query = Callable[[str], list[dict[str, Any]]]
START = datetime(2026, 1, 5, 9)
LANDINGS: dict[str, dict[str, Any]] = {
    "organic_search": {"referrer_host": "www.google.de"},
    "referral": {"referrer_host": "blog.example"},
    "email": {"utm_source": "hubspot", "utm_medium": "email"},
}
S, R, E = "organic_search", "referral", "email"
WITHHELD = "(consent withheld)"
# person -> channels day by day (None: without consent), and the amount of the sale if there is one
PEOPLE: dict[str, tuple[list[str | None], str | None]] = {
    "p1": ([S, E], "100.01"), "p2": ([S, E], "50"), "p3": ([E], "10.10"), "p4": ([S, R, E], "7"),
    "p5": ([S], None), "p6": ([S], None), "p7": ([R], None), "p8": ([R, S], None),
    "p9": ([S, None], "20"), "p10": ([None], None), "p11": ([R], None), "p12": ([], "33.33"),
    "p13": ([E, S], None),
}  # fmt: skip
WON = date(2026, 2, 10)


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, marts: Callable[..., None]) -> None:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for person, (channels, amount) in PEOPLE.items():
        tables["identity.person_records"].append(
            {"source": "salesforce", "record_type": "contact", "record_id": f"003{person}",
             "person_id": person}
        )  # fmt: skip
        tables["identity.person_records"].append(
            {"source": "salesforce", "record_type": "lead", "record_id": f"00Q{person}",
             "person_id": person}
        )  # fmt: skip
        tables["staging.stg_salesforce__leads"].append(
            {"salesforce_lead_id": f"00Q{person}", "created_at": START + timedelta(10)}
        )
        tables["marts.dim_people"].append({"person_id": person})
        for day, channel in enumerate(channels):
            visitor = f"{person}-{day}"
            tables["identity.identifiers"].append(
                {"id_type": "anonymous_id", "id_value": visitor, "person_id": person}
            )
            tables["staging.stg_web_events__pages"].append(
                {"web_event_id": visitor, "anonymous_id": visitor, "page_host": "www.shop.example",
                 "page_url": "https://www.shop.example/", "occurred_at": START + timedelta(day),
                 "has_analytics_consent": channel is not None, **LANDINGS[channel or S]}
            )  # fmt: skip
        if amount:
            sale = {
                "salesforce_contact_id": f"003{person}", "currency": "USD", "is_won": True,
                "is_closed": True, "created_at": START + timedelta(20), "close_date": WON,
            }  # fmt: skip
            tables["staging.stg_salesforce__opportunities"].append(
                {**sale, "salesforce_opportunity_id": person, "amount_local": amount}
            )
    tables["staging.stg_salesforce__opportunities"].append(
        {"salesforce_opportunity_id": "back", "opportunity_type": "Refund", "currency": "USD",
         "original_opportunity_id": "p2", "amount_local": "-50", "created_at": START,
         "close_date": date(2026, 3, 20), "is_won": False, "is_closed": True,
         "salesforce_contact_id": "003p2"}
    )  # fmt: skip
    marts(tables)


def _journeys() -> list[tuple[tuple[str, ...], float, float]]:
    """Of a sale, by hand: who bought converted, who did not is lost; without a touch, neither."""
    converted = Counter(
        tuple(c or WITHHELD for c in channels) for channels, amount in PEOPLE.values() if amount
    )
    lost = Counter(
        tuple(c or WITHHELD for c in channels) for channels, amount in PEOPLE.values() if not amount
    )
    return [(p, converted[p], lost[p]) for p in sorted({*converted, *lost}) if p]


def test_they_learn_from_journeys_that_converted_and_those_that_did_not(query: Query) -> None:
    found = query("from marts.int_attribution__channel_paths where conversion_type = 'closed_won'")
    learned = {(tuple(r["channel_path"]), r["converted"], r["lost"]) for r in found}
    assert learned == set(_journeys())


def test_effects_are_those_of_the_models(query: Query) -> None:
    paths, names = paths_of(_journeys())
    rows = query("from marts.channel_effects where conversion_type = 'closed_won'")
    for order in (1, 2, 3, 4):
        mine = {r["channel"]: r["effect"] for r in rows if r["markov_order"] == order}
        effects = markov(paths, order).removal_effect
        assert mine == pytest.approx(dict(zip(names, effects, strict=True)))
    learned = {r["channel"]: r["share"] for r in rows if r["model"] == "shapley"}
    shares = credit(paths, learn(paths)) / sum(converted for _, converted, _ in _journeys())
    assert learned == pytest.approx(dict(zip(names, shares, strict=True)))
    assert len({r["markov_order"] for r in rows if r["is_chosen"] and r["markov_order"]}) == 1


@pytest.mark.parametrize("model", ["markov", "shapley"])
def test_each_month_is_shared_out_to_the_cent(model: str, query: Query) -> None:
    shares = {
        r["channel"]: r["share"]
        for r in query(
            "from marts.channel_effects "
            f"where conversion_type = 'closed_won' and model = '{model}' and is_chosen"
        )
    }
    rows = query(f"from marts.channel_attribution where model = '{model}'")
    sold = sum(Decimal(a) for touches, a in PEOPLE.values() if a and touches)
    for period, total, count in ((date(2026, 2, 1), sold, 5), (date(2026, 3, 1), Decimal(-50), 0)):
        mine = {r["channel"]: r for r in rows if r["period"] == period}
        unattributed = mine.pop("(unattributed)", None)
        assert (unattributed is not None) == (period == date(2026, 2, 1))
        assert sum(r["revenue_usd"] for r in mine.values()) == total
        for channel, row in mine.items():
            assert abs(row["revenue_usd"] - total * Decimal(shares[channel])) < Decimal("0.01")
            assert row["conversions"] == pytest.approx(count * shares[channel])
    february = [r for r in rows if r["period"] == date(2026, 2, 1)]
    assert sum(r["revenue_usd"] for r in february) == sold + Decimal("33.33")


def test_what_nobody_failed_at_is_not_modelled_by_shapley(query: Query) -> None:
    """Everybody is a lead, so nothing tells what makes one; the leads are counted all the same."""
    rows = query("select channel, leads from marts.channel_attribution where model = 'shapley'")
    leads = {r["channel"]: r["leads"] for r in rows if r["leads"]}
    assert leads == pytest.approx({"(not modelled)": len(PEOPLE) - 1, "(unattributed)": 1})


def test_every_model_shares_out_the_same_totals(query: Query) -> None:
    totals = query("""
        select
            model, sum(conversions) as sales, sum(opportunities) as opportunities,
            sum(leads) as leads, sum(revenue_usd) as revenue
        from marts.channel_attribution group by all
    """)
    assert len(totals) == 10
    sold = sum(Decimal(amount) for _, amount in PEOPLE.values() if amount) - 50
    for row in totals:
        found = tuple(round(row[name], 9) for name in ("sales", "opportunities", "leads"))
        assert (*found, row["revenue"]) == (6, 6, len(PEOPLE), sold)
