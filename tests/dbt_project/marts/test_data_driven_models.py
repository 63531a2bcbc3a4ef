"""markov and shapley in the marts: which journeys they learn from, and what they share out."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attribution.calibration import NO_EXPERIMENTS, level, shares
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
LOST, OPEN = "lost", "open"
# person -> channels day by day (None: without consent), and what became of the opportunity, if any
# was opened: the amount of the sale, or that it is lost or open
PEOPLE: dict[str, tuple[list[str | None], str | None]] = {
    "p1": ([S, E], "100.01"), "p2": ([S, E], "50"), "p3": ([E], "10.10"), "p4": ([S, R, E], "7"),
    "p5": ([S], None), "p6": ([S], None), "p7": ([R], None), "p8": ([R, S], None),
    "p9": ([S, None], "20"), "p10": ([None], None), "p11": ([R], None), "p12": ([], "33.33"),
    "p13": ([E, S], None), "p14": ([R, E], LOST), "p15": ([S, S, R], LOST), "p16": ([R], LOST),
    "p17": ([E], OPEN),
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
            is_won = amount not in (LOST, OPEN)
            deal = {
                "salesforce_contact_id": f"003{person}", "currency": "USD", "is_won": is_won,
                "is_closed": amount != OPEN, "created_at": START + timedelta(20), "close_date": WON,
            }  # fmt: skip
            tables["staging.stg_salesforce__opportunities"].append(
                {**deal, "salesforce_opportunity_id": person,
                 "amount_local": amount if is_won else "5"}
            )  # fmt: skip
    tables["staging.stg_salesforce__opportunities"].append(
        {"salesforce_opportunity_id": "back", "opportunity_type": "Refund", "currency": "USD",
         "original_opportunity_id": "p2", "amount_local": "-50", "created_at": START,
         "close_date": date(2026, 3, 20), "is_won": False, "is_closed": True,
         "salesforce_contact_id": "003p2"}
    )  # fmt: skip
    marts(tables)


SOLD = {name: what for name, (_, what) in PEOPLE.items() if what not in (None, LOST, OPEN)}


def _journeys(kind: str) -> list[tuple[tuple[str, ...], float, float]]:
    """By hand. An opportunity that was opened is won or lost; who has none is lost before."""
    converted, lost = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for person, (channels, what) in PEOPLE.items():
        path = tuple(c or WITHHELD for c in channels)
        if kind == "opportunity_created":
            (converted if what else lost)[path] += 1
        elif person in SOLD:
            converted[path] += 1
        elif what == LOST:
            lost[path] += 1
    return [(p, converted[p], lost[p]) for p in sorted({*converted, *lost})
            if p or converted[p]]  # fmt: skip


@pytest.mark.parametrize("kind", ["opportunity_created", "closed_won"])
def test_they_learn_from_journeys_that_converted_and_those_that_did_not(
    kind: str, query: Query
) -> None:
    found = query(f"from marts.int_attribution__channel_paths where conversion_type = '{kind}'")
    learned = {(tuple(r["channel_path"]), r["converted"], r["lost"]) for r in found}
    assert learned == set(_journeys(kind))


def _learned(kind: str, order: int | None) -> dict[str, float]:
    """The part of all conversions of one step that would be missing without each channel."""
    journeys = _journeys(kind)
    paths, names = paths_of(journeys)
    everyone = sum(converted for _, converted, _ in journeys)
    if order:
        effect = markov(paths, order).skip_effect * paths.converted.sum() / everyone
    else:
        effect = credit(paths, learn(paths)) / everyone
    return dict(zip(names, effect.tolist(), strict=True))


@pytest.mark.parametrize("order", [1, 2, 3, 4, None])
def test_effects_and_shares_of_sales(order: int | None, query: Query) -> None:
    """Both steps together, the least level without harm, and what is caused then."""
    same = f"markov_order = {order}" if order else "model = 'shapley'"
    rows = query(f"from marts.channel_effects where conversion_type = 'closed_won' and {same}")
    found = {r["channel"]: r for r in rows}
    opened, won = (_learned(kind, order) for kind in ("opportunity_created", "closed_won"))
    names = sorted({*opened, *won})
    effect = [1 - (1 - opened.get(name, 0)) * (1 - won.get(name, 0)) for name in names]
    linear = dict.fromkeys(names, 0.0)
    for path, converted, _ in _journeys("closed_won"):
        for name in path:
            linear[name] += converted / len(path) / len(SOLD)
    added = level(np.array(effect), np.array(list(linear.values())), NO_EXPERIMENTS, 0.5)
    caused = [one + added * part for one, part in zip(effect, linear.values(), strict=True)]
    expected = dict(zip(names, shares(np.array(caused)).tolist(), strict=True))
    assert {c: r["effect"] for c, r in found.items()} == pytest.approx(
        dict(zip(names, effect, strict=True)), abs=1e-9
    )
    assert {c: r["linear_share"] for c, r in found.items()} == pytest.approx(linear)
    assert {c: r["share"] for c, r in found.items()} == pytest.approx(expected, abs=1e-9)
    assert sum(expected.values()) == pytest.approx(1)


def test_one_order_is_chosen(query: Query) -> None:
    rows = query("from marts.channel_effects where conversion_type = 'closed_won' and is_chosen")
    assert len({(r["model"], r["markov_order"]) for r in rows}) == 2


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
    sold = sum(Decimal(amount) for name, amount in SOLD.items() if amount and PEOPLE[name][0])
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


@pytest.mark.parametrize("model", ["markov", "shapley"])
def test_what_nobody_failed_at_is_not_modelled(model: str, query: Query) -> None:
    """Everybody is a lead, so nothing tells what makes one; the leads are counted all the same."""
    rows = query(f"select channel, leads from marts.channel_attribution where model = '{model}'")
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
    sold = sum(Decimal(amount) for amount in SOLD.values() if amount) - 50
    opened = sum(what is not None for _, what in PEOPLE.values())
    for row in totals:
        found = tuple(round(row[name], 9) for name in ("sales", "opportunities", "leads"))
        assert (*found, row["revenue"]) == (len(SOLD), opened, len(PEOPLE), sold)
