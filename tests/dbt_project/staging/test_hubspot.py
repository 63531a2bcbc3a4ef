"""HubSpot staging: the portal's zone, lists in one cell, epochs, links and subscriptions."""

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

Table = Callable[[str], list[dict[str, Any]]]

SEED = 20260308
ZONE = ZoneInfo("America/New_York")
FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
SENT = "1427997766000"


def _walls() -> list[datetime]:
    """Times of day over two years that the zone's clocks show exactly once."""
    pick = random.Random(SEED)
    drawn = [
        datetime(2025, 1, 1) + timedelta(minutes=pick.randrange(1_051_200)) for _ in range(200)
    ]
    return [
        w for w in drawn if len({w.replace(tzinfo=ZONE, fold=f).utcoffset() for f in (0, 1)}) == 1
    ]


WALLS = _walls()

CONTACTS = [
    {"Record ID": "1", "First Name": "Gaëlle", "Last Name": "Perrin",
     "Email": "G.Perrin@example.test", "_normal_Email": "g.perrin@example.test",
     "_normal_Additional email addresses": "gp@old.example.test;g.p@example.test",
     "Lifecycle Stage": "Marketing Qualified Lead", "Create Date": "2026-03-08 02:30",
     "Merged record IDs": "76340251; 46897301;", "_normal_Phone Number": "+33612345678",
     "Country/Region": "France", "Loyalty ID": "L-1", "Street Address": " 5 rue Nord ",
     "City": "Lille", "Postal Code": "59000"},
    {"Record ID": "2", "Create Date": "2026-11-01 01:30", "Lifecycle Stage": "Lead",
     "First Name": "", "Merged record IDs": ""},
    {"Record ID": "3", "Create Date": "08/03/2026 14:02", "Lifecycle Stage": "Ex-Customer (lost)"},
    {"Record ID": "4", "Last Name": "First export", "_load_id": FIRST},
    {"Record ID": "4", "Last Name": "Second export", "_load_id": SECOND},
]  # fmt: skip
EVENTS = [
    {"id": "click", "created": SENT, "type": "CLICK", "_normal_recipient": "g.perrin@example.test",
     "emailCampaignId": "75310262", "sentBy.id": "sent",
     "url": "https://ex.test/?utm_source=hs_email&utm_medium=email&utm_campaign=a%20b+c%2B"},
    {"id": "click", "created": SENT, "type": "CLICK", "_load_id": SECOND},
    {"id": "click", "created": "1427997766001", "type": "CLICK"},
    {"id": "sent", "created": "1427997700000", "type": "SENT", "url": ""},
]  # fmt: skip


def _change(at: str, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    row = {"timestamp": at, "_normal_recipient": "g.perrin@example.test"}
    return row | {"changes": json.dumps(changes)} | fields


def _item(change: str, kind: str = "SUBSCRIPTION_STATUS", **fields: Any) -> dict[str, Any]:
    return {"change": change, "changeType": kind, "source": "SOURCE_RECIPIENT"} | fields


CHANGES = [
    _change(
        SENT,
        _item("SUBSCRIBED", subscriptionId=2849),
        _item("SUBSCRIBED", subscriptionId=230318),
        _item("SUBSCRIBED", "PORTAL_STATUS"),
    ),
    _change(SENT, _item("SUBSCRIBED", subscriptionId=2849), _load_id=SECOND),
    _change("1427997766001", _item("UNSUBSCRIBED", subscriptionId=2849)),
    _change("1427997766002", _item("BOUNCED", "PORTAL_BOUNCE")),
    _change("1427997766003", _item("PENDING", subscriptionId=2849)),
    _change("1427997766004", _item("SOMETHING_NEW", timestamp=1427997766005)),
    _change("1427997766006"),
    *(
        _change("1427997766008", _item("UNSUBSCRIBED"), _normal_recipient=None, recipient=name)
        for name in ("No address", "Nor this")
    ),
    _change("1427997766007", changes="not JSON"),
]

COMPANIES = [
    {"Record ID": "9001", "Company name": " Ångström AB ",
     "Lifecycle Stage": "Sales Qualified Lead", "_normal_Company Domain Name": "angstrom.example",
     "Create Date": "2026-01-15 09:05", "Number of Employees": "1200",
     "Annual Revenue": "4500000.50"},
    {"Record ID": "9002", "Number of Employees": "1.200", "Annual Revenue": "4.500"},
]  # fmt: skip
DEALS = [
    {"Record ID": "7001", "Amount": "90071992547409.93", "Currency": "eur",
     "Deal Stage": "Closed Won", "Close Date": "2026-03-28 23:30",
     "Associated Contact IDs": "1; 2;", "Associated Company IDs": "9001"},
    {"Record ID": "7002", "Amount": "1.204", "Close Date": "2026-03-29",
     "Associated Contact IDs": ""},
]  # fmt: skip
LISTS = [
    {"list_id": "13", "name": "New name", "processing_type": "DYNAMIC", "list_size": "2",
     "created_at": "2026-01-05T10:00:00.000Z", "updated_at": "2026-03-01T12:30:00.250Z",
     "_load_id": FIRST},
    {"list_id": "13", "name": "Old name", "updated_at": "2026-02-01T12:30:00.000Z",
     "_load_id": SECOND},
    {"list_id": "14", "name": "Gone", "deleted_at": "2026-01-31T23:00:00.000Z"},
]  # fmt: skip


def _member(record: str, *lists: tuple[Any, str], **fields: Any) -> dict[str, Any]:
    added = [
        {"listId": key, "listVersion": 2, "firstAddedTimestamp": at, "lastAddedTimestamp": at}
        for key, at in lists
    ]
    row = {"object_type_id": "0-1", "record_id": record, "memberships": json.dumps(added)}
    return row | fields


MEMBERSHIPS = [
    _member("1", ("13", "2026-01-06T10:00:00.5Z"), ("14", "2026-01-07T10:00:00Z"), _load_id=FIRST),
    _member("1", (13, "2026-01-06T10:00:00.5Z"), _load_id=SECOND),
    _member("2", ("13", "2026-02-01T10:00:00Z"), _load_id=FIRST),
    _member("2", _load_id=SECOND),
    _member("3", memberships="not JSON"),
    _member("1", ("15", "yesterday"), object_type_id="0-2"),
]
RETURNED = [
    {"id": "1", "_normal_email": "g.perrin@example.test", "first_name": "Gaëlle",
     "_normal_additional_emails": "gp@old.example.test;g.p@example.test",
     "lifecycle_stage": "marketingqualifiedlead", "original_source": "PAID_SEARCH",
     "first_seen": "2026-03-01T10:00:00.123Z", "merged_object_ids": "76340251;500",
     "email_optout": "true", "archived": "false", "created_at": "2026-03-08T07:30:00.000Z",
     "updated_at": "2026-03-10T08:00:00.000Z", "_load_id": FIRST},
    {"id": "1", "first_name": "Older", "updated_at": "2026-03-09T08:00:00.000Z",
     "_load_id": SECOND},
    {"id": "5", "lifecycle_stage": "1234567", "first_seen": SENT, "email_optout": "",
     "merged_object_ids": "1;500", "archived": "true", "_load_id": SECOND},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    walls = [
        {"Record ID": f"wall {n:03d}", "Create Date": f"{wall:%Y-%m-%d %H:%M}"}
        for n, wall in enumerate(WALLS)
    ]
    submissions = [
        {"conversion_id": "f1", "submitted_at": SENT, "form_id": "demo", "hutk": "cookie",
         "_normal_email": "g.perrin@example.test", "_normal_phone": "+33612345678",
         "first_name": "Gaëlle", "last_name": " Perrin", "page_url": "https://ex.test/demo?a=b"},
        {"conversion_id": "f1", "submitted_at": SENT, "form_id": "demo", "_load_id": SECOND},
        {"conversion_id": "f2", "submitted_at": "99999999999999999"},
    ]  # fmt: skip
    return stage(
        "hubspot",
        {
            "contacts": CONTACTS + walls,
            "email_events": EVENTS,
            "form_submissions": submissions,
            "subscription_changes": CHANGES,
            "companies": COMPANIES,
            "deals": DEALS,
            "lists": LISTS,
            "list_memberships": MEMBERSHIPS,
            "contacts_api": RETURNED,
        },
    )


@pytest.fixture(scope="module")
def contacts(table: Table) -> dict[str, dict[str, Any]]:
    return {row["hubspot_contact_id"]: row for row in table("stg_hubspot__contacts")}


def test_an_address_has_its_parts(contacts: dict[str, dict[str, Any]]) -> None:
    parts = ("street", "city", "postcode")
    assert [contacts["1"][part] for part in parts] == ["5 rue Nord", "Lille", "59000"]
    assert [contacts["2"][part] for part in parts] == [None] * 3


def test_a_time_that_daylight_saving_skips_counts_from_before_the_change(
    contacts: dict[str, dict[str, Any]],
) -> None:
    assert contacts["1"]["created_at"] == datetime(2026, 3, 8, 7, 30)  # 03:30 EDT


def test_a_time_that_daylight_saving_repeats_is_the_second(
    contacts: dict[str, dict[str, Any]],
) -> None:
    assert contacts["2"]["created_at"] == datetime(2026, 11, 1, 6, 30)  # EST


def test_every_other_time_is_the_portal_zones(contacts: dict[str, dict[str, Any]]) -> None:
    assert len(WALLS) > 150
    read = [contacts[f"wall {n:03d}"]["created_at"] for n in range(len(WALLS))]
    expected = [w.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None) for w in WALLS]
    assert read == expected, f"seed {SEED}"


def test_lists_in_one_cell_become_arrays(contacts: dict[str, dict[str, Any]]) -> None:
    gaelle = contacts["1"]
    assert gaelle["additional_emails"] == ["gp@old.example.test", "g.p@example.test"]
    assert gaelle["merged_contact_ids"] == ["76340251", "46897301"]
    assert contacts["2"]["additional_emails"] is None
    assert contacts["2"]["merged_contact_ids"] is None


def test_labels_become_words_and_empty_becomes_null(contacts: dict[str, dict[str, Any]]) -> None:
    stages = [contacts[n]["lifecycle_stage"] for n in ("1", "2", "3", "4")]
    assert stages == ["marketing_qualified_lead", "lead", "ex_customer_lost", None]
    assert contacts["2"]["first_name"] is None
    assert contacts["3"]["created_at"] is None
    assert contacts["1"]["first_name"] == "Gaëlle"
    assert contacts["1"]["email"] == "g.perrin@example.test"


def test_the_last_export_of_a_contact_wins(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts["4"]["last_name"] == "Second export"


def test_an_event_is_its_id_and_its_time(table: Table) -> None:
    events = table("stg_hubspot__email_events")
    assert [row["hubspot_email_event_id"] for row in events] == ["click", "click", "sent"]
    at = {row["occurred_at"]: row for row in events if row["event_type"] == "click"}
    assert sorted(at) == [
        datetime(2015, 4, 2, 18, 2, 46),
        datetime(2015, 4, 2, 18, 2, 46, 1000),
    ]
    assert at[datetime(2015, 4, 2, 18, 2, 46)]["_load_id"] == SECOND


def test_a_form_submission_carries_the_visitor(table: Table) -> None:
    first, second = table("stg_hubspot__form_submissions")
    assert (first["_load_id"], first["form_id"]) == (SECOND, "demo")
    assert second["submitted_at"] is None  # beyond what a timestamp can hold


def test_each_change_of_an_item_is_a_row(table: Table) -> None:
    rows = table("stg_hubspot__subscription_changes")
    found = sorted(
        (row["changed_at"].microsecond // 1000, row["subscription_id"] or "", row["decision"])
        for row in rows
        if row["decision"]
    )
    assert found == [
        (0, "", "granted"),
        (0, "230318", "granted"),
        (0, "2849", "granted"),
        (1, "2849", "withdrawn"),
        (2, "", "withdrawn"),
        (3, "2849", "pending"),
        (8, "", "withdrawn"),
        (8, "", "withdrawn"),
    ]
    (unknown,) = [row for row in rows if row["decision"] is None]
    assert unknown["changed_at"] == datetime(2015, 4, 2, 18, 2, 46, 5000)
    assert {row["email"] for row in rows} == {"g.perrin@example.test", "no address", "nor this"}


def test_companies_and_deals_of_the_ui(table: Table) -> None:
    first, second = table("stg_hubspot__companies")
    assert (first["company_name"], first["domain"]) == ("Ångström AB", "angstrom.example")
    assert (first["employee_count"], first["annual_revenue_local"]) == (1200, 4_500_000.5)
    assert first["lifecycle_stage"] == "sales_qualified_lead"
    assert first["created_at"] == datetime(2026, 1, 15, 14, 5)
    assert (second["employee_count"], second["annual_revenue_local"]) == (None, None)
    won, other = table("stg_hubspot__deals")
    assert (won["amount_local"], won["currency"]) == (Decimal("90071992547409.93"), "EUR")
    assert (won["close_date"], won["closes_at"]) == (
        date(2026, 3, 28),
        datetime(2026, 3, 29, 3, 30),
    )
    assert (won["hubspot_contact_ids"], won["hubspot_company_ids"]) == (["1", "2"], ["9001"])
    assert (other["amount_local"], other["hubspot_contact_ids"]) == (None, None)
    assert (other["close_date"], other["closes_at"]) == (
        date(2026, 3, 29),
        datetime(2026, 3, 29, 4),
    )


def test_the_newest_state_of_a_list_wins(table: Table) -> None:
    first, second = table("stg_hubspot__lists")
    assert (first["list_name"], first["member_count"]) == ("New name", 2)
    assert (first["processing_type"], first["deleted_at"]) == ("dynamic", None)
    assert first["updated_at"] == datetime(2026, 3, 1, 12, 30, 0, 250_000)
    assert second["deleted_at"] == datetime(2026, 1, 31, 23)


def test_a_list_that_a_record_has_left_is_deleted(table: Table) -> None:
    found = {
        (row["hubspot_list_id"], row["object_type_id"], row["hubspot_record_id"]): row
        for row in table("stg_hubspot__list_memberships")
    }
    assert {key: row["is_deleted"] for key, row in found.items()} == {
        ("13", "0-1", "1"): False,
        ("13", "0-1", "2"): True,
        ("14", "0-1", "1"): True,
        ("15", "0-2", "1"): True,
    }
    assert found["13", "0-1", "1"]["first_added_at"] == datetime(2026, 1, 6, 10, 0, 0, 500_000)
    assert found["15", "0-2", "1"]["last_added_at"] is None


def test_a_contact_of_the_api_speaks_the_words_of_the_ui(table: Table) -> None:
    first, second = table("stg_hubspot__contacts_api")
    expected = {
        "first_name": "Gaëlle", "email": "g.perrin@example.test",
        "additional_emails": ["gp@old.example.test", "g.p@example.test"],
        "lifecycle_stage": "marketing_qualified_lead", "has_opted_out_of_email": True,
        "is_archived": False, "merged_contact_ids": ["76340251", "500"],
        "first_seen_at": datetime(2026, 3, 1, 10, 0, 0, 123_000),
        "created_at": datetime(2026, 3, 8, 7, 30), "updated_at": datetime(2026, 3, 10, 8),
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert second["first_seen_at"] == datetime(2015, 4, 2, 18, 2, 46)
    assert (second["lifecycle_stage"], second["has_opted_out_of_email"]) == ("1234567", None)
    assert second["is_archived"] is True


def test_each_contact_that_was_merged_away_is_a_row(table: Table) -> None:
    found = {
        row["merged_contact_id"]: row["surviving_contact_id"]
        for row in table("stg_hubspot__contact_merges")
    }
    assert found == {"76340251": "1", "46897301": "1", "500": "5", "1": "5"}
