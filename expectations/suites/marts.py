"""The marts are there, keyed, timed and fresh."""

from datetime import datetime

from expectations.checks import (
    BATCH,
    Check,
    fresh,
    not_null,
    row_count,
    rows,
    table,
    timestamp,
    unique,
)
from expectations.rules import Rules, limit

PEOPLE = table("marts.dim_people")
ACCOUNTS = table("marts.dim_accounts")
CAMPAIGNS = table("marts.dim_campaigns")
TOUCHES = table("marts.fct_touches")
CONVERSIONS = table("marts.fct_conversions")


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Row counts, keys, times and freshness of dimensions, touches and conversions."""
    return [*_people(rules, as_of), *_touches(rules, as_of), *_conversions(rules, as_of)]


def _people(rules: Rules, as_of: datetime) -> list[Check]:
    return [
        row_count("people_row_count", PEOPLE, limit(rules, "people_row_count")),
        not_null("people_key_not_null", PEOPLE, "person_id", "person_id"),
        unique("people_key_unique", PEOPLE, ["person_id"]),
        fresh(
            "people_seen_freshness",
            PEOPLE,
            "last_seen_at",
            limit(rules, "people_seen_freshness"),
            as_of,
        ),
        not_null("accounts_key_not_null", ACCOUNTS, "account_id", "account_id"),
        unique("accounts_key_unique", ACCOUNTS, ["account_id"]),
        not_null("campaigns_key_not_null", CAMPAIGNS, "campaign_id", "campaign_id"),
        rows(
            "campaigns_key_unique",
            CAMPAIGNS,
            "No two rows of marts.dim_campaigns share campaign_id.",
            # The id of a campaign known from URLs alone holds what the URL said.
            "select if(campaign_source = 'utm', '(from a URL)', campaign_id) as row_key "
            f"from {BATCH} where campaign_id is not null "
            "qualify count(*) over (partition by campaign_id) > 1",
        ),
        rows(
            "campaigns_named_by_convention",
            CAMPAIGNS,
            "Every campaign of a CRM or an ad platform is named "
            "<Program>_<Segment>_<Qn-YYYY>_<Name>.",
            f"select campaign_id as row_key from {BATCH} "
            "where coalesce(campaign_source, '') != 'utm' and not coalesce(is_conventional, false)",
        ),
    ]


def _touches(rules: Rules, as_of: datetime) -> list[Check]:
    return [
        row_count("touches_row_count", TOUCHES, limit(rules, "touches_row_count")),
        not_null("touches_key_not_null", TOUCHES, "touch_id", "touch_id"),
        unique("touches_key_unique", TOUCHES, ["touch_id"]),
        not_null("touches_time_not_null", TOUCHES, "touch_id", "touched_at"),
        not_null("touches_person_not_null", TOUCHES, "touch_id", "person_id"),
        rows(
            "touches_person_known",
            TOUCHES,
            "Every person of a touch is in marts.dim_people.",
            f"select touch_id as row_key from {BATCH} where person_id is not null "
            "and person_id not in (select person_id from marts.dim_people "
            "where person_id is not null)",
        ),
        rows(
            "touches_not_after_as_of",
            TOUCHES,
            "No touch lies after the run's clock.",
            f"select touch_id as row_key from {BATCH} where touched_at > {timestamp(as_of)}",
        ),
        fresh("touches_freshness", TOUCHES, "touched_at", limit(rules, "touches_freshness"), as_of),
    ]


def _conversions(rules: Rules, as_of: datetime) -> list[Check]:
    return [
        row_count("conversions_row_count", CONVERSIONS, limit(rules, "conversions_row_count")),
        not_null("conversions_key_not_null", CONVERSIONS, "conversion_id", "conversion_id"),
        unique("conversions_key_unique", CONVERSIONS, ["conversion_id"]),
        not_null("conversions_time_not_null", CONVERSIONS, "conversion_id", "converted_at"),
        rows(
            "conversions_type_known",
            CONVERSIONS,
            "Every conversion has a type in the conversion_types rules.",
            f"select conversion_id as row_key from {BATCH} where conversion_type is null "
            "or conversion_type not in (select conversion_type from rules.conversion_types)",
        ),
        fresh(
            "conversions_freshness",
            CONVERSIONS,
            "converted_at",
            limit(rules, "conversions_freshness"),
            as_of,
        ),
    ]
