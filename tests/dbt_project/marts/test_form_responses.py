"""A form fill and the campaign response that it led to are one touch, with both records kept."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from attribution.explain import explain
from tests.dbt_project.marts.conftest import MODELS, SEEDS, UPSTREAM
from warehouse.connection import connect
from warehouse.dbt import build

SEED = 20261109
DAY = datetime(2026, 3, 10)
HOUR = timedelta(hours=1)
EXPO, GUIDE = "Event_SMB_Q1-2026_Expo", "Content_SMB_Q1-2026_Guide"
CAMPAIGNS = {"701": EXPO, "702": "event smb q12026 expo", "703": GUIDE}
REGISTRATION = "form of the expo"  # form_campaigns: from 2026-02-01 to 2026-04-01
APART = timedelta(hours=36)


class World:
    """Form fills and responses: upstream rows, and what was put in for the oracle."""

    def __init__(self) -> None:
        self.fills: dict[str, tuple[str, datetime, set[str]]] = {}
        self.responses: dict[str, tuple[str, datetime, str]] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in UPSTREAM}

    def person_of(self, source: str, kind: str, record: str, person: str) -> None:
        self.tables["identity.person_records"].append(
            {"source": source, "record_type": kind, "record_id": record, "person_id": person}
        )

    def fill(
        self, key: str, person: str | None, at: datetime, campaign: str = "", form: str = "a form"
    ) -> None:
        tagged = f"?utm_source=hubspot&utm_medium=email&utm_campaign={quote(campaign)}"
        self.tables["staging.stg_hubspot__form_submissions"].append({
            "hubspot_form_submission_id": key, "form_id": form, "submitted_at": at,
            "page_url": "https://shop.example/register" + (tagged if campaign else ""),
        })  # fmt: skip
        if person:
            self.person_of("hubspot", "form_submission", key, person)
            named = {GUIDE if campaign == GUIDE else EXPO} if campaign else set()
            self.fills[key] = (person, at, named | ({EXPO} if form == REGISTRATION else set()))

    def response(self, key: str, person: str, on: date, campaign_id: str = "701") -> None:
        self.tables["staging.stg_salesforce__campaign_members"].append({
            "salesforce_campaign_member_id": key, "salesforce_campaign_id": campaign_id,
            "salesforce_contact_id": f"contact {key}", "has_responded": True,
            "first_responded_date": on, "created_at": datetime(2026, 6, 1),
        })  # fmt: skip
        self.person_of("salesforce", "contact", f"contact {key}", person)
        noon = datetime(on.year, on.month, on.day, 12)
        self.responses[key] = (person, noon, GUIDE if campaign_id == "703" else EXPO)


def named_cases(world: World) -> None:
    day = DAY.date()
    world.fill("twice: first", "twice", DAY + 9 * HOUR, EXPO)
    world.fill("twice: second", "twice", DAY + 10 * HOUR, EXPO)
    world.response("twice", "twice", day)
    world.fill("nearest: day before", "nearest", DAY - HOUR, EXPO)
    world.fill("nearest: same day", "nearest", DAY + 20 * HOUR, EXPO)
    world.response("nearest", "nearest", day)
    world.fill("spelt: fill", "spelt", DAY, "EVENT SMB Q1-2026 expo")
    world.response("spelt", "spelt", day, "702")
    world.fill("registered: fill", "registered", DAY, form=REGISTRATION)
    world.response("registered", "registered", day)
    world.fill("untagged: fill", "untagged", DAY)
    world.response("untagged", "untagged", day)
    world.fill("other campaign", "other", DAY, GUIDE)
    world.response("other", "other", day)
    world.fill("somebody", "somebody", DAY, EXPO)
    world.response("somebody else", "somebody else", day)
    world.fill("nobody", None, DAY, EXPO)
    # 36 hours around noon: from midnight before the day before to midnight after the day after.
    second = timedelta(seconds=1)
    offsets = {"early": -24 * HOUR, "too early": -24 * HOUR - second,
               "late": 48 * HOUR, "too late": 48 * HOUR + second}  # fmt: skip
    for name, offset in offsets.items():
        world.fill(f"{name}: fill", name, DAY + offset, EXPO)
        world.response(name, name, day)
    world.fill("two: first", "two", DAY + HOUR, EXPO)
    world.fill("two: second", "two", DAY + 2 * HOUR, EXPO)
    world.response("two: lead's", "two", day)
    world.response("two: contact's", "two", day, "702")
    world.response("two: day after", "two", day + timedelta(days=1))


def random_cases(world: World) -> None:
    rng = random.Random(SEED)
    for number in range(120):
        person = f"r{number}"
        for i in range(rng.randint(0, 5)):
            at = DAY + timedelta(seconds=rng.randint(0, 6 * 86400))
            campaign = rng.choice(["", EXPO, GUIDE])
            form = rng.choice(["a form", REGISTRATION])
            world.fill(f"{person} fill {i}", person, at, campaign, form)
        for i in range(rng.randint(0, 4)):
            on = (DAY + timedelta(days=rng.randint(0, 6))).date()
            world.response(f"{person} response {i}", person, on, rng.choice(list(CAMPAIGNS)))


def pairs(world: World, ids: dict[str, str]) -> dict[str, str]:
    """{response: fill} by a plain loop: the best pair there is, then the best of what is left."""
    possible = []
    for response, (person, noon, campaign) in world.responses.items():
        for fill, (filler, at, campaigns) in world.fills.items():
            if filler == person and campaign in campaigns and abs(at - noon) <= APART:
                days = abs((at.date() - noon.date()).days)
                possible.append((days, at, noon, ids[fill], ids[response], response, fill))
    found: dict[str, str] = {}
    for *_, response, fill in sorted(possible):
        if response not in found and fill not in found.values():
            found[response] = fill
    return found


@pytest.fixture(scope="module")
def world(module_home: Path, warehouse_with: Any) -> World:
    print(f"seed {SEED}")
    world = World()
    named_cases(world)
    random_cases(world)
    world.tables["staging.stg_salesforce__campaigns"] = [
        {"salesforce_campaign_id": key, "campaign_name": name, "campaign_type": "Conference"}
        for key, name in CAMPAIGNS.items()
    ]
    world.tables["staging.stg_salesforce__opportunities"] = [{
        "salesforce_opportunity_id": "006", "salesforce_contact_id": "contact twice",
        "opportunity_type": "New", "currency": "USD", "amount_local": "90", "is_won": False,
        "is_closed": False, "created_at": DAY + timedelta(days=30),
    }]  # fmt: skip
    people = {person for person, *_ in (*world.fills.values(), *world.responses.values())}
    world.tables["marts.dim_people"] = [{"person_id": person} for person in people]
    warehouse_with({name: (cols, world.tables[name]) for name, cols in UPSTREAM.items()})
    build(SEEDS)
    with connect("test set-up") as con:
        con.execute(
            "insert into rules.form_campaigns values (?, ?, '2026-02-01', '2026-04-01', null)",
            [REGISTRATION, EXPO],
        )
    build(MODELS, vars={"as_of": "2026-06-30 00:00:00"})
    return world


@pytest.fixture(scope="module")
def ids(world: World, query: Any) -> dict[str, str]:
    """touch_id by the record it was made of."""
    return {
        row["source_record_id"]: row["touch_id"] for row in query("from marts.int_touches__records")
    }


@pytest.fixture(scope="module")
def found(world: World, ids: dict[str, str], query: Any) -> dict[str, str]:
    """{response: fill}, by record."""
    records = {touch: record for record, touch in ids.items()}
    rows = query("from marts.int_touches__channels where duplicate_of is not null")
    assert {row["touch_type"] for row in rows} == {"campaign_response"}
    return {row["source_record_id"]: records[row["duplicate_of"]] for row in rows}


def test_pairs_are_those_of_a_plain_loop(
    world: World, ids: dict[str, str], found: dict[str, str]
) -> None:
    expected = pairs(world, ids)
    assert len(expected) > 60
    several = Counter(world.responses[response][0] for response in expected)
    assert max(several.values()) > 1
    assert found == expected


@pytest.mark.parametrize(
    ("response", "fill"),
    [
        ("twice", "twice: first"),
        ("nearest", "nearest: same day"),
        ("spelt", "spelt: fill"),
        ("registered", "registered: fill"),
        ("early", "early: fill"),
        ("late", "late: fill"),
        ("untagged", None),
        ("other", None),
        ("somebody else", None),
        ("too early", None),
        ("too late", None),
        ("two: day after", None),
    ],
)
def test_which_fill_a_response_came_from(
    response: str, fill: str | None, found: dict[str, str]
) -> None:
    assert found.get(response) == fill


def test_two_records_of_two_fills_pair_one_to_one(found: dict[str, str]) -> None:
    assert {found["two: lead's"], found["two: contact's"]} == {"two: first", "two: second"}


def test_one_touch_at_the_moment_of_the_fill_with_both_records_kept(
    world: World, ids: dict[str, str], query: Any
) -> None:
    touches = {row["touch_id"]: row for row in query("from marts.fct_touches")}
    assert ids["twice"] not in touches
    one = touches[ids["twice: first"]]
    assert (one["touched_at"], one["touch_type"]) == (DAY + 9 * HOUR, "form_fill")
    assert (one["record_count"], one["utm_campaign"]) == (2, EXPO)
    assert touches[ids["twice: second"]]["record_count"] == 1
    kept = query("select count(*) as records from marts.int_touches__channels")
    assert kept == [{"records": sum(row["record_count"] for row in touches.values())}]


def test_explain_says_what_the_response_duplicates(world: World, ids: dict[str, str]) -> None:
    with connect("test", read_only=True) as con:
        told = explain(con, "opportunity_created:006")
    (response,) = (row for row in told["eligibility"] if row["touch_id"] == ids["twice"])
    assert response["reason"] == f"a duplicate of {ids['twice: first']}"
    assert [row["touch_id"] for row in told["journey"]] == [
        ids["twice: first"], ids["twice: second"],
    ]  # fmt: skip
