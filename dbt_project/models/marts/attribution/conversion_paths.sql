with

paths as (
    select *
    from {{ ref('int_attribution__paths') }}
),

summed as (
    select  -- noqa: ST06
        conversion_type,
        path,
        count(*) as conversions,
        cast(sum(revenue_usd) as decimal(18, 2)) as revenue_usd,
        cast(sum(touches) as bigint) as touches,
        median(microseconds_to_convert) / 86400e6 as median_days
    from paths
    group by conversion_type, path
)

select * from summed
