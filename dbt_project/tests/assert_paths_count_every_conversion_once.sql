-- Fails if the reports on paths and positions lose, double or invent a conversion, a dollar or a
-- touch of a type. This exists because each report groups the same journeys in its own way, and a
-- conversion without a touch is easily lost between them.
with

expected as (
    select
        conversion_type,
        count(*) as conversions,
        sum(revenue_usd) as revenue_usd
    from {{ ref('fct_conversions') }}
    group by conversion_type
),

journeys as (
    select
        conversions.conversion_type,
        sum(touches.touch_count) as touches
    from (
        select distinct
            conversion_id,
            touch_count
        from {{ ref('conversion_touches') }}
    ) as touches
    inner join {{ ref('fct_conversions') }} as conversions
        on
            touches.conversion_id = conversions.conversion_id
    group by conversions.conversion_type
),

paths as (
    select
        conversion_type,
        sum(conversions) as conversions,
        sum(revenue_usd) as revenue_usd,
        sum(touches) as touches,
        sum(conversions * len(path)) as path_touches
    from {{ ref('conversion_paths') }}
    group by conversion_type
),

positions as (
    select
        conversion_type,
        sum(touches) as touches,
        sum(touches) filter (where position = 'first') as firsts,
        sum(touches) filter (where position = 'last') as lasts,
        sum(conversions) filter (where position in ('first', 'only', 'none')) as conversions
    from {{ ref('position_attribution') }}
    group by conversion_type
),

times as (
    select
        conversion_type,
        sum(conversions) as conversions
    from {{ ref('time_to_convert') }}
    group by conversion_type
)

select
    coalesce(
        expected.conversion_type, paths.conversion_type, positions.conversion_type,
        times.conversion_type
    ) as conversion_type
from expected
full outer join paths on expected.conversion_type = paths.conversion_type
full outer join positions on expected.conversion_type = positions.conversion_type
full outer join times on expected.conversion_type = times.conversion_type
left join journeys on expected.conversion_type = journeys.conversion_type
where
    expected.conversions is distinct from paths.conversions
    or expected.conversions is distinct from positions.conversions
    or expected.conversions is distinct from times.conversions
    or expected.revenue_usd is distinct from paths.revenue_usd
    or journeys.touches is distinct from paths.touches
    or journeys.touches is distinct from paths.path_touches
    or journeys.touches is distinct from positions.touches
    or positions.firsts is distinct from positions.lasts
