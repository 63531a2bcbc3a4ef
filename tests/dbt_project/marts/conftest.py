"""Upstream tables of the attribution marts, made from inline rows, and one dbt run per module."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build

Rows = Sequence[Mapping[str, Any]]

SEEDS = (
    "channels channel_rules touch_types touch_rules form_campaigns conversion_types "
    "attribution_models role_weights fx_rates margins mql_rules utm_synonyms utm_taxonomy bots "
    "internal_traffic web_collectors session_rules data_driven_rules cost_categories "
    "revenue_rules sql_rules lift_rules holidays"
)
MODELS = (
    "identity.evidence.web marts.touches marts.conversions marts.spend marts.campaigns "
    "marts.attribution marts.experiments"
)
UTM = ", ".join(
    f"utm_{part} varchar" for part in ("source", "medium", "campaign", "content", "term")
)
CLICK_IDS = ", ".join(
    f"{name} varchar"
    for name in (
        "gclid", "gbraid", "wbraid", "dclid", "msclkid", "li_fat_id", "ttclid", "twclid",
        "rdt_cid", "sccid", "epik", "fbclid",
    )
)  # fmt: skip
PAGE = (
    "web_event_id varchar, anonymous_id varchar, user_id varchar, page_url varchar, "
    f"page_host varchar, page_path varchar, referrer_host varchar, {UTM}, {CLICK_IDS}, "
    "has_analytics_consent boolean, has_advertising_consent boolean, occurred_at timestamp, "
    "_file varchar, _line bigint, _load_id varchar"
)
UPSTREAM = {
    "staging.stg_web_events__pages": f"{PAGE}, user_agent varchar",
    "staging.stg_web_events__ga4_pages": f"{PAGE}, traffic_type varchar",
    "staging.stg_hubspot__email_events": (
        "hubspot_email_event_id varchar, event_type varchar, email varchar, "
        f"email_campaign_id varchar, url varchar, {UTM}, occurred_at timestamp"
    ),
    "staging.stg_hubspot__form_submissions": (
        "hubspot_form_submission_id varchar, form_id varchar, anonymous_id varchar, "
        "page_url varchar, submitted_at timestamp"
    ),
    "staging.stg_hubspot__contacts": (
        "hubspot_contact_id varchar, lifecycle_stage varchar, created_at timestamp"
    ),
    "staging.stg_salesforce__leads": (
        "salesforce_lead_id varchar, master_record_id varchar, converted_opportunity_id varchar, "
        "status varchar, is_deleted boolean, is_converted boolean, converted_date date, "
        "created_at timestamp, updated_at timestamp"
    ),
    "staging.stg_salesforce__opportunities": (
        "salesforce_opportunity_id varchar, salesforce_account_id varchar, "
        "salesforce_contact_id varchar, original_opportunity_id varchar, "
        "opportunity_type varchar, currency varchar, amount_local decimal(18, 2), "
        "is_closed boolean, is_won boolean, is_deleted boolean, close_date date, "
        "created_at timestamp"
    ),
    "staging.stg_salesforce__opportunity_contact_roles": (
        "salesforce_opportunity_id varchar, salesforce_contact_id varchar, is_primary boolean, "
        "is_deleted boolean, created_at timestamp"
    ),
    "staging.stg_salesforce__campaigns": (
        "salesforce_campaign_id varchar, campaign_name varchar, campaign_type varchar, "
        "start_date date, end_date date, is_deleted boolean"
    ),
    "staging.stg_salesforce__campaign_members": (
        "salesforce_campaign_member_id varchar, salesforce_campaign_id varchar, "
        "salesforce_lead_id varchar, salesforce_contact_id varchar, has_responded boolean, "
        "first_responded_date date, is_deleted boolean, created_at timestamp"
    ),
    "staging.stg_google_ads__campaign_days": (
        "google_ads_campaign_id varchar, campaign_name varchar, report_date date, "
        "currency varchar, cost_local decimal(18, 2), impressions bigint, clicks bigint, "
        "conversions double"
    ),
    "staging.stg_google_ads__campaign_days_api": (
        "google_ads_campaign_id varchar, campaign_name varchar, report_date date, "
        "currency varchar, cost_local decimal(18, 2), impressions bigint, clicks bigint, "
        "conversions double"
    ),
    "staging.stg_linkedin_ads__campaign_days": (
        "linkedin_ads_campaign_id varchar, linkedin_ads_campaign_group_id varchar, "
        "campaign_group_name varchar, campaign_name varchar, report_date date, "
        "currency varchar, cost_local decimal(18, 2), impressions bigint, clicks bigint, "
        "conversions double"
    ),
    "staging.stg_microsoft_ads__campaign_days": (
        "microsoft_ads_campaign_id varchar, campaign_name varchar, report_date date, "
        "currency varchar, cost_local decimal(18, 2), impressions bigint, clicks bigint, "
        "conversions double"
    ),
    "staging.stg_meta_ads__ad_days": (
        "meta_ads_ad_id varchar, meta_ads_campaign_id varchar, campaign_name varchar, "
        "report_date date, report_end_date date, currency varchar, cost_local decimal(18, 2), "
        "impressions bigint, clicks bigint, purchases double"
    ),
    "staging.stg_costs__costs": (
        "cost_id varchar, cost_date date, category varchar, campaign_name varchar, "
        "currency varchar, cost_local decimal(18, 2)"
    ),
    "staging.stg_billing__subscriptions": (
        "billing_subscription_id varchar, billing_customer_id varchar, "
        "subscription_status varchar, created_at timestamp, started_at timestamp, "
        "trial_ended_at timestamp, canceled_at timestamp, ended_at timestamp"
    ),
    "staging.stg_billing__invoices": (
        "billing_invoice_id varchar, billing_customer_id varchar, "
        "billing_subscription_id varchar, billing_charge_id varchar, invoice_status varchar, "
        "currency varchar, total_local decimal(18, 2), tax_local decimal(18, 2), "
        "created_at timestamp, service_started_at timestamp, service_ended_at timestamp"
    ),
    "staging.stg_billing__refunds": (
        "billing_charge_id varchar, billing_invoice_id varchar, currency varchar, "
        "refunded_local decimal(18, 2), charged_at timestamp, refunded_at timestamp"
    ),
    "identity.identifiers": "id_type varchar, id_value varchar, person_id varchar",
    "identity.person_records": (
        "source varchar, record_type varchar, record_id varchar, person_id varchar"
    ),
    "identity.aliases": "alias_id varchar, person_id varchar",
    "state.holdout_assignments": (
        "experiment varchar, channel varchar, person_id varchar, arm varchar, "
        "starts_at timestamp, ends_at timestamp, assigned_at timestamp"
    ),
    "marts.dim_people": "person_id varchar, account_id varchar",
    "marts.dim_accounts": "account_id varchar, salesforce_account_id varchar",
    "marts.int_buying_groups__members": (
        "salesforce_opportunity_id varchar, person_id varchar, basis varchar, role varchar"
    ),
    "marts.int_consent__decisions": (
        "person_id varchar, purpose varchar, decision varchar, decided_at timestamp"
    ),
}


def build_marts(
    warehouse_with: Callable[[Mapping[str, tuple[str, Rows]]], None],
    tables: Mapping[str, Rows],
    select: str = MODELS,
) -> None:
    """Create the upstream tables (empty unless given) and build models, seeds and their tests."""
    unknown = set(tables) - set(UPSTREAM)
    assert not unknown, f"not an upstream table: {sorted(unknown)}"
    warehouse_with({name: (cols, tables.get(name, [])) for name, cols in UPSTREAM.items()})
    build(f"{SEEDS} {select}", vars={"as_of": "2026-06-30 00:00:00"})


def rows(sql: str) -> list[dict[str, Any]]:
    """The rows of a query, as dictionaries."""
    with connect("test", read_only=True) as con:
        cursor = con.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="session")
def marts(
    warehouse_with: Callable[[Mapping[str, tuple[str, Rows]]], None],
) -> Callable[..., None]:
    """`marts({table: rows})`: builds the marts in the current home from those upstream rows."""

    def run(tables: Mapping[str, Rows], select: str = MODELS) -> None:
        build_marts(warehouse_with, tables, select)

    return run


@pytest.fixture(scope="session")
def query() -> Callable[[str], list[dict[str, Any]]]:
    """`query(sql)`: rows of the current home's warehouse, as dictionaries."""
    return rows
