"""HubSpot's companies, deals, lists and contacts land as the UI and the API write them."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"


def _copy(land, name: str) -> str:
    land(f"hubspot/{name}", (EXPORTS / name).read_bytes())
    return f"hubspot/{name}"


def test_contacts_whose_source_has_its_newer_label(land, ingest, query) -> None:
    text = (EXPORTS / "hubspot_contacts_ui.csv").read_text()
    assert text.count("Original Source") == 3
    land("hubspot/contacts.csv", text.replace("Original Source", "Original Traffic Source"))
    load = ingest()["hubspot/contacts.csv"].load
    assert (load.rows_loaded, load.undeclared_columns) == (2, ())
    assert query(
        'select "Original Source", "Original Source Drill-Down 2" from raw_hubspot.contacts '
        "order by _line"
    ) == [("Paid Search", "brand"), ("Direct Traffic", "")]


def test_companies_from_the_ui(land, ingest, query) -> None:
    file = _copy(land, "hubspot_companies_ui.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("companies", 2, 2)
    assert (load.time_zone, load.undeclared_columns) == ("America/New_York", ())
    assert query(
        'select "Record ID", "Company name", "Create Date", "_normal_Company Domain Name", '
        '"Number of Employees", "Annual Revenue" from raw_hubspot.companies order by _line'
    ) == [
        ("9001", "Perrin, Fils & Cie", "2026-03-08 02:30", "perrin-fils.example", "120", "4500000"),
        ("9002", "Ångström AB", "2026-01-15 09:05", None, "", ""),
    ]


def test_deals_from_the_ui(land, ingest, query) -> None:
    file = _copy(land, "hubspot_deals_ui.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_loaded) == ("deals", 2)
    assert load.undeclared_columns == ("Associated Contact",)
    assert query(
        'select "Record ID", "Deal Name", "Deal Stage", "Amount", "Currency", "Close Date", '
        '"Associated Contact IDs", "Associated Company IDs" from raw_hubspot.deals order by _line'
    ) == [
        ("7001", "Perrin - Platform, annual", "Closed Won", "33250.50", "EUR", "2026-03-28 23:30",
         "78971951;78971952", "9001"),
        ("7002", "Trial", "Appointment Scheduled", "", "", "", "", ""),
    ]  # fmt: skip


def test_lists_and_their_members(land, ingest, query) -> None:
    lists = _copy(land, "hubspot_lists.jsonl")
    members = _copy(land, "hubspot_list_memberships.jsonl")
    found = ingest()
    assert (found[lists].load.object, found[lists].load.rows_loaded) == ("lists", 2)
    assert (found[members].load.object, found[members].load.rows_loaded) == ("list_memberships", 2)
    assert query(
        "select list_id, name, object_type_id, processing_type, list_size, updated_at, deleted_at "
        "from raw_hubspot.lists order by _line"
    ) == [
        ("13", "Customers, France", "0-1", "DYNAMIC", "2", "2026-03-01T12:30:00.250Z", None),
        ("14", "Fair 2025", "0-1", "MANUAL", None, "2025-09-02T08:00:00.000Z",
         "2026-01-31T23:00:00.000Z"),
    ]  # fmt: skip
    first = (
        '[{"listId":"13","listVersion":2,"firstAddedTimestamp":"2026-01-06T10:00:00.001Z",'
        '"lastAddedTimestamp":"2026-02-06T10:00:00.998Z"},'
        '{"listId":"14","listVersion":1,"firstAddedTimestamp":"2025-09-02T08:00:00Z",'
        '"lastAddedTimestamp":"2025-09-02T08:00:00Z"}]'
    )
    assert query(
        "select object_type_id, record_id, memberships from raw_hubspot.list_memberships "
        "order by _line"
    ) == [("0-1", "78971951", first), ("0-1", "78971952", "[]")]


def test_contacts_from_the_api(land, ingest, query) -> None:
    file = _copy(land, "hubspot_contacts_api.jsonl")
    load = ingest()[file].load
    assert (load.object, load.rows_loaded, load.missing_optional) == ("contacts_api", 2, ())
    assert load.undeclared_columns == (
        "archivedAt", "properties.createdate", "properties.hs_object_id",
        "properties.lastmodifieddate",
    )  # fmt: skip
    assert query(
        "select id, _normal_email, _normal_additional_emails, _normal_phone, lifecycle_stage, "
        "original_source, first_seen, merged_object_ids, email_optout, archived "
        "from raw_hubspot.contacts_api order by _line"
    ) == [
        ("78971951", "g.perrin@example.test", "gp@old.example.test;g.p@example.test",
         "+33612345678", "marketingqualifiedlead", "PAID_SEARCH", "2026-03-01T10:00:00.123Z",
         "76340251;46897301", None, "false"),
        ("78971952", None, None, None, None, None, None, None, "true", "true"),
    ]  # fmt: skip


def test_a_page_of_the_api_that_was_not_split_into_lines_is_refused(land, ingest) -> None:
    lines = (EXPORTS / "hubspot_contacts_api.jsonl").read_text().splitlines()
    land("hubspot/contacts.json", '{"results":[' + ",".join(lines) + "]}\n")
    found = ingest()["hubspot/contacts.json"]
    assert found.outcome == "refused"
    assert "the key id is missing" in found.load.message


def test_deals_without_a_stage_are_refused(land, ingest) -> None:
    text = (EXPORTS / "hubspot_deals_ui.csv").read_text()
    land("hubspot/deals.csv", text.replace("Deal Stage", "Etapa del negocio", 1))
    found = ingest()["hubspot/deals.csv"]
    assert found.outcome == "refused"
    assert "missing declared column Deal Stage" in found.load.message
