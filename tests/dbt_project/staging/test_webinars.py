"""Webinar staging: the account's zone, people who rejoin, reports that are exported again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
START = "03/12/2026 11:00:05 AM"


def _attendee(email: str, join: str, start: str = START, **fields: str) -> dict[str, Any]:
    row = {"Webinar ID": "847 5984 1045", "Topic": 'Pipelines, ""live""', "Email": email,
           "_normal_Email": email, "Attended": "Yes", "Join Time": join,
           "Actual Start Time": start}  # fmt: skip
    return row | fields


ATTENDEES = [
    _attendee("a@x.test", "03/12/2026 10:58:30 AM", **{"Time in Session (minutes)": "22",
              "Leave Time": "03/12/2026 11:20:00 AM", "Approval Status": "Approved",
              "Country/Region Name": "Spain", "Registration Time": "Mar 8, 2026 02:30:00"}),
    _attendee("a@x.test", "03/12/2026 11:25:00 AM"),
    _attendee("a@x.test", "03/12/2026 11:25:00 AM"),
    _attendee("b@x.test", "--", Attended="No", **{"Leave Time": "--", "Approval Status": "--",
              "Time in Session (minutes)": "--", "Country/Region Name": ""}),
    # The next session of the series: reported once while it ran, then whole.
    _attendee("a@x.test", "--", "Nov 2, 2026 10:00 AM", Attended="No", _load_id=FIRST),
    _attendee("a@x.test", "Nov 2, 2026 09:59:00", "Nov 2, 2026 10:00 AM", _load_id=SECOND),
    _attendee("No Address", "12/03/26", Attended="maybe", **{"_normal_Email": None,
              "Actual Start Time": "Dec 1, 2026 09:00", "Time in Session (minutes)": "1,200"}),
]  # fmt: skip
REGISTRANTS = [
    {"Webinar ID": "847 5984 1045", "Email": "a@x.test", "_normal_Email": "a@x.test",
     "Scheduled Time": "Mar 12, 2026 11:00 AM", "Registration Time": "Mar 1, 2026 09:00:00",
     "Approval Status": "pending", "Attendance Type": "--", "Source Name": "LinkedIn"},
    {"Webinar ID": "847 5984 1045", "Email": "a@x.test", "_normal_Email": "a@x.test",
     "Scheduled Time": "Mar 12, 2026 11:00 AM", "Registration Time": "Mar 1, 2026 09:00:00",
     "Approval Status": "approved", "Attendance Type": "Virtually", "_load_id": SECOND},
    {"Webinar ID": "84759841046", "Email": "a@x.test", "_normal_Email": "a@x.test"},
]  # fmt: skip
ON24 = [
    {"eventid": "1", "eventuserid": "7", "_normal_email": "a@x.test", "userstatus": "Active",
     "liveminutes": "40", "archiveminutes": "0", "engagementscore": "8.5",
     "firstliveactivity": "2026-03-12T11:01:42-07:00", "firstarchiveactivity": ""},
    {"eventid": "1", "eventuserid": "7", "_normal_email": "a@x.test", "liveminutes": "40",
     "archiveminutes": "12", "firstliveactivity": "2026-03-12T11:01:42-07:00",
     "firstarchiveactivity": "2026-03-20T06:14:17-07:00", "_load_id": SECOND},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    return stage(
        "webinars",
        {"zoom_attendees": ATTENDEES, "zoom_registrants": REGISTRANTS, "on24_attendees": ON24},
    )


def _sessions(table: Table, started: datetime) -> list[dict[str, Any]]:
    rows = table("stg_webinars__zoom_attendees")
    found = [row for row in rows if row["webinar_started_at"] == started]
    return sorted(found, key=lambda row: (row["email"], row["joined_at"] or datetime.max))


def test_times_are_read_in_the_zone_of_the_account(table: Table) -> None:
    first, again, absent = _sessions(table, datetime(2026, 3, 12, 15, 0, 5))
    assert first["joined_at"] == datetime(2026, 3, 12, 14, 58, 30)
    assert first["left_at"] == datetime(2026, 3, 12, 15, 20)
    assert first["registered_at"] == datetime(2026, 3, 8, 7, 30)
    assert again["joined_at"] == datetime(2026, 3, 12, 15, 25)
    assert (absent["joined_at"], absent["left_at"]) == (None, None)


def test_who_came_and_for_how_long(table: Table) -> None:
    first, _, absent = _sessions(table, datetime(2026, 3, 12, 15, 0, 5))
    assert (first["has_attended"], first["minutes_attended"]) == (True, 22)
    assert (first["webinar_topic"], first["zoom_webinar_id"]) == (
        'Pipelines, "live"',
        "84759841045",
    )
    assert (first["approval_status"], first["country"]) == ("approved", "Spain")
    nothing = ("minutes_attended", "approval_status", "country")
    assert (absent["has_attended"], [absent[name] for name in nothing]) == (False, [None] * 3)


def test_a_later_report_of_a_session_replaces_the_earlier_one(table: Table) -> None:
    (row,) = _sessions(table, datetime(2026, 11, 2, 15))
    assert (row["has_attended"], row["_load_id"]) == (True, SECOND)
    assert row["joined_at"] == datetime(2026, 11, 2, 14, 59)


def test_what_cannot_be_read_is_null(table: Table) -> None:
    (row,) = _sessions(table, datetime(2026, 12, 1, 14))
    assert (row["email"], row["has_attended"]) == ("no address", None)
    assert (row["joined_at"], row["minutes_attended"]) == (None, None)


def test_one_row_per_registrant_and_webinar(table: Table) -> None:
    rows = {r["zoom_webinar_id"]: r for r in table("stg_webinars__zoom_registrants")}
    assert set(rows) == {"84759841045", "84759841046"}
    row = rows["84759841045"]
    assert (row["approval_status"], row["attendance_type"]) == ("approved", "Virtually")
    assert row["webinar_scheduled_at"] == datetime(2026, 3, 12, 15)
    assert row["registered_at"] == datetime(2026, 3, 1, 14)


def test_on24_times_carry_their_offset(table: Table) -> None:
    (row,) = table("stg_webinars__on24_attendees")
    assert (row["live_minutes"], row["archive_minutes"]) == (40, 12)
    assert row["first_live_at"] == datetime(2026, 3, 12, 18, 1, 42)
    assert row["first_archive_at"] == datetime(2026, 3, 20, 13, 14, 17)
