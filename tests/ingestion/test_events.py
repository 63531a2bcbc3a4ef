"""Badge scans land as the app wrote them, without the staff's notes."""

from pathlib import Path

EXPORT = (Path(__file__).parent / "exports" / "badge_scans.csv").read_bytes()


def test_badge_scans_land_as_written(land, ingest, query) -> None:
    land("events/lisbon.csv", EXPORT)
    load = ingest()["events/lisbon.csv"].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("badge_scans", 3, 3)
    assert load.undeclared_columns == ("Notes",)
    assert query(
        'select "Scan ID", "Event Name", "Booth", "Scanned At", "First Name", "Last Name", '
        '"Email", "_normal_Email", "Company", "Job Title", "Marketing Consent", _line '
        "from raw_events.badge_scans order by _line"
    ) == [
        ("sc-100001", "Summit Lisbon 2026", "Hall 2 / B14", "2026-02-12T10:15:03+00:00", "Zoé",
         "Núñez", "Zoe@Example.test", "zoe@example.test", "Northwind, Inc.", "VP Marketing",
         "Yes", 2),
        ("sc-100002", "Summit Lisbon 2026", "Hall 2 / B14", "2026-02-12T10:16:40+00:00", "Ken",
         "Sato", "ken@sample.example", "ken@sample.example", "株式会社サンプル", "", "No", 3),
        ("sc-100003", "Growth Fair Tokyo", "A-07", "2026-02-13T00:05:00+09:00", "Ken", "Sato", "",
         None, "株式会社サンプル", "部長", "", 4),
    ]  # fmt: skip


def test_semicolons_and_the_short_title_are_read_too(land, ingest, query) -> None:
    land(
        "events/fair.csv",
        "Scan ID;Event Name;Scanned At;Email;Title;Marketing Consent\n"
        "1;Fair;2026-02-12T10:15:03Z;a@x.test;CMO;No\n",
    )
    load = ingest()["events/fair.csv"].load
    assert (load.rows_loaded, load.checks["renamed_columns"]) == (1, {"Title": "Job Title"})
    assert query('select "Job Title", "Booth" from raw_events.badge_scans') == [("CMO", None)]


def test_a_list_that_does_not_say_who_agreed_is_refused(land, ingest) -> None:
    land("events/lisbon.csv", EXPORT.replace(b"Marketing Consent", b"Opt", 1))
    found = ingest()["events/lisbon.csv"]
    assert found.outcome == "refused"
    assert "missing declared column Marketing Consent" in found.load.message
