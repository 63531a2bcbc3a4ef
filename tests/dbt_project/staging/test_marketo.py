"""Marketo staging: the word null, both forms of attributes, merged leads."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
EXPORT = Path(__file__).parents[2] / "ingestion" / "exports" / "marketo_bulk_activities.csv"


def _activity(guid: str, kind: str, attributes: str, **fields: Any) -> dict[str, Any]:
    row = {"marketoGUID": guid, "leadId": "1", "activityDate": "2022-03-01T10:00:00Z"}
    row |= {"activityTypeId": kind, "campaignId": "null", "primaryAttributeValueId": "null"}
    return row | {"primaryAttributeValue": "null", "attributes": attributes} | fields


def _pairs(*pairs: tuple[Any, Any]) -> str:
    """Attributes as the Activities endpoint writes them."""
    return json.dumps([{"name": name, "value": value} for name, value in pairs])


ACTIVITIES = [
    _activity("pairs", "1", _pairs(
        ("Webpage URL", '/demo?utm_source=a"b'),
        ("Query Parameters", ""), ("Campaign Run ID", 7), ("Gone", None), (None, "nameless"),
    )),
    _activity("empty list", "10", "[]"),
    _activity("nothing", "99", "null"),
    _activity("broken", "11", '{"Link":'),
    _activity("merge pairs", "32", _pairs(("Merge IDs", "[20,21]"), ("Merged in Sales", True)),
              leadId="30", activityDate="2022-03-02T10:00:00Z"),
    _activity("merge later", "32", '{"Merge IDs":[30,20]}', leadId="40",
              activityDate="2022-03-03T10:00:00Z"),
    _activity("merge nobody", "32", '{"Merge IDs":[]}', leadId="50"),
    _activity("again", "11", '{"Link":"https://ex.test/old"}', _load_id=FIRST),
    _activity("again", "11", '{"Link":"https://ex.test/new"}', _load_id=SECOND,
              activityDate="2022-03-01T12:00:00+02:00"),
]  # fmt: skip
LEADS = [
    {"id": "1", "email": "A@ex.test", "_normal_email": "a@ex.test", "firstName": "null",
     "lastName": "Null", "company": " Müller & Söhne ", "unsubscribed": "true",
     "emailInvalid": "maybe", "leadScore": "42", "sfdcLeadId": "00Q5g00000nDnM5EAK",
     "createdAt": "2022-02-01T09:00:00Z", "updatedAt": "2022-02-02T09:00:00Z", "_load_id": FIRST},
    {"id": "1", "lastName": "Older", "updatedAt": "2022-02-01T09:00:00Z", "_load_id": SECOND},
    {"id": "2", "lastName": "null", "unsubscribed": "null", "leadScore": "1.200",
     "updatedAt": "null"},
]  # fmt: skip
PROGRAMS = [
    {"id": "1", "name": "Spring", "type": "Event", "channel": "Webinar", "status": "",
     "costs": '[{"startDate":"2022-01-01","cost":2000},{"cost":150.5}]',
     "created_at": "2022-01-21T22:45:13Z+0000", "updated_at": "2022-02-01T08:00:00Z+0000"},
    {"id": "2", "name": "Half known", "costs": '[{"cost":2000},{"cost":"much"}]'},
    {"id": "3", "name": "No costs", "costs": None, "created_at": "2022-01-21T22:45:13+0000"},
    {"id": "4", "name": "Not asked", "costs": "null"},
]  # fmt: skip
MEMBERS = [
    {"programId": "1", "leadId": "1", "statusName": "Registered", "reachedSuccess": "false",
     "reachedSuccessDate": "null", "membershipDate": "2022-02-01T09:00:00Z",
     "updatedAt": "2022-02-01T09:00:00Z"},
    {"programId": "1", "leadId": "1", "statusName": "Attended", "reachedSuccess": "true",
     "reachedSuccessDate": "2022-02-03T09:00:00Z", "membershipDate": "2022-02-01T09:00:00Z",
     "updatedAt": "2022-02-03T09:00:00Z", "acquiredBy": "true"},
    {"programId": "2", "leadId": "1", "statusName": "null"},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    with EXPORT.open(encoding="utf-8", newline="") as file:
        sample = [{**row, "_file": "sample"} for row in csv.DictReader(file)]
    return stage(
        "marketo",
        {
            "activities": sample + ACTIVITIES,
            "leads": LEADS,
            "programs": PROGRAMS,
            "program_members": MEMBERS,
        },
    )


@pytest.fixture(scope="module")
def activities(table: Table) -> dict[str, dict[str, Any]]:
    return {row["marketo_activity_id"]: row for row in table("stg_marketo__activities")}


def test_the_sample_gives_three_activities_and_one_merge(
    table: Table, activities: dict[str, dict[str, Any]]
) -> None:
    found = [row for row in activities.values() if row["_file"] == "sample"]
    assert [
        (row["marketo_lead_id"], row["activity_type"], row["smart_campaign_id"],
         row["primary_attribute"], row["new_status"], row["utm_source"], row["occurred_at"])
        for row in found
    ] == [
        ("5414087", "change_program_status", "8497", "MembershipTest1", "On List", None,
         datetime(2022, 2, 13, 14, 6, 20)),
        ("5414094", "click_email", None, "Invite 3", None, "mkto",
         datetime(2022, 2, 13, 14, 8, 50)),
        ("5414095", "merge_leads", None, None, None, None, datetime(2022, 2, 13, 14, 9)),
    ]  # fmt: skip
    merges = [row for row in table("stg_marketo__lead_merges") if row["_file"] == "sample"]
    assert [
        (row["merged_lead_id"], row["surviving_lead_id"], row["is_merged_in_salesforce"])
        for row in merges
    ] == [("5414087", "5414095", False)]


def test_a_list_of_names_and_values_becomes_the_same_object(
    activities: dict[str, dict[str, Any]],
) -> None:
    pairs = activities["pairs"]
    assert json.loads(pairs["attributes"]) == {
        "Webpage URL": '/demo?utm_source=a"b', "Query Parameters": "", "Campaign Run ID": 7,
        "Gone": None,
    }  # fmt: skip
    assert (pairs["url"], pairs["utm_source"]) == ('/demo?utm_source=a"b', 'a"b')
    assert activities["empty list"]["attributes"] == "{}"
    assert (activities["nothing"]["attributes"], activities["nothing"]["activity_type"]) == (
        None,
        None,
    )
    assert (activities["broken"]["attributes"], activities["broken"]["url"]) == (None, None)


def test_an_activity_that_is_exported_again_is_one_row(
    activities: dict[str, dict[str, Any]],
) -> None:
    assert len(activities) == 11
    assert activities["again"]["url"] == "https://ex.test/new"
    assert activities["again"]["occurred_at"] == datetime(2022, 3, 1, 10)


def test_each_lead_that_was_merged_away_is_a_row(table: Table) -> None:
    found = {
        row["merged_lead_id"]: (row["surviving_lead_id"], row["is_merged_in_salesforce"])
        for row in table("stg_marketo__lead_merges")
    }
    assert found == {
        "5414087": ("5414095", False),
        "21": ("30", True),
        "20": ("40", None),
        "30": ("40", None),
    }


def test_the_word_null_is_nothing_and_a_person_called_null_is_not(table: Table) -> None:
    first, second = table("stg_marketo__leads")
    expected = {
        "first_name": None, "last_name": "Null", "email": "a@ex.test", "lead_score": 42,
        "company_name": "Müller & Söhne", "is_unsubscribed": True, "is_email_invalid": None,
        "salesforce_lead_id": "00Q5g00000nDnM5EAK", "created_at": datetime(2022, 2, 1, 9),
        "updated_at": datetime(2022, 2, 2, 9),
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    nulls = ("last_name", "is_unsubscribed", "lead_score", "updated_at")
    assert [second[name] for name in nulls] == [None] * 4


def test_costs_are_summed_only_when_all_are_known(table: Table) -> None:
    programs = table("stg_marketo__programs")
    assert [row["cost_local"] for row in programs] == [Decimal("2150.50"), None, None, None]
    assert [row["created_at"] for row in programs[:3:2]] == [datetime(2022, 1, 21, 22, 45, 13)] * 2
    assert programs[0]["updated_at"] == datetime(2022, 2, 1, 8)
    assert (programs[0]["status"], programs[0]["channel"]) == (None, "Webinar")


def test_the_last_status_of_a_member_wins(table: Table) -> None:
    first, second = table("stg_marketo__program_members")
    assert (first["status"], first["has_reached_success"], first["is_acquired_by_program"]) == (
        "Attended",
        True,
        True,
    )
    assert first["reached_success_at"] == datetime(2022, 2, 3, 9)
    assert (second["marketo_program_id"], second["status"]) == ("2", None)
