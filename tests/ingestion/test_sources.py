"""The declarations themselves: complete, consistent, and told apart from broken ones."""

from pathlib import Path

import pytest
import yaml

from ingestion.errors import DeclarationError
from ingestion.sources import Table, find_table, match_file, read_tables

MINIMAL = {
    "sources": [
        {
            "name": "crm",
            "schema": "raw_crm",
            "tables": [
                {
                    "name": "people",
                    "config": {
                        "meta": {
                            "file_pattern": ["crm/*.csv"],
                            "dialect": {"format": "csv"},
                            "load": "append",
                            "key": ["id"],
                            "event_column": "id",
                        }
                    },
                    "columns": [
                        {
                            "name": "id",
                            "description": "The id.",
                            "data_type": "text",
                            "config": {"meta": {"pii": "none", "purposes": ["analytics"]}},
                        }
                    ],
                }
            ],
        }
    ]
}


def _folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "_crm__sources.yml").write_text(text)
    return tmp_path


def test_every_source_is_declared() -> None:
    tables = read_tables()
    assert tables[0].source == "salesforce"
    assert {t.source for t in tables} >= {
        "salesforce", "hubspot", "google_ads", "web_events", "suppression",
        "billing", "costs", "webinars", "events", "consent",
    }  # fmt: skip
    assert len({t.full_name for t in tables}) == len(tables)


@pytest.mark.parametrize("table", read_tables(), ids=lambda t: t.full_name)
def test_every_column_says_what_it_is(table: Table) -> None:
    assert table.description.startswith("One row per ")
    assert table.time_zone
    for column in table.columns:
        assert len(column.description.split()) > 1, column.name
        assert column.description.endswith("."), column.name
        assert column.purposes, column.name
        if column.identifier in ("email", "phone") and table.full_name != "salesforce.accounts":
            assert column.pii == "direct", column.name


@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("salesforce/Lead.csv", "salesforce.leads"),
        ("salesforce/lead_2026-06.CSV", "salesforce.leads"),
        ("salesforce/Opportunity.csv", "salesforce.opportunities"),
        ("salesforce/Opportunity_2.csv", "salesforce.opportunities"),
        ("salesforce/OpportunityContactRole.csv", "salesforce.opportunity_contact_roles"),
        ("salesforce/Campaign.csv", "salesforce.campaigns"),
        ("salesforce/Campaign-june.csv", "salesforce.campaigns"),
        ("salesforce/CampaignMember.csv", "salesforce.campaign_members"),
        ("salesforce/Contact.csv", "salesforce.contacts"),
        ("hubspot/all-contacts.csv", "hubspot.contacts"),
        ("hubspot/email_events.csv", "hubspot.email_events"),
        ("hubspot/form_submissions.jsonl", "hubspot.form_submissions"),
        ("google_ads/campaign_report_2026-06_excel.csv", "google_ads.campaign_report"),
        ("meta_ads/Ads-Sep-1-2026-Sep-30-2026.csv", "meta_ads.ads_report"),
        ("linkedin_ads/account_1_campaign_performance_report.csv", "linkedin_ads.campaign_report"),
        ("microsoft_ads/campaigns.csv", "microsoft_ads.campaign_report"),
        ("web_events/rudderstack_2026-06.jsonl", "web_events.events"),
        ("web_events/day.parquet", "web_events.events"),
        ("web_events/ga4/events_20260901.parquet", "web_events.ga4_events"),
        ("web_events/ga4/events_20260901_000000000003.json.gz", "web_events.ga4_events"),
        ("web_events/ga4/events_20260901-000000000000", "web_events.ga4_events"),
        ("suppression/suppressions.csv", "suppression.suppressions"),
        ("billing/customers.csv", "billing.customers"),
        ("billing/subscriptions_2026-06.csv", "billing.subscriptions"),
        ("billing/invoices.csv", "billing.invoices"),
        ("billing/unified_payments.csv", "billing.refunds"),
        ("costs/2026-q1.csv", "costs.costs"),
        ("webinars/attendee_84759841045_2026_03_12.csv", "webinars.zoom_attendees"),
        ("webinars/registration_84759841045_2026_03_12.csv", "webinars.zoom_registrants"),
        ("webinars/on24_attendees_311512.jsonl", "webinars.on24_attendees"),
        ("events/summit_lisbon.csv", "events.badge_scans"),
        ("consent/segment_2026-06.jsonl", "consent.segment_preferences"),
        ("consent/onetrust_transactions.csv", "consent.onetrust_receipts"),
    ],
)
def test_files_find_their_table(file: str, table: str) -> None:
    found = match_file(read_tables(), file).table
    assert found is not None
    assert found.full_name == table


def test_a_minimal_declaration_is_enough(tmp_path: Path) -> None:
    (table,) = read_tables(_folder(tmp_path, yaml.safe_dump(MINIMAL)))
    assert (table.full_name, table.required) == ("crm.people", ("id",))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("schema: raw_crm", "schema: crm", "expected schema raw_crm, got 'crm'"),
        ("pii: none", "pii: maybe", "table people: column id, pii"),
        ("pii: none", "pi: none", "pi"),
        ("load: append", "load: merge", "load"),
        ("- id\n", "- ids\n", "ids"),
        ("format: csv", "format: jsonl", "config.meta.path"),
        ("format: csv", "format: csv, delimiters: [';;']", "one ASCII character"),
        ("- crm/*.csv", "[]", "file_pattern"),
        ("sources:", "source:", "list `sources`"),
        ("sources:", "sources: [", "YAML"),
    ],
)
def test_a_broken_declaration_says_where(tmp_path: Path, old: str, new: str, part: str) -> None:
    text = yaml.safe_dump(MINIMAL)
    assert old in text
    if old == "format: csv":
        text = text.replace("dialect:\n", "dialect: {" + new + "}\n").replace(
            f"{' ' * 10}{old}\n", ""
        )
    elif old == "- crm/*.csv":
        text = text.replace(f"file_pattern:\n{' ' * 8}{old}", "file_pattern: []")
    else:
        text = text.replace(old, new, 1)
    with pytest.raises(DeclarationError) as caught:
        read_tables(_folder(tmp_path, text))
    assert "_crm__sources.yml" in str(caught.value)
    assert part in str(caught.value)


def test_no_declarations_at_all(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="found none"):
        read_tables(tmp_path)


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(DeclarationError, match=r"hubspot\.contacts.*got hubspot\.people"):
        find_table(read_tables(), "hubspot", "people")
