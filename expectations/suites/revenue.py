"""Money: what the marts say equals what the sources said, to the cent."""

from datetime import datetime

from expectations.checks import BATCH, Check, not_null, row_count, rows, table
from expectations.rules import Rules, limit

CONVERSIONS = table("marts.fct_conversions")
ATTRIBUTED = table("marts.fct_attributed_conversions")
SPEND = table("marts.fct_ad_spend")

_WON = f"""
with won as (
    select salesforce_opportunity_id, amount_local
    from staging.stg_salesforce__opportunities
    where is_won and not coalesce(is_deleted, false)
    and coalesce(opportunity_type, '') != 'Refund'
    and close_date is not null
),
converted as (
    select salesforce_opportunity_id, sum(revenue_local) as revenue_local
    from {BATCH}
    where conversion_type = 'closed_won'
    group by all
)
select coalesce(converted.salesforce_opportunity_id, won.salesforce_opportunity_id) as row_key
from won
full outer join converted
    on won.salesforce_opportunity_id = converted.salesforce_opportunity_id
where won.amount_local is distinct from converted.revenue_local
    or won.salesforce_opportunity_id is null
    or converted.salesforce_opportunity_id is null
"""

_ATTRIBUTED = f"""
with attributed as (
    select conversion_id, model, sum(weight) as weight, sum(revenue_usd) as revenue_usd
    from {BATCH}
    group by all
),
expected as (
    select conversions.conversion_id, models.model, conversions.revenue_usd
    from marts.fct_conversions as conversions
    cross join (select distinct model from attributed) as models
)
select
    coalesce(expected.conversion_id, attributed.conversion_id)
    || '|' || coalesce(expected.model, attributed.model) as row_key
from expected
full outer join attributed
    on expected.conversion_id = attributed.conversion_id and expected.model = attributed.model
"""

_SPEND = f"""
with counted as (
    select source, spend_date, last_date, cost_local from marts.int_spend__days
    where left_out is null
),
-- The days of a report over several are looked at together, for they share its cost.
spans as (
    select source, spend_date, last_date from counted where last_date > spend_date
),
reported as (
    select source, if(exists (
        select 1 from spans where spans.source = counted.source
        and counted.spend_date between spans.spend_date and spans.last_date
    ), null, spend_date) as spend_date, sum(cost_local) as amount
    from counted
    group by all
),
batch as (
    select source, spend_date, spend_local from {BATCH}
),
kept as (
    select source, if(exists (
        select 1 from spans where spans.source = batch.source
        and batch.spend_date between spans.spend_date and spans.last_date
    ), null, spend_date) as spend_date, sum(spend_local) as amount
    from batch
    group by all
)
select coalesce(reported.source, kept.source) || '|' || coalesce(
    cast(coalesce(reported.spend_date, kept.spend_date) as varchar), '(reports over several days)'
) as row_key
from reported
full outer join kept
    on reported.source = kept.source
    and reported.spend_date is not distinct from kept.spend_date
where coalesce(reported.amount, 0) != coalesce(kept.amount, 0)
"""


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Won opportunities, attributed revenue and advertising spend reconcile with their sources."""
    return [
        rows(
            "won_revenue_converted",
            CONVERSIONS,
            "Every closed-won conversion has a value in US dollars.",
            f"select conversion_id as row_key from {BATCH} where conversion_type = 'closed_won' "
            "and revenue_local is not null and revenue_usd is null",
        ),
        rows(
            "won_revenue_known",
            CONVERSIONS,
            "Every closed-won conversion has an amount that can be read.",
            f"select conversion_id as row_key from {BATCH} where conversion_type = 'closed_won' "
            "and revenue_local is null",
        ),
        rows(
            "won_opportunities_dated",
            table("staging.stg_salesforce__opportunities"),
            "Every won opportunity has a close date.",
            f"select salesforce_opportunity_id as row_key from {BATCH} "
            "where is_won and close_date is null",
        ),
        rows(
            "won_revenue_reconciles",
            CONVERSIONS,
            "Every won opportunity is converted once, with its amount.",
            _WON,
        ),
        row_count("attributed_row_count", ATTRIBUTED, limit(rules, "attributed_row_count")),
        rows(
            "attributed_revenue_reconciles",
            ATTRIBUTED,
            "Each model attributes exactly the revenue of every conversion.",
            _ATTRIBUTED
            + "where attributed.conversion_id is null or expected.conversion_id is null "
            "or coalesce(attributed.revenue_usd, 0) != coalesce(expected.revenue_usd, 0)",
        ),
        rows(
            "attributed_weight_is_one",
            ATTRIBUTED,
            "Each model's weights add up to one for every conversion.",
            _ATTRIBUTED + "where coalesce(abs(attributed.weight - 1) > 1e-9, true)",
        ),
        row_count("ad_spend_row_count", SPEND, limit(rules, "ad_spend_row_count")),
        not_null("ad_spend_date_not_null", SPEND, "campaign_id", "spend_date"),
        rows(
            "ad_spend_amount_converted",
            SPEND,
            "Every amount spent has its value in US dollars.",
            "select coalesce(source, '') || '|' || coalesce(currency, '') as row_key "
            f"from {BATCH} where spend_local is not null and spend_usd is null",
        ),
        rows(
            "ad_spend_reconciles",
            SPEND,
            "Advertising spend equals the reported cost, day by day.",
            _SPEND,
        ),
    ]
