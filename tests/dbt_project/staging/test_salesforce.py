"""Salesforce staging: types, empty values, and which of several exports wins."""

import random
import string
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
ID = "00Q5g00000nDnM{}EAK"


def _lead(n: int, **fields: Any) -> dict[str, Any]:
    return {"Id": ID.format(n), "CreatedDate": "2026-03-01T10:00:00.000Z"} | fields


LEADS = [
    # Exported twice, in order.
    _lead(1, LastName="Old", SystemModstamp="2026-03-01T10:00:00.000Z", _load_id=FIRST),
    _lead(1, LastName="New", SystemModstamp="2026-03-02T10:00:00.000Z", _load_id=SECOND),
    # The newer export was loaded first.
    _lead(2, LastName="New", SystemModstamp="2026-03-02T10:00:00.000Z", _load_id=FIRST),
    _lead(2, LastName="Old", SystemModstamp="2026-03-01T10:00:00.000Z", _load_id=SECOND),
    # The same time twice: the later load, then the later line.
    _lead(3, LastName="First load", SystemModstamp="2026-03-01T10:00:00.000Z", _load_id=FIRST),
    _lead(3, LastName="Line 7", SystemModstamp="2026-03-01T10:00:00.000Z", _load_id=SECOND),
    _lead(3, LastName="Line 8", SystemModstamp="2026-03-01T10:00:00.000Z", _load_id=SECOND),
    # Deleted, converted, Latin letters, blanks, values that are not what they should be.
    _lead(
        4, LastName=" Núñez ", FirstName="Zoë", Company="Müller & Söhne", Email="Zoe@Example.test ",
        _normal_Email="zoe@example.test", Phone="0171 000", _normal_Phone=None, Country="",
        IsDeleted="true", IsConverted="perhaps", HasOptedOutOfEmail="false",
        ConvertedDate="2026-13-01", LastModifiedDate="2026-03-01T12:00:00.000+02:00",
    ),
]  # fmt: skip

# 15 characters -> 18, by hand: bit i of a place in A-Z0-5 is character i of a group in upper case.
PAIRS = {
    "00Q5g00000nDnM5": "00Q5g00000nDnM5EAK",  # 00100 is 4, E; 00000 is 0, A; 01010 is 10, K
    "0035g00000JmrFP": "0035g00000JmrFPAAZ",  # 10011 is 1 + 8 + 16 = 25, Z
    "00v5g00000AbCdE": "00v5g00000AbCdEAAV",  # 10101 is 1 + 4 + 16 = 21, V
    "7015g000000XyZa": "7015g000000XyZaAAK",
    "001000000000000": "001000000000000AAA",
    "ABCDEFGHIJKLMNO": "ABCDEFGHIJKLMNO555",  # 11111 is 31, 5
    "A00000000B0a0B0": "A00000000B0a0B0BQI",  # 1, B; 16, Q; 8, I
    "00Q5g00000nDnM5EAK": "00Q5g00000nDnM5EAK",
    "00Q5g00000nDnM": "00Q5g00000nDnM",
}
SEED = 15018


def _ids() -> list[str]:
    pick = random.Random(SEED)
    return ["".join(pick.choices(string.ascii_letters + string.digits, k=15)) for _ in range(200)]


def _id18(short: str) -> str:
    """The rule again, as binary numbers read from right to left."""
    places = string.ascii_uppercase + "012345"
    groups = (short[0:5], short[5:10], short[10:15])
    bits = ("".join("01"[c in string.ascii_uppercase] for c in reversed(g)) for g in groups)
    return short + "".join(places[int(b, 2)] for b in bits)


REPORT = [
    {"Lead ID": "00Q5g00000nDnM7", "First Name": "", "Last Name": " Núñez ",
     "Email": "Zoe@Example.test", "_normal_Email": "zoe@example.test",
     "_normal_Mobile": "+436641234567", "Company / Account": "Müller & Söhne",
     "Create Date": "3/1/2026", "Email Opt Out": "1", "Lead Status": "Open", "_load_id": SECOND},
    {"Lead ID": "00Q5g00000nDnM7", "Last Name": "Older", "_load_id": FIRST},
    {"Lead ID": "00Q5g00000nDnm7", "Last Name": "Another", "Create Date": "31.12.2025",
     "Email Opt Out": "0"},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    return stage(
        "salesforce",
        {
            "leads": LEADS,
            "contacts": [
                {"Id": "003A", "AccountId": "001A", "MailingCountry": "Österreich",
                 "_normal_MobilePhone": "+436641234567", "HasOptedOutOfEmail": "true"},
            ],
            "accounts": [
                {"Id": "001A", "Name": "Ångström AB", "AnnualRevenue": "1.39E8",
                 "NumberOfEmployees": "1200", "SystemModstamp": "2026-03-01T10:00:00.000Z"},
                {"Id": "001B", "AnnualRevenue": "1.390.000", "NumberOfEmployees": "many"},
            ],
            "opportunities": [
                {"Id": "006A", "Amount": "90071992547409.93", "CurrencyIsoCode": "eur",
                 "Probability": "75", "CloseDate": "2026-03-04", "IsWon": "true"},
                {"Id": "006B", "Amount": "-0.1", "Original_Opportunity__c": "006A"},
                {"Id": "006C", "Amount": "1.204,50", "Probability": "", "CloseDate": "4.3.2026"},
            ],
            "opportunity_contact_roles": [
                {"Id": "00KA", "OpportunityId": "006A", "ContactId": "003A", "IsPrimary": "true"},
            ],
            "campaigns": [
                {"Id": "701A", "BudgetedCost": "1000.10", "ActualCost": "", "IsActive": "true",
                 "StartDate": "2026-03-01", "EndDate": "2026-03-31"},
            ],
            "campaign_members": [
                {"Id": "00vA", "CampaignId": "701A", "LeadId": "00QA", "ContactId": "003A",
                 "HasResponded": "true", "FirstRespondedDate": "2026-03-04"},
            ],
            "tasks": [
                {"Id": "00TA", "WhoId": "003A", "Status": "Open", "_load_id": FIRST},
                {"Id": "00TA", "WhoId": "003A", "Status": "Completed", "_load_id": SECOND,
                 "CompletedDateTime": "2026-03-04T08:00:00.000Z", "ActivityDate": "2026-03-03"},
            ],
            "lead_report": REPORT + [{"Lead ID": key} for key in (*PAIRS, *_ids())],
            "opportunity_history": [
                {"Id": "008A", "OpportunityId": "006A", "StageName": "Proposal",
                 "Amount": "90071992547409.93", "ExpectedRevenue": "0.1", "PrevAmount": "1.204,50",
                 "Probability": "50", "CurrencyIsoCode": "eur", "CloseDate": "2026-06-30",
                 "PrevCloseDate": "", "CreatedDate": "2026-03-24T04:21:51.000Z"},
            ],
            "users": [
                {"Id": "005A", "Name": " Inès Moreau ", "Email": "Ines@acme.example",
                 "_normal_Email": "ines@acme.example", "IsActive": "true", "ManagerId": "",
                 "SystemModstamp": "2026-02-01T09:30:00.000Z", "_load_id": FIRST},
                {"Id": "005A", "Name": "Older", "IsActive": "false",
                 "SystemModstamp": "2026-01-01T09:30:00.000Z", "_load_id": SECOND},
            ],
            "events": [
                {"Id": "00UA", "WhoId": "003A", "IsAllDayEvent": "false", "IsChild": "false",
                 "ActivityDate": "2026-03-05", "StartDateTime": "2026-03-05T14:00:00.000Z",
                 "EndDateTime": "2026-03-05T14:45:00.000Z", "DurationInMinutes": "45"},
                {"Id": "00UB", "WhoId": "", "IsAllDayEvent": "true", "DurationInMinutes": "1440",
                 "ActivityDate": "2026-03-10", "StartDateTime": "2026-03-10T00:00:00.000Z",
                 "EndDateTime": "2026-03-10T00:00:00.000Z", "IsChild": "true"},
            ],
        },
    )  # fmt: skip


def test_the_newest_row_of_a_lead_wins_in_any_load_order(table: Table) -> None:
    last_names = [row["last_name"] for row in table("stg_salesforce__leads")]
    assert last_names == ["New", "New", "Line 8", "Núñez"]


def test_a_lead_is_typed_and_what_does_not_parse_is_null(table: Table) -> None:
    lead = table("stg_salesforce__leads")[-1]
    expected = {
        "first_name": "Zoë",
        "company_name": "Müller & Söhne",
        "email": "zoe@example.test",
        "phone": None,
        "country": None,
        "is_deleted": True,
        "is_converted": None,
        "has_opted_out_of_email": False,
        "converted_date": None,
        "created_at": datetime(2026, 3, 1, 10),
        "updated_at": datetime(2026, 3, 1, 10),
        "_line": 9,
    }
    assert {name: lead[name] for name in expected} == expected


def test_amounts_are_exact_to_the_cent_and_never_guessed(table: Table) -> None:
    first, refund, german = table("stg_salesforce__opportunities")
    assert first["amount_local"] == Decimal("90071992547409.93")  # not exact as a double
    assert (first["currency"], first["probability"], first["is_won"]) == ("EUR", 75.0, True)
    assert refund["amount_local"] == Decimal("-0.10")
    assert refund["original_opportunity_id"] == "006A"
    assert (german["amount_local"], german["probability"], german["close_date"]) == (None,) * 3


def test_account_figures_are_read_in_either_notation(table: Table) -> None:
    first, second = table("stg_salesforce__accounts")
    assert (first["annual_revenue_local"], first["employee_count"]) == (139_000_000.0, 1200)
    assert (second["annual_revenue_local"], second["employee_count"]) == (None, None)
    assert first["account_name"] == "Ångström AB"


def test_contacts_roles_and_members_keep_both_ends(table: Table) -> None:
    (contact,) = table("stg_salesforce__contacts")
    assert (contact["salesforce_account_id"], contact["country"]) == ("001A", "Österreich")
    assert contact["mobile_phone"] == "+436641234567"
    assert contact["has_opted_out_of_email"] is True
    (role,) = table("stg_salesforce__opportunity_contact_roles")
    assert (role["salesforce_opportunity_id"], role["is_primary"]) == ("006A", True)
    (member,) = table("stg_salesforce__campaign_members")
    assert (member["salesforce_lead_id"], member["salesforce_contact_id"]) == ("00QA", "003A")
    assert member["first_responded_date"] == date(2026, 3, 4)


def test_campaign_costs_and_dates_are_typed(table: Table) -> None:
    (campaign,) = table("stg_salesforce__campaigns")
    assert (campaign["budgeted_cost_local"], campaign["actual_cost_local"]) == (
        Decimal("1000.10"),
        None,
    )
    assert (campaign["start_date"], campaign["end_date"]) == (date(2026, 3, 1), date(2026, 3, 31))


def test_a_task_without_a_modified_time_comes_from_the_last_load(table: Table) -> None:
    (task,) = table("stg_salesforce__tasks")
    assert (task["status"], task["_load_id"]) == ("Completed", SECOND)
    assert task["completed_at"] == datetime(2026, 3, 4, 8)


def test_a_change_of_an_opportunity_is_exact(table: Table) -> None:
    (change,) = table("stg_salesforce__opportunity_history")
    assert (change["stage"], change["probability"], change["currency"]) == ("Proposal", 50.0, "EUR")
    assert change["amount_local"] == Decimal("90071992547409.93")
    assert change["expected_revenue_local"] == Decimal("0.10")
    assert (change["previous_amount_local"], change["previous_close_date"]) == (None, None)
    assert change["close_date"] == date(2026, 6, 30)
    assert change["changed_at"] == datetime(2026, 3, 24, 4, 21, 51)


def test_the_newest_row_of_a_user_wins(table: Table) -> None:
    (user,) = table("stg_salesforce__users")
    assert (user["full_name"], user["email"], user["is_active"], user["manager_id"]) == (
        "Inès Moreau",
        "ines@acme.example",
        True,
        None,
    )


def test_an_event_of_a_whole_day_has_no_time(table: Table) -> None:
    meeting, fair = table("stg_salesforce__events")
    times = ("event_date", "starts_at", "ends_at", "duration_minutes", "is_child")
    assert [meeting[name] for name in times] == [
        date(2026, 3, 5), datetime(2026, 3, 5, 14), datetime(2026, 3, 5, 14, 45), 45, False,
    ]  # fmt: skip
    assert [fair[name] for name in times] == [date(2026, 3, 10), None, None, 1440, True]
    assert (meeting["who_id"], fair["who_id"]) == ("003A", None)


def test_report_ids_get_their_three_characters(table: Table) -> None:
    found = {row["salesforce_lead_id"] for row in table("stg_salesforce__lead_report")}
    assert set(PAIRS.values()) <= found
    expected = {_id18(short) for short in _ids()}
    assert len(expected) == 200
    assert expected <= found, f"seed {SEED}"
    assert len(found) == 2 + len(set(PAIRS.values())) + 200


def test_a_report_is_read_in_the_format_of_the_user(table: Table) -> None:
    rows = {row["salesforce_lead_id"]: row for row in table("stg_salesforce__lead_report")}
    first, second = rows["00Q5g00000nDnM7EAK"], rows["00Q5g00000nDnm7EAC"]
    expected = {
        "first_name": None, "last_name": "Núñez", "email": "zoe@example.test", "phone": None,
        "mobile_phone": "+436641234567", "company_name": "Müller & Söhne", "status": "Open",
        "created_date": date(2026, 3, 1), "has_opted_out_of_email": True,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["created_date"], second["has_opted_out_of_email"]) == (None, False)
    assert second["last_name"] == "Another"
