"""Experiments as upstream rows, and beside them what was put in, for a plain loop to count."""

import json
import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

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
    ("with a pause", "paid_social"): (datetime(2025, 10, 1), datetime(2026, 1, 1)),
}
PAUSES = {("with a pause", "paid_social"): (datetime(2025, 11, 1), datetime(2025, 12, 1))}
"""When an experiment kept nobody out: from the end of one period to the start of the next."""
LANDINGS: dict[str, dict[str, Any]] = {
    "email": {"utm_source": "hubspot", "utm_medium": "email"},
    "paid_social": {"utm_source": "fb", "utm_medium": "paid-social"},
    "referral": {"referrer_host": "blog.example"},
}


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
        moments = (starts, *PAUSES.get(key, ()), ends)
        self.tables["state.holdout_assignments"] += [{
            "experiment": key[0], "channel": key[1], "person_id": person, "arm": arm,
            "starts_at": begin, "ends_at": end, "assigned_at": starts - DAY,
        } for begin, end in zip(moments[::2], moments[1::2], strict=True)]  # fmt: skip

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


def invented() -> World:
    """The worked example beside 240 people with random arms, journeys, deals and refunds."""
    rng, world = random.Random(SEED), World()
    _worked_example(world)
    people = [f"p{number}" for number in range(240)]
    by_company = {f"a{number}": rng.random() < 0.4 for number in range(50)}
    for person in people:
        account = rng.choice(list(by_company)) if rng.random() < 0.7 else None
        world.person(person, account)
        held = by_company[account] if account else rng.random() < 0.4
        for key in (("autumn", "paid_social"), ("too young", "referral"),
                    ("with a pause", "paid_social")):  # fmt: skip
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
