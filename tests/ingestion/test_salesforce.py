"""Salesforce's history, users, events and a report land beside the objects they are named like."""

from pathlib import Path

import pytest

from ingestion.sources import match_file, read_tables

EXPORTS = Path(__file__).parent / "exports"


def _copy(land, name: str) -> str:
    land(f"salesforce/{name}", (EXPORTS / f"salesforce_{name}").read_bytes())
    return f"salesforce/{name}"


@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("OpportunityHistory.csv", "opportunity_history"),
        ("opportunityhistory_2.csv", "opportunity_history"),
        ("Opportunity_2.csv", "opportunities"),
        ("OpportunityContactRole.csv", "opportunity_contact_roles"),
        ("User.csv", "users"),
        ("User-june.csv", "users"),
        ("Event.csv", "events"),
        ("Event_2026.csv", "events"),
        ("reports/leads_of_the_quarter.csv", "lead_report"),
        ("Lead_report.csv", "leads"),
    ],
)
def test_each_file_has_one_table(file: str, table: str) -> None:
    found = match_file(read_tables(), f"salesforce/{file}")
    assert (found.table and found.table.name, found.problem) == (table, "")


@pytest.mark.parametrize("file", ["UserRole.csv", "EventRelation.csv"])
def test_an_object_that_is_only_named_alike_is_none_of_them(file: str) -> None:
    assert match_file(read_tables(), f"salesforce/{file}").table is None


def test_opportunity_history(land, ingest, query) -> None:
    file = _copy(land, "OpportunityHistory.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("opportunity_history", 2, 2)
    assert (load.undeclared_columns, load.missing_optional) == ((), ())
    assert query(
        'select "Id", "OpportunityId", "StageName", "Amount", "ExpectedRevenue", "CloseDate", '
        '"Probability", "ForecastCategory", "CreatedDate", "PrevAmount", "PrevCloseDate", '
        '"CurrencyIsoCode" from raw_salesforce.opportunity_history order by _line'
    ) == [
        ("0085g00000aBcDeAAK", "0065g0000000001AAA", "Qualification", "11280.00", "2820.00",
         "2026-07-13", "25", "Pipeline", "2026-03-02T04:35:11.000Z", "", "", "USD"),
        ("0085g00000aBcDfAAK", "0065g0000000001AAA", "Proposal", "12500.50", "6250.25",
         "2026-06-30", "50", "Best Case", "2026-03-24T04:21:51.000Z", "11280.00", "2026-07-13",
         "USD"),
    ]  # fmt: skip


def test_users_without_their_log_in_names(land, ingest, query) -> None:
    file = _copy(land, "User.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_loaded) == ("users", 2)
    assert load.undeclared_columns == ("Username", "LastName", "FirstName")
    assert query(
        'select "Id", "Name", "_normal_Email", "Department", "ManagerId", "IsActive" '
        "from raw_salesforce.users order by _line"
    ) == [
        ("0055g0000001006AAA", "Inès Moreau", "ines.moreau@acme.example", "Sales, EMEA",
         "0055g0000001000AAA", "true"),
        ("0055g0000001000AAA", "Integration", None, "", "", "false"),
    ]  # fmt: skip


def test_events(land, ingest, query) -> None:
    file = _copy(land, "Event.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_loaded) == ("events", 2)
    assert load.undeclared_columns == ("Location", "ActivityDateTime", "IsPrivate")
    assert query(
        'select "Id", "WhoId", "Subject", "IsAllDayEvent", "ActivityDate", "StartDateTime", '
        '"EndDateTime", "DurationInMinutes" from raw_salesforce.events order by _line'
    ) == [
        ("00U5g00000XyZabEAF", "0035g00000JmrFPAAZ", 'Demo with "Gaëlle"', "false", "2026-03-05",
         "2026-03-05T14:00:00.000Z", "2026-03-05T14:45:00.000Z", "45"),
        ("00U5g00000XyZacEAF", "", "Trade fair", "true", "2026-03-10",
         "2026-03-10T00:00:00.000Z", "2026-03-10T00:00:00.000Z", "1440"),
    ]  # fmt: skip


def test_history_without_the_stage_is_refused(land, ingest) -> None:
    text = (EXPORTS / "salesforce_OpportunityHistory.csv").read_text()
    land("salesforce/OpportunityHistory.csv", text.replace("StageName", "Stage", 1))
    found = ingest()["salesforce/OpportunityHistory.csv"]
    assert found.outcome == "refused"
    assert "missing declared column StageName" in found.load.message


def _report(land, old: str = "", new: str = "") -> str:
    text = (EXPORTS / "salesforce_lead_report.csv").read_text("iso-8859-1")
    assert old in text
    land("salesforce/reports/leads.csv", text.replace(old, new, 1).encode("iso-8859-1"))
    return "salesforce/reports/leads.csv"


def test_a_report_of_leads_in_latin_letters_with_its_footer(land, ingest, query) -> None:
    file = _report(land)
    load = ingest()[file].load
    assert (load.object, load.checks["encoding"]) == ("lead_report", "iso-8859-1")
    assert (load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (9, 2, 7, 0)
    assert load.undeclared_columns == ("Lead Owner",)
    assert query(
        'select "Lead ID", "First Name", "Title", "Company / Account", "_normal_Email", '
        '"_normal_Phone", "Create Date", "Email Opt Out", _line '
        "from raw_salesforce.lead_report order by _line"
    ) == [
        ("00Q5g00000nDnM5", "Gaëlle", 'Directrice "Achats"', "Perrin, Fils & Cie",
         "g.perrin@example.test", "+33612345678", "3/1/2026", "0", 2),
        ("00Q5g00000NDNM6", "Zoë", "", "Müller & Söhne", "zoe@example.test", None, "12/31/2025",
         "1", 3),
    ]  # fmt: skip


def test_a_row_that_was_cut_is_not_taken_for_the_footer(land, ingest, query) -> None:
    cut = '"00Q5g00000NDNM6"\n\n\n"Leads of'
    file = _report(land, '\n\n\n"Leads of', f"\n{cut}")
    load = ingest()[file].load
    assert (load.rows_loaded, load.rows_skipped, load.rows_rejected) == (2, 7, 1)
    assert query("select line, raw_text from state.rejects") == [(4, '"00Q5g00000NDNM6"')]


def test_what_looks_like_a_footer_between_rows_is_rejected(land, ingest, query) -> None:
    file = _report(land, '"00Q5g00000NDNM6","Zoë"', '"Gaëlle"\n"00Q5g00000NDNM6","Zoë"')
    load = ingest()[file].load
    assert (load.rows_loaded, load.rows_skipped, load.rows_rejected) == (2, 7, 1)
    assert query("select line, raw_text from state.rejects") == [(3, '"Gaëlle"')]


def test_a_report_without_the_id_is_refused(land, ingest) -> None:
    file = _report(land, "Lead ID", "Lead Name")
    found = ingest()[file]
    assert found.outcome == "refused"
    assert "missing declared column Lead ID" in found.load.message
