"""Lift and calibration against a plain loop over what was put in, and SciPy's own intervals."""

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from scipy.stats.contingency import relative_risk

from tests.dbt_project.marts.conftest import MODELS

Query = Callable[[str], list[dict[str, Any]]]

SEED = 20261130
EXAMPLE = json.loads((Path(__file__).parent / "lift_example.json").read_text("utf-8"))
DAY = timedelta(days=1)
FOLLOW_UP = {
    "lead_created": 7 * DAY, "mql": 7 * DAY, "opportunity_created": 30 * DAY,
    "closed_won": 90 * DAY, "refund": 90 * DAY,
}  # fmt: skip
PERIODS = {
    ("null", "paid_search"): (datetime(2025, 2, 1), datetime(2025, 3, 1)),
    ("autumn", "email"): (datetime(2025, 10, 1), datetime(2025, 11, 1)),
    ("winter", "email"): (datetime(2025, 12, 1), datetime(2026, 1, 15)),
    ("autumn", "paid_social"): (datetime(2025, 10, 1), datetime(2025, 12, 1)),
    ("one arm", "display"): (datetime(2025, 10, 1), datetime(2025, 11, 1)),
    ("too young", "referral"): (datetime(2026, 6, 1), datetime(2026, 6, 30)),
}
LANDINGS: dict[str, dict[str, Any]] = {
    "email": {"utm_source": "hubspot", "utm_medium": "email"},
    "paid_social": {"utm_source": "fb", "utm_medium": "paid-social"},
    "referral": {"referrer_host": "blog.example"},
}
Z = 1.959963984540054


class Seen(NamedTuple):
    """A conversion as the oracle sees it: `person` is the main person, or the sale's."""

    conversion_id: str
    kind: str
    person: str
    at: datetime
    usd: Decimal | None


class World:
    """Collects upstream rows, and beside them what was put in."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.seen: list[Seen] = []
        self.account: dict[str, str | None] = {}
        self.arms: dict[tuple[str, str], dict[str, set[str]]] = {
            key: defaultdict(set) for key in PERIODS
        }

    def person(self, person: str, account: str | None = None) -> None:
        self.account[person] = account
        self.tables["marts.dim_people"].append({"person_id": person, "account_id": account})
        self.tables["identity.person_records"] += [
            {"source": "salesforce", "record_type": kind, "record_id": f"{kind} {person}",
             "person_id": person}
            for kind in ("contact", "lead")
        ]  # fmt: skip

    def assign(self, key: tuple[str, str], person: str, arm: str, today: str = "") -> None:
        starts, ends = PERIODS[key]
        self.arms[key][today or person].add(arm)
        self.tables["state.holdout_assignments"].append({
            "experiment": key[0], "channel": key[1], "person_id": person, "arm": arm,
            "starts_at": starts, "ends_at": ends, "assigned_at": starts - DAY,
        })  # fmt: skip

    def lead(self, person: str, at: datetime) -> None:
        self.tables["staging.stg_salesforce__leads"].append(
            {"salesforce_lead_id": f"lead {person}", "created_at": at}
        )
        self.seen.append(
            Seen(f"lead_created:lead {person}", "lead_created", person, at, Decimal(0))
        )

    def deal(
        self, key: str, main: str, others: list[str], opened: datetime, closed: date | None,
        usd: Decimal | None, refunded: date | None,
    ) -> None:  # fmt: skip
        """The main person is the primary role; the deal's own contact is somebody else."""
        deals = self.tables["staging.stg_salesforce__opportunities"]
        row = {
            "salesforce_opportunity_id": key, "opportunity_type": "New", "currency": "USD",
            "salesforce_contact_id": f"contact {others[0]}" if others else None,
            "amount_local": usd, "is_won": closed is not None, "is_closed": closed is not None,
            "close_date": closed, "created_at": opened,
        }  # fmt: skip
        deals.append(row)
        self.tables["staging.stg_salesforce__opportunity_contact_roles"] += [
            {"salesforce_opportunity_id": key, "salesforce_contact_id": f"contact {person}",
             "is_primary": person == main}
            for person in [main, *others]
        ]  # fmt: skip
        end = time(23, 59, 59)
        kind = "opportunity_created"
        self.seen.append(Seen(f"{kind}:{key}", kind, main, opened, Decimal(0)))
        if closed is not None:
            at = datetime.combine(closed, end)
            self.seen.append(Seen(f"closed_won:{key}", "closed_won", main, at, usd))
        if refunded is not None:  # names no one: it is the person's of the sale
            refund = {"opportunity_type": "Refund", "original_opportunity_id": key,
                      "salesforce_contact_id": None, "close_date": refunded}  # fmt: skip
            deals.append({**row, **refund, "salesforce_opportunity_id": f"{key}r"})
            back = None if usd is None else -usd
            self.seen.append(
                Seen(f"refund:{key}r", "refund", main, datetime.combine(refunded, end), back)
            )

    def touch(self, person: str, at: datetime, channel: str) -> None:
        device = f"{person} {at}"
        self.tables["identity.identifiers"].append(
            {"id_type": "anonymous_id", "id_value": device, "person_id": person}
        )
        self.tables["staging.stg_web_events__pages"].append({
            "web_event_id": device, "anonymous_id": device, "occurred_at": at,
            "page_url": "https://shop.example/", "page_host": "shop.example", **LANDINGS[channel],
        })  # fmt: skip

    def counted(self, key: tuple[str, str], arm: str, kind: str) -> list[Seen]:
        """The conversions of one arm, by a plain loop."""
        starts, ends = PERIODS[key]
        people = self.people(key, arm)
        return [
            seen for seen in self.seen
            if seen.kind == kind and seen.person in people
            and starts <= seen.at < ends + FOLLOW_UP[kind]
        ]  # fmt: skip

    def people(self, key: tuple[str, str], arm: str) -> set[str]:
        """Who stands in this arm alone."""
        return {person for person, arms in self.arms[key].items() if arms == {arm}}


@pytest.fixture(scope="module")
def world(module_home: Path, marts: Callable[..., None]) -> World:
    """The worked example beside 240 people with random arms, journeys, deals and refunds."""
    print(f"seed {SEED}")
    rng, world = random.Random(SEED), World()
    _worked_example(world)
    people = [f"p{number}" for number in range(240)]
    by_company = {f"a{number}": rng.random() < 0.4 for number in range(50)}
    for person in people:
        account = rng.choice(list(by_company)) if rng.random() < 0.7 else None
        world.person(person, account)
        held = by_company[account] if account else rng.random() < 0.4
        for key in (("autumn", "paid_social"), ("too young", "referral")):
            world.assign(key, person, "holdout" if held else "treatment")
        for name in ("autumn", "winter"):
            if rng.random() < 0.9:
                arm = "holdout" if rng.random() < 0.3 else "treatment"
                world.assign((name, "email"), person, arm)
        world.assign(("one arm", "display"), person, "treatment")
        for _ in range(rng.choice([0, 1, 2, 4])):
            at = datetime(2025, 9, 1) + timedelta(minutes=rng.randint(0, 180 * 1440))
            world.touch(person, at, rng.choice(list(LANDINGS)))
        if rng.random() < 0.5:
            world.lead(person, datetime(2025, 9, 15) + timedelta(hours=rng.randint(0, 3000)))
    for number in range(150):
        main, *others = rng.sample(people[:80], rng.choice([1, 2, 3]))
        opened = datetime(2025, 9, 15) + timedelta(hours=rng.randint(0, 3000))
        closed = (opened + rng.randint(0, 40) * DAY).date() if rng.random() < 0.7 else None
        refunded = closed + rng.randint(1, 30) * DAY if closed and rng.random() < 0.3 else None
        usd = Decimal(rng.randint(1, 999_999)) / 100 if rng.random() < 0.9 else None
        world.deal(f"d{number}", main, others, opened, closed, usd, refunded)
    _edges(world)
    marts(world.tables, f"{MODELS} marts.experiments")
    return world


def _worked_example(world: World) -> None:
    key, given = ("null", "paid_search"), EXAMPLE["input"]
    starts, _ = PERIODS[key]
    for arm, name in (("treatment", "exposed"), ("holdout", "holdout")):
        for number in range(given[name]):
            person = f"{arm} {number}"
            world.person(person)
            world.assign(key, person, arm)
            if number < given[f"{name}_conv"]:
                world.lead(person, starts + DAY)


def _edges(world: World) -> None:
    """Merges within an arm and across arms; conversions on the edges of the window; some spend."""
    autumn, (starts, ends) = ("autumn", "email"), PERIODS["autumn", "email"]
    for person, arms in (("merged", ("holdout", "holdout")), ("mixed", ("treatment", "holdout"))):
        world.person(person)
        world.tables["identity.aliases"].append({"alias_id": f"old {person}", "person_id": person})
        world.assign(autumn, person, arms[0])
        world.assign(autumn, f"old {person}", arms[1], today=person)
        world.lead(person, starts + DAY)
    for name, at in (
        ("first", starts), ("before", starts - timedelta(seconds=1)),
        ("last", ends + 7 * DAY - timedelta(seconds=1)), ("after", ends + 7 * DAY),
    ):  # fmt: skip
        world.person(name)
        world.assign(autumn, name, "holdout")
        world.lead(name, at)
    days = [date(2025, 9, 30), date(2025, 10, 1), date(2025, 11, 30), date(2025, 12, 1)]
    world.tables["staging.stg_meta_ads__ad_days"] += [
        {"meta_ads_ad_id": "1", "meta_ads_campaign_id": "1", "campaign_name": "x",
         "report_date": day, "report_end_date": day, "currency": "USD",
         "cost_local": Decimal(cost), "impressions": 1, "clicks": 1}
        for day, cost in zip(days, (1000, 200, 30, 4), strict=True)
    ]  # fmt: skip


def results(query: Query) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows of lift_results by their key."""
    found = query("from marts.lift_results")
    return {(row["experiment"], row["channel"], row["conversion_type"]): row for row in found}


def test_the_worked_example(world: World, query: Query) -> None:
    row, expected = results(query)["null", "paid_search", "lead_created"], EXAMPLE["expected"]
    pairs = {
        "treatment_rate": expected["rate_t"],
        "holdout_rate": expected["rate_c"],
        "incremental_conversions": expected["incremental"],
        "rate_difference": expected["diff"],
        "relative_lift": expected["rel_lift"],
        "z_score": expected["z_pooled"],
        "p_value": expected["p_two_sided"],
    }
    for name, (low, high) in {
        "rate_difference_wald": expected["diff_ci_wald"],
        "rate_difference_newcombe": expected["diff_ci_newcombe"],
        "incremental_conversions": expected["incremental_ci"],
        "relative_lift": expected["rel_lift_ci_log"],
    }.items():
        pairs |= {f"{name}_low": low, f"{name}_high": high}
    assert {name: row[name] for name in pairs} == pytest.approx(pairs, abs=1e-12)
    assert row["design_effect"] == pytest.approx(1)  # nobody has a company


def test_arms_count_what_a_plain_loop_counts(world: World, query: Query) -> None:
    found = results(query)
    assert set(found) == {(*key, kind) for key in PERIODS for kind in FOLLOW_UP}
    for (*key, kind), row in found.items():
        name = (key[0], key[1])
        for arm in ("treatment", "holdout"):
            seen = world.counted(name, arm, kind)
            assert row[f"{arm}_people"] == len(world.people(name, arm))
            assert row[f"{arm}_conversions"] == len(seen)
            assert row[f"{arm}_converters"] == len({one.person for one in seen})
            assert row[f"{arm}_revenue_usd"] == sum(one.usd or 0 for one in seen)
            unvalued = sum(one.usd is None for one in seen)
            assert row[f"{arm}_unvalued_conversions"] == unvalued
        assert row["counted_until"] == row["ends_at"] + FOLLOW_UP[kind]
        assert row["is_complete"] == (name != ("too young", "referral"))
        assert row["people_in_both_arms"] == (1 if name == ("autumn", "email") else 0)
    sales = found["autumn", "paid_social", "closed_won"]
    assert sales["treatment_conversions"] > sales["treatment_converters"] > 10
    assert sales["treatment_unvalued_conversions"] > 0
    assert found["autumn", "paid_social", "refund"]["treatment_conversions"] > 0


def test_edges_of_the_window_and_merges(world: World, query: Query) -> None:
    counted = {
        row["person_id"]
        for row in query(
            "from marts.int_lift__conversions where experiment = 'autumn' and channel = 'email'"
            " and conversion_type = 'lead_created'"
        )
    }
    assert {"first", "last", "merged"} <= counted
    assert not counted & {"before", "after", "mixed"}


def test_intervals_and_tests_equal_scipy(world: World, query: Query) -> None:
    compared = 0
    for row in results(query).values():
        x, n = row["treatment_converters"], row["treatment_people"]
        y, m = row["holdout_converters"], row["holdout_people"]
        if not (x and y):
            continue
        compared += 1
        p, q = x / n, y / m
        (l1, u1), (l2, u2) = (
            binomtest(k, size).proportion_ci(0.95, "wilson") for k, size in ((x, n), (y, m))
        )
        ratio = relative_risk(x, n, y, m)
        low, high = ratio.confidence_interval(0.95)
        wald = Z * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        pooled = (x + y) / (n + m)
        z = (p - q) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        expected = {
            "rate_difference": p - q,
            "rate_difference_wald_low": p - q - wald,
            "rate_difference_wald_high": p - q + wald,
            "rate_difference_newcombe_low": p - q - math.hypot(p - l1, u2 - q),
            "rate_difference_newcombe_high": p - q + math.hypot(u1 - p, q - l2),
            "relative_lift": ratio.relative_risk - 1,
            "relative_lift_low": low - 1,
            "relative_lift_high": high - 1,
            "z_score": z,
            "p_value": 2 * norm.sf(abs(z)),
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)
    assert compared > 10


def _values(world: World, key: tuple[str, str], arm: str, kind: str) -> tuple[Any, Any, Any]:
    """Per person: conversions, revenue, company. Who did nothing is there with noughts."""
    people = sorted(world.people(key, arm))
    seen = world.counted(key, arm, kind)
    counts = np.array([sum(one.person == person for one in seen) for person in people], float)
    money = np.array(
        [float(sum(one.usd or 0 for one in seen if one.person == person)) for person in people]
    )
    return counts, money, [world.account[person] or person for person in people]


def _clustered(did: Any, unit: list[str]) -> float:
    """Variance of a mean: squared sums of deviations by company."""
    sums: dict[str, float] = defaultdict(float)
    for value, company in zip(did - did.mean(), unit, strict=True):
        sums[company] += value
    return sum(value**2 for value in sums.values()) / len(did) ** 2


def test_what_the_channel_caused(world: World, query: Query) -> None:
    found = results(query)
    for key, kind in (
        (("autumn", "email"), "lead_created"), (("winter", "email"), "closed_won"),
        (("autumn", "paid_social"), "closed_won"), (("autumn", "paid_social"), "refund"),
    ):  # fmt: skip
        row = found[(*key, kind)]
        counts, money, units = _values(world, key, "treatment", kind)
        held_counts, held_money, held_units = _values(world, key, "holdout", kind)
        for name, did, held in (
            ("incremental_conversions", counts, held_counts),
            ("incremental_revenue_usd", money, held_money),
        ):
            more = len(did) * (did.mean() - held.mean())
            reach = Z * len(did) * math.sqrt(did.var() / len(did) + held.var() / len(held))
            assert row[name] == pytest.approx(more, abs=1e-6)
            assert row[f"{name}_low"] == pytest.approx(more - reach)
            assert row[f"{name}_high"] == pytest.approx(more + reach)
        did, held = counts > 0, held_counts > 0
        people = did.var() / len(did) + held.var() / len(held)
        companies = _clustered(did, units) + _clustered(held, held_units)
        assert row["design_effect"] == pytest.approx(companies / people)
    sales = found["autumn", "paid_social", "closed_won"]
    assert sales["design_effect"] != pytest.approx(1, abs=0.01)
    assert sales["spend_usd"] == 230  # neither the day before nor the day after
    for end in ("", "_low", "_high"):
        assert sales[f"iroas{end}"] == pytest.approx(sales[f"incremental_revenue_usd{end}"] / 230)


def test_nothing_to_divide_by_is_null(world: World, query: Query) -> None:
    found = results(query)
    alone = found["one arm", "display", "lead_created"]
    assert alone["treatment_converters"] > 0 == alone["holdout_people"]
    empty = {name for name, value in alone.items() if value is None}
    assert {
        "holdout_rate", "rate_difference", "rate_difference_newcombe_low", "relative_lift",
        "z_score", "p_value", "incremental_conversions", "incremental_revenue_usd", "iroas",
        "incremental_conversions_low", "incremental_revenue_usd_high", "design_effect",
    } <= empty  # fmt: skip
    none = found["null", "paid_search", "mql"]
    assert none["rate_difference"] == none["incremental_conversions"] == 0
    assert none["rate_difference_newcombe_high"] > 0
    for name in ("relative_lift", "relative_lift_low", "z_score", "p_value", "iroas"):
        assert none[name] is None, name


def test_calibration_equals_a_plain_loop(world: World, query: Query) -> None:
    rows = query("from marts.attribution_calibration")
    credits = query(
        "select credits.*, touches.touched_at, split_part(conversion_id, ':', 1) as kind "
        "from marts.fct_attributed_conversions as credits "
        "left join marts.fct_touches as touches using (touch_id)"
    )
    shares = {
        (row["model"], row["conversion_type"], row["channel"]): row["share"]
        for row in query("from marts.channel_effects where is_chosen")
    }
    found = results(query)
    measured = 0
    for row in rows:
        model, channel, kind = row["model"], row["channel"], row["conversion_type"]
        keys = [
            key for key in PERIODS
            if key[1] == channel and found[(*key, kind)]["holdout_people"]
        ]  # fmt: skip
        assert row["experiments"] == len(keys)
        if not keys:
            assert row["measured_conversions"] is row["conversions_factor"] is None
            assert row["credited_conversions"] is row["is_complete"] is None
            continue
        weight = usd = more = more_usd = reach = 0.0
        for key in keys:
            lift = found[(*key, kind)]
            treated = len(world.people(key, "treatment"))
            scale = (treated + len(world.people(key, "holdout"))) / treated
            ids = {seen.conversion_id for seen in world.counted(key, "treatment", kind)}
            of_arm = [credit for credit in credits if credit["conversion_id"] in ids]
            won, money = _credited(of_arm, model, kind, key, shares)
            weight, usd = weight + scale * won, usd + scale * money
            more += scale * lift["incremental_conversions"]
            more_usd += scale * lift["incremental_revenue_usd"]
            half = lift["incremental_conversions_high"] - lift["incremental_conversions"]
            reach += (scale * half) ** 2
        measured += weight > 0
        assert row["credited_conversions"] == pytest.approx(weight)
        assert row["credited_revenue_usd"] == pytest.approx(usd, abs=0.01)
        assert row["measured_conversions"] == pytest.approx(more, abs=1e-9)
        assert row["measured_revenue_usd"] == pytest.approx(more_usd, abs=1e-6)
        assert row["measured_conversions_low"] == pytest.approx(more - math.sqrt(reach))
        factor = more / weight if weight else None
        assert row["conversions_factor"] == (None if factor is None else pytest.approx(factor))
        money_factor = more_usd / usd if usd else None
        assert row["revenue_factor"] == (
            None if money_factor is None else pytest.approx(money_factor)
        )
    assert measured > 20
    assert {row["model"] for row in rows} >= {"first_touch", "time_decay", "markov", "shapley"}


def _credited(
    credits: list[dict[str, Any]], model: str, kind: str, key: tuple[str, str],
    shares: dict[tuple[str, str, str], float],
) -> tuple[float, float]:  # fmt: skip
    """Weight and dollars for touches of the channel while the experiment ran."""
    starts, ends = PERIODS[key]
    is_learned = model in ("markov", "shapley")
    own = [credit for credit in credits if credit["model"] == ("linear" if is_learned else model)]
    tested = [
        credit for credit in own
        if credit["channel"] == key[1] and credit["touched_at"]
        and starts <= credit["touched_at"] < ends
    ]  # fmt: skip
    weight = sum(credit["weight"] for credit in tested)
    if not is_learned:
        return weight, float(sum(credit["revenue_usd"] or 0 for credit in tested))
    touched = [credit for credit in own if credit["channel"] != "(unattributed)"]
    of_channel = sum(credit["weight"] for credit in own if credit["channel"] == key[1])
    share = shares.get((model, "closed_won" if kind == "refund" else kind, key[1]), 0)
    part = share * weight / of_channel if of_channel else 0
    money = float(sum(credit["revenue_usd"] or 0 for credit in touched))
    return part * sum(credit["weight"] for credit in touched), part * money
