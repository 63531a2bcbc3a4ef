"""HubSpot staging: the portal's zone, lists in one cell, epochs, links and subscriptions."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
     "Country/Region": "France", "Loyalty ID": "L-1"},
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
        },
    )


@pytest.fixture(scope="module")
def contacts(table: Table) -> dict[str, dict[str, Any]]:
    return {row["hubspot_contact_id"]: row for row in table("stg_hubspot__contacts")}


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
