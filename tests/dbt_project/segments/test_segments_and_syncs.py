"""Segments and sync models, built once from inline rows, beside an oracle in plain Python."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activation.config import load_syncs
from warehouse.connection import connect
from warehouse.dbt import build

NOW = datetime(2026, 6, 30)
Table = list[dict[str, Any]]

# person: (email, lifecycle_stage, account_id)
PEOPLE = {
    "p_granted": ("ann@acme.test", "lead", "a_acme"),
    "p_withdrawn": ("wim@acme.test", "lead", "a_acme"),
    "p_denied": ("den@acme.test", "lead", None),
    "p_pending": ("pen@acme.test", "lead", None),
    "p_absent": ("abs@acme.test", "lead", None),
    "p_mailless": (None, "lead", None),
    "p_visitor": (None, "visitor", None),
    "p_bounced": ("bounce@acme.test", "lead", None),
    "p_bounced_elsewhere": ("good@acme.test", "lead", None),
    "p_unsubscribed_elsewhere": ("second@acme.test", "lead", None),
    "p_shared_complaint": ("shared@acme.test", "lead", None),
    "p_role": ("info@acme.test", "lead", None),
    "p_agreed_elsewhere": ("work@acme.test", "lead", None),
    "p_agreed_twice": ("full@acme.test", "lead", None),
    "p_buyer": ("buy@big.test", "opportunity", "a_big"),
    "p_colleague": ("col@big.test", "lead", "a_big"),
    "p_marked": ("mark@old.test", "customer", None),
}
CONSENTS = {
    "p_withdrawn": "withdrawn",
    "p_denied": "denied",
    "p_pending": "pending",
    "p_absent": None,
    "p_visitor": None,
}
EXPECTED = {
    "p_granted": "allowed",
    "p_withdrawn": "consent_withdrawn",
    "p_denied": "consent_denied",
    "p_pending": "consent_pending",
    "p_absent": "consent_absent",
    "p_mailless": "missing_email",
    "p_bounced": "suppressed",
    "p_bounced_elsewhere": "allowed",
    "p_unsubscribed_elsewhere": "suppressed",
    "p_shared_complaint": "suppressed",
    "p_role": "role_mailbox",
    "p_agreed_elsewhere": "allowed",
    "p_agreed_twice": "allowed",
    "p_buyer": "allowed",
    "p_colleague": "allowed",
    "p_marked": "allowed",
}
# Addresses that agreed, where that is not the one of the profile alone.
AGREED = {
    "p_mailless": [],
    "p_agreed_elsewhere": ["private@home.test"],
    "p_agreed_twice": ["full@acme.test", "spare@acme.test"],
}
SUPPRESSED = [
    ("full@acme.test", "hard_bounce"),
    ("bounce@acme.test", "hard_bounce"),
    ("old@acme.test", "hard_bounce"),
    ("first@acme.test", "unsubscribe"),
    ("shared@acme.test", "complaint"),
]
IDENTIFIERS = [(email, person) for person, (email, _, _) in PEOPLE.items() if email] + [
    ("old@acme.test", "p_bounced_elsewhere"),
    ("first@acme.test", "p_unsubscribed_elsewhere"),
]


def people() -> Table:
    return [
        {"person_id": p, "email": email, "lifecycle_stage": stage, "account_id": account,
         "first_name": p[2:].title(), "country": "DE"}
        for p, (email, stage, account) in PEOPLE.items()
    ]  # fmt: skip


def consents() -> Table:
    rows = []
    for person in PEOPLE:
        status = CONSENTS.get(person, "granted")
        for purpose in ("email_marketing", "advertising"):
            # Advertising follows for one person alone, so that purposes cannot be mixed up.
            if status and (purpose == "email_marketing" or person in ("p_granted", "p_denied")):
                rows.append({"person_id": person, "purpose": purpose, "status": status,
                             "decided_at": NOW - timedelta(days=9), "source": "hubspot",
                             "evidence": "email"})  # fmt: skip
    return rows


def latest_consents() -> Table:
    return [
        {"person_id": row["person_id"], "purpose": row["purpose"], "id_type": "email",
         "id_value": email, "decision": row["status"],
         "is_granted": row["status"] == "granted", "decided_at": row["decided_at"]}
        for row in consents()
        for email in AGREED.get(row["person_id"], [PEOPLE[row["person_id"]][0]])
    ]  # fmt: skip


# person: (days before now, touch type, consented) of each touch
TOUCHES = {
    "p_granted": [(1, "form_fill", True), (2, "web_session", True), (29, "ad_click", True)],
    "p_withdrawn": [(1, "form_fill", True), (2, "web_session", True), (3, "web_session", True)],
    "p_denied": [(1, "form_fill", True), (2, "web_session", True), (30, "web_session", True)],
    "p_pending": [(1, "web_session", True), (2, "web_session", True), (3, "ad_click", True)],
    "p_absent": [(1, "form_fill", True), (2, "web_session", False), (3, "web_session", True)],
    "p_role": [(1, "form_fill", True), (2, "web_session", True), (-1, "web_session", True)],
    "p_buyer": [(1, "form_fill", True), (2, "web_session", True), (3, "web_session", True)],
}
CONVERSIONS = [
    ("closed_won", "p_buyer", "a_big", 40),
    ("closed_won", "p_buyer", "a_big", 20),
    ("closed_won", "p_absent", None, -3),
    ("opportunity_created", "p_granted", "a_acme", 5),
]
OPPORTUNITIES = [
    # id, contact on the opportunity, is_closed, is_deleted, original, close date
    ("006A", "003granted", False, False, None, date(2026, 8, 1)),
    ("006B", None, False, False, None, date(2026, 7, 15)),
    ("006C", "003denied", True, False, None, date(2026, 5, 1)),
    ("006D", "003denied", False, True, None, date(2026, 7, 1)),
    ("006E", "003denied", False, False, "006C", date(2026, 7, 1)),
]
ROLES = [("006B", "003granted", False), ("006B", "003pending", False), ("006A", "003role", True)]


def inputs() -> dict[str, tuple[str, Table]]:
    touches = [
        {"person_id": p, "touch_type": kind, "is_consented": ok, "channel": f"c{days}",
         "touched_at": NOW - timedelta(days=days)}
        for p, listed in TOUCHES.items() for days, kind, ok in listed
    ]  # fmt: skip
    return {
        "marts.dim_people": (
            "person_id varchar, account_id varchar, first_name varchar, last_name varchar, "
            "email varchar, title varchar, company_name varchar, country varchar, "
            "lifecycle_stage varchar", people()),
        "marts.dim_person_consents": (
            "person_id varchar, purpose varchar, status varchar, decided_at timestamp, "
            "source varchar, evidence varchar", consents()),
        **{
            f"marts.int_consent__{name}": (
                "person_id varchar, purpose varchar, id_type varchar, id_value varchar, "
                "decision varchar, is_granted boolean, decided_at timestamp", latest_consents())
            for name in ("decisions", "latest")
        },
        "marts.fct_touches": (
            "touch_id varchar, person_id varchar, touched_at timestamp, touch_type varchar, "
            "channel varchar, is_consented boolean", touches),
        "marts.fct_conversions": (
            "conversion_type varchar, person_id varchar, account_id varchar, "
            "converted_at timestamp",
            [{"conversion_type": t, "person_id": p, "account_id": a,
              "converted_at": NOW - timedelta(days=d)} for t, p, a, d in CONVERSIONS]),
        "staging.stg_suppression__suppressions": (
            "email varchar, suppression_type varchar",
            [{"email": e, "suppression_type": t} for e, t in SUPPRESSED]),
        "staging.stg_salesforce__opportunities": (
            "salesforce_opportunity_id varchar, salesforce_contact_id varchar, is_closed boolean, "
            "is_deleted boolean, original_opportunity_id varchar, close_date date, "
            "created_at timestamp",
            [dict(zip(("salesforce_opportunity_id", "salesforce_contact_id", "is_closed",
                       "is_deleted", "original_opportunity_id", "close_date"), row, strict=True))
             | {"created_at": NOW} for row in OPPORTUNITIES]),
        "staging.stg_salesforce__opportunity_contact_roles": (
            "salesforce_opportunity_id varchar, salesforce_contact_id varchar, is_deleted boolean",
            [{"salesforce_opportunity_id": o, "salesforce_contact_id": c, "is_deleted": d}
             for o, c, d in ROLES]),
        "identity.identifiers": (
            "id_type varchar, id_value varchar, person_id varchar",
            [{"id_type": "email", "id_value": e, "person_id": p} for e, p in IDENTIFIERS
             if e != "shared@acme.test"]),
        "identity.person_records": (
            "source varchar, record_type varchar, record_id varchar, person_id varchar",
            [{"source": "salesforce", "record_type": "contact", "record_id": f"003{p[2:]}",
              "person_id": p} for p in PEOPLE]),
    }  # fmt: skip


@pytest.fixture(scope="module")
def built(module_home: Path, warehouse_with: Callable[..., None]) -> Callable[[str], Table]:
    """Seeds, segments and syncs over the inputs above; returns a reader of tables."""
    warehouse_with(inputs())
    seeds = "segment_thresholds consent_purposes consent_suppressions identity_role_mailboxes"
    clock = {"as_of": str(NOW)}
    build(seeds, vars=clock, command="seed")
    build("models/segments models/sync", vars=clock, command="run")
    tests = build("models/segments models/sync", vars=clock, command="test")
    assert len(tests.of("pass")) > 12

    def read(table: str) -> Table:
        with connect("test") as con:
            rows: Table = con.execute(f"select * from {table}").to_arrow_table().to_pylist()
            return rows

    return read


def reasons(rows: Table) -> dict[str, str]:
    return {row["record_key"]: row["reason"] for row in rows}


def test_everybody_who_could_be_written_to_is_there_with_one_reason(
    built: Callable[[str], Table],
) -> None:
    rows = built("sync.sync_csv_file__newsletter_audience")
    assert reasons(rows) == EXPECTED
    assert {r["record_key"] for r in rows if r["is_allowed"]} == {
        p for p, reason in EXPECTED.items() if reason == "allowed"
    }
    granted = next(r for r in rows if r["record_key"] == "p_granted")
    assert granted["email"] == "ann@acme.test"
    assert granted["subscribed_at"] == NOW - timedelta(days=9)


def test_mail_goes_to_an_address_that_agreed_and_takes_mail(built: Callable[[str], Table]) -> None:
    rows = {r["record_key"]: r for r in built("sync.sync_csv_file__newsletter_audience")}
    assert rows["p_agreed_elsewhere"]["email"] == "private@home.test"
    assert rows["p_agreed_twice"]["email"] == "spare@acme.test"
    assert rows["p_mailless"]["email"] is None


def test_the_newsletter_segment_is_consent_alone(built: Callable[[str], Table]) -> None:
    found = {row["person_id"] for row in built("segments.newsletter_audience")}
    assert found == {p for p in PEOPLE if CONSENTS.get(p, "granted") == "granted"}


def test_customers_by_win_account_or_stage(built: Callable[[str], Table]) -> None:
    found = {
        r["person_id"]: (r["customer_rule"], r["won_count"], r["first_won_at"])
        for r in built("segments.customers")
    }
    first = NOW - timedelta(days=40)
    assert found == {
        "p_buyer": ("won_opportunity", 2, first),
        "p_colleague": ("account_won", 2, first),
        "p_marked": ("lifecycle_stage", 0, None),
    }


def test_high_intent_is_recent_consented_and_no_customer(built: Callable[[str], Table]) -> None:
    expected = {}
    for person, listed in TOUCHES.items():
        counted = [t for t in listed if t[2] and 0 <= t[0] < 30]
        forms = sum(kind == "form_fill" for _, kind, _ in counted)
        if len(counted) >= 3 and forms >= 1 and person != "p_buyer":
            expected[person] = (len(counted), forms, f"c{min(t[0] for t in counted)}")
    assert expected.keys() == {"p_granted", "p_withdrawn"}
    found = {
        r["person_id"]: (r["touch_count"], r["form_fill_count"], r["last_channel"])
        for r in built("segments.high_intent_leads")
    }
    assert found == expected
    assert reasons(built("sync.sync_webhook__high_intent_leads")) == {
        "p_granted": "allowed",
        "p_withdrawn": "consent_withdrawn",
    }


def test_contacts_of_open_opportunities_are_hashed_and_need_their_own_purpose(
    built: Callable[[str], Table],
) -> None:
    rows = built("sync.sync_parquet_file__open_opportunity_contacts")
    assert reasons(rows) == {"p_granted": "allowed", "p_pending": "consent_absent"}
    granted = next(r for r in rows if r["record_key"] == "p_granted")
    assert granted["email_sha256"] == hashlib.sha256(b"ann@acme.test").hexdigest()
    assert (granted["open_opportunity_count"], granted["next_close_date"]) == (2, date(2026, 7, 15))
    assert "email" not in granted


def test_syncs_yml_can_plan_every_model(built: Callable[[str], Table]) -> None:
    from activation.plan import plan

    allowed = {
        name: plan(sync, "run", str(NOW), store=False).allowed
        for name, sync in load_syncs().items()
    }
    assert allowed == {
        "newsletter_audience": 7,
        "high_intent_leads": 1,
        "open_opportunity_contacts": 1,
    }
