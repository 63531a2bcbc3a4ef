with

days as (
    select
        *,
        cast(abs(cost_local) * 100 as bigint) as cents,
        coalesce(last_date - spend_date, 0) + 1 as day_count
    from {{ ref('int_spend__days') }}
    where left_out is null
),

numbered as (
    select
        *,
        unnest(range(1, day_count + 1)) as day_number
    from days
),

-- Equal shares in whole cents, impressions and clicks: what is left over goes to the first days.
spread as (
    select  -- noqa: ST06
        source,
        report,
        platform_id,
        source_campaign_id,
        campaign_name,
        utm_medium,
        currency,
        spend_date + cast(day_number - 1 as integer) as spend_date,
        cast(
            sign(cost_local)
            * (cents // day_count + if(day_number <= cents % day_count, 1, 0)) / 100
            as decimal(18, 2)
        ) as cost_local,
        impressions // day_count + if(day_number <= impressions % day_count, 1, 0) as impressions,
        clicks // day_count + if(day_number <= clicks % day_count, 1, 0) as clicks,
        conversions / day_count as conversions
    from numbered
)

select * from spread
