"""Webinar reports land with what stands above their rows; other sections are left alone."""

from pathlib import Path

import pytest

EXPORTS = Path(__file__).parent / "exports"
ATTENDEES = (EXPORTS / "zoom_attendee_report.csv").read_text("utf-8")


@pytest.fixture
def landed(land, ingest):
    for name in (
        "zoom_attendee_report.csv",
        "zoom_registration_report.csv",
        "on24_attendees.jsonl",
    ):
        land(f"webinars/{name}", (EXPORTS / name).read_bytes())
    return {file.split("/")[1]: result.load for file, result in ingest().items()}


def test_only_the_attendees_of_an_attendee_report_land(landed, query) -> None:
    load = landed["zoom_attendee_report.csv"]
    assert load.object == "zoom_attendees"
    assert (load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (6, 3, 3, 0)
    assert load.time_zone == "America/New_York"
    assert load.undeclared_columns == ("User Name (Original Name)", "Is Guest")
    assert query(
        'select "Topic", "Webinar ID", "Actual Start Time", "Attended", "First Name", '
        '"Last Name", "_normal_Email", "_normal_Phone", "Join Time", "Leave Time", '
        '"Time in Session (minutes)", "Source Name", _line '
        "from raw_webinars.zoom_attendees order by _line"
    ) == [
        ('Pipelines, ""live""', "847 5984 1045", "03/12/2026 11:00:05 AM", *row) for row in [
            ("Yes", "Zoé", "Núñez", "zoe@example.test", "+34612345678", "03/12/2026 10:58:30 AM",
             "03/12/2026 11:20:00 AM", "22", "LinkedIn", 13),
            ("Yes", "Zoé", "Núñez", "zoe@example.test", "+34612345678", "03/12/2026 11:25:00 AM",
             "03/12/2026 12:02:00 PM", "37", "LinkedIn", 14),
            ("No", "Ken", "Sato", "ken@sample.example", None, "--", "--", "--", "", 15),
        ]
    ]  # fmt: skip


def test_registrants_land_with_their_webinar(landed, query) -> None:
    load = landed["zoom_registration_report.csv"]
    assert (load.object, load.rows_in, load.rows_loaded) == ("zoom_registrants", 2, 2)
    assert query(
        'select "Webinar ID", "Scheduled Time", "_normal_Email", "Registration Time", '
        '"Approval Status", "Attendance Type" from raw_webinars.zoom_registrants order by _line'
    ) == [
        ("847 5984 1045", "Mar 12, 2026 11:00 AM", "zoe@example.test", "Mar 1, 2026 09:00:00",
         "approved", "Virtually"),
        ("847 5984 1045", "Mar 12, 2026 11:00 AM", "ken@sample.example", "Mar 8, 2026 03:30:00",
         "cancelled", "--"),
    ]  # fmt: skip


def test_on24_attendees_land(landed, query) -> None:
    load = landed["on24_attendees.jsonl"]
    assert (load.object, load.rows_in, load.rows_loaded) == ("on24_attendees", 2, 2)
    assert "polls" in load.undeclared_columns
    assert query(
        "select eventid, eventuserid, _normal_email, liveminutes, archiveminutes, "
        "firstliveactivity, engagementscore from raw_webinars.on24_attendees order by _line"
    ) == [
        ("311512", "49502149", "zoe@example.test", "40", "0", "2026-03-12T11:01:42-07:00", "8.5"),
        ("311512", "49502150", "ken@sample.example", "0", "32", None, "0.4"),
    ]


def test_a_report_without_registration_is_refused(land, ingest) -> None:
    host = "Attended,User Name (Original Name),Email,Join Time,Leave Time"
    top, rest = ATTENDEES.split("Attendee Details,\n")
    land("webinars/attendee.csv", f"{top}Attendee Details,\n{host}\n" + rest.split("\n", 1)[1])
    found = ingest()["webinars/attendee.csv"]
    assert found.outcome == "refused"
    assert "missing declared column" in found.load.message
    assert "First Name" in found.load.message


def test_a_report_that_does_not_say_its_webinar_is_refused(land, ingest) -> None:
    land("webinars/attendee.csv", ATTENDEES.replace("847 5984 1045", ""))
    found = ingest()["webinars/attendee.csv"]
    assert found.outcome == "refused"
    assert "says its topic neither in its header nor above it" in found.load.message
