with

weeks as (
    select *
    from {{ ref('int_mmm__weeks') }}
),

types as (
    select *
    from {{ ref('conversion_types') }}
),

conversions as (
    select
        cast(date_trunc('week', conversions.converted_at) as date) as week_start,
        count(*) filter (where conversions.conversion_type = 'lead_created') as leads,
        count(*) filter (where conversions.conversion_type = 'mql') as mqls,
        count(*) filter (where conversions.conversion_type = 'opportunity_created')
            as opportunities,
        count(*) filter (where types.is_counted) as conversions,
        sum(conversions.revenue_usd) as revenue_usd
    from {{ ref('fct_conversions') }} as conversions
    inner join types on conversions.conversion_type = types.conversion_type
    group by all
),

holidays as (
    select
        cast(date_trunc('week', holidays.date) as date) as week_start,
        count(distinct holidays.date) as holiday_days,
        count(*) as country_holidays
    from {{ ref('holidays') }} as holidays
    group by all
),

outcomes as (
    select
        weeks.week_start,
        weeks.is_complete,
        cast(coalesce(conversions.revenue_usd, 0) as decimal(18, 2)) as revenue_usd,
        coalesce(conversions.leads, 0) as leads,
        coalesce(conversions.mqls, 0) as mqls,
        coalesce(conversions.opportunities, 0) as opportunities,
        coalesce(conversions.conversions, 0) as conversions,
        coalesce(holidays.holiday_days, 0) as holiday_days,
        coalesce(holidays.country_holidays, 0) as country_holidays
    from weeks
    left join conversions on weeks.week_start = conversions.week_start
    left join holidays on weeks.week_start = holidays.week_start
)

select * from outcomes
