"""Marketo's extracts land as they are: the word null stays, JSON inside CSV stays."""

from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"


def _copy(land, name: str) -> str:
    land(f"marketo/{name}", (EXPORTS / name).read_bytes())
    return f"marketo/{name}"


def test_bulk_activities(land, ingest, query) -> None:
    file = _copy(land, "marketo_bulk_activities.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_in, load.rows_loaded) == ("activities", 3, 3)
    assert query(
        'select "marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId", '
        '"primaryAttributeValueId", "primaryAttributeValue", attributes '
        "from raw_marketo.activities order by _line"
    ) == [
        ("783957693", "5414087", "2022-02-13T14:06:20Z", "104", "8497", "1670", "MembershipTest1",
         '{"Reason":"Changed by Smart Campaign","Program Member ID":3240303,'
         '"Old Status":"Not in Program","New Status":"On List","Success":false}'),
        ("783958221", "5414094", "2022-02-13T14:08:50Z", "11", "null", "1810", "Invite 3",
         '{"Link":"https://ex.test/?utm_source=mkto&utm_medium=email","Is Mobile Device":false}'),
        ("783958222", "5414095", "2022-02-13T14:09:00Z", "32", "null", "5414095", "null",
         '{"Merge IDs":[5414087],"Merged in Sales":false}'),
    ]  # fmt: skip


def test_leads_with_the_fields_that_were_chosen(land, ingest, query) -> None:
    file = _copy(land, "marketo_leads.csv")
    load = ingest()[file].load
    assert (load.object, load.rows_loaded, load.undeclared_columns) == ("leads", 2, ("cookies",))
    assert load.missing_optional == (
        "mobilePhone", "title", "website", "industry", "leadSource", "emailInvalid",
        "sfdcContactId",
    )  # fmt: skip
    assert query(
        'select id, email, _normal_email, "lastName", company, _normal_phone, "leadScore", '
        '"sfdcLeadId" from raw_marketo.leads order by _line'
    ) == [
        ("5414095", "Gaelle.Perrin@example.test", "gaelle.perrin@example.test", "Perrin",
         "Perrin, Fils & Cie", "+33612345678", "42", "00Q5g00000nDnM5EAK"),
        ("5414094", "null", None, "Null", "null", None, "null", "null"),
    ]  # fmt: skip


def test_programs_and_their_members(land, ingest, query) -> None:
    programs = _copy(land, "marketo_programs.jsonl")
    members = _copy(land, "marketo_program_members.csv")
    found = ingest()
    assert (found[programs].load.rows_loaded, found[members].load.rows_loaded) == (2, 2)
    assert query(
        "select id, type, channel, status, folder_name, costs, created_at "
        "from raw_marketo.programs order by _line"
    ) == [
        ("1670", "Default", "Online Advertising", "", "Spring",
         '[{"startDate":"2022-01-01","cost":2000},'
         '{"startDate":"2022-02-01","cost":150.5,"note":"print"}]', "2022-01-21T22:45:13Z+0000"),
        ("1810", "Email", "Email Send", "unlocked", "Invitations", None,
         "2022-02-10T10:00:00Z+0000"),
    ]  # fmt: skip
    assert query(
        'select "programId", "leadId", "statusName", "reachedSuccess", "reachedSuccessDate" '
        "from raw_marketo.program_members order by _line"
    ) == [
        ("1670", "5414095", "On List", "false", "null"),
        ("1810", "5414094", "Clicked", "true", "2022-02-13T14:08:50Z"),
    ]


def test_an_extract_with_renamed_columns_is_refused(land, ingest) -> None:
    text = (EXPORTS / "marketo_leads.csv").read_text().replace("firstName", "First Name", 1)
    land("marketo/leads.csv", text)
    found = ingest()["marketo/leads.csv"]
    assert found.outcome == "refused"
    assert "missing declared column firstName" in found.load.message
    assert "undeclared there: First Name, cookies" in found.load.message
