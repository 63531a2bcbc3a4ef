"""What a day changes is credited anew and nothing else, with the result of a full refresh."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build

SEED = 20261130
SEEDS = "channels conversion_types attribution_models role_weights"
MODELS = (
    "int_attribution__people int_attribution__milestones int_attribution__inputs "
    "int_attribution__eligible_touches "
    "int_attribution__affected int_attribution__affected_touches conversion_touches"
)
START = datetime(2026, 1, 1)
CHANNELS = ("direct", "email", "paid_search", "referral")
TABLES = {
    "marts.fct_touches": (
        "touch_id varchar, person_id varchar, account_id varchar, campaign_id varchar, "
        "channel varchar, source_priority integer, is_consented boolean, touched_at timestamp"
    ),
    "marts.fct_conversions": (
        "conversion_id varchar, conversion_type varchar, person_id varchar, account_id varchar, "
        "salesforce_opportunity_id varchar, credit_conversion_id varchar, "
        "revenue_local decimal(18, 2), currency varchar, revenue_usd decimal(18, 2), "
        "converted_at timestamp"
    ),
    "marts.int_conversions__people": "conversion_id varchar, person_id varchar, is_main boolean",
    "marts.int_buying_groups__members": (
        "salesforce_opportunity_id varchar, person_id varchar, basis varchar, role varchar"
    ),
    "marts.int_conversions__leads": (
        "person_id varchar, conversion_type varchar, converted_at timestamp"
    ),
    "marts.int_conversions__opportunities": (
        "conversion_id varchar, conversion_type varchar, opportunity_created_at timestamp"
    ),
}


class World:
    """The marts that attribution reads, as rows that a day may change."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.touches: dict[str, dict[str, Any]] = {}
        self.sales: dict[str, dict[str, Any]] = {}
        self.members: set[tuple[str, str]] = set()
        self.roles: dict[tuple[str, str], str] = {}
        self.leads: dict[str, datetime] = {}
        for number in range(120):
            self.touch(f"p{number % 25}")
        for number in range(30):
            sale = self.sale(f"p{number}")
            if number < 10:
                self.members.add((sale, f"p{number + 10}"))
        for number in range(0, 30, 3):
            self.lead(f"p{number}")

    def at(self) -> datetime:
        return START + timedelta(hours=self.rng.randint(0, 24 * 150))

    def touch(self, person: str) -> None:
        name = f"t{len(self.touches):04d}-{self.rng.randrange(10**6)}"
        self.touches[name] = {
            "touch_id": name, "person_id": person, "source_priority": self.rng.randint(1, 3),
            "account_id": None, "campaign_id": self.rng.choice([None, "c1", "c2"]),
            "channel": self.rng.choice(CHANNELS), "touched_at": self.at(),
            "is_consented": self.rng.random() < 0.8,
        }  # fmt: skip

    def sale(self, person: str, of: str | None = None) -> str:
        key = f"{'refund' if of else 'closed_won'}:{len(self.sales):04d}"
        value = Decimal(self.rng.randint(0, 10**6)) / 100
        self.sales[key] = {
            "conversion_id": key, "conversion_type": "refund" if of else "closed_won",
            "person_id": person, "account_id": f"a-{person}", "credit_conversion_id": of or key,
            "salesforce_opportunity_id": key,
            "revenue_local": -value if of else value, "currency": "EUR",
            "revenue_usd": round((-value if of else value) * Decimal("1.1"), 2),
            "converted_at": self.at() + timedelta(days=60),
        }  # fmt: skip
        if not of:
            self.members.add((key, person))
        return key

    def lead(self, person: str) -> None:
        self.leads[person] = self.at()

    def store(self, warehouse_with: Callable[..., None]) -> None:
        rows: dict[str, list[dict[str, Any]]] = {
            "marts.fct_touches": list(self.touches.values()),
            "marts.fct_conversions": list(self.sales.values()),
            "marts.int_conversions__people": [
                {"conversion_id": sale, "person_id": person} for sale, person in self.members
            ],
            "marts.int_buying_groups__members": [
                {"salesforce_opportunity_id": sale, "person_id": person, "role": role,
                 "basis": "contact_role"}
                for (sale, person), role in self.roles.items()
            ],
            "marts.int_conversions__leads": [
                {"person_id": person, "converted_at": at} for person, at in self.leads.items()
            ],
            "marts.int_conversions__opportunities": [
                {"conversion_id": key, "opportunity_created_at": START + timedelta(days=50)}
                for key in self.sales if key.endswith(("1", "2"))
            ],
        }  # fmt: skip
        warehouse_with({name: (columns, rows[name]) for name, columns in TABLES.items()})

    def of(self, *people: str) -> set[str]:
        """The conversions, refunds too, of the groups that hold one of these people."""
        sales = {sale for sale, person in self.members if person in people}
        return {k for k, sale in self.sales.items() if sale["credit_conversion_id"] in sales}


def new_touch(world: World) -> set[str]:
    person = f"p{world.rng.randrange(30)}"
    world.touch(person)
    return world.of(person)


def late_touch(world: World) -> set[str]:
    person = f"p{world.rng.randrange(30)}"
    world.touch(person)
    world.touches[list(world.touches)[-1]]["touched_at"] = START
    return world.of(person)


def merge(world: World) -> set[str]:
    """One person's records become another's: touches, sales, memberships and the lead."""
    gone, kept = world.rng.sample(sorted({p for _, p in world.members}), 2)
    concerned = world.of(gone, kept)
    for row in (*world.touches.values(), *world.sales.values()):
        row["person_id"] = kept if row["person_id"] == gone else row["person_id"]
    world.members = {(sale, kept if p == gone else p) for sale, p in world.members}
    leads = [world.leads.pop(p) for p in (gone, kept) if p in world.leads]
    world.leads |= {kept: min(leads)} if leads else {}
    return concerned


def split(world: World) -> set[str]:
    person = world.rng.choice(sorted({t["person_id"] for t in world.touches.values()}))
    its = [touch for touch in world.touches.values() if touch["person_id"] == person]
    for touch in its[: len(its) // 2 + 1]:
        touch["person_id"] = f"{person}-split-{world.rng.randrange(10**6)}"
    return world.of(person)


def erasure(world: World) -> set[str]:
    person = world.rng.choice(sorted({t["person_id"] for t in world.touches.values()}))
    concerned = world.of(person)
    world.touches = {k: t for k, t in world.touches.items() if t["person_id"] != person}
    gone = {k for k, sale in world.sales.items() if sale["person_id"] == person}
    world.sales = {k: s for k, s in world.sales.items()
                   if k not in gone and s["credit_conversion_id"] not in gone}  # fmt: skip
    world.members = {(k, p) for k, p in world.members if p != person and k in world.sales}
    return concerned | gone


def refund(world: World) -> set[str]:
    sold = [sale for sale in world.sales.values() if sale["conversion_type"] == "closed_won"]
    sale = world.rng.choice(sold)
    return {world.sale(sale["person_id"], of=sale["conversion_id"])}


def revalued(world: World) -> set[str]:
    key = world.rng.choice(sorted(world.sales))
    world.sales[key]["revenue_local"] += Decimal("0.07")
    return {key}


def unknown_value(world: World) -> set[str]:
    key = world.rng.choice(sorted(world.sales))
    world.sales[key] |= {"revenue_local": None, "revenue_usd": None}
    return {key}


def consent_withdrawn(world: World) -> set[str]:
    touch = world.rng.choice(list(world.touches.values()))
    touch["is_consented"] = not touch["is_consented"]
    return world.of(touch["person_id"])


def two_consents_withdrawn(world: World) -> set[str]:
    """Two touches change alike: what says that one changed must not cancel out."""
    its: dict[str, list[dict[str, Any]]] = {}
    for touch in world.touches.values():
        its.setdefault(touch["person_id"], []).append(touch)
    known = {person for _, person in world.members}
    person = world.rng.choice([p for p in its if len(its[p]) > 1 and p in known])
    for touch in its[person][:2]:
        touch["is_consented"] = not touch["is_consented"]
    return world.of(person)


def touches_exchanged(world: World) -> set[str]:
    """Two members of a group have each other's touches."""
    groups: dict[str, list[str]] = {}
    for sale, member in sorted(world.members):
        groups.setdefault(sale, []).append(member)
    a, b = world.rng.choice([group for group in groups.values() if len(group) > 1])[:2]
    for touch in world.touches.values():
        touch["person_id"] = {a: b, b: a}.get(touch["person_id"], touch["person_id"])
    return world.of(a, b)


def joins_the_group(world: World) -> set[str]:
    sale = world.rng.choice(sorted(s for s in world.sales if s.startswith("closed_won")))
    person = f"p{world.rng.randrange(30)}"
    is_new = (sale, person) not in world.members
    world.members.add((sale, person))
    return (
        {k for k, s in world.sales.items() if s["credit_conversion_id"] == sale}
        if is_new
        else set()
    )


def another_role(world: World) -> set[str]:
    """A group of two in which one comes to count for more; other groups do not."""
    sale, person = world.rng.choice(sorted(world.members))
    world.members.add((sale, f"p{world.rng.randrange(30)}"))
    world.roles[sale, person] = world.rng.choice(["Decision Maker", "Influencer"])
    return {k for k, row in world.sales.items() if row["credit_conversion_id"] == sale}


def new_lead(world: World) -> set[str]:
    person = f"p{world.rng.randrange(30)}"
    world.lead(person)
    return world.of(person)


CHANGES = (new_touch, late_touch, merge, split, erasure, refund, revalued, unknown_value,
           consent_withdrawn, two_consents_withdrawn, touches_exchanged, joins_the_group,
           new_lead, another_role)  # fmt: skip


def rebuilt() -> tuple[set[str], list[Any]]:
    """The conversions that were found affected, and conversion_touches after it."""
    build(MODELS, command="run")
    with connect("test") as con:
        affected = con.execute("select conversion_id from ops.int_attribution__affected")
        return ({key for (key,) in affected.fetchall()},
                con.execute("from marts.conversion_touches order by all").fetchall())  # fmt: skip


@pytest.fixture(scope="module")
def world(module_home: Path, warehouse_with: Callable[..., None]) -> World:
    print(f"seed {SEED}")
    world = World(random.Random(SEED))
    world.store(warehouse_with)
    with connect("test") as con:
        con.execute("create view marts.int_attribution__weights as select 1 as of_an_older_version")
    build(SEEDS, command="seed")
    with connect("test set-up") as con:
        con.execute("update rules.conversion_types set credited_by = 'role' "
                    "where conversion_type = 'closed_won'")  # fmt: skip
    affected, rows = rebuilt()
    assert affected == set(world.sales)
    assert len(rows) > len(affected)
    return world


@pytest.mark.parametrize("day", range(8))
def test_a_day_credits_anew_what_it_concerns_as_a_full_refresh_does(
    day: int, world: World, warehouse_with: Callable[..., None]
) -> None:
    """Days of one or two changes; every kind of change comes, and one day nothing does."""
    kinds = [] if day == 7 else CHANGES[day::7]
    concerned = set().union(*(change(world) for change in kinds))
    world.store(warehouse_with)
    affected, rows = rebuilt()
    assert affected <= concerned
    with connect("test") as con:
        con.execute("alter table marts.conversion_touches rename to kept_touches")
    everything, fresh = rebuilt()
    assert everything == set(world.sales)
    assert rows == fresh
    with connect("test") as con:
        con.execute("drop table marts.conversion_touches")
        con.execute("alter table marts.kept_touches rename to conversion_touches")


def test_other_rules_credit_everything_anew(world: World) -> None:
    with connect("test") as con:
        con.execute("update rules.attribution_models set other_weight = 0.3 "
                    "where model = 'u_shaped'")  # fmt: skip
    affected, rows = rebuilt()
    assert affected == set(world.sales)
    assert rebuilt() == (set(), rows)


def test_views_of_an_older_version_are_gone(world: World) -> None:
    with connect("test", read_only=True) as con:
        views = con.execute("select view_name from duckdb_views() where schema_name = 'marts'")
        names = {name for (name,) in views.fetchall()}
    assert "int_attribution__eligible_touches" in names
    assert "int_attribution__weights" not in names
